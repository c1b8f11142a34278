/**
 * Redis dies and comes back empty: commands go on, answers go on, and everything that happened meanwhile arrives.
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
    const roles = ["connector-erp", "connector-wms"] as const;
    const token = await issueToken(scratch.config.auth, { person: "c", roles }, systemClock);
    client = createApiClient({ url: system.url(), token });
    await client.request(`mutation {
      saveProducts(input: { idempotencyKey: "rl-p", products: [{ sku: "RL-1", name: "RL-1", baseUnit: "EA" }] }) { replayed }
      saveLocations(input: { idempotencyKey: "rl-l", locations: [{ id: "RL-L", name: "RL-L", type: WAREHOUSE }] }) { replayed } }`);
    await client.request(event("rl-1", "type: SNAPSHOT, quantity: 50, buckets: { unrestricted: 50 }"));
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

  const becomes = (expected: object) =>
    vi.waitFor(async () => expect(await answer()).toMatchObject(expected), { timeout: 20_000, interval: 50 });

  it("facts are recorded and answers are given from what is known", async () => {
    await becomes({ availableToSell: 50, confidence: "FRESH" });
    await redis.kill();
    const { recordStockEvents } = await client.request<{ recordStockEvents: unknown }>(
      event("rl-2", "type: SHIPMENT, quantity: 20, fromBucket: UNRESTRICTED"),
    );
    expect(recordStockEvents).toEqual({ results: [{ status: "ACCEPTED", code: null }] });
    expect(await answer()).toMatchObject({ availableToSell: 50 });
    await system.gateway.ready();
  });

  it("and when it is back, empty, everything is published again and the answer follows", async () => {
    await redis.start();
    await becomes({ availableToSell: 30, confidence: "FRESH" });
    await vi.waitFor(() => expectSettled(scratch), { timeout: 20_000, interval: 50 });
  }, 60_000);
});
