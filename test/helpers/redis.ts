/**
 * A corner of the Redis server that nobody else uses: a random prefix, removed when the suite ends.
 *
 * `describeRedis` skips where no server answers.
 */
import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import { describe } from "vitest";
import { services } from "./services.ts";

export interface RedisCorner {
  readonly url: string;
  readonly prefix: string;
  /** A connection for the test itself. */
  readonly redis: Redis;
  /** Every key under the prefix whose rest begins like this. */
  keys(beginning?: string): Promise<string[]>;
  /** Deletes them; how many there were. */
  remove(beginning?: string): Promise<number>;
  close(): Promise<void>;
}

export function openRedisCorner(): RedisCorner {
  const url = services.redisUrl ?? "";
  const prefix = `t${randomBytes(4).toString("hex")}:`;
  const redis = new Redis(url);
  const corner: RedisCorner = {
    url,
    prefix,
    redis,
    async keys(beginning = "") {
      const found: string[] = [];
      let cursor = "0";
      do {
        const [next, keys] = await redis.scan(cursor, "MATCH", `${prefix}${beginning}*`, "COUNT", 1000);
        found.push(...keys);
        cursor = next;
      } while (cursor !== "0");
      return found;
    },
    async remove(beginning) {
      const keys = await corner.keys(beginning);
      return keys.length === 0 ? 0 : redis.del(...keys);
    },
    async close() {
      await corner.remove();
      redis.disconnect();
    },
  };
  return corner;
}

export function describeRedis(title: string, suite: () => void): void {
  const missing = !services.redisUrl;
  describe.skipIf(missing)(`${title}${missing ? " (no Redis answers)" : ""}`, suite);
}
