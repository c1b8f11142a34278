/**
 * An event that never arrives: the answer says that something is missing, the owner is asked, and the position heals,
 * posting offsets included.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { manualClock } from "../../shared/clock.ts";
import { type ApiClient, createApiClient } from "../../shared/graphql/client.ts";
import { issueToken } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import { silentLogger } from "../../shared/logging.ts";
import type { Bus } from "../../shared/messaging/bus.ts";
import { createMemoryBus } from "../../shared/messaging/memory-bus.ts";
import { createGapWatch } from "../../subgraphs/availability/gap-watch.ts";
import { createSystem, type System } from "../../system.ts";
import { expectSettled } from "../helpers/conservation.ts";
import { createScratch } from "../helpers/databases.ts";

/** A bus that drops the first shipment it is given for one consumer's good: nobody ever sees that copy. */
function losingOneShipment(bus: Bus): Bus {
  let lost = false;
  return {
    ...bus,
    publish: (topic, events) =>
      bus.publish(
        topic,
        events.filter((event) => {
          const losing = !lost && event.type === "shipment.confirmed";
          lost ||= losing;
          return !losing;
        }),
      ),
  };
}

const clock = manualClock();
const scratch = createScratch("sqlite");
let system: System;
let client: ApiClient;

beforeAll(async () => {
  const bus = losingOneShipment(createMemoryBus());
  system = await createSystem(scratch.config, { clock, log: silentLogger, bus });
  await system.start();
  const token = await issueToken(
    scratch.config.auth,
    { person: "c", roles: ["connector-erp", "connector-wms"] },
    clock,
  );
  client = createApiClient({ url: system.url(), token });
});

afterAll(async () => {
  await system.stop();
  await scratch.remove();
});

const event = (id: string, type: string, quantity: number, more = "") =>
  `{ id: "${id}", type: ${type}, sku: "LE-1", locationId: "LE-L", quantity: ${quantity}, occurredAt: "2026-01-05T08:00:00Z" ${more} }`;

async function record(key: string, ...events: string[]): Promise<void> {
  await client.request(
    `mutation { recordStockEvents(input: { idempotencyKey: "${key}", events: [${events}] }) { results { status } } }`,
  );
  await system.drain();
}

async function ask(): Promise<unknown> {
  const { stockPosition } = await client.request<{
    stockPosition: unknown;
  }>(`{ stockPosition(sku: "LE-1", locationId: "LE-L") {
    book { onHand committed } physical { onHand }
    availability { availableToSell confidence reason terms { name quantity } } } }`);
  return stockPosition;
}

describe("a lost shipment", () => {
  it("cannot be noticed while nothing follows it", async () => {
    await client.request(`mutation {
      saveProducts(input: { idempotencyKey: "le-p", products: [{ sku: "LE-1", name: "LE-1", baseUnit: "EA" }] }) { userErrors { code } }
      saveLocations(input: { idempotencyKey: "le-l", locations: [{ id: "LE-L", name: "LE-L", type: WAREHOUSE }] }) { userErrors { code } }
      saveBookBalances(input: { idempotencyKey: "le-b", balances: [{ sku: "LE-1", locationId: "LE-L", onHand: 50 }] }) { userErrors { code } }
      allocateOrder(input: { idempotencyKey: "le-o", orderId: "LE-O", lines: [
        { line: "1", sku: "LE-1", locationId: "LE-L", quantity: 20 }] }) { userErrors { code } } }`);
    await system.drain();
    await record("le-1", event("le-e1", "SNAPSHOT", 50, ", buckets: { unrestricted: 50 }"));
    const order = `, documentRef: { type: "ORDER", id: "LE-O", line: "1" }`;
    await record("le-2", event("le-e2", "PICK", 20), event("le-e3", "SHIPMENT", 20, order));
    expect(await ask()).toMatchObject({
      physical: { onHand: 30 },
      book: { onHand: 50, committed: 20 },
      availability: { availableToSell: 30 },
    });
  });

  it("is noticed by the next fact, and the answer says so", async () => {
    await record("le-3", event("le-e4", "STATUS_CHANGE", 1, ", fromBucket: UNRESTRICTED, toBucket: DAMAGED"));
    clock.advance(limits.gapHoldMs + 1);
    await system.drain();
    expect(await ask()).toMatchObject({
      availability: { confidence: "DEGRADED", reason: expect.stringContaining("SOURCE_GAP") },
    });
  });

  it("is asked for again and ends in the same numbers as if it had not been lost", async () => {
    const availability = system.subgraphs.find(({ name }) => name === "availability");
    if (!availability) throw new Error("availability runs in this process");
    const gapWatch = createGapWatch({ db: availability.db, clock, log: silentLogger, committed: () => {} });
    expect(await gapWatch.look()).toBe(1);
    await system.drain();
    expect(await ask()).toMatchObject({
      physical: { onHand: 30 },
      book: { onHand: 30, committed: 0 },
      availability: {
        availableToSell: 29,
        confidence: "FRESH",
        reason: null,
        terms: [
          { name: "onHand", quantity: 30 },
          { name: "damaged", quantity: -1 },
          { name: "committed", quantity: 0 },
          { name: "safetyStock", quantity: 0 },
        ],
      },
    });
    await expectSettled(scratch);
  });
});
