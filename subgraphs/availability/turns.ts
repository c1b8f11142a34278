/**
 * A line at the door of reservations that go by themselves: so many at once, the others in the order they came, before
 * they ask the database for anything.
 *
 * A rush on one item waits for one row's lock. Each of the rush would do so with a connection in hand, and leave none
 * for the answers. A convenience, not a guard: other processes do not take part, and the row's lock decides.
 */
import { AppError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import { createTurns as createLine } from "../../shared/turns.ts";

export interface Turns {
  /** Runs `work` when it is its turn. Fails with SOURCE_UNAVAILABLE: too many wait. */
  take<T>(work: () => Promise<T>): Promise<T>;
}

export function createTurns(): Turns {
  const line = createLine(limits.reservationsAtOnceMax);
  return {
    async take(work) {
      if (line.waiting >= limits.reservationsInLineMax) {
        throw new AppError("SOURCE_UNAVAILABLE", { message: "Too many reservations are waiting for their turn." });
      }
      return line.take(work);
    },
  };
}
