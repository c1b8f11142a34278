/**
 * Reservations, their lines and the orders they become, in SQL.
 *
 * A line is changed only by whoever holds the lock of its position, and a reservation only by whoever has locked its
 * positions first: so a line that is read after its position was locked is as it will stay.
 */
import type { Reader, Transaction } from "../../../shared/db/database.ts";
import { forUpdate, insertRows, marks, tupleMarks, upsertRows } from "../../../shared/db/statements.ts";
import type { OrderAllocation, Reservation } from "../domain/reservation.ts";
import type { OrderAllocationRow, ReservationLineRow, ReservationRow } from "../entities.ts";
import type { PositionKey } from "./positions.ts";

/** With their lines, in (sku, locationId) order. */
export async function loadReservations(reader: Reader, ids: readonly string[]): Promise<Reservation[]> {
  return selectReservations(reader, ids, "");
}

/** Its positions must be locked already. */
export async function lockReservation(tx: Transaction, id: string): Promise<Reservation | undefined> {
  const [found] = await selectReservations(tx, [id], forUpdate(tx.dialect));
  return found;
}

export async function insertReservations(tx: Transaction, reservations: readonly Reservation[]): Promise<void> {
  await insertRows(tx, "reservations", reservations.map(toRow));
  await insertRows(tx, "reservation_lines", reservations.flatMap(toLineRows));
}

export async function saveReservation(tx: Transaction, reservation: Reservation): Promise<void> {
  await upsertRows(tx, "reservations", ["reservation_id"], [toRow(reservation)]);
  await upsertRows(tx, "reservation_lines", ["reservation_id", "sku", "location_id"], toLineRows(reservation));
}

/** What reservations that expired by `nowMs` still hold on the rows of these positions. */
export async function overdueClaims(
  reader: Reader,
  keys: readonly PositionKey[],
  nowMs: number,
): Promise<(PositionKey & { channel: string; held: number })[]> {
  if (keys.length === 0) return [];
  const rows = await reader.query<ReservationLineRow>(
    `SELECT * FROM reservation_lines WHERE (sku, location_id) IN ${tupleMarks(reader.dialect, keys.length, 2)}
        AND state = 'ACTIVE' AND expires_at_ms <= ?`,
    [...keys.flatMap(({ sku, locationId }) => [sku, locationId]), nowMs],
  );
  return rows.map(({ sku, location_id: locationId, channel, held }) => ({ sku, locationId, channel, held }));
}

/** When the next reservation of each of these positions expires, after `nowMs`; nothing where none does. */
export async function nextExpiries(
  reader: Reader,
  keys: readonly PositionKey[],
  nowMs: number,
): Promise<(PositionKey & { readonly expiresAtMs: number })[]> {
  if (keys.length === 0) return [];
  const rows = await reader.query<{ sku: string; location_id: string; expires_at_ms: number | string | null }>(
    // Of many reservations only the first is read, where MIN would read them all.
    `SELECT p.sku, p.location_id,
            (SELECT l.expires_at_ms FROM reservation_lines l
              WHERE l.sku = p.sku AND l.location_id = p.location_id AND l.state = 'ACTIVE' AND l.expires_at_ms > ?
              ORDER BY l.expires_at_ms LIMIT 1) AS expires_at_ms
       FROM positions p WHERE (p.sku, p.location_id) IN ${tupleMarks(reader.dialect, keys.length, 2)}`,
    [nowMs, ...keys.flatMap(({ sku, locationId }) => [sku, locationId])],
  );
  return rows.flatMap(({ sku, location_id: locationId, expires_at_ms: at }) =>
    at === null ? [] : [{ sku, locationId, expiresAtMs: Number(at) }],
  );
}

/** Reservations that somebody should have looked at by `nowMs`, the oldest first. */
export async function dueReservations(reader: Reader, nowMs: number, most: number): Promise<string[]> {
  const rows = await reader.query<{ reservation_id: string }>(
    `SELECT reservation_id FROM reservations WHERE due_at_ms <= ? ORDER BY due_at_ms LIMIT ${most}`,
    [nowMs],
  );
  return rows.map((row) => row.reservation_id);
}

export interface OrderAt extends PositionKey {
  readonly orderId: string;
}

export type AllocationAt = OrderAt & OrderAllocation;

