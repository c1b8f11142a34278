/**
 * Reservations: stock kept for a buyer for a while, then given back or turned into an order's own demand.
 *
 * ACTIVE → CONFIRMED | RELEASED | EXPIRED, and CONFIRMED → RELEASED. Whether one has expired is judged when it is
 * looked at: at `expiresAtMs` it no longer counts, whoever notices first. A confirmed one keeps its units until the
 * ERP commits the order's line at the position, so that they are neither counted twice nor free in between.
 * Does not ask whether there is enough: that is `ats.ts`.
 */
import { AppError } from "../../../shared/errors.ts";
import type { ReservationChanged } from "../../../shared/events/canonical-event.ts";
import type { Identity } from "../../../shared/identity.ts";
import { parseDocumentId, parseLocationId, parseSku } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import { assertPositive, assertQuantity } from "../../../shared/quantity.ts";
import type { Position } from "./position.ts";

export type ReservationStatus = "ACTIVE" | "CONFIRMED" | "RELEASED" | "EXPIRED";

export interface ReservationLine {
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
  /** What of it still counts as reserved: less once the order's own demand counts, 0 at the end. */
  readonly held: number;
}

export interface Reservation {
  readonly reservationId: string;
  /** 1, 2, 3, …: the sequence number of its events. */
  readonly version: number;
  readonly status: ReservationStatus;
  readonly channel: string;
  /** The person who reserved. */
  readonly owner: string;
  readonly reference: string | null;
  readonly orderId: string | null;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** When to look at it again; null: never. */
  readonly dueAtMs: number | null;
  /** Since when the order of a confirmed one is overdue in the ERP. */
  readonly unallocatedAtMs: number | null;
  readonly lines: readonly ReservationLine[];
}

export interface ReserveLineInput {
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
}

export interface ReserveInput {
  readonly lines: readonly ReserveLineInput[];
  readonly ttlSeconds?: number | null;
  readonly reference?: string | null;
}

/** What is asked of one position, all its lines together. */
export interface Wish extends ReserveLineInput {
  /** The first line that asks for it. */
  readonly field: readonly string[];
}

export interface Shortage {
  readonly sku: string;
  readonly locationId: string;
  readonly requested: number;
  readonly available: number;
}

/** Fails with INVALID_INPUT, TOO_MANY_ITEMS, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE. */
export function parseReserve(input: ReserveInput): { wishes: Wish[]; ttlMs: number; reference: string | null } {
  const field = ["input", "lines"];
  if (input.lines.length === 0) throw new AppError("INVALID_INPUT", { message: "There is no line to reserve.", field });
  if (input.lines.length > limits.reservationLinesMax) {
    throw new AppError("TOO_MANY_ITEMS", { field, most: limits.reservationLinesMax });
  }
  const wishes = new Map<string, Wish>();
  input.lines.forEach((line, index) => {
    const path = [...field, String(index)];
    const sku = parseSku(line.sku, [...path, "sku"]);
    const locationId = parseLocationId(line.locationId, [...path, "locationId"]);
    assertPositive(line.quantity, [...path, "quantity"]);
    const former = wishes.get(`${sku}|${locationId}`);
    const quantity = assertQuantity((former?.quantity ?? 0) + line.quantity, [...path, "quantity"]);
    wishes.set(`${sku}|${locationId}`, { sku, locationId, quantity, field: former?.field ?? path });
  });
  const reference = input.reference == null ? null : parseDocumentId(input.reference, ["input", "reference"]);
  return { wishes: [...wishes.values()], ttlMs: ttlMsOf(input.ttlSeconds), reference };
}

function ttlMsOf(ttlSeconds: number | null | undefined): number {
  const seconds = ttlSeconds ?? limits.reservationTtlDefaultS;
  if (seconds >= 1 && seconds <= limits.reservationTtlMaxS) return seconds * 1_000;
  const message = `ttlSeconds must be from 1 to ${limits.reservationTtlMaxS}.`;
  throw new AppError("INVALID_INPUT", { message, field: ["input", "ttlSeconds"] });
}

export function statusAt(reservation: Reservation, nowMs: number): ReservationStatus {
  const overdue = reservation.status === "ACTIVE" && reservation.expiresAtMs <= nowMs;
  return overdue ? "EXPIRED" : reservation.status;
}

/** Fails with RESERVATION_EXPIRED, ILLEGAL_TRANSITION. */
export function confirm(reservation: Reservation, orderId: string, nowMs: number): Reservation {
  assertActive(reservation, nowMs);
  const dueAtMs = nowMs + limits.reservationAllocationWaitMs;
  return { ...moved(reservation, "CONFIRMED"), orderId, dueAtMs };
}

