/**
 * When each tag was last dropped: may what was read from some moment on be kept?
 *
 * Order is counted in drops, not told by a clock. Whoever answers hears of changes from another reader, a moment later
 * at most (`graceMs`): what it read within that time after a drop may still be of before. Bounded: a tag that has been
 * forgotten counts as dropped with the last one that was forgotten, so the answer is no whenever it is not known.
 */
import type { Clock } from "../../shared/clock.ts";

/** A moment: so many drops had been made, at this time, milliseconds since the epoch. */
export interface Moment {
  readonly drops: number;
  readonly atMs: number;
}

export function createChangeMemory(clock: Clock, tagsMax: number, graceMs: number) {
  const droppedAt = new Map<string, Moment>();
  let drops = 0;
  let everythingAt: Moment = { drops: 0, atMs: Number.NEGATIVE_INFINITY };
  /** When one of these was dropped last; never: before everything. */
  const lastDrop = (tags: readonly string[]): Moment => {
    let last = everythingAt;
    for (const tag of tags) {
      const dropped = droppedAt.get(tag);
      if (dropped && dropped.drops > last.drops) last = dropped;
    }
    return last;
  };
  return {
    now: (): Moment => ({ drops, atMs: clock.now() }),
    note(tags: readonly string[] | null): void {
      drops += 1;
      const moment = { drops, atMs: clock.now() };
      if (tags === null) {
        droppedAt.clear();
        everythingAt = moment;
      }
      for (const tag of tags ?? []) {
        droppedAt.delete(tag);
        droppedAt.set(tag, moment);
      }
      for (const [oldest, at] of droppedAt) {
        if (droppedAt.size <= tagsMax) break;
        everythingAt = at;
        droppedAt.delete(oldest);
      }
    },
    /** Was one of these dropped after `begun`? */
    droppedSince: (tags: readonly string[], begun: Moment) => lastDrop(tags).drops > begun.drops,
    /** Was one of these dropped so shortly before `begun` that what was read then may still be of before? */
    droppedJustBefore: (tags: readonly string[], begun: Moment) => lastDrop(tags).atMs > begun.atMs - graceMs,
  };
}