export async function loadOrderAllocations(tx: Transaction, orders: readonly OrderAt[]): Promise<AllocationAt[]> {
  if (orders.length === 0) return [];
  const rows = await tx.query<OrderAllocationRow>(
    `SELECT * FROM order_allocations WHERE (order_id, sku, location_id) IN ${tupleMarks(tx.dialect, orders.length, 3)}`,
    orders.flatMap(orderValues),
  );
  return rows.map(({ order_id: orderId, sku, location_id: locationId, allocated, matched }) => {
    return { orderId, sku, locationId, allocated, matched };
  });
}

export async function saveOrderAllocations(
  tx: Transaction,
  allocations: readonly AllocationAt[],
  nowMs: number,
): Promise<void> {
  await upsertRows(
    tx,
    "order_allocations",
    ["order_id", "sku", "location_id"],
    allocations.map(({ orderId, sku, locationId, allocated, matched }) => {
      return { order_id: orderId, sku, location_id: locationId, allocated, matched, recorded_at_ms: nowMs };
    }),
  );
}

/** Those not touched since `beforeMs` leave, a bounded number at once; how many left. */
export async function forgetOrderAllocations(tx: Transaction, beforeMs: number): Promise<number> {
  const old = await tx.query<OrderAllocationRow>(
    "SELECT order_id, sku, location_id FROM order_allocations WHERE recorded_at_ms < ? LIMIT 1000",
    [beforeMs],
  );
  if (old.length === 0) return 0;
  return tx.run(
    `DELETE FROM order_allocations WHERE (order_id, sku, location_id) IN ${tupleMarks(tx.dialect, old.length, 3)}`,
    old.flatMap((row) => [row.order_id, row.sku, row.location_id]),
  );
}

/** What confirmed reservations still hold for these orders at these positions, the oldest reservation first. */
export async function linesOfOrders(tx: Transaction, orders: readonly OrderAt[]): Promise<ReservationLineRow[]> {
  if (orders.length === 0) return [];
  return tx.query<ReservationLineRow>(
    `SELECT * FROM reservation_lines WHERE (order_id, sku, location_id) IN ${tupleMarks(tx.dialect, orders.length, 3)}
        AND state = 'CONFIRMED' AND held > 0 ORDER BY reservation_id, sku, location_id`,
    orders.flatMap(orderValues),
  );
}

export async function saveLines(tx: Transaction, lines: readonly ReservationLineRow[]): Promise<void> {
  const rows = lines.map((line) => ({ ...line }));
  await upsertRows(tx, "reservation_lines", ["reservation_id", "sku", "location_id"], rows);
}

function orderValues({ orderId, sku, locationId }: OrderAt): string[] {
  return [orderId, sku, locationId];
}

async function selectReservations(reader: Reader, ids: readonly string[], lock: string): Promise<Reservation[]> {
  if (ids.length === 0) return [];
  const rows = await reader.query<ReservationRow>(
    `SELECT * FROM reservations WHERE reservation_id IN (${marks(ids.length)}) ORDER BY reservation_id${lock}`,
    ids,
  );
  const lines = await reader.query<ReservationLineRow>(
    `SELECT * FROM reservation_lines WHERE reservation_id IN (${marks(ids.length)})
      ORDER BY reservation_id, sku, location_id`,
    ids,
  );
  return rows.map((row) => ({
    reservationId: row.reservation_id,
    version: row.version,
    status: row.state,
    channel: row.channel,
    owner: row.owner,
    reference: row.reference,
    orderId: row.order_id,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms,
    dueAtMs: row.due_at_ms,
    unallocatedAtMs: row.unallocated_at_ms,
    lines: lines
      .filter((line) => line.reservation_id === row.reservation_id)
      .map(({ sku, location_id: locationId, quantity, held }) => ({ sku, locationId, quantity, held })),
  }));
}

function toRow(reservation: Reservation): ReservationRow {
  return {
    reservation_id: reservation.reservationId,
    version: reservation.version,
    state: reservation.status,
    channel: reservation.channel,
    owner: reservation.owner,
    reference: reservation.reference,
    order_id: reservation.orderId,
    created_at_ms: reservation.createdAtMs,
    expires_at_ms: reservation.expiresAtMs,
    due_at_ms: reservation.dueAtMs,
    unallocated_at_ms: reservation.unallocatedAtMs,
  };
}

function toLineRows(reservation: Reservation): ReservationLineRow[] {
  return reservation.lines.map(({ sku, locationId, quantity, held }) => ({
    reservation_id: reservation.reservationId,
    sku,
    location_id: locationId,
    quantity,
    held,
    state: reservation.status,
    channel: reservation.channel,
    order_id: reservation.orderId,
    expires_at_ms: reservation.expiresAtMs,
  }));
}
