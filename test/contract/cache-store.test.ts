/**
 * The promises of the shared cache, the same for its twins: values with a version never go back, and everything goes
 * away after its time.
 *
 * Time is an argument in memory; Redis keeps its own, so there the time to live is read from the server.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CacheStore } from "../../shared/cache/cache-store.ts";
import { createMemoryCache } from "../../shared/cache/memory-cache.ts";
import { createRedisCache } from "../../shared/cache/redis-cache.ts";
import { manualClock } from "../../shared/clock.ts";
import { silentLogger } from "../../shared/logging.ts";
import { describeRedis, openRedisCorner, type RedisCorner } from "../helpers/redis.ts";

const entry = (key: string, version: number, value = `${key} v${version}`) => ({ key, version, value, ttlMs: 60_000 });

describe("memory cache", () => {
  promises(async () => createMemoryCache(manualClock()));

  it("forgets an entry at the end of its time, not before", async () => {
    const clock = manualClock();
    const cache = createMemoryCache(clock);
    await cache.putMany([{ ...entry("a", 1), ttlMs: 100 }]);
    clock.advance(99);
    expect(await cache.getMany(["a"])).toEqual([{ version: 1, value: "a v1" }]);
    clock.advance(1);
    expect(await cache.getMany(["a"])).toEqual([null]);
  });

  it("begins the time anew with every put", async () => {
    const clock = manualClock();
    const cache = createMemoryCache(clock);
    await cache.putMany([{ ...entry("a", 1), ttlMs: 100 }]);
    clock.advance(60);
    await cache.putMany([{ ...entry("a", 1), ttlMs: 100 }]);
    clock.advance(60);
    expect(await cache.getMany(["a"])).toEqual([{ version: 1, value: "a v1" }]);
  });

  it("accepts an older version once the newer one has gone", async () => {
    const clock = manualClock();
    const cache = createMemoryCache(clock);
    await cache.putMany([{ ...entry("a", 2), ttlMs: 100 }]);
    clock.advance(100);
    await cache.putMany([entry("a", 1)]);
    expect(await cache.getMany(["a"])).toEqual([{ version: 1, value: "a v1" }]);
  });

  it("holds no more than it may: the least recently written leaves", async () => {
    const cache = createMemoryCache(manualClock(), 3);
    await cache.putMany([entry("a", 1), entry("b", 1), entry("c", 1), entry("a", 2), entry("d", 1)]);
    expect(await cache.getMany(["a", "b", "c", "d"])).toEqual([
      { version: 2, value: "a v2" },
      null,
      { version: 1, value: "c v1" },
      { version: 1, value: "d v1" },
    ]);
  });
});

describeRedis("Redis cache", () => {
  let corner: RedisCorner;
  const open = () => createRedisCache(corner.url, corner.prefix, silentLogger);

  beforeAll(() => {
    corner = openRedisCorner();
  });
  afterAll(() => corner.close());

  promises(open);

  it("does not believe what an earlier life of the server left behind", async () => {
    const cache = await open();
    await cache.putMany([entry("left", 7)]);
    const [key = ""] = await corner.redis.keys(`${corner.prefix}cache:*:left`);
    await corner.redis.rename(key, key.replace(/cache:\w+:/, "cache:another:"));
    expect(await cache.getMany(["left"])).toEqual([null]);
    await cache.close();
  });

  it("gives every entry its time to live, anew with every put", async () => {
    const cache = await open();
    await cache.putMany([{ ...entry("ttl", 1), ttlMs: 5_000 }]);
    const [key = ""] = await corner.redis.keys(`${corner.prefix}cache:*:ttl`);
    expect(await corner.redis.pttl(key)).toBeGreaterThan(4_000);
    expect(await corner.redis.pttl(key)).toBeLessThanOrEqual(5_000);
    await cache.putMany([{ ...entry("ttl", 2), ttlMs: 90_000 }]);
    expect(await corner.redis.pttl(key)).toBeGreaterThan(80_000);
    await cache.putMany([{ ...entry("ttl", 1), ttlMs: 1 }]);
    expect(await corner.redis.pttl(key)).toBeGreaterThan(80_000);
    await cache.close();
  });

  it("is shared by replicas, and nobody else sees it", async () => {
    const [one, two] = [await open(), await open()];
    const stranger = await createRedisCache(corner.url, `${corner.prefix}other:`, silentLogger);
    await one.putMany([entry("shared", 1)]);
    expect(await two.getMany(["shared"])).toEqual([{ version: 1, value: "shared v1" }]);
    expect(await stranger.getMany(["shared"])).toEqual([null]);
    for (const cache of [one, two, stranger]) await cache.close();
  });

  it("keeps the newest of what many replicas write at the same time", async () => {
    const replicas = await Promise.all([open(), open(), open()]);
    const versions = Array.from({ length: 60 }, (_, i) => ((i * 37) % 60) + 1);
    await Promise.all(versions.map((version, i) => replicas[i % 3]?.putMany([entry("race", version)])));
    expect(await replicas[0]?.getMany(["race"])).toEqual([{ version: 60, value: "race v60" }]);
    for (const replica of replicas) await replica.close();
  });

  it("fails where the entry cannot be written, instead of pretending", async () => {
    const cache = await open();
    await cache.putMany([entry("odd", 1)]);
    const [key = ""] = await corner.redis.keys(`${corner.prefix}cache:*:odd`);
    await corner.redis.set(key, "not a hash");
    await expect(cache.putMany([entry("odd", 1)])).rejects.toThrow("WRONGTYPE");
    await expect(cache.getMany(["odd"])).rejects.toThrow("WRONGTYPE");
    await cache.close();
  });
});

function promises(open: () => Promise<CacheStore>): void {
  let cache: CacheStore;

  beforeAll(async () => {
    cache = await open();
  });
  afterAll(() => cache.close());

  it("answers", async () => {
    await expect(cache.ping()).resolves.toBeUndefined();
  });

  it("returns values in the order asked, null where there is nothing, a key twice where it is asked twice", async () => {
    await cache.putMany([entry("a", 1), entry("b", 7, '{"Größe":"½"}')]);
    expect(await cache.getMany(["b", "none", "a", "b"])).toEqual([
      { version: 7, value: '{"Größe":"½"}' },
      null,
      { version: 1, value: "a v1" },
      { version: 7, value: '{"Größe":"½"}' },
    ]);
  });

  it.each<[string, number[], number]>([
    ["in order", [1, 2, 3], 3],
    ["the newest first", [3, 1, 2], 3],
    ["beyond nine", [9, 10], 10],
    ["beyond nine, the newest first", [10, 9], 10],
    ["with large versions", [9_007_199_254_740_990, 9_007_199_254_740_991], 9_007_199_254_740_991],
  ])("keeps the newest version written %s, in one call or several", async (title, versions, newest) => {
    const expected = (key: string) => ({ version: newest, value: `${key} v${newest}` });
    const [together, apart] = [`${title} together`, `${title} apart`];
    await cache.putMany(versions.map((version) => entry(together, version)));
    for (const version of versions) await cache.putMany([entry(apart, version)]);
    expect(await cache.getMany([together, apart])).toEqual([expected(together), expected(apart)]);
  });

  it("takes a value of the same version: it was computed again", async () => {
    await cache.putMany([entry("same", 4, "old"), entry("same", 4, "new")]);
    expect(await cache.getMany(["same"])).toEqual([{ version: 4, value: "new" }]);
  });

  it("keeps an empty value", async () => {
    await cache.putMany([entry("empty", 1, "")]);
    expect(await cache.getMany(["empty"])).toEqual([{ version: 1, value: "" }]);
  });

  it("deletes what is named and nothing else", async () => {
    await cache.putMany([entry("x", 1), entry("y", 1), entry("z", 1)]);
    await cache.deleteMany(["x", "z", "none"]);
    expect(await cache.getMany(["x", "y", "z"])).toEqual([null, { version: 1, value: "y v1" }, null]);
  });

  it("does nothing for nothing", async () => {
    await cache.putMany([]);
    await cache.deleteMany([]);
    expect(await cache.getMany([])).toEqual([]);
  });
}
