/**
 * The part of the master data that one command needs, and quantities as people write them.
 *
 * A refusal names the place in the input. Demand rounds up and supply rounds down; a unit without a factor is refused,
 * never guessed.
 */
import { AppError } from "../../../shared/errors.ts";
import { factorFor, type Rounding, toBaseUnits } from "../../../shared/quantity.ts";
import type { Product } from "./product.ts";

export interface Catalogue {
  readonly products: ReadonlyMap<string, Product>;
  readonly locationIds: ReadonlySet<string>;
}

export interface Entered {
  readonly quantity: number;
  readonly unit?: string | null | undefined;
}

/** Fails with UNKNOWN_SKU. */
export function knownProduct(catalogue: Catalogue, sku: string, field: readonly string[]): Product {
  const found = catalogue.products.get(sku);
  if (!found) throw new AppError("UNKNOWN_SKU", { sku, message: `No such SKU: ${sku}.`, field });
  return found;
}

/** Fails with UNKNOWN_LOCATION. */
export function knownLocation(catalogue: Catalogue, locationId: string, field: readonly string[]): string {
  if (catalogue.locationIds.has(locationId)) return locationId;
  throw new AppError("UNKNOWN_LOCATION", { locationId, message: `No such location: ${locationId}.`, field });
}

/** Base units. `line`: the path of the line. Fails with UOM_UNMAPPED, QUANTITY_OUT_OF_RANGE. */
export function baseUnits(entered: Entered, product: Product, rounding: Rounding, line: readonly string[]): number {
  const { quantity, unit } = entered;
  const known = unit == null || unit === product.baseUnit || product.units.some((factor) => factor.unit === unit);
  if (!known) {
    const message = `SKU ${product.sku} has no factor for the unit ${unit}.`;
    throw new AppError("UOM_UNMAPPED", { sku: product.sku, unit, message, field: [...line, "unit"] });
  }
  return toBaseUnits(quantity, factorFor(unit, product.baseUnit, product.units), rounding);
}
