/**
 * A distributor with four places and something of everything at each of them, in one process: what the suites about
 * accounts start from.
 */
import type { OperationResult } from "../../shared/graphql/execute.ts";
import type { Subgraph } from "../../shared/graphql/subgraph.ts";
import { anonymous, type Identity } from "../../shared/identity.ts";
import { createSystem, type System } from "../../system.ts";
import { createScratch } from "../helpers/databases.ts";

export const places = ["PLACE-0", "PLACE-1", "PLACE-2", "PLACE-3"] as const;

// biome-ignore lint/suspicious/noExplicitAny: a test knows the shape of what it asked for.
type Data = Record<string, any>;

export interface Distributor {
  readonly system: System;
  /** Of one subgraph; fails where there are errors. */
  ask(owner: string, query: string, identity: Identity, variables?: object): Promise<Data>;
  /** Whatever comes of it. */
  run(owner: string, query: string, identity: Identity, variables?: object): Promise<OperationResult>;
  /** A mutation with an input and a fresh key, everything its payload has. */
  command(owner: string, name: string, input: object, identity?: Identity): Promise<OperationResult>;
  /** Which accounts each place is there for. */
  assign(accounts: readonly (readonly string[])[]): Promise<void>;
  stop(): Promise<void>;
}

/** Everything by role, so that only accounts decide. */
export const everybody: Identity = { ...anonymous, person: "ada", roles: new Set(["admin"]) };
export const of = (...accounts: string[]): Identity => ({ ...everybody, person: "buyer", accounts });

const payloads: Readonly<Record<string, string>> = {
  saveProducts: "results { status }",
  saveLocations: "results { status }",
  saveBookBalances: "results { id status code message }",
  savePurchaseOrder: "purchaseOrder { id lines { locationId } } status",
  allocateOrder: "orderAllocation { lines { locationId } }",
  deallocateOrder: "orderAllocation { lines { locationId } }",
  recordStockEvents: "results { status code message }",
  changeStockStatus: "position { locationId } movement { locationId }",
  requestAdjustment: "adjustment { id locationId contentHash }",
  approveAdjustment: "adjustment { id locationId }",
  rejectAdjustment: "adjustment { id locationId }",
  savePartnerMappings: "mappings { code }",
  recordCount: "stockCount { id locationId }",
  recordReceiptProgress: "receipt { id locationId }",
  shipTransfer: "transferOrder { id }",
  receiveTransfer: "transferOrder { id }",
  reserveStock: "reservation { id lines { locationId } } shortages { locationId }",
  confirmReservation: "reservation { id lines { locationId } }",
  releaseReservation: "reservation { id lines { locationId } }",
  requestRecount: "varianceCase { id locationId }",
  proposeVarianceCorrection: "varianceCase { id locationId }",
  decideVarianceCase: "varianceCase { id locationId }",
};

const payloadOf = (name: string) =>
  payloads[name] ??
  (name.endsWith("Transfer") ? "transferOrder { id originId destinationId }" : "return { id locationId }");

export async function openDistributor(): Promise<Distributor> {
  const scratch = createScratch("sqlite", { AUTH_SECRET: "a-secret-that-only-the-tests-know" });
  const system = await createSystem(scratch.config);
  await system.start();
  let keys = 0;
  const owner = (name: string) => system.subgraphs.find((one) => one.name === name) as Subgraph;
  const run: Distributor["run"] = (name, query, identity, variables = {}) =>
    owner(name).execute({ query, variables: variables as Record<string, unknown> }, { identity, correlationId: "c" });
  const command: Distributor["command"] = (name, mutation, input, identity = everybody) => {
    const type = `${mutation.slice(0, 1).toUpperCase()}${mutation.slice(1)}Input`;
    const argument = owner(name).schema.getMutationType()?.getFields()[mutation]?.args[0]?.type ?? type;
    const text = `mutation ($input: ${argument}) {
      ${mutation}(input: $input) { ${payloadOf(mutation)} userErrors { code message field } } }`;
    return run(name, text, identity, { input: { ...input, idempotencyKey: `key-${++keys}` } });
  };
  const distributor: Distributor = {
    system,
    run,
    command,
    async ask(name, query, identity, variables) {
      const { data, errors } = await run(name, query, identity, variables);
      if (errors) throw new Error(JSON.stringify(errors));
      return data as Data;
    },
    async assign(accounts) {
      const locations = places.map((id, i) => ({
        id,
        name: `At ${id}`,
        type: "WAREHOUSE",
        accounts: accounts[i] ?? [],
      }));
      await expectDone(command("erp", "saveLocations", { locations }));
      await system.drain();
    },
    async stop() {
      await system.stop();
      await scratch.remove();
    },
  };
  await expectDone(
    command("erp", "saveProducts", { products: [{ sku: "A", name: "A", baseUnit: "EA", unitCost: "1" }] }),
  );
  await distributor.assign([]);
  return distributor;
}

