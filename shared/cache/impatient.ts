/**
 * A shared cache that is asked only while it answers: it is there to save time, and never to cost any.
 *
 * A read that is not answered at once fails, and after it for a moment every read does, so that whoever asks turns to the
 * source instead. Writes pass unchanged: what has to be in the cache before a change is told is not given up here.
 */
import { createBreaker } from "../breaker.ts";
import type { Clock } from "../clock.ts";
import { withinDeadline } from "../deadline.ts";
import { AppError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { CacheStore } from "./cache-store.ts";

/** `getMany` fails with DEADLINE_EXCEEDED, SOURCE_UNAVAILABLE. */
export function impatient(store: CacheStore, clock: Clock, readMs: number = limits.cacheReadMs): CacheStore {
  const breaker = createBreaker({ failuresMax: 1, retryMs: limits.breakerRetryMs });
  return {
    ...store,
    async getMany(keys) {
      if (!breaker.allows(clock.now())) throw new AppError("SOURCE_UNAVAILABLE");
      try {
        const found = await withinDeadline(readMs, () => store.getMany(keys));
        breaker.succeeded();
        return found;
      } catch (error) {
        breaker.failed(clock.now());
        throw error;
      }
    },
  };
}
