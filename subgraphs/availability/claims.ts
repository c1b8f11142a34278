/**
 * What reservations do to positions: claims taken, given back, and handed over to an order's own demand.
 *
 * Every function works on positions that its caller has locked. A confirmed reservation's units stay reserved until
 * the ERP has committed the order at the position, and leave in the transaction in which that demand begins to count:
 * they are never counted twice for longer than the ERP takes, and never free in between.
 */
import type { Transaction } from "../../shared/db/database.ts";
import { type AnyEvent, type ChangeCause, changeCauseOf } from "../../shared/events/canonical-event.ts";
import { partitionKey, positionText } from "../../shared/ids.ts";
import type { Cause, Recorder } from "../../shared/recorder.ts";
import { figuresOf, formerFiguresOf, type Projected } from "./domain/projection.ts";
import { allocate, claim, handOver, type Reservation, reservationChanged } from "./domain/reservation.ts";
import type { ReservationLineRow } from "./entities.ts";
import { lockKnownPositions, type PositionKey, saveClaims } from "./store/positions.ts";
import {
  type AllocationAt,
  linesOfOrders,
  loadOrderAllocations,
  type OrderAt,
  saveLines,
  saveOrderAllocations,
  saveReservation,
} from "./store/reservations.ts";

/** Locked positions by their key; changed in place of one another. */
export type LockedPositions = Map<string, Projected>;

/** Those of `places` that have a row. */
export async function lockPositionsOf(tx: Transaction, places: readonly PositionKey[]): Promise<LockedPositions> {
  return new Map((await lockKnownPositions(tx, places)).map((position) => [positionText(position), position]));
}

type ReservationEvent =
  | "reservation.created"
  | "reservation.confirmed"
  | "reservation.released"
  | "reservation.expired"
  | "reservation.unallocated";

/** Audit row and event of what has become of a reservation; the event is the cause of what it does to positions. */
export function tell(
  recorder: Recorder,
  type: ReservationEvent,
  reservation: Reservation,
  by: Cause = recorder.cause,
): ChangeCause {
  const { reservationId, version, channel, orderId } = reservation;
  const data = reservationChanged(reservation);
  recorder.audit({ subject: `reservation:${reservationId}`, action: type, detail: data }, by);
  const eventId = recorder.event(
    {
      type,
      sourceSeq: version,
      partitionKey: `reservation:${reservationId}`,
      documentRef: orderId === null ? { type: "RESERVATION", id: reservationId } : { type: "ORDER", id: orderId },
      channel,
      data,
    },
    by,
  );
  return changeCauseOf(recorder.recorded(eventId));
}

/** Writes a reservation that was changed; what its lines no longer hold goes back to their positions. */
export async function saveChanged(
  tx: Transaction,
  recorder: Recorder,
  before: Reservation,
  after: Reservation,
  positions: LockedPositions,
  cause: ChangeCause,
): Promise<void> {
  await saveReservation(tx, after);
  for (const [i, line] of before.lines.entries()) {
    const given = line.held - (after.lines[i]?.held ?? 0);
    if (given > 0) await changeClaim(tx, recorder, positions, line, after.channel, -given, cause);
  }
}

/** Claims `quantity` more of a locked position for the channel (or less, below zero), and tells of it. */
export async function changeClaim(
  tx: Transaction,
  recorder: Recorder,
  positions: LockedPositions,
  key: { readonly sku: string; readonly locationId: string },
  channel: string,
  quantity: number,
  cause: ChangeCause,
): Promise<void> {
  const position = positions.get(positionText(key));
  if (!position) throw new Error(`position ${positionText(key)} has claims and no row`);
  const next = { ...claim(position, channel, quantity), version: position.version + 1 };
  positions.set(positionText(key), next);
  await saveClaims(tx, [next]);
  tellPosition(recorder, position, next, [cause]);
}

/** Tells of one committed change of a position. `causes`: the facts behind it, of which the last is named. */
export function tellPosition(
  recorder: Recorder,
  before: Projected,
  after: Projected,
  causes: readonly ChangeCause[],
  by: Cause = recorder.cause,
): void {
  const { sku, locationId, version } = after;
  recorder.event(
    {
      type: "availability.changed",
      sourceSeq: version,
      partitionKey: partitionKey(sku, locationId),
      sku,
      locationId,
      data: {
        version,
        before: formerFiguresOf(before, after),
        after: figuresOf(after),
        cause: causes.at(-1) as ChangeCause,
        causeEventIds: causes.map(({ eventId }) => eventId),
      },
    },
    by,
  );
}

