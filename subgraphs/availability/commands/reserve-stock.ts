/**
 * reserveStock: every line or none, each checked against available-to-sell under the locks of its positions.
 *
 * Lines about one position are one wish, and a kit is kept as what it consists of (`wishes.ts`). What the formula is
 * given is read after the lock, never taken from a cache: of any number of callers at once no more is granted than there
 * is. The caller chooses the places: a wish is not spread over others.
 */
import {
  type CommandDeps,
  type CommandInput,
  type Payload,
  type RequestContext,
  runCommand,
} from "../../../shared/command.ts";
import type { Transaction } from "../../../shared/db/database.ts";
import { newId, positionText } from "../../../shared/ids.ts";
import type { Recorder } from "../../../shared/recorder.ts";
import type { Answers } from "../answers.ts";
import { changeClaim, lockPositionsOf, tell } from "../claims.ts";
import { claim, parseReserve, type Reservation, type ReserveInput, type Shortage } from "../domain/reservation.ts";
import type { PolicyInForce } from "../policy-in-force.ts";
import { insertReservation, overdueClaims } from "../store/reservations.ts";
import type { Turns } from "../turns.ts";
import { loadNeeds, placesOf, takeWishes } from "./wishes.ts";

export type ReserveStockInput = ReserveInput & CommandInput & { readonly channel?: string | null };

export interface ReserveStockReply {
  readonly reservation: Reservation | null;
  /** Each position that has too little, with what is left. */
  readonly shortages: readonly Shortage[];
}

export interface ReserveDeps extends CommandDeps {
  readonly answers: Answers;
  readonly inForce: PolicyInForce;
  readonly turns: Turns;
}

type Granted = ReturnType<typeof parseReserve> & { readonly channel: string };

/**
 * Can fail with INVALID_INPUT, TOO_MANY_ITEMS, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE, UNKNOWN_CHANNEL,
 * UNKNOWN_SKU, UNKNOWN_LOCATION, INSUFFICIENT_STOCK; with FORBIDDEN for a channel that the token does not cover, and
 * SOURCE_UNAVAILABLE when too many wait for their turn.
 */
export async function reserveStock(
  deps: ReserveDeps,
  input: ReserveStockInput,
  context: RequestContext,
): Promise<Payload<ReserveStockReply>> {
  return deps.turns.take(async () => {
    // Approved at another replica a moment ago: a grant must not rest on the policy before.
    await deps.inForce.refresh();
    return runCommand<ReserveStockReply>(deps, {
      operation: "reserveStock",
      input,
      context,
      refused: { reservation: null, shortages: [] },
      explain: ({ details }) => (details["shortages"] ? { shortages: details["shortages"] as Shortage[] } : {}),
      work: async (tx, recorder) => {
        const channel = deps.answers.reservingChannel(context.identity, input.channel);
        return { reservation: await grant(deps, tx, recorder, { ...parseReserve(input), channel }), shortages: [] };
      },
    });
  });
}

async function grant(deps: ReserveDeps, tx: Transaction, recorder: Recorder, asked: Granted): Promise<Reservation> {
  const { wishes, channel, ttlMs, reference } = asked;
  const needs = await loadNeeds(tx, wishes);
  const positions = await lockPositionsOf(tx, {
    lines: placesOf(needs).map((place) => ({ ...place, quantity: 0, held: 0 })),
  });
  // After the lock: whoever waited for it looks at the time as it is then.
  const nowMs = deps.clock.now();
  const judged = new Map(positions);
  for (const { held, channel: by, ...key } of await overdueClaims(tx, [...positions.values()], nowMs)) {
    const position = judged.get(positionText(key));
    if (position) judged.set(positionText(key), claim(position, by, -held));
  }
  const lines = takeWishes(needs, judged, channel, deps.answers);

  const expiresAtMs = nowMs + ttlMs;
  const reservation: Reservation = {
    reservationId: newId(nowMs),
    version: 1,
    status: "ACTIVE",
    channel,
    owner: recorder.cause.person,
    reference,
    orderId: null,
    createdAtMs: nowMs,
    expiresAtMs,
    dueAtMs: expiresAtMs,
    unallocatedAtMs: null,
    lines: lines.map((line) => ({ ...line, held: line.quantity })),
  };
  await insertReservation(tx, reservation);
  const cause = tell(recorder, "reservation.created", reservation);
  for (const line of reservation.lines) {
    await changeClaim(tx, recorder, positions, line, channel, line.quantity, cause);
  }
  return reservation;
}
