/**
 * How far one owner's facts have been applied to a position, whoever keeps it.
 *
 * Deltas commute, so a fact counts when it arrives, and sequence numbers tell what is missing; a snapshot replaces the
 * figures up to its `asOfSeq`, and what came after it stays. Knows no figure by name.
 */
import { limits } from "../limits.ts";
import type { AnyEvent } from "./canonical-event.ts";

/** How far an owner's events have been applied. */
export interface Progress {
  /** Every event up to this one has been applied, or is covered by a snapshot. */
  readonly seq: number;
  /** When the owner recorded the newest of them, milliseconds since the epoch; 0 if there is none. */
  readonly asOfMs: number;
  /** Applied beyond a hole, by ascending `seq`, with what each changed. */
  readonly ahead: readonly Ahead[];
  /** Entries of `ahead` up to this sequence number were let go of, to keep it bounded. */
  readonly forgottenTo: number;
  readonly gapSinceMs: number | null;
}

export interface Ahead {
  readonly seq: number;
  readonly delta: Readonly<Record<string, number>>;
}

export const noProgress: Progress = { seq: 0, asOfMs: 0, ahead: [], forgottenTo: 0, gapSinceMs: null };

/** Has a hole stayed open for longer than events take to arrive? */
export function hasGap(progress: Progress, nowMs: number): boolean {
  return progress.gapSinceMs !== null && nowMs - progress.gapSinceMs > limits.gapHoldMs;
}

/** Does a snapshot up to `asOfSeq` say nothing new, or too little for what has been let go of? */
export function isCovered(progress: Progress, asOfSeq: number): boolean {
  return asOfSeq <= progress.seq || asOfSeq < progress.forgottenTo;
}

/** With the event counted; null: it is late, and a snapshot has covered it already. */
export function advanced(
  progress: Progress,
  { sourceSeq, recordedAt }: Pick<AnyEvent, "sourceSeq" | "recordedAt">,
  delta: Ahead["delta"],
  nowMs: number,
): Progress | null {
  if (sourceSeq <= progress.seq) return null;
  return closeUp({
    ...progress,
    ahead: insertAhead(progress.ahead, { seq: sourceSeq, delta }),
    asOfMs: Math.max(progress.asOfMs, Date.parse(recordedAt)),
    gapSinceMs: progress.gapSinceMs ?? nowMs,
  });
}

/** After a snapshot up to `asOfSeq`, and what stays of the facts beyond it; null: it says nothing new. */
export function rebased(
  progress: Progress,
  asOfSeq: number,
  recordedAt: string,
): { readonly progress: Progress; readonly later: readonly Ahead[] } | null {
  if (isCovered(progress, asOfSeq)) return null;
  const later = progress.ahead.filter((entry) => entry.seq > asOfSeq);
  const asOfMs = Math.max(progress.asOfMs, Date.parse(recordedAt));
  return { later, progress: closeUp({ ...progress, seq: asOfSeq, ahead: later, forgottenTo: 0, asOfMs }) };
}

/** The figures with a change added to them. */
export function add<F extends object>(figures: F, delta: Readonly<Record<string, number>>): F {
  const sum: Record<string, number> = { ...(figures as Record<string, number>) };
  for (const [name, change] of Object.entries(delta)) sum[name] = (sum[name] ?? 0) + change;
  return sum as F;
}

/** Takes what follows without a hole out of `ahead`; the gap ends when nothing is left in it. */
function closeUp(progress: Progress): Progress {
  let { seq } = progress;
  let taken = 0;
  for (const entry of progress.ahead) {
    if (entry.seq !== seq + 1) break;
    seq = entry.seq;
    taken += 1;
  }
  const rest = progress.ahead.slice(taken);
  const tooMany = Math.max(0, rest.length - limits.aheadMax);
  const forgottenTo = tooMany > 0 ? (rest[tooMany - 1] as Ahead).seq : progress.forgottenTo;
  const open = rest.length > 0 || forgottenTo > seq;
  return {
    ...progress,
    seq,
    ahead: rest.slice(tooMany),
    forgottenTo: open ? forgottenTo : 0,
    gapSinceMs: open ? progress.gapSinceMs : null,
  };
}

function insertAhead(ahead: readonly Ahead[], entry: Ahead): readonly Ahead[] {
  const at = ahead.findIndex((other) => other.seq > entry.seq);
  return at < 0 ? [...ahead, entry] : [...ahead.slice(0, at), entry, ...ahead.slice(at)];
}
