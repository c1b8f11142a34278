/**
 * The availability subgraph by itself: facts from the bus in, answers out, on every database.
 *
 * The other systems are played by hand-made events, so that order, duplicates and holes are ours to choose.
 */
import { expect, it } from "vitest";
import { manualClock } from "../../shared/clock.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import type { OperationResult } from "../../shared/graphql/execute.ts";
import type { Subgraph } from "../../shared/graphql/subgraph.ts";
import { anonymous, type Identity, type Role } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import { createMemoryBus } from "../../shared/messaging/memory-bus.ts";
import { createAvailability } from "../../subgraphs/availability/subgraph.ts";
import { eachDatabase, type MakeKernel } from "../helpers/databases.ts";
import { createFacts } from "../helpers/facts.ts";

interface Bench {
  readonly clock: ReturnType<typeof manualClock>;
  readonly subgraph: Subgraph;
  publish(...events: readonly AnyEvent[]): Promise<void>;
  heartbeat(...systems: readonly ("erp" | "wms" | "returns")[]): Promise<void>;
  ask(query: string, identity?: Identity): Promise<OperationResult>;
  ats(channel?: string): Promise<Record<string, unknown>>;
}

async function createBench(makeKernel: MakeKernel): Promise<Bench> {
  const clock = manualClock();
  const bus = createMemoryBus();
  const subgraph = await createAvailability(await makeKernel({ clock, bus }));
  for (const part of subgraph.consumers) await part.start();
  const ask = (query: string, identity: Identity = anonymous) =>
    subgraph.execute({ query }, { identity, correlationId: "test" });
  return {
    clock,
    subgraph,
    ask,
    publish: (...events) => bus.publish("facts", events),
    async heartbeat(...systems) {
      for (const system of systems) await bus.heartbeat(system, clock.now());
    },
    async ats(channel) {
      const channelArgument = channel ? `, channel: "${channel}"` : "";
      const { data, errors } = await ask(`{ availability(skus: ["A"], locationIds: ["L"]${channelArgument}) {
        availableToSell net reason confidence version policyVersion terms { name quantity } sources { system version status } } }`);
      expect(errors).toBeUndefined();
      const [answer] = (data?.["availability"] ?? []) as Record<string, unknown>[];
      return answer as Record<string, unknown>;
    },
  };
}

const person = (name: string, ...roles: Role[]): Identity => ({ ...anonymous, person: name, roles: new Set(roles) });

