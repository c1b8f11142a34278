/**
 * A distributor of any size: which SKUs lie where, and how much of each.
 *
 * Pure: item number i looks the same in a data set of any size and in any order of writing. Every SKU is at two of ten
 * locations, so that a question for some SKUs at both has an answer in every cell.
 */
import { createRandom } from "../../demo/random.ts";

export interface Stocked {
  readonly sku: string;
  readonly locationId: string;
  readonly unrestricted: number;
  readonly damaged: number;
  readonly hold: number;
}

export interface DataSet {
  readonly seed: number;
  readonly skuCount: number;
  readonly positionCount: number;
}

export const locationIds: readonly string[] = Array.from({ length: 10 }, (_, i) => `LOC-${String(i).padStart(2, "0")}`);

/** SKUs whose numbers leave the same rest when divided by this share their two locations. */
export const groupCount = locationIds.length / 2;

export function dataSet(positionCount: number, seed = 1): DataSet {
  return { seed, positionCount, skuCount: positionCount / 2 };
}

/** `index` from 0. */
export function skuAt(index: number): string {
  return `SKU-${String(index).padStart(7, "0")}`;
}

/** Where the SKU is, in the order of ids. */
export function locationsOf(index: number): readonly [string, string] {
  const first = (index % groupCount) * 2;
  return [locationIds[first] as string, locationIds[first + 1] as string];
}

/** The item that everybody wants: there is more of it than a run can reserve. */
export const hotIndex = 0;
const hotQuantity = 1_000_000_000;

/** Both positions of a SKU. */
export function stockOf({ seed }: Pick<DataSet, "seed">, index: number): readonly Stocked[] {
  const random = createRandom(seed * 1_000_003 + index);
  return locationsOf(index).map((locationId) => ({
    sku: skuAt(index),
    locationId,
    unrestricted: index === hotIndex ? hotQuantity : random.integer(100, 999),
    damaged: random.integer(0, 5),
    hold: random.integer(0, 9),
  }));
}