/**
 * A confirmed one is given back only by somebody who plans (`decides`): its buyer cannot know whether the ERP is about
 * to commit the order. Fails with RESERVATION_EXPIRED, ILLEGAL_TRANSITION.
 */
export function release(reservation: Reservation, decides: boolean, nowMs: number): Reservation {
  if (!(decides && reservation.status === "CONFIRMED")) assertActive(reservation, nowMs);
  return settled(reservation, "RELEASED");
}

/** Null where there is nothing to expire. */
export function expire(reservation: Reservation, nowMs: number): Reservation | null {
  const overdue = reservation.status === "ACTIVE" && reservation.expiresAtMs <= nowMs;
  return overdue ? settled(reservation, "EXPIRED") : null;
}

/** A confirmed one whose order the ERP has not committed in time; null where there is nothing to say. */
export function flagUnallocated(reservation: Reservation, nowMs: number): Reservation | null {
  const waiting = reservation.status === "CONFIRMED" && reservation.unallocatedAtMs === null;
  const overdue = reservation.dueAtMs !== null && reservation.dueAtMs <= nowMs && isHeld(reservation);
  return waiting && overdue ? { ...moved(reservation, "CONFIRMED"), dueAtMs: null, unallocatedAtMs: nowMs } : null;
}

export function isHeld(reservation: Reservation): boolean {
  return reservation.lines.some((line) => line.held > 0);
}

function assertActive(reservation: Reservation, nowMs: number): void {
  const status = statusAt(reservation, nowMs);
  const field = ["input", "id"];
  if (status === "EXPIRED") throw new AppError("RESERVATION_EXPIRED", { field });
  if (status !== "ACTIVE") {
    const message = `The reservation is ${status.toLowerCase()} already.`;
    throw new AppError("ILLEGAL_TRANSITION", { message, field, status });
  }
}

function moved(reservation: Reservation, status: ReservationStatus): Reservation {
  return { ...reservation, status, version: reservation.version + 1 };
}

function settled(reservation: Reservation, status: "RELEASED" | "EXPIRED"): Reservation {
  const lines = reservation.lines.map((line) => ({ ...line, held: 0 }));
  return { ...moved(reservation, status), dueAtMs: null, lines };
}

export function reservationChanged(reservation: Reservation): ReservationChanged {
  const { reservationId, status, channel, orderId, expiresAtMs, lines } = reservation;
  return { reservationId, status, channel, orderId, expiresAt: new Date(expiresAtMs).toISOString(), lines };
}

// ------------------------------------------------------------------------------------------------ positions and orders

/** The position with `quantity` more (or, below zero, less) claimed by the channel. */
export function claim<P extends Position>(position: P, channel: string, quantity: number): P {
  const byChannel = new Map(Object.entries(position.reservedByChannel));
  byChannel.set(channel, (byChannel.get(channel) ?? 0) + quantity);
  const live = [...byChannel].filter(([, units]) => units !== 0);
  return { ...position, reserved: position.reserved + quantity, reservedByChannel: Object.fromEntries(live) };
}

/** Units that an order has at a position: what the ERP committed, and how much of it reservations have become. */
export interface OrderAllocation {
  readonly allocated: number;
  readonly matched: number;
}

/** What an order has after the ERP committed `quantity` more, or gave it back. */
export function allocate({ allocated, matched }: OrderAllocation, quantity: number): OrderAllocation {
  const now = Math.max(0, allocated + quantity);
  return { allocated: now, matched: Math.min(matched, now) };
}

/** Hands what the lines hold over to the order, the first line first: its own demand counts from now on. */
export function handOver<L extends { readonly held: number }>(
  order: OrderAllocation,
  lines: readonly L[],
): { order: OrderAllocation; lines: { line: L; taken: number }[] } {
  let { matched } = order;
  const taken = lines.map((line) => {
    const units = Math.min(line.held, order.allocated - matched);
    matched += units;
    return { line: { ...line, held: line.held - units }, taken: units };
  });
  return { order: { ...order, matched }, lines: taken.filter(({ taken: units }) => units > 0) };
}

// ------------------------------------------------------------------------------------------------ who may

/** Its owner, whoever plans or audits, and the administrator; within the channels of the token. */
export function mayRead(reservation: Reservation, identity: Identity): boolean {
  return mayChange(reservation, identity) || (identity.roles.has("auditor") && covers(identity, reservation.channel));
}

export function mayChange(reservation: Reservation, identity: Identity): boolean {
  const known = identity.person === reservation.owner || mayDecide(identity);
  return identity.person !== null && known && covers(identity, reservation.channel);
}

/** May decide about other people's reservations, and about confirmed ones. */
export function mayDecide(identity: Identity): boolean {
  return identity.roles.has("planner") || identity.roles.has("admin");
}

export function covers(identity: Identity, channel: string): boolean {
  return identity.channels === null || identity.channels.includes(channel);
}