export interface Papers {
  /** By place. */
  readonly returns: readonly string[];
  readonly adjustments: readonly { readonly id: string; readonly contentHash: string }[];
  readonly counts: readonly string[];
  /** Of returns that nobody announced. */
  readonly exceptions: readonly string[];
  /** Of counts that wait for a decision. */
  readonly cases: readonly string[];
  readonly receipts: readonly string[];
  readonly movements: readonly string[];
  readonly reservations: readonly string[];
  /** From each place to the next. */
  readonly transfers: readonly string[];
}

/** Stock, books, orders, transfers, counts, adjustments, returns and reservations at every place. */
export async function fill({ ask, command, system }: Distributor): Promise<Papers> {
  const today = "2026-01-05";
  const sku = "A";
  const balances = places.map((locationId) => ({ sku, locationId, onHand: 100 }));
  await expectDone(command("erp", "saveBookBalances", { balances }));
  const opening = {
    type: "SNAPSHOT",
    sku,
    quantity: 100,
    buckets: { unrestricted: 100 },
    occurredAt: `${today}T08:00:00Z`,
  };
  const events = places.map((locationId) => ({ ...opening, id: `opening-${locationId}`, locationId }));
  await expectDone(command("wms", "recordStockEvents", { events }));
  await system.drain();
  // Dead letters, and what partners' codes stand for: of every place.
  const unknown = { type: "RECEIPT", sku, quantity: 1, unit: "BOX", occurredAt: `${today}T08:00:00Z` };
  const waiting = places.map((locationId) => ({ ...unknown, id: `waiting-${locationId}`, locationId }));
  await expectDone(command("wms", "recordStockEvents", { events: waiting }));
  const mappings = places.map((target, i) => ({ kind: "LOCATION", code: `GLN-${i}`, target }));
  await expectDone(command("control", "savePartnerMappings", { partner: "acme", mappings }));
  const papers = noPapers();
  for (const [i, locationId] of places.entries()) {
    const order = { supplierId: "S", status: "APPROVED", orderedOn: today, lines: [{ sku, locationId, ordered: 5 }] };
    await expectDone(command("erp", "savePurchaseOrder", { id: `PO-${i}`, ...order }));
    await expectDone(
      command("erp", "allocateOrder", { orderId: `SO-${i}`, lines: [{ sku, locationId, quantity: 2 }] }),
    );
    const ends = { originId: locationId, destinationId: places[(i + 1) % places.length] };
    const transfer = await expectDone(command("erp", "requestTransfer", { ...ends, lines: [{ sku, quantity: 3 }] }));
    papers.transfers.push(transfer.transferOrder.id);
    await expectDone(
      command("erp", "approveTransfer", { id: transfer.transferOrder.id }, { ...everybody, person: "bob" }),
    );
    await expectDone(
      command("wms", "recordReceiptProgress", { purchaseOrderId: `PO-${i}`, locationId, step: "SHIPPED" }),
    );
    const lines = [{ sku, countedQuantity: 100 }];
    const moved = await ask("wms", movementsAt(locationId), everybody);
    papers.movements.push(moved["_entities"][0].movements.nodes[0].id);
    papers.counts.push((await expectDone(command("wms", "recordCount", { locationId, lines }))).stockCount.id);
    const found = { locationId, lines: [{ sku, countedQuantity: 60 }], countedBy: "carl" };
    await expectDone(command("wms", "recordCount", found));
    const wrong = { sku, locationId, delta: -50, reasonCode: "DAMAGED" };
    papers.adjustments.push((await expectDone(command("wms", "requestAdjustment", wrong))).adjustment);
    const back = { id: `RMA-${i}`, orderId: "SO-1", locationId, lines: [{ sku, quantity: 1, reasonCode: "UNWANTED" }] };
    papers.returns.push((await expectDone(command("returns", "authorizeReturn", back))).return.id);
    await expectDone(
      command("returns", "receiveReturn", { orderId: "SO-1", locationId, lines: [{ sku, quantity: 1 }] }),
    );
    const basket = { lines: [{ sku, locationId, quantity: 1 }], ttlSeconds: 3600 };
    papers.reservations.push((await expectDone(command("availability", "reserveStock", basket))).reservation.id);
  }
  await system.drain();
  for (const locationId of places) {
    const query = `{ exceptions(type: ORPHAN_RETURN, locationId: "${locationId}") { nodes { id } } }`;
    papers.exceptions.push((await ask("control", query, everybody))["exceptions"].nodes[0].id);
    const cases = `{ varianceCases(locationId: "${locationId}") { nodes { id } } }`;
    papers.cases.push((await ask("control", cases, everybody))["varianceCases"].nodes[0].id);
  }
  return papers;
}

