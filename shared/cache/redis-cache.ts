/**
 * The cache in Redis: one hash a key, set by a script that compares versions on the server.
 *
 * Apart from the streams by its key prefix only; in production it may have a Redis of its own. What an earlier life of
 * the server left behind (an old snapshot, a replica that took over) is never believed: each life has its own keys.
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
  let life: Promise<string> | undefined;
  redis.on("close", () => {
    life = undefined;
  });

  /** Fails when Redis does not answer; then the next call tries again. */
  async function naming(): Promise<(key: string) => string> {
    life ??= runId().catch((error) => {
      life = undefined;
      throw error;
    });
    const id = await life;
    return (key) => `${prefix}cache:${id}:${key}`;
  }

  async function runId(): Promise<string> {
    const info = await redis.info("server");
    return (/run_id:(\w+)/.exec(info)?.[1] ?? "").slice(0, 12);
  }

  return {
    async getMany(keys) {
      if (keys.length === 0) return [];
      const name = await naming();
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
      const name = await naming();
      const pipeline = redis.pipeline() as unknown as {
        putNewer(key: string, version: number, value: string, ttlMs: number): void;
        exec(): Promise<[Error | null, unknown][] | null>;
      };
      for (const { key, version, value, ttlMs } of entries) pipeline.putNewer(name(key), version, value, ttlMs);
      for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
    },
    async deleteMany(keys) {
      if (keys.length > 0) await redis.unlink(...keys.map(await naming()));
    },
    ping: async () => {
      await redis.ping();
    },
    close: async () => redis.disconnect(),
  };
}
