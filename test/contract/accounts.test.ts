/**
 * A token that names accounts sees the places that name one of them: whichever way it asks, of any other place no reply
 * says more than of a place that does not exist, and nothing happens there.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { type Identity, issueToken } from "../../shared/identity.ts";
import { ask } from "../helpers/gateways.ts";
import { openSocket } from "../helpers/subscriptions.ts";
import {
  aboutPlace,
  answer,
  type Distributor,
  everybody,
  fill,
  of,
  ofNoPlace,
  openDistributor,
  type Papers,
  page,
  places,
  position,
  withCursors,
} from "./accounts-fixture.ts";

let world: Distributor;
let papers: Papers;
beforeAll(async () => {
  world = await openDistributor();
  papers = await fill(world);
}, 30_000);
afterAll(() => world.stop());

/** Everything that can be read and names places, without naming any in the question. */
const openQuestions: readonly (readonly [owner: string, query: string])[] = [
  ["erp", "{ locations { id name accounts } }"],
  ["erp", "{ transferOrders(first: 2) { nodes { id origin { id } destination { id } } pageInfo { endCursor } } }"],
  ["erp", "{ purchaseOrders { nodes { id lines { locationId location { id } } } } }"],
  ["wms", `{ adjustments { nodes { id locationId position { locationId } } ${page} } }`],
  ["wms", `{ receipts { nodes { id location { id } } ${page} } }`],
  ["returns", `{ returns { nodes { id locationId location { id } } ${page} } }`],
  ["control", `{ exceptions { nodes { id locationId location { id } hint } ${page} } }`],
  ["control", `{ varianceCases { nodes { id sku locationId location { id } evidence { document { id } } } ${page} } }`],
  ["control", `{ deadLetters { nodes { id locationId hint payload } ${page} } }`],
  ["control", '{ journalEvents(from: "2026-01-01T00:00:00Z", to: "2066-01-01T00:00:00Z") { nodes { body } } }'],
  ["control", `{ partnerMappings(partner: "acme") { nodes { target } ${page} } }`],
  ["control", `{ eventLineage(correlationId: "c") { type sku locationId document { id } data } }`],
  ["availability", `{ availability(skus: ["A"]) { ${answer} } }`],
  ["availability", `{ stockPositions(first: 2) { nodes { ${position} } ${page} } }`],
  ["availability", `{ promise(input: { sku: "A", quantity: 1000 }) { confirmedQuantity lines { locationId } } }`],
  [
    "availability",
    `{ _entities(representations: [{ __typename: "Product", sku: "A" }]) { ... on Product {
      availability { ${answer} } networkAvailability { availableToSell locations { locationId } } } } }`,
  ],
];

/** What asks about a document of the i-th place by its number; -1: of none. */
const aboutPaper: readonly (readonly [owner: string, query: (i: number) => string])[] = [
  ["erp", (i) => `{ transferOrder(id: "${papers.transfers[i] ?? "none"}") { status } }`],
  ["erp", (i) => `{ purchaseOrder(id: "PO-${i}") { status lines { locationId } } }`],
  ["wms", (i) => `{ adjustment(id: "${papers.adjustments[i]?.id ?? "none"}") { status } }`],
  ["wms", (i) => `{ receipt(id: "${papers.receipts[i] ?? "none"}") { status } }`],
  ["wms", (i) => `{ stockMovement(id: "${papers.movements[i] ?? "none"}") { quantity } }`],
  ["wms", (i) => `{ stockCount(id: "${papers.counts[i] ?? "none"}") { lines { expectedQuantity } } }`],
  ["returns", (i) => `{ return(id: "${papers.returns[i] ?? "none"}") { status } }`],
  ["control", (i) => `{ exception(id: "${papers.exceptions[i] ?? "none"}") { status } }`],
  ["control", () => `{ replay(id: "none") { status } }`],
  ["control", () => `{ reconciliation(id: "none") { status } }`],
  ["control", () => `{ deadLetter(id: "none") { status } }`],
  ["control", (i) => `{ varianceCase(id: "${papers.cases[i] ?? "none"}") { status variance } }`],
  ["availability", (i) => `{ reservation(id: "${papers.reservations[i] ?? "none"}") { status } }`],
  ["availability", () => "{ policyInForce { body } }"],
];

const anyAccounts = fc.uniqueArray(fc.constantFrom("ACME", "BETA"), { maxLength: 2 });
const seenBy = (caller: Identity, assigned: readonly (readonly string[])[]) =>
  places.filter((_, i) => assigned[i]?.some((account) => caller.accounts?.includes(account)));

