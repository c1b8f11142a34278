/**
 * What was read once and is asked for again: this process's memory, then the cache that processes share, then the source.
 *
 * A value never goes back: a fill that began before an invalidation is not kept, and a shared value older than what was
 * heard of is not believed. Whether anything kept may be relied on at the moment is decided by its owner (`trusted`), for
 * each key; what is not is read from the source.
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../clock.ts";
import { limits } from "../limits.ts";
import type { CacheStore } from "./cache-store.ts";
import { createFlights } from "./flights.ts";

/** One value of the source, as it was read. */
export interface Reading<V> {
  readonly value: V;
  /** Grows with every change of the value; 0 for what is not there. */
  readonly version: number;
  /** From then on the value is another by time alone, milliseconds since the epoch; null: it is not. */
  readonly validUntilMs: number | null;
}

export interface SharedTier<V> {
  readonly store: CacheStore;
  readonly encode: (reading: Reading<V>) => string;
  readonly decode: (text: string, version: number) => Reading<V>;
  /** A shared tier that fails is done without; somebody may want to know. */
  readonly failed: (error: unknown) => void;
}

export interface ReadThroughParts<V> {
  readonly clock: Clock;
  readonly bytesMax: number;
  /** Roughly what a reading takes up in memory. */
  readonly sizeOf: (reading: Reading<V>) => number;
  /** The truth, for every key. */
  readonly load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Reading<V>>>;
  readonly shared: SharedTier<V> | null;
  readonly trusted: (key: string) => boolean;
}

export interface ReadThrough<V> {
  /** What is kept in this process and may be relied on; undefined: it has to be read. */
  peek(key: string): Reading<V> | undefined;
  /** In the order of the keys. */
  readMany(keys: readonly string[]): Promise<Reading<V>[]>;
  /** The key has this version by now; null: it has changed, and nobody said how far. */
  invalidate(key: string, version: number | null): void;
  clear(): void;
  readonly counters: Readonly<ReadThroughCounters>;
}

/** Since the start. */
export interface ReadThroughCounters {
  /** Answered from memory, with the sum of the ages. */
  hits: number;
  hitAgeMs: number;
  /** Answered from the shared tier; from the source. */
  sharedHits: number;
  loads: number;
  /** Read past everything that is kept, because it could not be relied on. */
  bypassed: number;
  /** Read, and not kept: it had changed meanwhile, or took too long. */
  refused: number;
}

/** What a shared tier holds of a key whose value nobody has put there yet: its version, and nothing else. */
export const versionOnly = "";

export function createReadThrough<V>(parts: ReadThroughParts<V>): ReadThrough<V> {
  const { clock, trusted, load } = parts;
  const counters = { hits: 0, hitAgeMs: 0, sharedHits: 0, loads: 0, bypassed: 0, refused: 0 };
  const memory = createMemory(parts, counters);
  const heard = createHeard();
  const read = createTiers(parts, heard.of, counters);
  const flights = createFlights<V>({
    now: clock.now,
    read: (keys, again) => (again ? load(keys) : read(keys)),
    landed(key, reading, isOld, beganAt) {
      if (isOld || clock.now() - beganAt > limits.cacheFillMs) counters.refused += 1;
      else memory.keep(key, reading);
    },
  });

  const peek = (key: string) => (trusted(key) ? memory.fresh(key) : undefined);

  function invalidate(key: string, version: number | null): void {
    memory.drop(key, version);
    flights.changed(key, version ?? Number.POSITIVE_INFINITY);
    if (version !== null) heard.note(key, version);
  }

  async function bypass(keys: readonly string[]): Promise<ReadonlyMap<string, Reading<V>>> {
    if (keys.length === 0) return new Map();
    counters.bypassed += keys.length;
    const loaded = await load(keys);
    // Who has seen this version is not to be answered with an older one later.
    for (const [key, { version }] of loaded) invalidate(key, version);
    return loaded;
  }

  return {
    peek,
    counters,
    invalidate,
    async readMany(keys) {
      const known = new Map<string, Reading<V> | Promise<Reading<V>>>();
      const past = new Set<string>();
      for (const key of keys) {
        if (known.has(key)) continue;
        if (!trusted(key)) past.add(key);
        else known.set(key, memory.fresh(key) ?? flights.join(key, heard.of(key)));
      }
      const [passed] = await Promise.all([bypass([...past]), ...known.values()]);
      return Promise.all(keys.map((key) => (passed.get(key) ?? known.get(key)) as Reading<V>));
    },
    clear() {
      memory.clear();
      flights.allChanged();
    },
  };
}

