/**
 * Available-to-sell of a SKU over many locations.
 *
 * Adds the clamped values: a location with a shortfall never eats the stock of another. A location of which nothing
 * is known lowers the confidence, so that its missing share is not mistaken for a 0. Never sums over channels.
 */
import type { AvailabilityResult } from "./ats.ts";
import type { Confidence } from "./source-status.ts";

/** What an answer for one location contributes; a kit's answer has it too. */
export type LocationShare = Pick<AvailabilityResult, "locationId" | "availableToSell" | "confidence">;

export interface NetworkAvailability {
  /** Base units; a lower bound when `unknownLocationIds` is not empty. */
  readonly availableToSell: number;
  readonly confidence: Confidence;
  readonly unknownLocationIds: readonly string[];
}

/**
 * The confidence is the worst of all locations; where some are known and some are not, the sum is DEGRADED.
 * UNKNOWN only when not a single location is known.
 */
export function networkAvailability(locations: readonly LocationShare[]): NetworkAvailability {
  let availableToSell = 0;
  let confidence: Confidence = "FRESH";
  const unknownLocationIds: string[] = [];
  for (const location of locations) {
    if (location.availableToSell === null) {
      unknownLocationIds.push(location.locationId);
    } else {
      availableToSell += Math.max(0, location.availableToSell);
      confidence = worseOf(confidence, location.confidence);
    }
  }
  if (unknownLocationIds.length > 0) confidence = worseOf(confidence, "DEGRADED");
  if (unknownLocationIds.length === locations.length) confidence = "UNKNOWN";
  return { availableToSell, confidence, unknownLocationIds };
}

const fromBestToWorst: readonly Confidence[] = ["FRESH", "STALE", "DEGRADED", "UNKNOWN"];

export function worseOf(a: Confidence, b: Confidence): Confidence {
  return fromBestToWorst.indexOf(a) >= fromBestToWorst.indexOf(b) ? a : b;
}
