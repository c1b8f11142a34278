/**
 * Gives back on the rows what expired reservations held, and tells whom the ERP keeps waiting.
 *
 * No answer rests on it: expiry is judged when a position is read. One reservation is one transaction, in the same
 * order of locks as a command, so that of expiry and confirmation exactly one wins.
 */
import type { Clock } from "../../shared/clock.ts";
import type { Committed } from "../../shared/command.ts";
import type { Database, Transaction } from "../../shared/db/database.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { createRounds, type Part } from "../../shared/lifecycle.ts";
import { limits } from "../../shared/limits.ts";
import type { Logger } from "../../shared/logging.ts";
import { createRecorder, ownCause } from "../../shared/recorder.ts";
import { lockPositionsOf, saveChanged, tell } from "./claims.ts";
import { expire, flagUnallocated, isHeld } from "./domain/reservation.ts";
import {
  dueReservations,
  forgetOrderAllocations,
  loadReservations,
  lockReservation,
  saveReservation,
} from "./store/reservations.ts";

export interface ReservationSweep extends Part {
  /** One round; how many reservations were settled. */
  sweep(): Promise<number>;
}

interface SweepDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly committed: Committed;
}

/** Reservations of one round: the next round follows soon. */
const batchMax = 200;

export function createReservationSweep({ db, clock, log, committed }: SweepDeps): ReservationSweep {
  async function sweep(): Promise<number> {
    const due = await dueReservations(db, clock.now(), batchMax);
    for (const id of due) committed(await db.transaction((tx) => settle(tx, id)));
    await db.transaction((tx) => forgetOrderAllocations(tx, clock.now() - limits.orderAllocationKeptMs));
    return due.length;
  }

  async function settle(tx: Transaction, id: string): Promise<readonly AnyEvent[]> {
    const [found] = await loadReservations(tx, [id]);
    if (!found) return [];
    const positions = await lockPositionsOf(tx, found.lines);
    const reservation = (await lockReservation(tx, id)) ?? found;
    const nowMs = clock.now();
    const recorder = createRecorder("availability", clock, ownCause("availability", nowMs));
    const expired = expire(reservation, nowMs);
    const flagged = flagUnallocated(reservation, nowMs);
    if (expired) {
      const cause = tell(recorder, "reservation.expired", expired);
      await saveChanged(tx, recorder, reservation, expired, positions, cause);
    } else if (flagged) {
      tell(recorder, "reservation.unallocated", flagged);
      await saveReservation(tx, flagged);
      log.warn({ reservationId: id, orderId: flagged.orderId }, "the ERP has not committed a confirmed reservation");
    } else if (!isHeld(reservation)) {
      await saveReservation(tx, { ...reservation, dueAtMs: null });
    }
    return recorder.flush(tx);
  }

  const rounds = createRounds({ name: "reservation-sweep", everyMs: limits.reservationSweepMs, log, round: sweep });
  return { ...rounds, sweep };
}
