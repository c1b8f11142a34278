/**
 * reserveStock for many callers at once: those who come together share one transaction, in the order they came.
 *
 * Each gets what `reserveStock` by itself would give it when its turn comes. Positions are locked once for all, each
 * caller is decided about in memory, and what was granted is written with a few statements; a position changes once and
 * tells of it once, with every reservation as a cause. Who cannot be decided about with the others goes by itself.
 */

import { createBatches } from "../../../shared/batches.ts";
import {
  type Accepted,
  accept,
  causeOfCommand,
  type Payload,
  type RequestContext,
  refusal,
} from "../../../shared/command.ts";
import { type Decided, type Outcome, runCommands } from "../../../shared/command-batch.ts";
import type { Transaction } from "../../../shared/db/database.ts";
import { judge } from "../../../shared/db/retry.ts";
import { AppError, isUserError } from "../../../shared/errors.ts";
import type { ChangeCause } from "../../../shared/events/canonical-event.ts";
import { positionText } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import type { Cause, Recorder } from "../../../shared/recorder.ts";
import { type LockedPositions, lockPositionsOf, tell, tellPosition } from "../claims.ts";
import type { Projected } from "../domain/projection.ts";
import { claim, type Reservation } from "../domain/reservation.ts";
import { type BatchWatch, unwatched } from "../measures.ts";
import { type PositionKey, saveClaims } from "../store/positions.ts";
import { insertReservations } from "../store/reservations.ts";
import { createTurns } from "../turns.ts";
import {
  type Asked,
  type ReserveDeps,
  type ReserveStockInput,
  type ReserveStockReply,
  refusing,
  reservationOf,
  reserveStock,
  understand,
  withoutOverdue,
} from "./reserve-stock.ts";
import { loadWishedFor, type Need, needsOf, placesOf, takeWishes } from "./wishes.ts";

export type ReserveStock = (input: ReserveStockInput, context: RequestContext) => Promise<Payload<ReserveStockReply>>;

type Command = Accepted<ReserveStockInput>;

/** What a caller asks for, with what master data says about it; or why not, or that it is too much for the others. */
type Prepared = { readonly asked: Asked; readonly needs: readonly Need[] } | { readonly error: unknown } | "alone";

interface Ready {
  readonly prepared: ReadonlyMap<Command, Prepared>;
  readonly positions: LockedPositions;
}

/** Can fail as `reserveStock`, and with SOURCE_UNAVAILABLE when too many wait. */
export function createReserveTogether(deps: ReserveDeps, watch: BatchWatch = unwatched): ReserveStock {
  const turns = createTurns();
  const batches = createBatches<Command, Payload<ReserveStockReply> | "alone">({
    itemsMax: limits.reservationBatchMax,
    sizeMax: limits.reservationBatchLengthMax,
    sizeOf: ({ inputLength }) => inputLength,
    atOnceMax: limits.reservationBatchesAtOnceMax,
    waitingMax: limits.reservationsInLineMax,
    full: "Too many reservations are waiting for their turn.",
    run(commands) {
      watch.begun(commands.length);
      return reserveTogether(deps, commands);
    },
  });
  watch.waiting(() => batches.waiting);
  return async (input, context) => {
    try {
      const reply = await batches.add(accept(input, context));
      return reply === "alone" ? await turns.take(() => reserveStock(deps, input, context)) : reply;
    } catch (error) {
      if (isUserError(error)) return refusal(refusing.refused, error);
      throw error;
    }
  };
}

/** One transaction. Fails with SOURCE_UNAVAILABLE: the database is not there, for these and for anybody. */
export async function reserveTogether(
  deps: ReserveDeps,
  commands: readonly Command[],
): Promise<Outcome<ReserveStockReply>[]> {
  try {
    // Approved at another replica a moment ago: a grant must not rest on the policy before.
    await deps.inForce.refresh();
    return await runCommands<ReserveStockInput, ReserveStockReply, Ready>(deps, {
      ...refusing,
      commands,
      prepare: (tx, all) => prepare(deps, tx, all),
      work: (tx, recorder, fresh, ready) => decide(deps, tx, recorder, fresh, ready),
    });
  } catch (error) {
    const isOutage = error instanceof AppError && judge(error) !== "conflict";
    if (isOutage) throw error;
    // Something about one of them, or too many conflicts: each finds out for itself.
    return commands.map(() => ({ status: "fulfilled", value: "alone" }));
  }
}

