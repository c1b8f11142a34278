/**
 * DataLoaders of `availability`: whatever an operation asks for in one tick becomes one statement per table.
 *
 * Made anew for each operation: nothing is remembered from one request to the next.
 */

import DataLoader from "dataloader";
import { type Caller, createSight, seenOf, seesEverywhere } from "../../shared/accounts.ts";
import type { ReadThrough } from "../../shared/cache/read-through.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Reader } from "../../shared/db/database.ts";
import type { Page } from "../../shared/graphql/pagination.ts";
import { positionText } from "../../shared/ids.ts";
import { limits } from "../../shared/limits.ts";
import {
  findAccountLocations,
  findLocations,
  findProducts,
  type LocationReplica,
  type ProductReplica,
} from "../../shared/master-data.ts";
import { type Inbound, noInbound } from "./domain/inbound.ts";
import type { Projected } from "./domain/projection.ts";
import type { LatenessCount } from "./domain/promising.ts";
import type { Reservation } from "./domain/reservation.ts";
import type { PolicyRow } from "./entities.ts";
import { loadInbound, loadLateness } from "./store/inbound.ts";
import { pagePolicies } from "./store/policies.ts";
import {
  loadPositions,
  loadPositionsOfSkus,
  type PositionKey,
  pagePositions,
  pagePositionsOfPlaces,
  positionKey,
} from "./store/positions.ts";
import { loadReservations } from "./store/reservations.ts";

export type { PositionKey } from "./store/positions.ts";

export interface Loaders {
  readonly position: DataLoader<PositionKey, Projected | null, string>;
  /** Locations where the SKU has a position. */
  readonly placesOfSku: DataLoader<string, readonly string[]>;
  readonly inbound: DataLoader<PositionKey, Inbound, string>;
  /** By supplier or origin. */
  readonly lateness: DataLoader<string, readonly LatenessCount[]>;
  readonly product: DataLoader<string, ProductReplica | null>;
  readonly location: DataLoader<string, LocationReplica | null>;
  /** One row more than the page has, if there is one; what was read here is not read again. */
  pageOfPositions(page: Page, locationId: string | null): Promise<readonly Projected[]>;
  readonly reservation: DataLoader<string, Reservation | null>;
  /** Newest first. */
  pageOfPolicies(page: Page): Promise<readonly PolicyRow[]>;
}

/** Rows that are asked for before the database is. */
export interface KeptRows {
  /** By `positionKey`. */
  readonly positions: ReadThrough<Projected | null>;
  readonly products: ReadThrough<ProductReplica | null>;
  readonly locations: ReadThrough<LocationReplica | null>;
  /** Locations where a SKU has a position. */
  readonly places: ReadThrough<readonly string[]>;
}

async function fromCache<V>(cache: ReadThrough<V | null>, keys: readonly (string | null)[]): Promise<(V | null)[]> {
  const readings = await cache.readMany(keys.filter((key) => key !== null));
  let next = 0;
  return keys.map((key) => (key === null ? null : (readings[next++]?.value ?? null)));
}

/** A question about kits reads their components too: more at once than one statement can bind. */
const maxBatchSize = limits.availabilityPositionsMax;