interface Kept<V> {
  readonly reading: Reading<V>;
  readonly filledAtMs: number;
  readonly freshUntilMs: number;
}

function createMemory<V>({ clock, bytesMax, sizeOf }: ReadThroughParts<V>, counters: ReadThroughCounters) {
  const kept = new LRUCache<string, Kept<V>>({
    maxSize: bytesMax,
    sizeCalculation: ({ reading }) => Math.max(1, sizeOf(reading)),
  });
  return {
    fresh(key: string): Reading<V> | undefined {
      const nowMs = clock.now();
      const slot = kept.get(key);
      if (slot === undefined || slot.freshUntilMs <= nowMs) return undefined;
      counters.hits += 1;
      counters.hitAgeMs += nowMs - slot.filledAtMs;
      return slot.reading;
    },
    keep(key: string, reading: Reading<V>): void {
      const nowMs = clock.now();
      const freshUntilMs = Math.min(nowMs + keptMs(), reading.validUntilMs ?? Number.POSITIVE_INFINITY);
      kept.set(key, { reading, filledAtMs: nowMs, freshUntilMs });
    },
    /** Unless this version is what is kept. */
    drop(key: string, version: number | null): void {
      const slot = kept.peek(key);
      if (slot && (version === null || slot.reading.version < version)) kept.delete(key);
    },
    clear: () => kept.clear(),
  };
}

/** Versions that were heard of, the latest ones: what the shared tier says that is older was there before. */
function createHeard() {
  const versions = new Map<string, number>();
  return {
    of: (key: string) => versions.get(key) ?? 0,
    note(key: string, version: number): void {
      if (version <= (versions.get(key) ?? 0)) return;
      // The one heard of last stands last.
      versions.delete(key);
      versions.set(key, version);
      if (versions.size > limits.knownVersionsMax) versions.delete(versions.keys().next().value as string);
    },
  };
}

/** Reads what is in the shared tier there, and the rest from the source; what it read there it shares. */
function createTiers<V>(parts: ReadThroughParts<V>, heard: (key: string) => number, counters: ReadThroughCounters) {
  const { clock, load, shared } = parts;

  async function sharedReadings({ store, decode, failed }: SharedTier<V>, keys: readonly string[]) {
    const readings = new Map<string, Reading<V>>();
    try {
      const nowMs = clock.now();
      (await store.getMany(keys)).forEach((there, i) => {
        const key = keys[i] as string;
        if (!there || there.value === versionOnly || there.version < heard(key)) return;
        const reading = decode(there.value, there.version);
        if (reading.validUntilMs === null || reading.validUntilMs > nowMs) readings.set(key, reading);
      });
    } catch (error) {
      failed(error);
    }
    return readings;
  }

  return async (keys: readonly string[]): Promise<ReadonlyMap<string, Reading<V>>> => {
    const there = shared ? await sharedReadings(shared, keys) : new Map<string, Reading<V>>();
    counters.sharedHits += there.size;
    const missing = keys.filter((key) => !there.has(key));
    if (missing.length === 0) return there;
    counters.loads += missing.length;
    const beganMs = clock.now();
    const loaded = await load(missing);
    if (shared && clock.now() - beganMs <= limits.cacheFillMs) {
      const entries = [...loaded].map(([key, it]) => sharedEntry(key, it.version, shared.encode(it)));
      // Nobody waits for it.
      shared.store.putMany(entries).catch(shared.failed);
    }
    return new Map([...there, ...loaded]);
  };
}

/** As whoever publishes a change and whoever fills a gap put it where all processes read it. */
export function sharedEntry(key: string, version: number, value: string) {
  return { key, version, value, ttlMs: Math.ceil(keptMs()) };
}

/** What was kept together does not all go together. */
function keptMs(): number {
  return limits.cacheKeptMs * (1 - Math.random() / 10);
}
