/**
 * What one operation read, told to whoever might keep its answer.
 *
 * Silence is never taken for consent: an answer may be kept only if every field that read something named it. Times are
 * ages, so that two clocks need not agree.
 */
import type { CacheHints } from "./execute.ts";

export interface CacheHintCollector {
  /** These were read (asked for when somebody wants to know); good for `maxAgeMs` at most, whatever happens. */
  read(tags: () => Iterable<string>, maxAgeMs: number): void;
  /** Something was read that has no name here. */
  readUntagged(): void;
  /** These are another now. */
  changed(tags: Iterable<string>): void;
  /** Undefined: nothing that anybody could use. */
  collect(): CacheHints | undefined;
}

export function createCacheHints(): CacheHintCollector {
  const reads: (() => Iterable<string>)[] = [];
  const changed = new Set<string>();
  let maxAgeMs = Number.POSITIVE_INFINITY;
  let untagged = false;
  return {
    read(tags, ageMs) {
      reads.push(tags);
      maxAgeMs = Math.min(maxAgeMs, ageMs);
    },
    readUntagged() {
      untagged = true;
    },
    changed(more) {
      for (const tag of more) changed.add(tag);
    },
    collect() {
      const known = !untagged && reads.length > 0;
      if (!known && changed.size === 0) return undefined;
      return {
        // Named when somebody wants to keep the answer: most answers are kept by nobody.
        get tags() {
          return known ? [...new Set(reads.flatMap((tags) => [...tags()]))] : null;
        },
        maxAgeMs: known ? Math.min(maxAgeMs, Number.MAX_SAFE_INTEGER) : 0,
        ...(changed.size > 0 ? { changed: [...changed] } : {}),
      };
    },
  };
}