function noPapers(): { [K in keyof Papers]: Papers[K][number][] } {
  const [returns, adjustments, counts, exceptions, cases] = [[], [], [], [], []];
  return {
    returns,
    adjustments,
    counts,
    exceptions,
    cases,
    receipts: [],
    movements: [],
    reservations: [],
    transfers: [],
  };
}

const movementsAt = (id: string) => `{ _entities(representations: [
  { __typename: "StockPosition", sku: "A", locationId: "${id}" }]) { ... on StockPosition { movements { nodes { id } } } } }`;

async function expectDone(result: Promise<OperationResult>): Promise<Data> {
  const { data, errors } = await result;
  const payload = Object.values(data ?? {})[0] as Data | undefined;
  if (errors || !payload || payload["userErrors"].length > 0) throw new Error(JSON.stringify({ errors, payload }));
  return payload;
}

/** Cursors are told too: what they say. */
export function withCursors(value: unknown): unknown {
  const text = JSON.stringify(value);
  return [
    text,
    ...[...text.matchAll(/"endCursor":"([\w-]+)"/g)].map(([, cursor]) =>
      Buffer.from(cursor ?? "", "base64url").toString(),
    ),
  ];
}

/** Root fields that name no place. */
export const ofNoPlace = [
  "product",
  "products",
  "channels",
  "channelPolicies",
  "stockCursor",
  "reconciliationPolicy",
  "exceptionPolicy",
];

/** A position at a place, as another owner refers to it. */
const reference = (fields: string) => (id: string) =>
  `{ _entities(representations: [{ __typename: "StockPosition", sku: "A", locationId: "${id}" }]) {
    ... on StockPosition { ${fields} } } }`;

export const page = "pageInfo { hasNextPage endCursor }";
export const position = `sku locationId location { id name } version availability { locationId availableToSell }`;
export const answer = `sku locationId location { id name } availableToSell net reason confidence version
  terms { name quantity } sources { system version }`;

/** What asks about one place by its name. */
export const aboutPlace: readonly (readonly [owner: string, query: (id: string) => string])[] = [
  ["erp", (id) => `{ location(id: "${id}") { id name accounts } }`],
  ["erp", (id) => `{ transferOrders(locationId: "${id}") { nodes { id } ${page} } }`],
  ["erp", reference("book { onHand committed inbound { quantity } }")],
  [
    "erp",
    (id) => `{ _entities(representations: [{ __typename: "Location", id: "${id}" }]) { ... on Location { name } } }`,
  ],
  ["wms", reference("physical { onHand } movements { nodes { id } }")],
  ["wms", (id) => `{ receipts(locationId: "${id}") { nodes { id } ${page} } }`],
  [
    "control",
    (id) =>
      `{ kpis(from: "2026-01-05T00:00:00Z", to: "2026-01-06T00:00:00Z", locationId: "${id}") { name numerator } }`,
  ],
  ["returns", reference("returns { quarantined inInspection version asOf }")],
  [
    "availability",
    (id) => `{ availability(skus: ["A"], locationIds: ["${id}"]) { ${answer} availableToPromise(on: "2026-06-01") } }`,
  ],
  ["availability", (id) => `{ stockPosition(sku: "A", locationId: "${id}") { ${position} } }`],
  ["availability", (id) => `{ stockPositions(locationId: "${id}") { nodes { ${position} } ${page} } }`],
  [
    "availability",
    (id) =>
      `{ promise(input: { sku: "A", quantity: 5, locationIds: ["${id}"] }) { confirmedQuantity fullDate confidence } }`,
  ],
  ["availability", reference(position)],
  ["control", (id) => `{ varianceCases(locationId: "${id}") { nodes { status } ${page} } }`],
  [
    "availability",
    (id) => `{ _entities(representations: [{ __typename: "Location", id: "${id}" }]) { ... on Location { id name } } }`,
  ],
];