eachDatabase("positions", (makeKernel) => {
  it("follow receipt, putaway, allocation and shipment, and say why", async () => {
    const bench = await createBench(makeKernel);
    const facts = createFacts(bench.clock);
    await bench.publish(facts.product("A", { safetyStock: 5 }), facts.location("L"));
    await bench.publish(
      facts.moved("receipt.recorded", 50, { dock: 50 }),
      facts.moved("putaway.completed", 50, { dock: -50, unrestricted: 50 }),
      facts.allocated(20),
    );
    await bench.heartbeat("erp", "wms", "returns");
    expect(await bench.ats()).toMatchObject({
      availableToSell: 25,
      net: 25,
      confidence: "FRESH",
      reason: null,
      terms: [
        { name: "onHand", quantity: 50 },
        { name: "committed", quantity: -20 },
        { name: "safetyStock", quantity: -5 },
      ],
    });
  });

  it("say when an order was given more than there is to ship, of the last lines first", async () => {
    const bench = await createBench(makeKernel);
    const facts = createFacts(bench.clock);
    await bench.publish(facts.product("A"), facts.location("L"));
    await bench.publish(facts.moved("receipt.recorded", 15, { unrestricted: 15 }), facts.allocated(10, "O-1"));
    const last = facts.allocated(8, "O-2");
    await bench.publish(last, last);
    const told = await bench.subgraph.db.query<{ body: string }>(
      "SELECT body FROM outbox WHERE type = 'order.oversold'",
    );
    expect(told.map(({ body }) => JSON.parse(body) as AnyEvent)).toMatchObject([
      {
        quantity: 3,
        documentRef: { type: "ORDER", id: "O-2" },
        causationId: last.id,
        data: { allocatedEventId: last.id },
      },
    ]);
  });

  it("do not count a fact twice, whatever comes again", async () => {
    const bench = await createBench(makeKernel);
    const facts = createFacts(bench.clock);
    const receipt = facts.moved("receipt.recorded", 10, { unrestricted: 10 });
    await bench.publish(facts.product("A"), facts.location("L"));
    await bench.publish(receipt, receipt);
    await bench.publish(receipt);
    expect(await bench.ats()).toMatchObject({ availableToSell: 10, version: 1 });
  });

  it("apply what comes out of order at once, and close the hole when the missing fact arrives", async () => {
    const bench = await createBench(makeKernel);
    const facts = createFacts(bench.clock);
    const first = facts.moved("receipt.recorded", 10, { unrestricted: 10 });
    const second = facts.moved("receipt.recorded", 5, { unrestricted: 5 });
    await bench.publish(facts.product("A"), facts.location("L"), second);
    expect(await bench.ats()).toMatchObject({ availableToSell: 5 });
    await bench.publish(first);
    bench.clock.advance(limits.gapHoldMs * 2);
    await bench.heartbeat("erp", "wms", "returns");
    expect(await bench.ats()).toMatchObject({ availableToSell: 15, confidence: "FRESH" });
  });

  it("are DEGRADED while a fact is missing, ask its owner again, and heal by the owner's snapshot", async () => {
    const bench = await createBench(makeKernel);
    const facts = createFacts(bench.clock);
    const lost = facts.moved("receipt.recorded", 10, { unrestricted: 10 });
    await bench.publish(
      facts.product("A"),
      facts.location("L"),
      facts.moved("receipt.recorded", 5, { unrestricted: 5 }),
    );
    bench.clock.advance(limits.gapHoldMs + 1);
    await bench.heartbeat("erp", "wms", "returns");
    expect(await bench.ats()).toMatchObject({ confidence: "DEGRADED", reason: expect.stringContaining("SOURCE_GAP") });
    await bench.publish(facts.snapshot({ unrestricted: 15 }));
    expect(await bench.ats()).toMatchObject({ availableToSell: 15, confidence: "FRESH" });
    // The lost fact turns up after all: the snapshot has covered it.
    await bench.publish(lost);
    expect(await bench.ats()).toMatchObject({ availableToSell: 15 });
  });

  it("answer 0 with NO_POSITION where a known item was never reported, null for unknown items and places", async () => {
    const bench = await createBench(makeKernel);
    const facts = createFacts(bench.clock);
    await bench.publish(facts.product("A"), facts.location("L"));
    await bench.heartbeat("erp", "wms", "returns");
    expect(await bench.ats()).toMatchObject({ availableToSell: 0, reason: expect.stringContaining("NO_POSITION") });
    const { data } = await bench.ask(
      `{ availability(skus: ["A", "X"], locationIds: ["L", "M"]) { sku locationId availableToSell reason confidence } }`,
    );
    expect(data?.["availability"]).toMatchObject([
      { sku: "A", locationId: "L", availableToSell: 0 },
      { sku: "A", locationId: "M", availableToSell: null, reason: "UNKNOWN_LOCATION", confidence: "UNKNOWN" },
      { sku: "X", locationId: "L", availableToSell: null, reason: "UNKNOWN_SKU" },
      { sku: "X", locationId: "M", availableToSell: null, reason: "UNKNOWN_SKU" },
    ]);
  });

  it("grow old with a silent source and come back with its next heartbeat", async () => {
    const bench = await createBench(makeKernel);
    const facts = createFacts(bench.clock);
    await bench.publish(
      facts.product("A"),
      facts.location("L"),
      facts.moved("receipt.recorded", 9, { unrestricted: 9 }),
    );
    await bench.heartbeat("erp", "wms", "returns");
    bench.clock.advance(60_000);
    await bench.heartbeat("wms", "returns");
    expect(await bench.ats()).toMatchObject({ availableToSell: 9, confidence: "STALE" });
    bench.clock.advance(2 * 3_600_000);
    await bench.heartbeat("wms", "returns");
    expect(await bench.ats()).toMatchObject({
      availableToSell: 9,
      confidence: "DEGRADED",
      reason: expect.stringContaining("ERP"),
    });
    await bench.heartbeat("erp");
    expect(await bench.ats()).toMatchObject({ availableToSell: 9, confidence: "FRESH" });
  });
});

