/**
 * A kit at one location: what is assembled already, and as many more as its scarcest component allows.
 *
 * Components of different locations are never put together; sum a kit's locations with `networkAvailability`.
 * Does not look into kits inside kits: hand in what they consist of, so that a component they share counts once.
 */

import { AppError } from "../../../shared/errors.ts";
import { arrivalsOf, byDate, type Expected, lookAheadMinimum, type Outlook, promisable } from "./atp.ts";
import { type AvailabilityInput, type AvailabilityResult, computeAvailability } from "./ats.ts";
import { worseOf } from "./network.ts";
import type { Confidence, Freshness, SourceStatus } from "./source-status.ts";

export interface KitComponent {
  /** Base units in one kit, at least 1. */
  readonly required: number;
  readonly availability: Pick<AvailabilityResult, "sku" | "availableToSell" | "confidence" | "reason">;
}

export interface KitAvailability {
  /** Whole kits; null: unknown, see `reason`. */
  readonly availableToSell: number | null;
  /** The component that allows the fewest kits, the first of several; or the one of which nothing is known. */
  readonly limitingSku: string;
  readonly confidence: Confidence;
  /** Why the limiting component is what it is. */
  readonly reason: string | null;
}

/** Fails with INVALID_INPUT when there is no component or one is required less than once. */
export function kitAvailability(components: readonly KitComponent[]): KitAvailability {
  let limiting: KitComponent | undefined;
  let kits = Number.POSITIVE_INFINITY;
  let confidence: Confidence = "FRESH";
  let unknown: KitComponent | undefined;
  for (const component of components) {
    const { required, availability } = component;
    if (!Number.isInteger(required) || required < 1) throw new AppError("INVALID_INPUT", { field: ["components"] });
    if (availability.availableToSell === null) {
      unknown ??= component;
      continue;
    }
    confidence = worseOf(confidence, availability.confidence);
    const allows = Math.floor(availability.availableToSell / required);
    if (allows < kits) {
      kits = allows;
      limiting = component;
    }
  }
  // A known 0 settles it; any other number could still be too many.
  if (unknown && kits > 0) {
    const { sku, reason } = unknown.availability;
    return { availableToSell: null, limitingSku: sku, confidence: "UNKNOWN", reason };
  }
  if (!limiting) throw new AppError("INVALID_INPUT", { field: ["components"], message: "A kit has components." });
  const { sku, reason } = limiting.availability;
  return { availableToSell: kits, limitingSku: sku, confidence, reason };
}

/** A component, and how many base units of it are in one kit. */
export interface KitPart {
  readonly required: number;
  readonly outlook: Outlook;
}

/**
 * The kit is sold under its own policy: its demand, claims, safety stock and protections come off what can be put
 * together. Those of the components have come off already. Fails like `kitAvailability`, and with UNKNOWN_CHANNEL.
 */
export function kitOutlook(own: AvailabilityInput, expected: Expected | null, parts: readonly KitPart[]): Outlook {
  const kits = kitAvailability(parts.map(({ required, outlook: { answer } }) => ({ required, availability: answer })));
  const input = { ...own, freshness: freshnessOfKit(own), fromComponents: kits.availableToSell ?? 0 };
  const base = computeAvailability(input);
  const ownNet = (base.net ?? 0) - input.fromComponents;
  const arrivals = expected === null ? [] : arrivalsOf(input, expected);
  const answers = parts.map(({ outlook }) => outlook.answer);

  function atp(on: string): number | null {
    if (base.net === null) return null;
    const then = kitAvailability(
      parts.map(({ required, outlook }) => {
        return { required, availability: { ...outlook.answer, availableToSell: outlook.atp(on) } };
      }),
    ).availableToSell;
    return then === null ? null : promisable(input, lookAheadMinimum(ownNet, arrivals, on) + then);
  }

  return {
    answer: explain(isStocked(own) ? base : { ...base, sources: [] }, answers, kits),
    arrivals: [...arrivals, ...parts.flatMap(({ outlook }) => outlook.arrivals)].sort(byDate),
    atp,
  };
}

/** The kit's own answer with what its components add to it. */
function explain(
  base: AvailabilityResult,
  components: readonly AvailabilityResult[],
  kits: KitAvailability,
): AvailabilityResult {
  const sources = worstSources([...(base.sources.length > 0 ? [base] : []), ...components].map((one) => one.sources));
  const asOfMs = Math.min(base.asOfMs, ...components.map((one) => one.asOfMs));
  const why = kits.reason === null ? null : `${kits.reason} (component ${kits.limitingSku})`;
  const answer = { ...base, sources, asOfMs, limitingComponent: kits.limitingSku };
  if (base.availableToSell === null) return answer;
  if (kits.availableToSell === null) {
    return { ...answer, availableToSell: null, net: null, terms: [], reason: why, confidence: "UNKNOWN" };
  }
  return { ...answer, reason: base.reason ?? why, confidence: worseOf(base.confidence, kits.confidence) };
}

/** A kit that nobody has ever stocked is as fresh as its components: there is nothing of its own to be late. */
function freshnessOfKit(own: AvailabilityInput): Freshness {
  if (isStocked(own)) return own.freshness;
  const fresh = { asOfMs: own.nowMs, gap: false, version: 0 };
  return { erp: fresh, wms: fresh, returns: fresh };
}

function isStocked({ position }: AvailabilityInput): boolean {
  return position !== null && position.version > 0;
}

const fromBestToWorst: readonly Confidence[] = ["FRESH", "STALE", "UNKNOWN", "DEGRADED"];

/** Per system, the one that can be relied on least; of equals the oldest. */
function worstSources(all: readonly (readonly SourceStatus[])[]): SourceStatus[] {
  const rank = ({ status }: SourceStatus) => fromBestToWorst.indexOf(status);
  const [first = [], ...others] = all;
  return first.map((source, i) =>
    others.reduce((worst, sources) => {
      const other = sources[i] ?? worst;
      if (rank(other) !== rank(worst)) return rank(other) > rank(worst) ? other : worst;
      return (other.ageMs ?? 0) > (worst.ageMs ?? 0) ? other : worst;
    }, source),
  );
}
