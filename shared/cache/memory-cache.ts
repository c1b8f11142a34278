/**
 * The cache inside one process: a map with a bound, the least recently written entry leaving first.
 *
 * Time comes from the clock it is given, so that a test decides when an entry is too old.
 */
import type { Clock } from "../clock.ts";
import type { CachedValue, CacheStore } from "./cache-store.ts";

interface Slot extends CachedValue {
  readonly expiresAtMs: number;
}

export function createMemoryCache(clock: Clock, entriesMax = 100_000): CacheStore {
  const slots = new Map<string, Slot>();

  function live(key: string): Slot | null {
    const slot = slots.get(key);
    if (!slot) return null;
    if (slot.expiresAtMs > clock.now()) return slot;
    slots.delete(key);
    return null;
  }

  return {
    async getMany(keys) {
      return keys.map((key) => {
        const slot = live(key);
        return slot && { version: slot.version, value: slot.value };
      });
    },
    async putMany(entries) {
      for (const { key, version, value, ttlMs } of entries) {
        const there = live(key);
        if (there && there.version > version) continue;
        slots.delete(key);
        slots.set(key, { version, value, expiresAtMs: clock.now() + ttlMs });
        if (slots.size > entriesMax) slots.delete(slots.keys().next().value as string);
      }
    },
    async deleteMany(keys) {
      for (const key of keys) slots.delete(key);
    },
    ping: async () => {},
    close: async () => slots.clear(),
  };
}
