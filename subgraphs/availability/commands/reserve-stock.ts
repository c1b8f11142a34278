/**
 * reserveStock: every line or none, each checked against available-to-sell under the locks of its positions.
 *
 * Lines about one position are one wish, and a kit is kept as what it consists of (`wishes.ts`). What the formula is
 * given is read after the lock, never taken from a cache: of any number of callers at once no more is granted than there
 * is. The caller chooses the places: a wish is not spread over others. One transaction for one caller: many callers at
 * once share one (`reserve-together.ts`), and must get what they would get here.
 */
import type { Caller } from "../../../shared/accounts.ts";
import {
  type CommandDeps,
  type CommandInput,
  type Payload,
  type Refusing,
  type RequestContext,
  runCommand,
} from "../../../shared/command.ts";
import type { Transaction } from "../../../shared/db/database.ts";
import { newId, positionText } from "../../../shared/ids.ts";
import type { Recorder } from "../../../shared/recorder.ts";
import type { Answers } from "../answers.ts";
import { changeClaim, type LockedPositions, lockPositionsOf, tell } from "../claims.ts";
import {
  claim,
  parseReserve,
  type Reservation,
  type ReserveInput,
  type ReserveLineInput,
  type Shortage,
} from "../domain/reservation.ts";
import type { PolicyInForce } from "../policy-in-force.ts";
import { insertReservations, overdueClaims } from "../store/reservations.ts";
import { loadWishedFor, needsOf, placesOf, takeWishes } from "./wishes.ts";

export type ReserveStockInput = ReserveInput & CommandInput & { readonly channel?: string | null };

export interface ReserveStockReply {
  readonly reservation: Reservation | null;
  /** Each position that has too little, with what is left. */
  readonly shortages: readonly Shortage[];
}

export interface ReserveDeps extends CommandDeps {
  readonly answers: Answers;
  readonly inForce: PolicyInForce;
}

/** What a caller asks for, understood. */
export type Asked = ReturnType<typeof parseReserve> & {
  readonly channel: string;
  /** Who wishes: decides which places there are. */
  readonly caller: Caller;
};

export const refusing: Refusing<ReserveStockReply> = {
  operation: "reserveStock",
  refused: { reservation: null, shortages: [] },
  explain: ({ details }) => (details["shortages"] ? { shortages: details["shortages"] as Shortage[] } : {}),
};

/**
 * Can fail with INVALID_INPUT, TOO_MANY_ITEMS, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE, UNKNOWN_CHANNEL,
 * UNKNOWN_SKU, UNKNOWN_LOCATION, INSUFFICIENT_STOCK; with FORBIDDEN for a channel that the token does not cover.
 */
export async function reserveStock(
  deps: ReserveDeps,
  input: ReserveStockInput,
  context: RequestContext,
): Promise<Payload<ReserveStockReply>> {
  // Approved at another replica a moment ago: a grant must not rest on the policy before.
  await deps.inForce.refresh();
  return runCommand<ReserveStockReply>(deps, {
    ...refusing,
    input,
    context,
    work: async (tx, recorder) => {
      const asked = understand(deps, input, context);
      return { reservation: await grant(deps, tx, recorder, asked), shortages: [] };
    },
  });
}

/** Fails as `reserveStock` does, before it has looked at anything. */
export function understand({ answers }: ReserveDeps, input: ReserveStockInput, { identity }: RequestContext): Asked {
  const channel = answers.reservingChannel(identity, input.channel);
  return { ...parseReserve(input), channel, caller: identity };
}

async function grant(deps: ReserveDeps, tx: Transaction, recorder: Recorder, asked: Asked): Promise<Reservation> {
  const needs = await needsOf(asked.wishes, await loadWishedFor(tx, asked.wishes), asked.caller);
  const positions = await lockPositionsOf(tx, placesOf(needs));
  // After the lock: whoever waited for it looks at the time as it is then.
  const nowMs = deps.clock.now();
  const judged = await withoutOverdue(tx, positions, nowMs);
  const { lines } = takeWishes(needs, judged, asked.channel, deps.answers);
  const reservation = reservationOf(asked, lines, recorder.cause.person, nowMs);
  await insertReservations(tx, [reservation]);
  const cause = tell(recorder, "reservation.created", reservation);
  for (const line of reservation.lines) {
    await changeClaim(tx, recorder, positions, line, asked.channel, line.quantity, cause);
  }
  return reservation;
}

/** Locked positions as they may be judged: without what has expired. The same ones where nothing has. */
export async function withoutOverdue(
  tx: Transaction,
  positions: LockedPositions,
  nowMs: number,
): Promise<LockedPositions> {
  const overdue = await overdueClaims(tx, [...positions.values()], nowMs);
  if (overdue.length === 0) return positions;
  const judged = new Map(positions);
  for (const { held, channel, ...key } of overdue) {
    const position = judged.get(positionText(key));
    if (position) judged.set(positionText(key), claim(position, channel, -held));
  }
  return judged;
}

export function reservationOf(
  { channel, ttlMs, reference }: Asked,
  lines: readonly ReserveLineInput[],
  owner: string,
  nowMs: number,
): Reservation {
  const expiresAtMs = nowMs + ttlMs;
  return {
    reservationId: newId(nowMs),
    version: 1,
    status: "ACTIVE",
    channel,
    owner,
    reference,
    orderId: null,
    createdAtMs: nowMs,
    expiresAtMs,
    dueAtMs: expiresAtMs,
    unallocatedAtMs: null,
    lines: lines.map((line) => ({ ...line, held: line.quantity })),
  };
}
