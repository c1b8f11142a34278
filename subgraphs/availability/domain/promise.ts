/**
 * A promise over the network: from which locations a quantity can come, and by when.
 *
 * Dates are swept from today on; the first whose capacity covers the quantity is the date in full. The location with
 * the most goes first, so that as few as possible take part; of equal ones that with more left over, then by id. Never
 * more than each location's ATP. What a transport costs or how long it takes is not known here and plays no part.
 */
import { AppError } from "../../../shared/errors.ts";
import type { Basis, Outlook } from "./atp.ts";

export interface PromiseInput {
  readonly sku: string;
  readonly quantity: number;
  readonly channel?: string | null;
  readonly needBy?: string | null;
  readonly maxSplits?: number | null;
  readonly locationIds?: readonly string[] | null;
}

export interface PromiseRequest {
  /** Base units, positive. */
  readonly quantity: number;
  /** RFC 3339 date; null: whenever it is. A day in the past counts as today. */
  readonly needBy: string | null;
  /** Locations that may take part; null: any number. */
  readonly maxSplits: number | null;
}

export interface PromiseLine {
  readonly locationId: string;
  readonly quantity: number;
  /** RFC 3339 date from which on the units can leave the location. */
  readonly date: string;
  readonly basis: Basis;
}

export interface PromiseResult {
  readonly confirmedQuantity: number;
  /** The first day on which the whole quantity is there; null: it is not in sight. */
  readonly fullDate: string | null;
  /** They add up to the confirmed quantity; a location's lines follow each other by date. */
  readonly lines: readonly PromiseLine[];
}

/** Fails with BAD_USER_INPUT. */
export function parsePromise({ quantity, needBy, maxSplits }: PromiseInput): PromiseRequest {
  if (quantity <= 0) {
    throw new AppError("BAD_USER_INPUT", {
      message: "The quantity must be positive.",
      reason: "QUANTITY_NOT_POSITIVE",
      field: ["input", "quantity"],
    });
  }
  if (maxSplits != null && maxSplits < 1) {
    throw new AppError("BAD_USER_INPUT", {
      message: "maxSplits must be at least 1: the number of locations that may take part.",
      field: ["input", "maxSplits"],
    });
  }
  return { quantity, needBy: needBy ?? null, maxSplits: maxSplits ?? null };
}

/** `outlooks`: one a location; those of which nothing is known promise nothing. */
export function promise(outlooks: readonly Outlook[], request: PromiseRequest, today: string): PromiseResult {
  const places = outlooks.map((outlook) => placeOf(outlook, today));
  const dates = [...new Set(places.flatMap(({ steps }) => steps.map(({ on }) => on)))].sort();
  const lastDay = request.needBy !== null && request.needBy < today ? today : request.needBy;
  let confirmed: Plan = { quantity: 0, takes: [] };
  let best = confirmed;
  let fullDate: string | null = null;
  for (const on of dates) {
    const plan = planFor(places, on, request);
    // What could be kept until an earlier day can be kept until this one.
    if (plan.quantity > best.quantity) best = plan;
    if (lastDay === null || on <= lastDay) confirmed = best;
    if (best.quantity < request.quantity) continue;
    fullDate = on;
    break;
  }
  return { confirmedQuantity: confirmed.quantity, fullDate, lines: confirmed.takes.flatMap(linesOf) };
}

/** From `on` until the next step the location has `capacity`. */
interface Step {
  readonly on: string;
  readonly basis: Basis;
  readonly capacity: number;
}

interface Place {
  readonly locationId: string;
  readonly sellMultiple: number;
  readonly net: number;
  readonly steps: readonly Step[];
}

interface Plan {
  readonly quantity: number;
  readonly takes: readonly { readonly place: Place; readonly quantity: number }[];
}

function placeOf({ answer, arrivals, atp }: Outlook, today: string): Place {
  const steps: Step[] = [{ on: today, basis: "ON_HAND", capacity: answer.availableToSell ?? 0 }];
  for (const { on, basis } of arrivals) {
    const last = steps.at(-1) as Step;
    // The first of a day stands for the day.
    const told = last.on === on && last.basis !== "ON_HAND";
    const capacity = atp(on) ?? 0;
    if (!told && capacity > last.capacity) steps.push({ on, basis, capacity });
  }
  return { locationId: answer.locationId, sellMultiple: answer.sellMultiple, net: answer.net ?? 0, steps };
}

function planFor(places: readonly Place[], on: string, { quantity, maxSplits }: PromiseRequest): Plan {
  const able = places
    .map((place) => ({ place, capacity: capacityAt(place, on) }))
    .filter(({ capacity }) => capacity > 0)
    .sort((a, b) => b.capacity - a.capacity || b.place.net - a.place.net || byId(a.place, b.place));
  const takes: { place: Place; quantity: number }[] = [];
  let rest = quantity;
  for (const { place, capacity } of able) {
    if (rest === 0 || takes.length === maxSplits) break;
    const most = Math.min(rest, capacity);
    const taken = most - (most % place.sellMultiple);
    if (taken === 0) continue;
    takes.push({ place, quantity: taken });
    rest -= taken;
  }
  return { quantity: quantity - rest, takes };
}

function capacityAt({ steps }: Place, on: string): number {
  return steps.findLast((step) => step.on <= on)?.capacity ?? 0;
}

/** The earliest units first. */
function linesOf({ place: { locationId, steps }, quantity }: Plan["takes"][number]): PromiseLine[] {
  const lines: PromiseLine[] = [];
  let taken = 0;
  for (const { on, basis, capacity } of steps) {
    const units = Math.min(quantity, capacity) - taken;
    if (units <= 0) continue;
    lines.push({ locationId, quantity: units, date: on, basis });
    taken += units;
  }
  return lines;
}

function byId(a: Place, b: Place): number {
  return a.locationId < b.locationId ? -1 : 1;
}
