/**
 * What callers have used of their budgets in the window that is running, counted by everybody together: in Redis, or in
 * this process where there is none.
 *
 * While Redis is away each process counts for itself. Knows no budgets and refuses nothing. The only door to
 * rate-limiter-flexible.
 */
import { RateLimiterMemory, RateLimiterRedis, type RateLimiterRes } from "rate-limiter-flexible";
import type { Logger } from "./logging.ts";
import { connectRedis } from "./redis.ts";

export interface RateStore {
  /** Adds to what a key has used; what all have used then, and when that begins anew. */
  add(key: string, points: number): Promise<Usage>;
  close(): Promise<void>;
}

export interface Usage {
  readonly used: number;
  readonly resetMs: number;
}

export interface RateStoreParts {
  readonly redisUrl: string | null;
  readonly redisPrefix: string;
  readonly windowS: number;
  readonly log: Logger;
}

export async function openRateStore({ redisUrl, redisPrefix, windowS, log }: RateStoreParts): Promise<RateStore> {
  // Nothing is refused here, so how many points there are does not matter.
  const options = { keyPrefix: `${redisPrefix}rate`, points: Number.MAX_SAFE_INTEGER, duration: windowS };
  const memory = new RateLimiterMemory(options);
  if (!redisUrl) return { add: (key, points) => memory.penalty(key, points).then(toUsage), close: async () => {} };
  const redis = await connectRedis({ url: redisUrl, log });
  const insured = new RateLimiterRedis({
    ...options,
    storeClient: redis,
    rejectIfRedisNotReady: true,
    insuranceLimiter: memory,
  });
  return {
    add: (key, points) => insured.penalty(key, points).then(toUsage),
    async close() {
      redis.disconnect();
    },
  };
}

function toUsage({ consumedPoints, msBeforeNext }: RateLimiterRes): Usage {
  return { used: consumedPoints, resetMs: msBeforeNext };
}
