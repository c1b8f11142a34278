/**
 * Connections to Redis: the only door to ioredis.
 *
 * Commands fail instead of queueing while Redis is away (`enableOfflineQueue: false`), because whoever asked has a
 * deadline and something better to do. A blocking reader takes a connection of its own.
 */
import { Redis } from "ioredis";
import { limits } from "./limits.ts";
import type { Logger } from "./logging.ts";

export type { Redis } from "ioredis";

export interface RedisOptions {
  readonly url: string;
  readonly log: Logger;
  /** For a connection that blocks in XREADGROUP: give up on a reply that never comes after this many milliseconds. */
  readonly blockingTimeoutMs?: number;
}

export async function connectRedis({ url, log, blockingTimeoutMs }: RedisOptions): Promise<Redis> {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 5_000,
    // Publishing twice is harmless, but hiding for how long a command has been waiting is not.
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 1_000),
    // A server that is silent would never answer the check either, and no timeout covers it on a blocking connection.
    ...(blockingTimeoutMs
      ? { blockingTimeout: blockingTimeoutMs, enableReadyCheck: false }
      : { commandTimeout: limits.redisCommandMs }),
  });
  redis.on("error", (error) => log.warn({ error }, "redis connection"));
  await redis.connect();
  return redis;
}
