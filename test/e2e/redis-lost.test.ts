/**
 * Redis dies and comes back empty, or answers nobody for a while: commands go on, answers go on and are true, and
 * everything that happened meanwhile arrives.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { type ApiClient, createApiClient } from "../../shared/graphql/client.ts";
import { issueToken } from "../../shared/identity.ts";
import { silentLogger } from "../../shared/logging.ts";
import { createSystem, type System } from "../../system.ts";
import { expectSettled } from "../helpers/conservation.ts";
import { createScratch, type Scratch } from "../helpers/databases.ts";
import { createPrivateRedis, type PrivateRedis, redisIsInstalled } from "../helpers/private-redis.ts";
import { range, secondCount } from "../helpers/rush.ts";

/** A command and its answers together, while Redis is silent. */
const answeredWithinMs = 1_000;
/** Every command to Redis is given up after a second; readers and relays wait for theirs at the same time. */
const stoppedWithinMs = 5_000;
/** Items that nobody asks about before Redis falls silent. */
const unread = 100;

const product = (n: number) => `{ sku: "RL-${n + 1}", name: "RL-${n + 1}", baseUnit: "EA" }`;

const event = (id: string, more: string) =>
  `mutation { recordStockEvents(input: { idempotencyKey: "${id}", events: [{ id: "${id}", sku: "RL-1", locationId: "RL-L",
    occurredAt: "2026-01-05T08:00:00Z", ${more} }] }) { results { status code } } }`;

describe.skipIf(!redisIsInstalled)(`without Redis${redisIsInstalled ? "" : " (no redis-server is installed)"}`, () => {
  let redis: PrivateRedis;
  let scratch: Scratch;
  let system: System;
  let client: ApiClient;

  beforeAll(async () => {
    redis = await createPrivateRedis();
    await redis.start();
    scratch = createScratch("sqlite", { REDIS_URL: redis.url });
    system = await createSystem(scratch.config, { log: silentLogger });
    await system.start();
    const roles = ["connector-erp", "connector-wms", "storefront"] as const;
    const token = await issueToken(scratch.config.auth, { person: "c", roles }, systemClock);
    client = createApiClient({ url: system.url(), token });
    await client.request(`mutation {
      saveProducts(input: { idempotencyKey: "rl-p", products: [${range(unread + 1).map(product)}] }) { replayed }
      saveLocations(input: { idempotencyKey: "rl-l", locations: [{ id: "RL-L", name: "RL-L", type: WAREHOUSE }] }) { replayed } }`);
    await client.request(event("rl-1", "type: SNAPSHOT, quantity: 50000, buckets: { unrestricted: 50000 }"));
  }, 60_000);

  afterAll(async () => {
    await system?.stop();
    await redis?.kill();
    await scratch?.remove();
  }, 60_000);

  async function answer() {
    const { availability } = await client.request<{ availability: Record<string, unknown>[] }>(
      `{ availability(skus: ["RL-1"], locationIds: ["RL-L"]) { availableToSell confidence } }`,
    );
    return availability[0];
  }

  /** About the item that moves, and one that may not have been asked about before. */
  async function ask(n: number) {
    return client.request<object>(
      `{ availability(skus: ["RL-1"], locationIds: ["RL-L"]) { net }
         new: availability(skus: ["RL-${2 + (n % unread)}"], locationIds: ["RL-L"]) { availableToSell } }`,
    );
  }

  /** One unit less; the key is its number. */
  const reserveOne = (n: number) =>
    client.request(`mutation { reserveStock(input: { idempotencyKey: "rl-r${n}",
      lines: [{ sku: "RL-1", locationId: "RL-L", quantity: 1 }] }) { userErrors { code } } }`);

  const becomes = (expected: object) =>
    vi.waitFor(async () => expect(await answer()).toMatchObject(expected), { timeout: 20_000, interval: 50 });

  it("facts are recorded and answers are given from what is known", async () => {
    await becomes({ availableToSell: 50_000, confidence: "FRESH" });
    await redis.kill();
    const { recordStockEvents } = await client.request<{ recordStockEvents: unknown }>(
      event("rl-2", "type: SHIPMENT, quantity: 20, fromBucket: UNRESTRICTED"),
    );
    expect(recordStockEvents).toEqual({ results: [{ status: "ACCEPTED", code: null }] });
    expect(await answer()).toMatchObject({ availableToSell: 50_000 });
    await system.gateway.ready();
  });

  it("and when it is back, empty, everything is published again and the answer follows", async () => {
    await redis.start();
    await becomes({ availableToSell: 49_980, confidence: "FRESH" });
    await vi.waitFor(() => expectSettled(scratch), { timeout: 20_000, interval: 50 });
  }, 60_000);

  it(
    `and while it answers nobody, for ${secondCount} s, every answer is what was committed just before`,
    async ({ annotate }) => {
      redis.freeze();
      const untilMs = performance.now() + secondCount * 1_000;
      let reserved = 0;
      let longestMs = 0;
      while (performance.now() < untilMs) {
        const beganMs = performance.now();
        await reserveOne(++reserved);
        expect(await ask(reserved)).toEqual({
          availability: [{ net: 49_980 - reserved }],
          new: [{ availableToSell: 0 }],
        });
        longestMs = Math.max(longestMs, performance.now() - beganMs);
      }
      redis.thaw();
      await annotate(`${reserved} reservations and answers, the longest pair ${Math.round(longestMs)} ms`);
      expect(longestMs).toBeLessThan(answeredWithinMs);
      await becomes({ availableToSell: 49_980 - reserved, confidence: "FRESH" });
      await vi.waitFor(() => expectSettled(scratch), { timeout: 20_000, interval: 50 });
    },
    60_000 + secondCount * 1_000,
  );

  it("and everything stops in good time though it answers nobody", async () => {
    redis.freeze();
    const beganMs = performance.now();
    await system.stop();
    expect(performance.now() - beganMs).toBeLessThan(stoppedWithinMs);
  }, 60_000);
});
