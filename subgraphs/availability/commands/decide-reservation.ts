/**
 * confirmReservation and releaseReservation: what becomes of a reservation by its buyer's decision.
 *
 * Its positions are locked first and the reservation after them, as the sweep does it: of expiry, confirmation and
 * release exactly one wins. Somebody else's reservation is answered like one that does not exist.
 */
import {
  type CommandDeps,
  type CommandInput,
  type Payload,
  type RequestContext,
  runCommand,
} from "../../../shared/command.ts";
import type { Transaction } from "../../../shared/db/database.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Identity } from "../../../shared/identity.ts";
import { parseDocumentId } from "../../../shared/ids.ts";
import { sightOf } from "../../../shared/master-data.ts";
import { handOverConfirmed, type LockedPositions, lockPositionsOf, saveChanged, tell } from "../claims.ts";
import { confirm, mayChange, mayDecide, type Reservation, release } from "../domain/reservation.ts";
import { loadReservations, lockReservation } from "../store/reservations.ts";

export interface ConfirmReservationInput extends CommandInput {
  readonly id: string;
  readonly orderId: string;
}

export interface ReleaseReservationInput extends CommandInput {
  readonly id: string;
}

export interface ReservationReply {
  readonly reservation: Reservation | null;
}

type Reply = Promise<Payload<ReservationReply>>;

/** Can fail with INVALID_INPUT, UNKNOWN_DOCUMENT, RESERVATION_EXPIRED, ILLEGAL_TRANSITION. */
export function confirmReservation(deps: CommandDeps, input: ConfirmReservationInput, context: RequestContext): Reply {
  return runCommand<ReservationReply>(deps, {
    operation: "confirmReservation",
    input,
    context,
    refused: { reservation: null },
    work: async (tx, recorder) => {
      const orderId = parseDocumentId(input.orderId, ["input", "orderId"]);
      const { reservation, positions } = await lockOwn(tx, input.id, context.identity);
      const nowMs = deps.clock.now();
      const confirmed = confirm(reservation, orderId, nowMs);
      const cause = tell(recorder, "reservation.confirmed", confirmed);
      await saveChanged(tx, recorder, reservation, confirmed, positions, cause);
      await handOverConfirmed(tx, recorder, confirmed, positions, cause, nowMs);
      const [after] = await loadReservations(tx, [confirmed.reservationId]);
      return { reservation: after ?? confirmed };
    },
  });
}

/** Can fail with UNKNOWN_DOCUMENT, RESERVATION_EXPIRED, ILLEGAL_TRANSITION. */
export function releaseReservation(deps: CommandDeps, input: ReleaseReservationInput, context: RequestContext): Reply {
  return runCommand<ReservationReply>(deps, {
    operation: "releaseReservation",
    input,
    context,
    refused: { reservation: null },
    work: async (tx, recorder) => {
      const { reservation, positions } = await lockOwn(tx, input.id, context.identity);
      const released = release(reservation, mayDecide(context.identity), deps.clock.now());
      const cause = tell(recorder, "reservation.released", released);
      await saveChanged(tx, recorder, reservation, released, positions, cause);
      return { reservation: released };
    },
  });
}

/** Fails with UNKNOWN_DOCUMENT. */
async function lockOwn(
  tx: Transaction,
  id: string,
  identity: Identity,
): Promise<{ reservation: Reservation; positions: LockedPositions }> {
  const placesOf = ({ lines }: Reservation) => lines.map(({ locationId }) => locationId);
  const [found] = await sightOf(identity, tx).only(await loadReservations(tx, [id]), placesOf);
  if (!found || !mayChange(found, identity)) throw new AppError("UNKNOWN_DOCUMENT", { field: ["input", "id"] });
  // Which positions it has never changes; what it holds there does until they are locked.
  const positions = await lockPositionsOf(tx, found.lines);
  return { reservation: (await lockReservation(tx, id)) ?? found, positions };
}
