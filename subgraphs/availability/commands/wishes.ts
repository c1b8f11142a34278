/**
 * From what a buyer wishes to what is taken, from which positions: a kit is taken as what stands assembled, then as
 * its components.
 *
 * Wishes are granted one after the other on positions that their caller has locked, so that a component which two of
 * them need counts once. All or nothing: a refusal names every wish that has too little. Writes nothing.
 */
import { type Caller, seenOf } from "../../../shared/accounts.ts";
import type { Transaction } from "../../../shared/db/database.ts";
import { AppError } from "../../../shared/errors.ts";
import { positionText } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import { findLocations, findProducts, type LocationReplica, type ProductReplica } from "../../../shared/master-data.ts";
import type { Answers } from "../answers.ts";
import { emptyProjection, type Projected } from "../domain/projection.ts";
import { claim, type ReserveLineInput, type Shortage, type Wish } from "../domain/reservation.ts";
import { type PartRows, partsOf, type Rows } from "../outlooks.ts";

/** A wish with what master data says about it. */
export interface Need {
  readonly wish: Wish;
  readonly product: ProductReplica;
  readonly location: LocationReplica;
  /** Of a kit; empty for what is sold from its own stock alone. */
  readonly parts: readonly {
    readonly sku: string;
    readonly required: number;
    readonly product: ProductReplica | null;
  }[];
}

/** Of one statement. */
const productsAtOnce = 1_000;

/** Products and locations that wishes name, and every product that is a component of one. */
export interface WishedFor {
  readonly products: ReadonlyMap<string, ProductReplica>;
  readonly locations: ReadonlyMap<string, LocationReplica>;
}

/** What master data says about wishes, of one caller or of many: as many statements for all as for one. */
export async function loadWishedFor(tx: Transaction, wishes: readonly Wish[]): Promise<WishedFor> {
  const locations = await findLocations(tx, [...new Set(wishes.map(({ locationId }) => locationId))]);
  const products = new Map<string, ProductReplica>();
  const asked = new Set<string>();
  let level = wishes.map(({ sku }) => sku);
  for (let depth = 0; level.length > 0 && depth <= limits.kitDepthMax; depth++) {
    const missing = [...new Set(level)].filter((sku) => !asked.has(sku));
    for (const sku of missing) asked.add(sku);
    level = [];
    for (let from = 0; from < missing.length; from += productsAtOnce) {
      for (const [sku, product] of await findProducts(tx, missing.slice(from, from + productsAtOnce))) {
        products.set(sku, product);
        for (const component of product.components) level.push(component.sku);
      }
    }
  }
  return { products, locations };
}

/** `caller`: whose wishes they are. Fails with UNKNOWN_SKU, UNKNOWN_LOCATION, TOO_MANY_ITEMS. */
export async function needsOf(
  wishes: readonly Wish[],
  { products, locations: known }: WishedFor,
  caller: Caller,
): Promise<Need[]> {
  const locations = seenOf(caller, known);
  const needs: Need[] = [];
  for (const wish of wishes) {
    const { sku, locationId, field } = wish;
    const [product, location] = [products.get(sku), locations.get(locationId)];
    if (!product) throw new AppError("UNKNOWN_SKU", { sku, field: [...field, "sku"] });
    if (!location) throw new AppError("UNKNOWN_LOCATION", { locationId, field: [...field, "locationId"] });
    if (product.components.length === 0) {
      needs.push({ wish, product, location, parts: [] });
      continue;
    }
    const parts = await partsOf(product, async (skus) => skus.map((part) => products.get(part) ?? null));
    needs.push({
      wish,
      product,
      location,
      parts: parts.map((part) => ({ ...part, product: products.get(part.sku) ?? null })),
    });
  }
  const positions = needs.some(({ parts }) => parts.length > 0) ? placesOf(needs).length : needs.length;
  if (positions > limits.reservationLinesMax) {
    const message = `With the components of kits, this asks for ${positions} positions.`;
    throw new AppError("TOO_MANY_ITEMS", { message, field: ["input", "lines"], most: limits.reservationLinesMax });
  }
  return needs;
}

