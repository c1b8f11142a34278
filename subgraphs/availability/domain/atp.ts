/**
 * Available-to-promise: what a channel may promise of one SKU at one location by a date.
 *
 * P(t) is net, negative or not, plus what arrives by t; ATP(t) is the smallest P from t on, so that nothing is taken
 * from a later promise, less what is kept for other channels, within cap and multiple. 0 ≤ ATS ≤ ATP(t1) ≤ ATP(t2).
 * Supply without a date is never promised. Knows no carriers: a date is the day units can leave the location.
 */
import type { InboundType } from "../../../shared/events/canonical-event.ts";
import { limits } from "../../../shared/limits.ts";
import { type AvailabilityInput, type AvailabilityResult, computeAvailability, sellableFrom } from "./ats.ts";
import { addDays, dateAt } from "./calendar.ts";
import type { SupplyLine } from "./inbound.ts";
import { defaultPromising, type LatenessCount, latenessDays, type PromisingPolicy } from "./promising.ts";

export type Basis = "ON_HAND" | "INBOUND" | "TRANSFER";

/** Units that may be promised from a date on. */
export interface Arrival {
  /** RFC 3339 date. */
  readonly on: string;
  readonly basis: Basis;
  /** Base units, after the haircut. */
  readonly quantity: number;
}

export interface Expected {
  readonly supply: readonly SupplyLine[];
  /** What is known of a supplier, or of the origin of a transfer. */
  readonly latenessOf: (from: string) => readonly LatenessCount[];
}

/** One SKU at one location as it is, and as it is going to be. */
export interface Outlook {
  readonly answer: AvailabilityResult;
  /** Where ATP may rise, by date. */
  readonly arrivals: readonly Pick<Arrival, "on" | "basis">[];
  /** ATP on a date, in base units; a date in the past counts as today. Null: unknown, as ATS. */
  atp(on: string): number | null;
}

/** `expected` null: nobody asks about later days. */
export function outlookOf(input: AvailabilityInput, expected: Expected | null): Outlook {
  const answer = computeAvailability(input);
  const arrivals = expected === null ? [] : arrivalsOf(input, expected);
  return {
    answer,
    arrivals,
    atp: (on) => (answer.net === null ? null : promisable(input, lookAheadMinimum(answer.net, arrivals, on))),
  };
}

/** What the channel may promise if `projected` units were there, as far as a quantity goes. */
export function promisable(input: AvailabilityInput, projected: number): number | null {
  return sellableFrom(input, Math.min(projected, limits.quantityMax));
}

/** What may be promised of what is expected, and from when on; by date. */
export function arrivalsOf(input: AvailabilityInput, { supply, latenessOf }: Expected): Arrival[] {
  const policy = promisingOf(input);
  const today = dateAt(input.nowMs);
  const arrivals = supply.flatMap(({ documentType, openQuantity, promisedOn, from }): Arrival[] => {
    if (promisedOn === null) return [];
    const late = from === null ? 0 : latenessDays(latenessOf(from), policy.latenessPercentile);
    const due = addDays(promisedOn, late);
    // What should have been here before today is not: it comes tomorrow at the earliest.
    const on = due < today ? addDays(today, 1) : due;
    return [{ on, basis: bases[documentType], quantity: cut(openQuantity, percentOf(policy, documentType)) }];
  });
  const restock = Math.max(0, input.position?.returns.restockApproved ?? 0);
  const restocked = cut(restock, policy.restockPercent);
  arrivals.push({ on: addDays(today, policy.restockDays), basis: "INBOUND", quantity: restocked });
  return arrivals.filter(({ quantity }) => quantity > 0).sort(byDate);
}

/** min over u ≥ `on` of `net` and everything that arrives by u; `arrivals` by date. */
export function lookAheadMinimum(
  net: number,
  arrivals: readonly Pick<Arrival, "on" | "quantity">[],
  on: string,
): number {
  let projected = net;
  let at = 0;
  for (; at < arrivals.length && (arrivals[at] as Arrival).on <= on; at++)
    projected += (arrivals[at] as Arrival).quantity;
  let lowest = projected;
  for (; at < arrivals.length; at++) {
    projected += (arrivals[at] as Arrival).quantity;
    lowest = Math.min(lowest, projected);
  }
  return lowest;
}

export function byDate(a: Pick<Arrival, "on" | "basis">, b: Pick<Arrival, "on" | "basis">): number {
  if (a.on !== b.on) return a.on < b.on ? -1 : 1;
  return a.basis === b.basis ? 0 : a.basis < b.basis ? -1 : 1;
}

const bases: Readonly<Record<InboundType, Basis>> = { PURCHASE_ORDER: "INBOUND", TRANSFER: "TRANSFER" };

function promisingOf({ policy, channel }: AvailabilityInput): PromisingPolicy {
  return policy.channel(channel).policy.promising ?? defaultPromising;
}

function percentOf(policy: PromisingPolicy, type: InboundType): number {
  return type === "TRANSFER" ? policy.transferPercent : policy.purchaseOrderPercent;
}

function cut(quantity: number, percent: number): number {
  return Math.floor((quantity * percent) / 100);
}
