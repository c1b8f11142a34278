/**
 * Telling events again: what it would do is known before anybody agrees, and what was missed is there afterwards.
 *
 * One consumer loses one event that everybody else has; nothing follows it, so nobody notices a gap.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { manualClock } from "../../shared/clock.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { type ApiClient, createApiClient } from "../../shared/graphql/client.ts";
import { issueToken, type Role } from "../../shared/identity.ts";
import { silentLogger } from "../../shared/logging.ts";
import type { Bus } from "../../shared/messaging/bus.ts";
import { createMemoryBus } from "../../shared/messaging/memory-bus.ts";
import { createSystem, type System } from "../../system.ts";
import { expectSettled } from "../helpers/conservation.ts";
import { createScratch } from "../helpers/databases.ts";
import { rebuiltPositions, storedPositions } from "../helpers/rebuild.ts";

/** A bus on which `availability` never gets the first shipment. */
function losingOneShipment(bus: Bus): Bus {
  let lost = false;
  const keep = (event: AnyEvent) => {
    const losing = !lost && event.type === "shipment.confirmed";
    lost ||= losing;
    return !losing;
  };
  return {
    ...bus,
    consume: (topic, group, handler) =>
      bus.consume(topic, group, (batch) =>
        handler(group === "availability" ? { ...batch, events: batch.events.filter(keep) } : batch),
      ),
  };
}

const clock = manualClock();
const scratch = createScratch("sqlite");
let system: System;
const people = new Map<string, ApiClient>();

interface Replay {
  readonly id: string;
  readonly status: string;
  readonly events: number;
  readonly contentHash: string;
  readonly effect: {
    readonly unseen: number;
    readonly refusals: readonly string[];
    readonly positions: number;
    readonly differences: readonly object[];
  } | null;
}

beforeAll(async () => {
  system = await createSystem(scratch.config, { clock, log: silentLogger, bus: losingOneShipment(createMemoryBus()) });
  await system.start();
  const roles: Record<string, readonly Role[]> = {
    connector: ["connector-erp", "connector-wms"],
    petra: ["planner"],
    mona: ["manager"],
    milo: ["planner", "manager"],
  };
  for (const [person, own] of Object.entries(roles)) {
    const token = await issueToken(scratch.config.auth, { person, roles: own }, clock);
    people.set(person, createApiClient({ url: system.url(), token }));
  }
  await stock();
});

afterAll(async () => {
  await system.stop();
  await scratch.remove();
});

const as = (person: string) => people.get(person) as ApiClient;

async function stock(): Promise<void> {
  const event = (id: string, type: string, quantity: number, more = "") =>
    `{ id: "${id}", type: ${type}, sku: "RE-1", locationId: "RE-L", quantity: ${quantity}, occurredAt: "2026-01-05T08:00:00Z" ${more} }`;
  await as("connector").request(`mutation {
    saveProducts(input: { idempotencyKey: "re-p", products: [{ sku: "RE-1", name: "RE-1", baseUnit: "EA" }] }) { userErrors { code } }
    saveLocations(input: { idempotencyKey: "re-l", locations: [{ id: "RE-L", name: "RE-L", type: WAREHOUSE }] }) { userErrors { code } }
    saveBookBalances(input: { idempotencyKey: "re-b", balances: [{ sku: "RE-1", locationId: "RE-L", onHand: 50 }] }) { userErrors { code } } }`);
  await system.drain();
  for (const events of [
    event("re-e1", "SNAPSHOT", 50, ", buckets: { unrestricted: 50 }"),
    event("re-e2", "SHIPMENT", 20, `, fromBucket: UNRESTRICTED`),
  ]) {
    const { recordStockEvents } = await as("connector").request<{
      recordStockEvents: { results: { status: string; message: string | null }[] };
    }>(`mutation { recordStockEvents(input: { idempotencyKey: "${events.slice(7, 12)}", events: [${events}] }) {
      results { status message } } }`);
    expect(recordStockEvents.results).toEqual([{ status: "ACCEPTED", message: null }]);
    await system.drain();
  }
}

const fields = `id status events contentHash effect { unseen refusals positions differences {
  sku locationId figures { name before after } channels { channel before after } } }`;
let keys = 0;

async function change(person: string, name: string, input: object) {
  const type = name === "replayEvents" ? "ReplayEventsInput" : "DecideReplayInput";
  const document = `mutation ($input: ${type}!) { ${name}(input: $input) { replay { ${fields} } userErrors { code } } }`;
  const reply = await as(person).request<Record<string, { replay: Replay | null; userErrors: { code: string }[] }>>(
    document,
    { input: { idempotencyKey: `replay-${++keys}`, ...input } },
  );
  return reply[name] as NonNullable<(typeof reply)[string]>;
}