describe("a token that names accounts", () => {
  it("is told of no place but its own, however places are assigned and whatever it asks", async () => {
    const assignment = fc.array(anyAccounts, { minLength: places.length, maxLength: places.length });
    await fc.assert(
      fc.asyncProperty(assignment, anyAccounts, async (assigned, accounts) => {
        await world.assign(assigned);
        const caller = of(...accounts);
        const seen = seenBy(caller, assigned);
        for (const [owner, query] of openQuestions) {
          const text = JSON.stringify(withCursors(await world.ask(owner, query, caller)));
          const told = places.filter((id) => text.includes(id));
          expect([query, told.filter((id) => !seen.includes(id))]).toEqual([query, []]);
        }
        const { locations } = await world.ask("erp", "{ locations { id } }", caller);
        expect(locations.map(({ id }: { id: string }) => id)).toEqual(seen);
        const { availability } = await world.ask(
          "availability",
          `{ availability(skus: ["A"]) { locationId } }`,
          caller,
        );
        expect(availability.map(({ locationId }: { locationId: string }) => locationId)).toEqual(seen);
        for (const [i, id] of places.entries()) {
          if (seen.includes(id)) continue;
          for (const [owner, query] of aboutPlace) {
            const [hidden, unknown] = [
              await world.run(owner, query(id), caller),
              await world.run(owner, query("GONE"), caller),
            ];
            expect([query(id), JSON.parse(JSON.stringify(hidden.data).replaceAll(id, "GONE"))]).toEqual([
              query(id),
              unknown.data,
            ]);
          }
          for (const [owner, query] of aboutPaper) {
            const field = query(i);
            if (field.includes("transferOrder") && seen.includes(places[(i + 1) % 4] ?? "PLACE-0")) continue;
            expect([field, Object.values(await world.ask(owner, field, caller))]).toEqual([field, [null]]);
          }
        }
      }),
      { numRuns: 8 },
    );
  }, 30_000);

  it("has been asked every question that there is", () => {
    const texts = [
      ...openQuestions.map(([, text]) => text),
      ...aboutPlace.map(([, text]) => text("GONE")),
      ...aboutPaper.map(([, text]) => text(0)),
    ];
    const fields = world.system.subgraphs.flatMap(({ schema }) =>
      Object.keys(schema.getQueryType()?.getFields() ?? {}),
    );
    const asked = (field: string) => texts.some((text) => new RegExp(`^{ ${field}\\b`).test(text));
    const rest = fields.filter((field) => !asked(field) && !/^_|^audit|AuditChain$/.test(field));
    expect(rest.sort()).toEqual([...ofNoPlace].sort());
  });

  it("turns the pages of what it sees without a hole, and everybody else sees everything", async () => {
    await world.assign([["ACME"], ["BETA"], ["ACME"], ["ACME"]]);
    const seen: string[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const query = `query ($after: String) { stockPositions(first: 1, after: $after) { nodes { locationId } ${page} } }`;
      const { stockPositions } = await world.ask("availability", query, of("ACME"), { after });
      seen.push(...stockPositions.nodes.map(({ locationId }: { locationId: string }) => locationId));
      after = stockPositions.pageInfo.endCursor;
      more = stockPositions.pageInfo.hasNextPage;
    }
    expect(seen).toEqual(["PLACE-0", "PLACE-2", "PLACE-3"]);
    for (const [owner, query] of openQuestions.filter(([, text]) => !text.includes("first: 2"))) {
      expect(places.filter((id) => !JSON.stringify(seen).includes(id))).toEqual(["PLACE-1"]);
      const text = JSON.stringify(await world.ask(owner, query, everybody));
      expect([query, places.filter((id) => !text.includes(id))]).toEqual([query, []]);
    }
  });
});

