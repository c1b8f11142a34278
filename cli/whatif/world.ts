/**
 * What is known at one moment of a recorded day: positions, master data, reservations, corrections asked for,
 * exceptions.
 *
 * Facts are applied by the functions that their owners apply them with. All of it is entries by name and key, so that
 * a world can be written down and read again. Knows no policy.
 */
import type { AnyEvent, CanonicalEvent } from "../../shared/events/canonical-event.ts";
import { positionText } from "../../shared/ids.ts";
import { type LocationReplica, locationOf, type ProductReplica, productOf } from "../../shared/master-data.ts";
import {
  applyFact,
  emptyProjection,
  isOwner,
  type Projected,
  positionFacts,
} from "../../subgraphs/availability/domain/projection.ts";
import { allocate, claim, handOver, type OrderAllocation } from "../../subgraphs/availability/domain/reservation.ts";
import { applyToQueue, type Queue } from "./queue.ts";

interface Held {
  readonly channel: string;
  readonly status: string;
  readonly orderId: string | null;
  readonly expiresAtMs: number;
  readonly lines: readonly { readonly sku: string; readonly locationId: string; readonly held: number }[];
}

/** A correction that was asked for: it counts in its person's rolling total. */
export interface Correction {
  readonly person: string;
  readonly sku: string;
  readonly locationId: string;
  readonly units: number;
  readonly atMs: number;
}

export interface World extends Queue {
  readonly positions: Map<string, Projected>;
  readonly products: Map<string, ProductReplica>;
  readonly locations: Map<string, LocationReplica>;
  /** Those that hold something. */
  readonly reservations: Map<string, Held>;
  readonly orders: Map<string, OrderAllocation>;
  readonly corrections: Map<string, Correction>;
}

export function emptyWorld(): World {
  return {
    positions: new Map(),
    products: new Map(),
    locations: new Map(),
    reservations: new Map(),
    orders: new Map(),
    corrections: new Map(),
    exceptions: new Map(),
    letters: new Map(),
  };
}

/** One entry of a world, as it is written down. */
export interface Entry {
  readonly opening: keyof World;
  readonly key: string;
  readonly value: unknown;
}

export function* entriesOf(world: World): Generator<Entry> {
  for (const [opening, entries] of Object.entries(world) as [keyof World, ReadonlyMap<string, unknown>][]) {
    for (const [key, value] of entries) yield { opening, key, value };
  }
}

export function takeEntry(world: World, { opening, key, value }: Entry): void {
  (world[opening] as Map<string, unknown>).set(key, value);
}

/** Returns the keys of the positions whose answers may be others now. */
export function applyTo(world: World, event: AnyEvent): string[] {
  applyToQueue(world, event);
  if (event.type === "master.changed") return applyMaster(world, event);
  switch (event.type) {
    case "reservation.created":
    case "reservation.confirmed":
    case "reservation.released":
    case "reservation.expired":
    case "reservation.unallocated":
      return applyReservation(world, event);
    case "adjustment.requested":
      world.corrections.set(event.data.adjustmentId, correctionOf(event));
      return [];
    case "adjustment.rejected":
      world.corrections.delete(event.data.adjustmentId);
      return [];
    default:
      return applyToPosition(world, event);
  }
}

/** What expired by then is not reserved, though nobody has said so yet. */
export function expireReservations(world: World, nowMs: number): void {
  for (const [id, held] of world.reservations) {
    if (held.status === "ACTIVE" && held.expiresAtMs <= nowMs) hold(world, id, { ...held, lines: [] });
  }
}

