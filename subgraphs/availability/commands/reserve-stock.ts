/**
 * reserveStock: every line or none, each checked against available-to-sell under the locks of its positions.
 *
 * Lines about one position are one wish. What the formula is given is read after the lock, never taken from a cache:
 * of any number of callers at once no more is granted than there is. The caller chooses the places: a wish is not
 * spread over others.
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
import { newId, positionText } from "../../../shared/ids.ts";
import { findLocations, findProducts } from "../../../shared/master-data.ts";
import type { Recorder } from "../../../shared/recorder.ts";
import type { Answers } from "../answers.ts";
import { changeClaim, lockPositionsOf, tell } from "../claims.ts";
import { emptyProjection } from "../domain/projection.ts";
import {
  claim,
  parseReserve,
  type Reservation,
  type ReserveInput,
  type Shortage,
  type Wish,
} from "../domain/reservation.ts";
import type { PolicyInForce } from "../policy-in-force.ts";
import { insertReservation, overdueClaims } from "../store/reservations.ts";
import type { Turns } from "../turns.ts";

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
  const products = await findProducts(tx, [...new Set(wishes.map(({ sku }) => sku))]);
  const locations = await findLocations(tx, [...new Set(wishes.map(({ locationId }) => locationId))]);
  for (const { sku, locationId, field } of wishes) {
    if (!products.has(sku)) throw new AppError("UNKNOWN_SKU", { sku, field: [...field, "sku"] });
    if (!locations.has(locationId)) {
      throw new AppError("UNKNOWN_LOCATION", { locationId, field: [...field, "locationId"] });
    }
  }

  const positions = await lockPositionsOf(tx, { lines: wishes.map((wish) => ({ ...wish, held: 0 })) });
  // After the lock: whoever waited for it looks at the time as it is then.
  const nowMs = deps.clock.now();
  const judged = new Map(positions);
  for (const { held, channel: by, ...key } of await overdueClaims(tx, [...positions.values()], nowMs)) {
    const position = judged.get(positionText(key));
    if (position) judged.set(positionText(key), claim(position, by, -held));
  }
  assertEnough(wishes, channel, (wish) => {
    const position = judged.get(positionText(wish)) ?? emptyProjection(wish.sku, wish.locationId);
    const [product, location] = [products.get(wish.sku) ?? null, locations.get(wish.locationId) ?? null];
    return deps.answers.from({ position, product, location }, [], channel);
  });

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
    lines: wishes.map(({ sku, locationId, quantity }) => ({ sku, locationId, quantity, held: quantity })),
  };
  await insertReservation(tx, reservation);
  const eventId = tell(recorder, "reservation.created", reservation);
  for (const line of reservation.lines) {
    await changeClaim(tx, recorder, positions, line, channel, line.quantity, eventId);
  }
  return reservation;
}

type Answer = ReturnType<Answers["from"]>;

/** Fails with INVALID_INPUT, INSUFFICIENT_STOCK: at the first line that has too little, with all of them in `shortages`. */
function assertEnough(wishes: readonly Wish[], channel: string, answerFor: (wish: Wish) => Answer): void {
  const short: (Shortage & Pick<Wish, "field"> & Pick<Answer, "reason">)[] = [];
  for (const wish of wishes) {
    const { sku, locationId, quantity, field } = wish;
    const { availableToSell, sellMultiple, reason } = answerFor(wish);
    if (quantity % sellMultiple !== 0) {
      const message = `${sku} is sold in multiples of ${sellMultiple}.`;
      throw new AppError("INVALID_INPUT", { message, sellMultiple, field: [...field, "quantity"] });
    }
    const available = availableToSell ?? 0;
    if (quantity > available) short.push({ sku, locationId, requested: quantity, available, field, reason });
  }
  const [first] = short;
  if (!first) return;
  const { sku, locationId, requested, available, field, reason } = first;
  throw new AppError("INSUFFICIENT_STOCK", {
    message: `${requested} of ${sku} asked for at ${locationId}; ${available} left for ${channel}${reason === null ? "" : ` (${reason})`}.`,
    available,
    field,
    shortages: short.map(({ field: _, reason: __, ...shortage }) => shortage),
  });
}
