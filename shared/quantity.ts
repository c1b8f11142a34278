/**
 * Quantities: integers in base units, and exact conversion from other units.
 *
 * A factor is a fraction, never a float. Supply rounds down and demand rounds up, so that rounding can hide a unit
 * but never promise one that is not there. Anything outside ±2^31-1 is an error, not a wrap-around.
 */
import { AppError } from "./errors.ts";
import { limits } from "./limits.ts";

/** 1 unit = numerator / denominator base units, e.g. CASE = 12/1. */
export interface UnitFactor {
  readonly unit: string;
  readonly numerator: number;
  readonly denominator: number;
}

export type Rounding = "supply" | "demand";

/** Fails with QUANTITY_OUT_OF_RANGE. */
export function assertQuantity(value: number, field?: readonly string[]): number {
  if (!Number.isInteger(value) || Math.abs(value) > limits.quantityMax) {
    throw new AppError("QUANTITY_OUT_OF_RANGE", field ? { field } : {});
  }
  return value;
}

/** Fails with QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE. */
export function assertPositive(value: number, field?: readonly string[]): number {
  if (value <= 0) throw new AppError("QUANTITY_NOT_POSITIVE", field ? { field } : {});
  return assertQuantity(value, field);
}

/**
 * Base units of `quantity` × `factor`, exact. Supply rounds towards minus infinity, demand towards plus infinity.
 * Fails with QUANTITY_OUT_OF_RANGE, UOM_INVALID_FACTOR.
 */
export function toBaseUnits(quantity: number, factor: UnitFactor, rounding: Rounding): number {
  assertQuantity(quantity);
  assertFactor(factor);
  // 2^31 × 2^31 does not fit a double's 53 bits.
  const product = BigInt(quantity) * BigInt(factor.numerator);
  const denominator = BigInt(factor.denominator);
  let whole = product / denominator;
  const rest = product % denominator;
  if (rest !== 0n) {
    if (rounding === "supply" && product < 0n) whole -= 1n;
    if (rounding === "demand" && product > 0n) whole += 1n;
  }
  return assertQuantity(Number(whole));
}

/** Fails with UOM_INVALID_FACTOR. */
export function assertFactor(factor: UnitFactor): void {
  const { numerator, denominator } = factor;
  const sound = (n: number) => Number.isInteger(n) && n > 0 && n <= limits.quantityMax;
  if (!sound(numerator) || !sound(denominator)) throw new AppError("UOM_INVALID_FACTOR", { unit: factor.unit });
}

/** The factor for `unit`; the base unit (or none given) is 1/1. Fails with UOM_UNMAPPED. */
export function factorFor(unit: string | null | undefined, baseUnit: string, units: readonly UnitFactor[]): UnitFactor {
  if (unit == null || unit === baseUnit) return { unit: baseUnit, numerator: 1, denominator: 1 };
  const found = units.find((u) => u.unit === unit);
  if (!found) throw new AppError("UOM_UNMAPPED", { unit });
  return found;
}