function applyToPosition(world: World, event: AnyEvent): string[] {
  const { sku, locationId, source } = event;
  if (sku === null || locationId === null || !isOwner(source) || !positionFacts.includes(event.type)) return [];
  const key = positionText({ sku, locationId });
  const before = world.positions.get(key) ?? emptyProjection(sku, locationId);
  world.positions.set(key, applyFact(before, event, Date.parse(event.recordedAt)));
  if (event.type !== "order.allocated" && event.type !== "order.deallocated") return [key];
  if (event.documentRef?.type !== "ORDER" || before.reserved <= 0) return [key];
  const units = (event.quantity ?? 0) * (event.type === "order.allocated" ? 1 : -1);
  const orderId = event.documentRef.id;
  const known = world.orders.get(orderKey(orderId, key));
  // Given back without having been seen: it was committed before there was anything to hand over.
  if (!known && units < 0) return [key];
  world.orders.set(orderKey(orderId, key), allocate(known ?? { allocated: 0, matched: 0 }, units));
  handOverTo(world, orderId, key);
  return [key];
}

/** Reservations confirmed to the order give up, at this position, what its own demand stands for now. */
function handOverTo(world: World, orderId: string, key: string): void {
  const order = world.orders.get(orderKey(orderId, key));
  if (!order) return;
  const lines = [...world.reservations].flatMap(([id, held]) =>
    held.orderId === orderId ? held.lines.filter((line) => positionText(line) === key).map((l) => ({ id, ...l })) : [],
  );
  const handed = handOver(order, lines);
  world.orders.set(orderKey(orderId, key), handed.order);
  for (const { line } of handed.lines) {
    const held = world.reservations.get(line.id) as Held;
    hold(world, line.id, {
      ...held,
      lines: held.lines.map((own) => (positionText(own) === key ? { ...own, held: line.held } : own)),
    });
  }
}

type ReservationEvent = Extract<AnyEvent, { type: `reservation.${string}` }>;

/** What its lines hold is told whole; what an order has taken over meanwhile is told by the order. */
function applyReservation(world: World, { data }: ReservationEvent): string[] {
  const { reservationId, channel, status, orderId, expiresAt, lines } = data;
  const before = world.reservations.get(reservationId);
  hold(world, reservationId, { channel, status, orderId, expiresAtMs: Date.parse(expiresAt), lines });
  const keys = [...new Set([...lines, ...(before?.lines ?? [])].map(positionText))];
  if (orderId !== null) for (const key of keys) handOverTo(world, orderId, key);
  return keys;
}

/** Claims what is held now and was not held before, and gives back the rest. */
function hold(world: World, id: string, after: Held): void {
  const before = world.reservations.get(id);
  const change = (line: Held["lines"][number], units: number) => {
    const key = positionText(line);
    const position = world.positions.get(key) ?? emptyProjection(line.sku, line.locationId);
    const claimed = claim(position, after.channel, units);
    world.positions.set(key, { ...claimed, version: position.version + 1 });
  };
  for (const line of before?.lines ?? []) change(line, -line.held);
  for (const line of after.lines) change(line, line.held);
  if (after.lines.some(({ held }) => held > 0)) world.reservations.set(id, after);
  else world.reservations.delete(id);
}

function applyMaster(world: World, event: CanonicalEvent<"master.changed">): string[] {
  const { data } = event;
  if (data.kind === "product") {
    const product = productOf(event, data);
    if ((world.products.get(product.sku)?.version ?? 0) < product.version) world.products.set(product.sku, product);
    return keysWhere(world, ({ sku }) => sku === product.sku);
  }
  const location = locationOf(event, data);
  const { locationId } = location;
  if ((world.locations.get(locationId)?.version ?? 0) < location.version) world.locations.set(locationId, location);
  return keysWhere(world, (position) => position.locationId === locationId);
}

function keysWhere({ positions }: World, matches: (position: Projected) => boolean): string[] {
  return [...positions].filter(([, position]) => matches(position)).map(([key]) => key);
}

function correctionOf({ actor, sku, locationId, quantity, recordedAt }: AnyEvent): Correction {
  const units = Math.abs(quantity ?? 0);
  return { person: actor, sku: sku ?? "", locationId: locationId ?? "", units, atMs: Date.parse(recordedAt) };
}

function orderKey(orderId: string, key: string): string {
  return JSON.stringify([orderId, key]);
}