eachDatabase("channel policy", (makeKernel) => {
  const propose = (idempotencyKey: string) => `mutation { setChannelPolicy(input: { idempotencyKey: "${idempotencyKey}"
    channel: "B2B", protections: [{ sku: "A", quantity: 30 }] }) {
    policy { policyVersion status proposedBy } userErrors { code field } replayed } }`;
  const approve = (idempotencyKey: string, version: number) => `mutation {
    approveChannelPolicy(input: { idempotencyKey: "${idempotencyKey}", policyVersion: ${version} }) {
    policy { policyVersion status decidedBy } userErrors { code } replayed } }`;

  it("takes effect when another person approves it, not before and not by the proposer", async () => {
    const bench = await createBench(makeKernel);
    const facts = createFacts(bench.clock);
    await bench.publish(
      facts.product("A"),
      facts.location("L"),
      facts.moved("receipt.recorded", 50, { unrestricted: 50 }),
    );
    await bench.heartbeat("erp", "wms", "returns");
    const ann = person("ann", "planner", "manager");
    const proposed = await bench.ask(propose("p1"), ann);
    expect(proposed.data?.["setChannelPolicy"]).toMatchObject({
      policy: { policyVersion: 2, status: "PROPOSED", proposedBy: "ann" },
      userErrors: [],
    });
    expect(await bench.ats("WEB")).toMatchObject({ availableToSell: 50 });

    const own = await bench.ask(approve("a1", 2), ann);
    expect(own.data?.["approveChannelPolicy"]).toMatchObject({ policy: null, userErrors: [{ code: "SAME_PERSON" }] });
    const other = await bench.ask(approve("a2", 2), person("bob", "manager"));
    expect(other.data?.["approveChannelPolicy"]).toMatchObject({ policy: { status: "ACTIVE", decidedBy: "bob" } });
    expect(await bench.ats("WEB")).toMatchObject({ availableToSell: 20, policyVersion: 2 });
    const again = await bench.ask(approve("a3", 2), person("bob", "manager"));
    expect(again.data?.["approveChannelPolicy"]).toMatchObject({ userErrors: [{ code: "ILLEGAL_TRANSITION" }] });
  });

  it("refuses an approval of an unknown version, of a superseded one, and a key used with another input", async () => {
    const bench = await createBench(makeKernel);
    const [ann, bob] = [person("ann", "planner"), person("bob", "manager")];
    await bench.ask(propose("p1"), ann);
    await bench.ask(propose("p2"), ann);
    const replayed = await bench.ask(propose("p2"), ann);
    expect(replayed.data?.["setChannelPolicy"]).toMatchObject({ replayed: true, policy: { policyVersion: 3 } });
    await bench.ask(approve("a1", 3), bob);
    const late = await bench.ask(approve("a2", 2), bob);
    expect(late.data?.["approveChannelPolicy"]).toMatchObject({ userErrors: [{ code: "ILLEGAL_TRANSITION" }] });
    const unknown = await bench.ask(approve("a4", 99), bob);
    expect(unknown.data?.["approveChannelPolicy"]).toMatchObject({ userErrors: [{ code: "UNKNOWN_DOCUMENT" }] });
    const reused = await bench.ask(approve("a1", 2), bob);
    expect(reused.data?.["approveChannelPolicy"]).toMatchObject({ userErrors: [{ code: "IDEMPOTENCY_KEY_REUSED" }] });
  });

  it("lets a caller ask only for public channels and those of its token", async () => {
    const bench = await createBench(makeKernel);
    const ask = (channel: string, identity?: Identity) =>
      bench.ask(`{ availability(skus: ["A"], locationIds: ["L"], channel: "${channel}") { sku } }`, identity);
    const codes = ({ errors }: OperationResult) => errors?.map((error) => error.extensions?.["code"]);
    expect(codes(await ask("WEB"))).toBeUndefined();
    expect(codes(await ask("B2B"))).toEqual(["UNAUTHENTICATED"]);
    expect(codes(await ask("B2B", { ...person("shop", "storefront"), channels: ["WEB"] }))).toEqual(["FORBIDDEN"]);
    expect(codes(await ask("B2B", person("crm", "crm")))).toBeUndefined();
    expect(codes(await ask("NOPE"))).toEqual(["BAD_USER_INPUT"]);
    expect(codes(await bench.ask(propose("p9"), person("crm", "crm")))).toEqual(["FORBIDDEN"]);
    expect(codes(await bench.ask(propose("p9")))).toEqual(["UNAUTHENTICATED"]);
  });
});
