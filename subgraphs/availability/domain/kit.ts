/**
 * Available-to-sell of a kit at one location: as many as its scarcest component allows.
 *
 * Components of different locations are never put together; sum a kit's locations with `networkAvailability`.
 * Does not look into kits inside kits: hand in the inner kit's own answer as a component.
 */

import { AppError } from "../../../shared/errors.ts";
import type { AvailabilityResult } from "./ats.ts";
import { worseOf } from "./network.ts";
import type { Confidence } from "./source-status.ts";

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
