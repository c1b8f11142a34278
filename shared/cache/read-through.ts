/**
 * What was read once and is asked for again: this process's memory, then the cache that processes share, then the source.
 *
 * A value never goes back: a fill that began before an invalidation is not kept, and a shared value older than what was
 * heard of is not believed. Askers for one key share one read, and reads of one turn of the event loop are one batch.
 * Whether anything kept may be relied on at the moment is decided by its owner (`trusted`), for each key.
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../clock.ts";
import { limits } from "../limits.ts";
import type { CacheStore } from "./cache-store.ts";

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
  readonly counters: ReadThroughCounters;
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
  /** Read, and not kept: it had changed meanwhile. */
  refused: number;
}

interface Kept<V> {
  readonly reading: Reading<V>;
  readonly filledAtMs: number;
  readonly freshUntilMs: number;
}

/** A read under way. */
interface Flight<V> {
  readonly result: Promise<Reading<V>>;
  readonly resolve: (reading: Reading<V>) => void;
  readonly reject: (error: unknown) => void;
  /** What was heard of since it began: an older value is not to be kept. */
  atLeast: number;
}

/** What a shared tier holds of a key whose value nobody has put there yet: its version, and nothing else. */
export const versionOnly = "";

const rereadsMax = 2;

export function createReadThrough<V>(parts: ReadThroughParts<V>): ReadThrough<V> {
  const { clock, trusted } = parts;
  const kept = new LRUCache<string, Kept<V>>({
    maxSize: parts.bytesMax,
    sizeCalculation: ({ reading }) => Math.max(1, parts.sizeOf(reading)),
  });
  /** Versions that were heard of: whatever the shared tier says that is older, was there before. */
  const heard = new Map<string, number>();
  const flights = new Map<string, Flight<V>>();
  let boarding = new Map<string, Flight<V>>();
  const counters = { hits: 0, hitAgeMs: 0, sharedHits: 0, loads: 0, bypassed: 0, refused: 0 };

  function fresh(key: string, nowMs: number): Kept<V> | undefined {
    const slot = kept.get(key);
    return slot !== undefined && slot.freshUntilMs > nowMs ? slot : undefined;
  }

  function peek(key: string): Reading<V> | undefined {
    const nowMs = clock.now();
    const slot = fresh(key, nowMs);
    if (slot === undefined || !trusted(key)) return undefined;
    counters.hits += 1;
    counters.hitAgeMs += nowMs - slot.filledAtMs;
    return slot.reading;
  }

  function keep(key: string, reading: Reading<V>): void {
    const nowMs = clock.now();
    const keptMs = limits.cacheKeptMs * (1 - Math.random() / 10);
    const freshUntilMs = Math.min(nowMs + keptMs, reading.validUntilMs ?? Number.POSITIVE_INFINITY);
    kept.set(key, { reading, filledAtMs: nowMs, freshUntilMs });
  }

  function fly(key: string): Promise<Reading<V>> {
    const known = flights.get(key);
    if (known) return known.result;
    let resolve!: Flight<V>["resolve"];
    let reject!: Flight<V>["reject"];
    const result = new Promise<Reading<V>>((res, rej) => {
      resolve = res;
      reject = rej;
    });
    const flight = { result, resolve, reject, atLeast: heard.get(key) ?? 0 };
    flights.set(key, flight);
    if (boarding.size === 0) setImmediate(depart);
    boarding.set(key, flight);
    return result;
  }

  function depart(): void {
    const batch = boarding;
    boarding = new Map();
    land(batch).catch((error) => {
      for (const [key, flight] of batch) {
        // Of those that had landed before, somebody may have begun another.
        if (flights.get(key) === flight) flights.delete(key);
        flight.reject(error);
      }
    });
  }

  async function land(batch: ReadonlyMap<string, Flight<V>>): Promise<void> {
    let left = [...batch.keys()];
    for (let read = 0; left.length > 0; read++) {
      const beganMs = clock.now();
      const readings = await (read === 0 ? fetchMany(left) : parts.load(left));
      const late: string[] = [];
      for (const key of left) {
        const flight = batch.get(key) as Flight<V>;
        const reading = readings.get(key) as Reading<V>;
        if (reading.version < flight.atLeast && read < rereadsMax) {
          flight.atLeast = flight.atLeast === Number.POSITIVE_INFINITY ? 0 : flight.atLeast;
          late.push(key);
          continue;
        }
        if (reading.version >= flight.atLeast && clock.now() - beganMs <= limits.cacheFillMs) keep(key, reading);
        else counters.refused += 1;
        flights.delete(key);
        flight.resolve(reading);
      }
      counters.refused += late.length;
      left = late;
    }
  }

  async function fetchMany(keys: readonly string[]): Promise<ReadonlyMap<string, Reading<V>>> {
    const shared = await sharedReadings(keys);
    const missing = keys.filter((key) => !shared.has(key));
    counters.sharedHits += keys.length - missing.length;
    if (missing.length === 0) return shared;
    counters.loads += missing.length;
    const beganMs = clock.now();
    const loaded = await parts.load(missing);
    if (clock.now() - beganMs <= limits.cacheFillMs) share(loaded);
    return new Map([...shared, ...loaded]);
  }

  async function sharedReadings(keys: readonly string[]): Promise<Map<string, Reading<V>>> {
    const readings = new Map<string, Reading<V>>();
    if (!parts.shared) return readings;
    const { store, decode, failed } = parts.shared;
    try {
      const nowMs = clock.now();
      (await store.getMany(keys)).forEach((there, i) => {
        const key = keys[i] as string;
        if (!there || there.value === versionOnly || there.version < (heard.get(key) ?? 0)) return;
        const reading = decode(there.value, there.version);
        if (reading.validUntilMs === null || reading.validUntilMs > nowMs) readings.set(key, reading);
      });
    } catch (error) {
      failed(error);
    }
    return readings;
  }

  /** Nobody waits for it. */
  function share(loaded: ReadonlyMap<string, Reading<V>>): void {
    if (!parts.shared) return;
    const { store, encode, failed } = parts.shared;
    const entries = [...loaded].map(([key, reading]) => sharedEntry(key, reading.version, encode(reading)));
    store.putMany(entries).catch(failed);
  }

  async function bypass(keys: readonly string[]): Promise<ReadonlyMap<string, Reading<V>>> {
    if (keys.length === 0) return new Map();
    counters.bypassed += keys.length;
    const loaded = await parts.load(keys);
    // Who has seen this version is not to be answered with an older one later.
    for (const [key, { version }] of loaded) invalidate(key, version);
    return loaded;
  }

  function invalidate(key: string, version: number | null): void {
    const slot = kept.peek(key);
    if (slot && (version === null || slot.reading.version < version)) kept.delete(key);
    const flight = flights.get(key);
    if (flight) flight.atLeast = Math.max(flight.atLeast, version ?? Number.POSITIVE_INFINITY);
    if (version !== null && version > (heard.get(key) ?? 0)) hear(key, version);
  }

  function hear(key: string, version: number): void {
    // The one heard of last stands last.
    heard.delete(key);
    heard.set(key, version);
    if (heard.size > limits.knownVersionsMax) heard.delete(heard.keys().next().value as string);
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
        else known.set(key, peek(key) ?? fly(key));
      }
      const [read] = await Promise.all([bypass([...past]), ...known.values()]);
      return Promise.all(keys.map((key) => (read.get(key) ?? known.get(key)) as Reading<V>));
    },
    clear() {
      kept.clear();
      for (const flight of flights.values()) flight.atLeast = Number.POSITIVE_INFINITY;
    },
  };
}

/** As whoever publishes a change and whoever fills a gap put it where all processes read it. */
export function sharedEntry(key: string, version: number, value: string) {
  return { key, version, value, ttlMs: Math.ceil(limits.cacheKeptMs * (1 - Math.random() / 10)) };
}
