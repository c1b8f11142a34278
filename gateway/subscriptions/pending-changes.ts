/**
 * The changes that wait for one slow subscriber: in the order in which they are to be sent, and bounded.
 *
 * When too many wait, those of one position become one: the newest, at its own place in the order, beside the oldest it
 * replaces. Cursors keep their order, so whoever is cut off at any moment and comes back with the last cursor misses
 * nothing. Does not decide when a reader is too slow; it says since when one has been behind.
 */
export interface PendingChange<T> {
  /** Changes with the same text may become one. */
  readonly position: string;
  readonly result: T;
}

export interface TakenChange<T> {
  readonly newest: T;
  /** The same as `newest` where nothing was left out. */
  readonly oldest: T;
}

export interface PendingChanges<T> {
  readonly size: number;
  /** Since when changes have been left out, by the clock given to `push`; null: nothing is left out. */
  readonly behindSinceMs: number | null;
  push(change: PendingChange<T>, nowMs: number): void;
  take(): TakenChange<T> | undefined;
  clear(): void;
}

/** `changesMax`: how many may wait before they are coalesced. */
export function createPendingChanges<T>(changesMax: number): PendingChanges<T> {
  /** By number, or by position once they are coalesced. */
  let waiting = new Map<string | number, TakenChange<T>>();
  let positions: string[] = [];
  let count = 0;
  let behindSinceMs: number | null = null;

  function merge(position: string, { newest, oldest }: TakenChange<T>): void {
    const earlier = waiting.get(position);
    // To the end: its cursor must not come before those of changes that are older.
    waiting.delete(position);
    waiting.set(position, { newest, oldest: earlier?.oldest ?? oldest });
  }

  function coalesce(nowMs: number): void {
    behindSinceMs = nowMs;
    const changes = [...waiting.values()];
    waiting = new Map();
    for (const [i, change] of changes.entries()) merge(positions[i] as string, change);
    positions = [];
  }

  return {
    get size() {
      return waiting.size;
    },
    get behindSinceMs() {
      return behindSinceMs;
    },
    push({ position, result }, nowMs) {
      const added = { newest: result, oldest: result };
      if (behindSinceMs !== null) return merge(position, added);
      waiting.set(++count, added);
      positions.push(position);
      if (waiting.size > changesMax) coalesce(nowMs);
    },
    take() {
      const [first] = waiting;
      if (!first) return undefined;
      waiting.delete(first[0]);
      positions.shift();
      if (waiting.size === 0) behindSinceMs = null;
      return first[1];
    },
    clear() {
      waiting.clear();
      positions = [];
    },
  };
}
