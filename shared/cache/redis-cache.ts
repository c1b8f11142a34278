/**
 * The cache in Redis: one hash a key, set by a script that compares versions on the server.
 *
 * Apart from the streams by its key prefix only; in production it may have a Redis of its own.
 */
import type { Logger } from "../logging.ts";
import { connectRedis } from "../redis.ts";
import type { CachedValue, CacheStore } from "./cache-store.ts";

const putScript = `
  local there = redis.call("HGET", KEYS[1], "version")
  if there and tonumber(there) > tonumber(ARGV[1]) then return 0 end
  redis.call("HSET", KEYS[1], "version", ARGV[1], "value", ARGV[2])
  redis.call("PEXPIRE", KEYS[1], ARGV[3])
  return 1`;

export async function createRedisCache(url: string, prefix: string, log: Logger): Promise<CacheStore> {
  const redis = await connectRedis({ url, log });
  redis.defineCommand("putNewer", { numberOfKeys: 1, lua: putScript });
  const name = (key: string) => `${prefix}cache:${key}`;

  return {
    async getMany(keys) {
      if (keys.length === 0) return [];
      const pipeline = redis.pipeline();
      for (const key of keys) pipeline.hmget(name(key), "version", "value");
      const replies = (await pipeline.exec()) ?? [];
      return replies.map(([error, fields]): CachedValue | null => {
        if (error) throw error;
        const [version, value] = fields as [string | null, string | null];
        return version === null || value === null ? null : { version: Number(version), value };
      });
    },
    async putMany(entries) {
      if (entries.length === 0) return;
      const pipeline = redis.pipeline() as unknown as {
        putNewer(key: string, version: number, value: string, ttlMs: number): void;
        exec(): Promise<[Error | null, unknown][] | null>;
      };
      for (const { key, version, value, ttlMs } of entries) pipeline.putNewer(name(key), version, value, ttlMs);
      for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
    },
    async deleteMany(keys) {
      if (keys.length > 0) await redis.unlink(...keys.map(name));
    },
    ping: async () => {
      await redis.ping();
    },
    close: async () => redis.disconnect(),
  };
}