describe("changes at a place that is not one's own", () => {
  const at = (locationId: string) => ({ sku: "A", locationId });
  const varied = (i: number) => ({ id: papers.cases[i] ?? "none" });
  const happened = "2026-01-05T09:00:00Z";
  /** By place and by document; the last one of each is unknown. */
  const commands = (
    locationId: string,
    i: number,
  ): readonly (readonly [owner: string, name: string, input: object])[] => [
    ["availability", "reserveStock", { lines: [{ ...at(locationId), quantity: 1 }] }],
    ["availability", "confirmReservation", { id: papers.reservations[i] ?? "none", orderId: "SO-9" }],
    ["availability", "releaseReservation", { id: papers.reservations[i] ?? "none" }],
    ["erp", "requestTransfer", { originId: locationId, destinationId: "PLACE-1", lines: [{ sku: "A", quantity: 1 }] }],
    ["erp", "requestTransfer", { originId: "PLACE-1", destinationId: locationId, lines: [{ sku: "A", quantity: 1 }] }],
    ["erp", "cancelTransfer", { id: papers.transfers[i] ?? "none" }],
    ["erp", "closeTransfer", { id: papers.transfers[i] ?? "none" }],
    ["erp", "allocateOrder", { orderId: "SO-new", lines: [{ ...at(locationId), quantity: 1 }] }],
    ["erp", "deallocateOrder", { orderId: `SO-${i}` }],
    ["erp", "saveBookBalances", { balances: [{ ...at(locationId), onHand: 7 }] }],
    [
      "erp",
      "savePurchaseOrder",
      {
        id: "PO-new",
        supplierId: "S",
        status: "APPROVED",
        orderedOn: "2026-01-05",
        lines: [{ ...at(locationId), ordered: 1 }],
      },
    ],
    [
      "wms",
      "recordStockEvents",
      { events: [{ ...at(locationId), id: "e-new", type: "RECEIPT", quantity: 1, occurredAt: happened }] },
    ],
    [
      "wms",
      "changeStockStatus",
      { ...at(locationId), quantity: 1, from: "UNRESTRICTED", to: "HOLD", reasonCode: "QUALITY" },
    ],
    ["wms", "requestAdjustment", { ...at(locationId), delta: -1, reasonCode: "DAMAGED" }],
    [
      "wms",
      "approveAdjustment",
      { id: papers.adjustments[i]?.id ?? "none", contentHash: papers.adjustments[i]?.contentHash ?? "x" },
    ],
    ["wms", "rejectAdjustment", { id: papers.adjustments[i]?.id ?? "none", contentHash: "x" }],
    ["wms", "recordCount", { locationId, lines: [{ sku: "A", countedQuantity: 3 }] }],
    [
      "wms",
      "recordCount",
      { locationId: "PLACE-1", recountOf: papers.counts[i] ?? "none", lines: [{ sku: "A", countedQuantity: 3 }] },
    ],
    ["wms", "recordReceiptProgress", { purchaseOrderId: "PO-x", locationId, step: "ARRIVED" }],
    ["wms", "shipTransfer", { transferId: papers.transfers[i] ?? "none", lines: [{ sku: "A", quantity: 1 }] }],
    ["wms", "receiveTransfer", { transferId: papers.transfers[i] ?? "none", lines: [{ sku: "A", quantity: 1 }] }],
    [
      "returns",
      "authorizeReturn",
      { orderId: "SO-1", locationId, lines: [{ sku: "A", quantity: 1, reasonCode: "UNWANTED" }] },
    ],
    ["returns", "receiveReturn", { returnId: papers.returns[i] ?? "none", lines: [{ sku: "A", quantity: 1 }] }],
    ["returns", "receiveReturn", { orderId: "SO-1", locationId, lines: [{ sku: "A", quantity: 1 }] }],
    ["control", "requestRecount", varied(i)],
    ["control", "proposeVarianceCorrection", { ...varied(i), rootCause: "It was counted.", correct: "COUNT" }],
    ["control", "decideVarianceCase", { ...varied(i), contentHash: "x", decision: "REJECT" }],
  ];

  it("are refused as at a place, or of a document, that does not exist, and leave everything as it is", async () => {
    await world.assign([["BETA"], ["ACME"], ["BETA"], []]);
    const caller = of("ACME");
    // To a story belong the requests too that were refused.
    const questions = openQuestions.filter(([, query]) => !query.includes("eventLineage"));
    const state = () => Promise.all(questions.map(([owner, query]) => world.ask(owner, query, everybody)));
    await world.system.drain();
    const before = await state();
    const results = (result: unknown, ...ids: string[]) =>
      JSON.parse(ids.filter(Boolean).reduce((text, id) => text.replaceAll(id, "GONE"), JSON.stringify(result)));
    const ids = [0, -1].map((i) =>
      [papers.transfers, papers.counts, papers.reservations, papers.returns, papers.cases].map((of) => of[i] ?? "none"),
    );
    const tried = commands("PLACE-0", 0);
    const unknown = commands("NOWHERE", -1);
    await Promise.all(
      tried.map(async ([owner, name, input], i) => {
        const [hidden, gone] = await Promise.all(
          [input, unknown[i]?.[2] ?? {}].map((one) => world.command(owner, name, one, caller)),
        );
        const adjustment = papers.adjustments[0]?.id ?? "";
        const [told, plain] = [
          results(hidden, "PLACE-0", "SO-0", adjustment, ...(ids[0] ?? [])),
          results(gone, "NOWHERE", "SO--1", "none", ...(ids[1] ?? [])),
        ];
        expect([name, told]).toEqual([name, plain]);
        expect(JSON.stringify(gone)).toMatch(/UNKNOWN_|ERROR|REJECTED/);
      }),
    );
    await world.system.drain();
    expect(await state()).toEqual(before);
  }, 30_000);

  it("and whose a place is is not decided by a token with accounts", async () => {
    const locations = [{ id: "PLACE-0", name: "Mine", type: "WAREHOUSE", accounts: ["ACME"] }];
    const { errors } = await world.command("erp", "saveLocations", { locations }, of("ACME"));
    expect(errors?.map(({ extensions }) => extensions?.["code"])).toEqual(["FORBIDDEN"]);
  });

  it("are done at one's own", async () => {
    await world.assign([["BETA"], ["ACME"], [], []]);
    const done = await world.command(
      "availability",
      "reserveStock",
      { lines: [{ ...at("PLACE-1"), quantity: 1 }] },
      of("ACME"),
    );
    expect(done.data).toMatchObject({
      reserveStock: {
        userErrors: [],
        reservation: { lines: [at("PLACE-1")].map(({ locationId }) => ({ locationId })) },
      },
    });
  });
});

