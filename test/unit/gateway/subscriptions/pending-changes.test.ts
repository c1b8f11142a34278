/**
 * What waits for a slow subscriber: everything in order, and when that is too much, the newest of each position.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPendingChanges, type TakenChange } from "../../../../gateway/subscriptions/pending-changes.ts";

interface Change {
  readonly position: string;
  readonly cursor: number;
}

/** `null` takes one, a name is a change of that position. */
function play(changesMax: number, steps: readonly (string | null)[]) {
  const pending = createPendingChanges<Change>(changesMax);
  const taken: TakenChange<Change>[] = [];
  let cursor = 0;
  const take = () => {
    const change = pending.take();
    if (change) taken.push(change);
    return change;
  };
  for (const step of steps) {
    if (step === null) take();
    else pending.push({ position: step, result: { position: step, cursor: ++cursor } }, 0);
  }
  while (take());
  return { taken, pushed: cursor };
}

describe("changes that wait", () => {
  it("come out one by one, as they went in, while there are few", () => {
    const { taken } = play(10, ["A", "B", "A"]);
    expect(taken.map(({ newest }) => newest.cursor)).toEqual([1, 2, 3]);
    expect(taken.every(({ newest, oldest }) => newest === oldest)).toBe(true);
  });

  it("become one a position when there are too many: the newest, at its own place, with the oldest beside it", () => {
    const { taken } = play(2, ["A", "B", "A"]);
    expect(taken).toEqual([
      { newest: { position: "B", cursor: 2 }, oldest: { position: "B", cursor: 2 } },
      { newest: { position: "A", cursor: 3 }, oldest: { position: "A", cursor: 1 } },
    ]);
  });

  it("say since when somebody is behind, and no longer once everything has been taken", () => {
    const pending = createPendingChanges<number>(1);
    pending.push({ position: "A", result: 1 }, 5);
    expect(pending.behindSinceMs).toBeNull();
    pending.push({ position: "A", result: 2 }, 7);
    pending.push({ position: "A", result: 3 }, 9);
    expect(pending).toMatchObject({ size: 1, behindSinceMs: 7 });
    expect(pending.take()).toEqual({ newest: 3, oldest: 1 });
    expect(pending).toMatchObject({ size: 0, behindSinceMs: null });
    expect(pending.take()).toBeUndefined();
  });

  it("keep, however slow the reader: cursors in order, every change covered, the last of each position told", () => {
    const step = fc.oneof(fc.constantFrom("A", "B", "C", "D"), fc.constant(null));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (changesMax, steps) => {
        const { taken, pushed } = play(changesMax, steps);
        const cursors = taken.map(({ newest }) => newest.cursor);
        expect(cursors).toEqual([...cursors].sort((a, b) => a - b));
        expect(cursors.at(-1) ?? 0).toBe(pushed);
        for (const position of ["A", "B", "C", "D"]) {
          const numbers = [...steps.filter((s) => s !== null).entries()].flatMap(([i, s]) =>
            s === position ? [i + 1] : [],
          );
          const own = taken.filter(({ newest }) => newest.position === position);
          // Each begins where the one before it ended: what was left out lies between its oldest and its newest.
          const covered = own.flatMap(({ oldest, newest }) =>
            numbers.filter((n) => n >= oldest.cursor && n <= newest.cursor),
          );
          expect(covered).toEqual(numbers);
        }
      }),
    );
  });
});
