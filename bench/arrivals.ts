/**
 * Committed changes and the messages that told of them → lags, and what was not told.
 *
 * Pure. A socket that is told of a later change of the same item and not of this one has skipped it: a slow reader may
 * be given the newest alone. A change after which a socket hears nothing more of its item is lost.
 */
export interface Change {
  readonly documentId: string;
  readonly item: number;
  /** Milliseconds since the epoch. */
  readonly committedMs: number;
}

/** When (milliseconds since the epoch) each document's change reached the sockets that it reached. */
export type Arrivals = Readonly<Record<string, readonly number[]>>;

export interface Told {
  /** Milliseconds from commit to arrival, one a message; 0 for a message that came before its writer's reply. */
  readonly lagsMs: readonly number[];
  readonly skipped: number;
  /** An upper bound where sockets were told of different changes. */
  readonly lost: number;
}

/** `changes` in the order in which they were committed; every item has `socketsPerItem` sockets. */
export function toldOf(changes: readonly Change[], arrivals: Arrivals, socketsPerItem: number): Told {
  const reachedLater = new Map<number, number>();
  const lagsMs: number[] = [];
  let [skipped, lost] = [0, 0];
  for (const { documentId, item, committedMs } of changes.toReversed()) {
    const arrived = arrivals[documentId] ?? [];
    const reached = Math.max(arrived.length, reachedLater.get(item) ?? 0);
    reachedLater.set(item, reached);
    lost += socketsPerItem - reached;
    skipped += reached - arrived.length;
    lagsMs.push(...arrived.map((atMs) => Math.max(0, atMs - committedMs)));
  }
  return { lagsMs, skipped, lost };
}
