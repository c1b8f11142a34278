/**
 * The commands about reservations, with what they need.
 *
 * Policy has its commands in `channel-policy.ts`. Holds no rule of its own.
 */
import type { Payload, RequestContext } from "../../../shared/command.ts";
import type { BatchWatch } from "../measures.ts";
import {
  type ConfirmReservationInput,
  confirmReservation,
  type ReleaseReservationInput,
  type ReservationReply,
  releaseReservation,
} from "./decide-reservation.ts";
import type { ReserveDeps, ReserveStockInput, ReserveStockReply } from "./reserve-stock.ts";
import { createReserveTogether } from "./reserve-together.ts";

export interface ReservationCommands {
  reserveStock(input: ReserveStockInput, context: RequestContext): Promise<Payload<ReserveStockReply>>;
  confirmReservation(input: ConfirmReservationInput, context: RequestContext): Promise<Payload<ReservationReply>>;
  releaseReservation(input: ReleaseReservationInput, context: RequestContext): Promise<Payload<ReservationReply>>;
}

export function createReservationCommands(deps: ReserveDeps, watch?: BatchWatch): ReservationCommands {
  return {
    reserveStock: createReserveTogether(deps, watch),
    confirmReservation: (input, context) => confirmReservation(deps, input, context),
    releaseReservation: (input, context) => releaseReservation(deps, input, context),
  };
}
