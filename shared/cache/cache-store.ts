/**
 * A cache shared by replicas: versioned values that never go back.
 *
 * `putMany` keeps the newer of what is there and what is given, so a slow writer cannot bring an old value back.
 * Anything may be missing at any time; nothing is kept only here. Two twins: `memory-cache.ts`, `redis-cache.ts`.
 */
export interface CacheEntry {
  readonly key: string;
  /** Grows with every change of the value. */
  readonly version: number;
  readonly value: string;
  readonly ttlMs: number;
}

export interface CachedValue {
  readonly version: number;
  readonly value: string;
}

export interface CacheStore {
  /** In the order asked; null where there is nothing. */
  getMany(keys: readonly string[]): Promise<readonly (CachedValue | null)[]>;
  putMany(entries: readonly CacheEntry[]): Promise<void>;
  deleteMany(keys: readonly string[]): Promise<void>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