async function available(): Promise<number | null> {
  const { availability } = await as("petra").request<{ availability: { availableToSell: number | null }[] }>(
    '{ availability(skus: ["RE-1"], locationIds: ["RE-L"]) { availableToSell } }',
  );
  return availability[0]?.availableToSell ?? null;
}

const position = { sku: "RE-1", locationId: "RE-L" };

describe("a shipment that availability never heard of", () => {
  it("is found by a dry run, which says what would differ and changes nothing", async () => {
    expect(await available()).toBe(50);
    const { replay, userErrors } = await change("petra", "replayEvents", position);
    expect(userErrors).toEqual([]);
    expect(replay).toMatchObject({ status: "REHEARSED", effect: { refusals: [], positions: 1 } });
    expect(replay?.effect?.unseen).toBeGreaterThanOrEqual(1);
    expect(replay?.effect?.differences).toMatchObject([
      {
        ...position,
        figures: expect.arrayContaining([{ name: "wms.unrestricted", before: 50, after: 30 }]),
        channels: expect.arrayContaining([{ channel: "WEB", before: 50, after: 30 }]),
      },
    ]);
    expect(await available()).toBe(50);
  });

  it("is told again when another person has agreed to exactly these events", async () => {
    const { replay } = await change("milo", "replayEvents", { ...position, dryRun: false, reason: "lost on the way" });
    expect(replay).toMatchObject({ status: "PENDING_APPROVAL", effect: { positions: 1 } });
    const { id, contentHash } = replay as Replay;
    const refused = async (person: string, input: object) => (await change(person, "approveReplay", input)).userErrors;
    expect(await refused("milo", { id, contentHash })).toMatchObject([{ code: "SAME_PERSON" }]);
    expect(await refused("mona", { id, contentHash: "another" })).toMatchObject([{ code: "CONTENT_CHANGED" }]);
    expect(await available()).toBe(50);
    expect((await change("mona", "approveReplay", { id, contentHash })).replay).toMatchObject({ status: "REPLAYED" });
    await system.drain();
    expect(await available()).toBe(30);
    expect(await refused("mona", { id, contentHash })).toMatchObject([{ code: "ILLEGAL_TRANSITION" }]);
    await expectSettled(scratch);
  });

  it("has nothing left to do the second time, and one event alone needs nobody else", async () => {
    const again = await change("petra", "replayEvents", position);
    expect(again.replay).toMatchObject({ effect: { unseen: 0, positions: 0, differences: [] } });
    const shipment = await shipmentId();
    const alone = await change("petra", "replayEvents", { eventIds: [shipment], dryRun: false });
    expect(alone.replay).toMatchObject({ status: "REPLAYED", events: 1 });
    await system.drain();
    expect(await available()).toBe(30);
    await expectSettled(scratch);
  });

  it("refuses what cannot be found, and what is no question", async () => {
    const codes = async (input: object) => (await change("petra", "replayEvents", input)).userErrors;
    expect(await codes({})).toMatchObject([{ code: "INVALID_INPUT" }]);
    expect(await codes({ sku: "RE-1" })).toMatchObject([{ code: "INVALID_INPUT" }]);
    expect(await codes({ eventIds: ["nobody-knows"] })).toMatchObject([{ code: "UNKNOWN_DOCUMENT" }]);
    expect(await codes({ recordedFrom: "2001-01-01T00:00:00Z", recordedTo: "2001-01-02T00:00:00Z" })).toMatchObject([
      { code: "UNKNOWN_DOCUMENT" },
    ]);
  });

  it("leaves positions that are the same as those made from nothing but the journal, in any order", async () => {
    const stored = await storedPositions(scratch.config);
    expect(stored.positions).toBe(1);
    for (const order of ["as told", "backwards"] as const) {
      expect(await rebuiltPositions(scratch.config, order), order).toEqual(stored);
    }
  });
});

async function shipmentId(): Promise<string> {
  const { stockPosition } = await as("petra").request<{
    stockPosition: { movements: { nodes: { type: string; id: string }[] } };
  }>('{ stockPosition(sku: "RE-1", locationId: "RE-L") { movements(first: 5) { nodes { type id } } } }');
  return stockPosition.movements.nodes.find(({ type }) => type === "SHIPMENT")?.id ?? "";
}