/** A reservation just confirmed: what the ERP has committed of its order before is handed over at once. */
export async function handOverConfirmed(
  tx: Transaction,
  recorder: Recorder,
  { orderId, lines }: Reservation,
  positions: LockedPositions,
  cause: ChangeCause,
  nowMs: number,
): Promise<void> {
  if (orderId === null) return;
  const known = await loadOrderAllocations(
    tx,
    lines.map(({ sku, locationId }) => ({ orderId, sku, locationId })),
  );
  for (const { line, taken } of await handOverLines(tx, recorder, known, nowMs)) {
    const key = { sku: line.sku, locationId: line.location_id };
    await changeClaim(tx, recorder, positions, key, line.channel, -taken, cause);
  }
}

/**
 * Demand that the ERP committed or gave back: confirmed reservations of these orders hand over. Returns the positions
 * with the claims that are left; the caller writes them and tells of them.
 */
export async function handOverAllocated(
  tx: Transaction,
  recorder: Recorder,
  events: readonly AnyEvent[],
  positions: readonly Projected[],
  nowMs: number,
): Promise<Projected[]> {
  const claimed = new Map(positions.filter(({ reserved }) => reserved > 0).map((p) => [positionText(p), p]));
  const orders = await allocations(tx, events, claimed);
  if (orders.length === 0) return [...positions];
  for (const { line, taken } of await handOverLines(tx, recorder, orders, nowMs)) {
    const key = positionText({ sku: line.sku, locationId: line.location_id });
    claimed.set(key, claim(claimed.get(key) as Projected, line.channel, -taken));
  }
  return positions.map((position) => claimed.get(positionText(position)) ?? position);
}

/** What the orders of the events have at positions with claims; elsewhere there is nothing to hand over. */
async function allocations(
  tx: Transaction,
  events: readonly AnyEvent[],
  claimed: ReadonlyMap<string, Projected>,
): Promise<AllocationAt[]> {
  const moves = events.flatMap((event) => {
    const { type, sku, locationId, quantity, documentRef } = event;
    if (type !== "order.allocated" && type !== "order.deallocated") return [];
    if (sku === null || locationId === null || documentRef?.type !== "ORDER") return [];
    if (!claimed.has(positionText({ sku, locationId }))) return [];
    const units = quantity ?? 0;
    return [{ orderId: documentRef.id, sku, locationId, units: type === "order.allocated" ? units : -units }];
  });
  const orders = new Map<string, AllocationAt>();
  for (const known of await loadOrderAllocations(tx, moves)) orders.set(orderText(known), known);
  for (const { units, ...at } of moves) {
    const known = orders.get(orderText(at));
    // Given back without having been seen: it was committed before there was anything to hand over.
    if (!known && units < 0) continue;
    orders.set(orderText(at), { ...at, ...allocate(known ?? { allocated: 0, matched: 0 }, units) });
  }
  return [...orders.values()];
}

async function handOverLines(
  tx: Transaction,
  recorder: Recorder,
  orders: readonly AllocationAt[],
  nowMs: number,
): Promise<{ line: ReservationLineRow; taken: number }[]> {
  const byOrder = new Map<string, ReservationLineRow[]>(orders.map((at) => [orderText(at), []]));
  for (const line of await linesOfOrders(tx, orders)) {
    byOrder.get(orderText({ orderId: line.order_id ?? "", sku: line.sku, locationId: line.location_id }))?.push(line);
  }
  const handed: { line: ReservationLineRow; taken: number }[] = [];
  const after = orders.map((at) => {
    const { order, lines } = handOver(at, byOrder.get(orderText(at)) ?? []);
    handed.push(...lines);
    return { ...at, ...order };
  });
  await saveOrderAllocations(tx, after, nowMs);
  await saveLines(
    tx,
    handed.map(({ line }) => line),
  );
  for (const { line, taken } of handed) {
    recorder.audit({
      subject: `reservation:${line.reservation_id}`,
      action: "reservation.allocated",
      detail: { orderId: line.order_id, sku: line.sku, locationId: line.location_id, taken, held: line.held },
    });
  }
  return handed;
}

function orderText({ orderId, sku, locationId }: OrderAt): string {
  return JSON.stringify([orderId, sku, locationId]);
}