/** `cache`: where rows are asked for first; null: the database answers everything. `caller`: who sees what is read. */
export function createLoaders(reader: Reader, clock: Clock, cache: KeptRows | null, caller: Caller): Loaders {
  // One moment for the whole operation: what has expired for one field has expired for all.
  const nowMs = clock.now();
  const position = new DataLoader<PositionKey, Projected | null, string>(
    cache
      ? (keys) => fromCache(cache.positions, keys.map(positionKey))
      : async (keys) => {
          const found = new Map((await loadPositions(reader, keys, nowMs)).map((row) => [positionText(row), row]));
          return keys.map((key) => found.get(positionText(key)) ?? null);
        },
    { cacheKeyFn: positionText, maxBatchSize },
  );
  const all: Loaders = {
    position,
    placesOfSku: new DataLoader(
      cache
        ? async (skus) => (await cache.places.readMany(skus)).map(({ value }) => value)
        : async (skus) => {
            const bySku = new Map<string, string[]>(skus.map((sku) => [sku, []]));
            const found = await loadPositionsOfSkus(reader, skus, nowMs);
            for (const { sku, locationId } of found) bySku.get(sku)?.push(locationId);
            return skus.map((sku) => bySku.get(sku) ?? []);
          },
      { maxBatchSize },
    ),
    inbound: new DataLoader<PositionKey, Inbound, string>(
      async (keys) => {
        const found = await loadInbound(reader, keys);
        return keys.map((key) => found.get(positionText(key)) ?? noInbound);
      },
      { cacheKeyFn: positionText, maxBatchSize },
    ),
    lateness: new DataLoader(async (from) => {
      const found = await loadLateness(reader, from);
      return from.map((id) => found.get(id) ?? []);
    }),
    product: new DataLoader(
      cache
        ? (skus) => fromCache(cache.products, skus)
        : async (skus) => {
            const found = await findProducts(reader, skus);
            return skus.map((sku) => found.get(sku) ?? null);
          },
      { maxBatchSize },
    ),
    location: new DataLoader(
      cache
        ? (ids) => fromCache(cache.locations, ids)
        : async (ids) => {
            const found = await findLocations(reader, ids);
            return ids.map((id) => found.get(id) ?? null);
          },
    ),
    async pageOfPositions(page, locationId) {
      const rows = await pagePositions(reader, page, locationId, nowMs);
      for (const row of rows) position.prime(row, row);
      return rows;
    },
    reservation: new DataLoader(async (ids) => {
      const found = new Map((await loadReservations(reader, ids)).map((row) => [row.reservationId, row]));
      return ids.map((id) => found.get(id) ?? null);
    }),
    pageOfPolicies: (page) => pagePolicies(reader, page),
  };
  return seesEverywhere(caller) ? all : withinSight(all, caller, reader, nowMs);
}

/** For a caller whose token names accounts: what is at no place of theirs is not there. */
function withinSight(all: Loaders, caller: Caller, reader: Reader, nowMs: number): Loaders {
  const sight = createSight(caller, async (ids) => {
    const found = await Promise.all(ids.map((id) => all.location.load(id)));
    return new Map(found.flatMap((location) => (location ? [[location.locationId, location]] : [])));
  });
  const placeOf = ({ locationId }: { readonly locationId: string }) => [locationId];
  const seen = <K, V extends object>(
    loader: DataLoader<K, V | null, string>,
    placesOf: (row: V) => readonly string[],
  ) =>
    new DataLoader<K, V | null, string>(
      async (keys) => sight.only(await Promise.all(keys.map((key) => loader.load(key))), placesOf),
      { cacheKeyFn: (key) => (typeof key === "string" ? key : positionText(key as PositionKey)), maxBatchSize },
    );
  return {
    ...all,
    position: seen(all.position, placeOf),
    location: seen(all.location, placeOf),
    reservation: seen(all.reservation, ({ lines }) => lines.map(({ locationId }) => locationId)),
    placesOfSku: new DataLoader(async (skus) =>
      Promise.all(
        skus.map(async (sku) => {
          const places = await sight.only(await all.placesOfSku.load(sku), (place) => [place]);
          return places.filter((place) => place !== null);
        }),
      ),
    ),
    inbound: new DataLoader(
      async (keys) => {
        const known = await sight.only(keys, placeOf);
        return Promise.all(known.map((key) => (key === null ? noInbound : all.inbound.load(key))));
      },
      { cacheKeyFn: positionText, maxBatchSize },
    ),
    async pageOfPositions(page, locationId) {
      const own = [...seenOf(caller, await findAccountLocations(reader)).keys()];
      const places = locationId === null ? own : own.filter((id) => id === locationId);
      return pagePositionsOfPlaces(reader, page, places, nowMs);
    },
  };
}