/** Every position that may give something. */
export function placesOf(needs: readonly Need[]): { readonly sku: string; readonly locationId: string }[] {
  const places = needs.flatMap(({ wish: { sku, locationId }, parts }) =>
    [sku, ...parts.map((part) => part.sku)].map((item) => ({ sku: item, locationId })),
  );
  return [...new Map(places.map((place) => [positionText(place), place])).values()];
}

export interface Taken {
  readonly lines: readonly ReserveLineInput[];
  /** The positions that gave something, as they are to be judged by whoever comes next. */
  readonly positions: ReadonlyMap<string, Projected>;
}

/**
 * What each position gives. `positions`: as they may be judged, without what has expired.
 * Fails with INVALID_INPUT, INSUFFICIENT_STOCK: at the first wish that has too little, with all of them in `shortages`.
 */
export function takeWishes(
  needs: readonly Need[],
  positions: ReadonlyMap<string, Projected>,
  channel: string,
  answers: Pick<Answers, "from">,
): Taken {
  // Only what this caller takes: of the positions there may be many, for many callers.
  const state = new Map<string, Projected>();
  const taken = new Map<string, ReserveLineInput>();
  const positionAt = (sku: string, locationId: string): Projected => {
    const key = positionText({ sku, locationId });
    return state.get(key) ?? positions.get(key) ?? emptyProjection(sku, locationId);
  };
  const rowsOf = (sku: string, product: ProductReplica | null, location: LocationReplica): Rows => {
    return { position: positionAt(sku, location.locationId), product, location };
  };
  const take = (sku: string, locationId: string, quantity: number) => {
    if (quantity === 0) return;
    const key = positionText({ sku, locationId });
    state.set(key, claim(positionAt(sku, locationId), channel, quantity));
    taken.set(key, { sku, locationId, quantity: (taken.get(key)?.quantity ?? 0) + quantity });
  };

  const short: (Shortage & { readonly field: readonly string[]; readonly reason: string | null })[] = [];
  for (const { wish, product, location, parts } of needs) {
    const { sku, locationId, quantity, field } = wish;
    const rows = rowsOf(sku, product, location);
    const partRows: PartRows[] = parts.map((part) => ({
      required: part.required,
      rows: rowsOf(part.sku, part.product, location),
    }));
    const { availableToSell, sellMultiple, reason, terms } = answers.from(rows, partRows, channel);
    if (quantity % sellMultiple !== 0) {
      const message = `${sku} is sold in multiples of ${sellMultiple}.`;
      throw new AppError("INVALID_INPUT", { message, sellMultiple, field: [...field, "quantity"] });
    }
    const available = availableToSell ?? 0;
    if (quantity > available) {
      short.push({ sku, locationId, requested: quantity, available, field, reason });
      continue;
    }
    if (parts.length === 0) {
      take(sku, locationId, quantity);
      continue;
    }
    const assembled = answers.from(rows, [], channel).availableToSell ?? 0;
    const fromComponents = terms.find(({ name }) => name === "components")?.quantity ?? 0;
    // What the components cannot give has to be assembled already: the answer has counted both.
    const own = Math.max(Math.min(quantity, assembled), quantity - fromComponents);
    take(sku, locationId, own);
    for (const part of parts) take(part.sku, locationId, (quantity - own) * part.required);
  }
  assertNoneShort(short, channel);
  return { lines: [...taken.values()], positions: state };
}

function assertNoneShort(
  short: readonly (Shortage & { readonly field: readonly string[]; readonly reason: string | null })[],
  channel: string,
): void {
  const [first] = short;
  if (!first) return;
  const { sku, locationId, requested, available, field, reason } = first;
  throw new AppError("INSUFFICIENT_STOCK", {
    message: `${requested} of ${sku} asked for at ${locationId}; ${available} left for ${channel}${reason === null ? "" : ` (${reason})`}.`,
    available,
    field,
    shortages: short.map(({ field: _, reason: __, ...shortage }) => shortage),
  });
}