async function prepare(deps: ReserveDeps, tx: Transaction, commands: readonly Command[]): Promise<Ready> {
  const understood = commands.map((command): { asked: Asked } | { error: unknown } => {
    try {
      return { asked: understand(deps, command.input, command.context) };
    } catch (error) {
      return { error };
    }
  });
  const wishedFor = await loadWishedFor(
    tx,
    understood.flatMap((one) => ("asked" in one ? one.asked.wishes : [])),
  );
  const prepared = new Map<Command, Prepared>();
  const places = new Map<string, PositionKey>();
  for (const [i, one] of understood.entries()) {
    const command = commands[i] as Command;
    if ("error" in one) prepared.set(command, one);
    else {
      try {
        const needs = await needsOf(one.asked.wishes, wishedFor, one.asked.caller);
        prepared.set(command, addPlaces(places, needs) ? { asked: one.asked, needs } : "alone");
      } catch (error) {
        prepared.set(command, { error });
      }
    }
  }
  return { prepared, positions: await lockPositionsOf(tx, [...places.values()]) };
}

/** False where the transaction would lock too many positions with these. */
function addPlaces(places: Map<string, PositionKey>, needs: readonly Need[]): boolean {
  const more = placesOf(needs);
  const added = more.filter((place) => !places.has(positionText(place)));
  if (places.size + added.length > limits.reservationBatchPositionsMax) return false;
  for (const place of added) places.set(positionText(place), place);
  return true;
}

/** A position that was changed: as it was, and by what. */
interface Change {
  readonly before: Projected;
  readonly causes: ChangeCause[];
  by: Cause;
}

async function decide(
  deps: ReserveDeps,
  tx: Transaction,
  recorder: Recorder,
  commands: readonly Command[],
  { prepared, positions }: Ready,
): Promise<Decided<ReserveStockReply>[]> {
  // After the locks: whoever waited for them looks at the time as it is then.
  const nowMs = deps.clock.now();
  const judged = await withoutOverdue(tx, positions, nowMs);
  const changes = new Map<string, Change>();
  const reservations: Reservation[] = [];
  const decided = commands.map((command): Decided<ReserveStockReply> => {
    const one = prepared.get(command) as Prepared;
    if (one === "alone" || "error" in one) return one;
    try {
      const { lines, positions: taken } = takeWishes(one.needs, judged, one.asked.channel, deps.answers);
      if (lines.some((line) => !positions.has(positionText(line)))) throw new Error("a position gives and has no row");
      const reservation = reservationOf(one.asked, lines, command.caller, nowMs);
      reservations.push(reservation);
      const by = causeOfCommand(command);
      const cause = tell(recorder, "reservation.created", reservation, by);
      for (const line of reservation.lines) {
        const key = positionText(line);
        const position = positions.get(key) as Projected;
        const change = changes.get(key) ?? { before: position, causes: [], by };
        change.causes.push(cause);
        change.by = by;
        changes.set(key, change);
        if (judged !== positions) positions.set(key, claim(position, reservation.channel, line.quantity));
      }
      for (const [key, position] of taken) judged.set(key, position);
      return { result: { reservation, shortages: [] } };
    } catch (error) {
      return { error };
    }
  });
  await insertReservations(tx, reservations);
  await saveChanges(tx, recorder, positions, changes);
  return decided;
}

/** The next version of each position that was changed. */
async function saveChanges(
  tx: Transaction,
  recorder: Recorder,
  positions: LockedPositions,
  changes: ReadonlyMap<string, Change>,
): Promise<void> {
  const after: Projected[] = [];
  for (const [key, { before, causes, by }] of changes) {
    const next = { ...(positions.get(key) as Projected), version: before.version + 1 };
    after.push(next);
    tellPosition(recorder, before, next, causes, by);
  }
  await saveClaims(tx, after);
}