describe("through the gateway", () => {
  const token = (accounts?: string[]) =>
    issueToken(
      world.system.kernel.config.auth,
      { person: "buyer", roles: ["admin"], ...(accounts ? { accounts } : {}) },
      systemClock,
    );

  it("each audience gets its own answer, also the second time, and also after the place was given to another", async () => {
    await world.assign([["ACME"], ["BETA"], [], []]);
    const gateway = world.system.gateway;
    type Row = { locationId?: string; id?: string };
    const told = async (accounts?: string[]) => {
      const headers = { authorization: `Bearer ${await token(accounts)}` };
      // The first is one owner's alone, and may be kept.
      const texts = [
        `{ availability(skus: ["A"]) { locationId } }`,
        `{ availability(skus: ["A"]) { locationId } locations { id } }`,
      ];
      const answers = await Promise.all(texts.map((text) => ask(gateway, text, {}, headers)));
      const lists = [answers[0]?.data.availability, answers[1]?.data.availability, answers[1]?.data.locations];
      return lists.map((list) => list.map((row: Row) => row.locationId ?? row.id).join());
    };
    const thrice = (text: string) => [text, text, text];
    // What has just changed is not kept at once.
    const hits = gateway.cacheCounters?.hits ?? 0;
    const everybodysIsKept = async () => {
      expect(await told()).toEqual(thrice(places.join()));
      if (gateway.cacheCounters) expect(gateway.cacheCounters.hits).toBeGreaterThan(hits);
    };
    await vi.waitFor(everybodysIsKept, { timeout: 10_000, interval: 20 });
    for (let round = 0; round < 2; round++) {
      expect(await told(["ACME"])).toEqual(thrice("PLACE-0"));
      expect(await told(["BETA"])).toEqual(thrice("PLACE-1"));
    }
    await world.assign([["BETA"], ["BETA"], [], []]);
    expect(await told(["ACME"])).toEqual(thrice(""));
  });

  it("a subscriber hears of its own places, and of nobody else's, live and from a cursor", async () => {
    await world.assign([["BETA"], ["ACME"], [], []]);
    const { stockCursor: after } = await world.ask("availability", "{ stockCursor }", everybody);
    const text = `subscription ($after: String) { stockChanged(skus: ["A"], after: $after) {
      position { locationId location { name } } cause { type } } }`;
    const socket = openSocket(world.system.url(), await token(["ACME"]));
    const live = socket.subscribe(text);
    const ship = (locationId: string, id: string) =>
      world.command("wms", "recordStockEvents", {
        events: [{ sku: "A", locationId, id, type: "RECEIPT", quantity: 1, occurredAt: "2026-01-06T09:00:00Z" }],
      });
    await socket.ask("{ __typename }");
    for (const [i, place] of ["PLACE-0", "PLACE-1", "PLACE-2", "PLACE-0", "PLACE-1"].entries()) {
      await ship(place, `heard-${i}`);
      await world.system.drain();
    }
    const replayed = socket.subscribe(text, { after });
    // Each receipt is told twice: when it happened, and when the books had followed.
    for (const { first, results } of [live, replayed]) {
      await first(4);
      await socket.ask("{ __typename }");
      const told = results.map(({ data, errors }) => [data?.["stockChanged"].position.locationId, errors]);
      expect(told).toEqual(Array.from({ length: 4 }, () => ["PLACE-1", undefined]));
    }
    live.stop();
    replayed.stop();
    await socket.client.dispose();
  });

  it("the owner refuses a change that is not for the caller by a code of its own, which no client ever sees", async () => {
    await world.assign([["BETA"], [], [], []]);
    const change = {
      type: "availability.changed",
      sku: "A",
      locationId: "PLACE-0",
      partitionKey: "A|PLACE-0",
      data: { version: 1, before: {} },
    };
    const owner = world.system.subgraphs.find(({ name }) => name === "availability");
    const { errors } = (await owner?.execute(
      {
        query: "subscription { stockChanged { cursor } }",
        extensions: { change: { cursor: "c", event: change as never } },
      },
      { identity: of("ACME"), correlationId: "c" },
    )) ?? { errors: [] };
    expect(errors?.map(({ extensions }) => extensions?.["code"])).toEqual(["UNSEEN"]);
  });
});
