/**
 * From what a buyer wishes to what is taken, from which positions: a kit is taken as what stands assembled, then as
 * its components.
 *
 * Wishes are granted one after the other on positions that their caller has locked, so that a component which two of
 * them need counts once. All or nothing: a refusal names every wish that has too little. Writes nothing.
 */
import type { Transaction } from "../../../shared/db/database.ts";
import { AppError } from "../../../shared/errors.ts";
import { positionText } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import { findLocations, findProducts, type LocationReplica, type ProductReplica } from "../../../shared/master-data.ts";
import type { Answers } from "../answers.ts";
import type { LockedPositions } from "../claims.ts";
import { emptyProjection } from "../domain/projection.ts";
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

/** Fails with UNKNOWN_SKU, UNKNOWN_LOCATION, TOO_MANY_ITEMS. */
export async function loadNeeds(tx: Transaction, wishes: readonly Wish[]): Promise<Need[]> {
  const known = await findProducts(tx, [...new Set(wishes.map(({ sku }) => sku))]);
  const locations = await findLocations(tx, [...new Set(wishes.map(({ locationId }) => locationId))]);
  const needs: Need[] = [];
  for (const wish of wishes) {
    const { sku, locationId, field } = wish;
    const [product, location] = [known.get(sku), locations.get(locationId)];
    if (!product) throw new AppError("UNKNOWN_SKU", { sku, field: [...field, "sku"] });
    if (!location) throw new AppError("UNKNOWN_LOCATION", { locationId, field: [...field, "locationId"] });
    const parts = await partsOf(product, async (skus) => {
      for (const [part, found] of await findProducts(tx, skus)) known.set(part, found);
      return skus.map((part) => known.get(part) ?? null);
    });
    needs.push({
      wish,
      product,
      location,
      parts: parts.map((part) => ({ ...part, product: known.get(part.sku) ?? null })),
    });
  }
  const positions = new Set(placesOf(needs).map(positionText)).size;
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

/**
 * What each position gives. `positions`: as they may be judged, without what has expired.
 * Fails with INVALID_INPUT, INSUFFICIENT_STOCK: at the first wish that has too little, with all of them in `shortages`.
 */
export function takeWishes(
  needs: readonly Need[],
  positions: LockedPositions,
  channel: string,
  answers: Pick<Answers, "from">,
): ReserveLineInput[] {
  const state = new Map(positions);
  const taken = new Map<string, ReserveLineInput>();
  const rowsOf = (sku: string, product: ProductReplica | null, location: LocationReplica): Rows => {
    const { locationId } = location;
    return {
      position: state.get(positionText({ sku, locationId })) ?? emptyProjection(sku, locationId),
      product,
      location,
    };
  };
  const take = (sku: string, locationId: string, quantity: number) => {
    if (quantity === 0) return;
    const key = positionText({ sku, locationId });
    const position = state.get(key) ?? emptyProjection(sku, locationId);
    state.set(key, claim(position, channel, quantity));
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
  return [...taken.values()];
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
