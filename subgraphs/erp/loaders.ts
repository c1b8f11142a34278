/**
 * Reads for one operation: what its fields ask for one by one is loaded together, one statement a kind.
 *
 * Lives as long as the operation. Lists are read page by page.
 */

import DataLoader from "dataloader";
import { type Caller, type Sight, seesLocation } from "../../shared/accounts.ts";
import type { Reader } from "../../shared/db/database.ts";
import type { Page } from "../../shared/graphql/pagination.ts";
import { positionText } from "../../shared/ids.ts";
import type { PositionKey } from "./domain/book.ts";
import type { Location } from "./domain/location.ts";
import type { Product } from "./domain/product.ts";
import { type PurchaseOrder, placesOfOrder } from "./domain/purchase-order.ts";
import { placesOfTransfer, type Transfer } from "./domain/transfer.ts";
import { type BookState, findPositions } from "./store/books.ts";
import { allLocations, findLocations, findProducts, pageProducts, sightOf } from "./store/master-data.ts";
import { type FoundSku, searchSkus } from "./store/product-words.ts";
import {
  type ExpectedSupply,
  findExpectedSupply,
  findPurchaseOrders,
  type PurchaseOrderFilter,
  pagePurchaseOrders,
} from "./store/purchase-orders.ts";
import { findSupplyInTransit, findTransfers, pageTransfers, type TransferFilter } from "./store/transfers.ts";

export interface Loaders {
  readonly product: DataLoader<string, Product | null>;
  readonly location: DataLoader<string, Location | null>;
  readonly purchaseOrder: DataLoader<string, PurchaseOrder | null>;
  /** Null for a position that the books do not know. */
  readonly book: DataLoader<PositionKey, BookState | null, string>;
  readonly supply: DataLoader<PositionKey, ExpectedSupply[], string>;
  products(page: Page): Promise<Product[]>;
  /** With a word that begins like each of `words`; none for none. */
  productsByWords(page: Page, words: readonly string[]): Promise<(Product & FoundSku)[]>;
  locations(): Promise<Location[]>;
  purchaseOrders(page: Page, filter: PurchaseOrderFilter): Promise<readonly PurchaseOrder[]>;
  readonly transfer: DataLoader<string, Transfer | null>;
  transfers(page: Page, filter: TransferFilter): Promise<readonly Transfer[]>;
}

export function createLoaders(reader: Reader, caller: Caller): Loaders {
  const sight = sightOf(caller, reader);
  const placeOf = ({ locationId }: PositionKey) => [locationId];
  return {
    product: byKey((skus) => findProducts(reader, skus)),
    location: byKey((ids) => findLocations(reader, ids), { sight, placesOf: ({ id }) => [id] }),
    purchaseOrder: byKey((ids) => findPurchaseOrders(reader, ids), { sight, placesOf: placesOfOrder }),
    book: new DataLoader(
      async (keys) => {
        const found = new Map(
          (await findPositions(reader, keys)).map((position) => [positionText(position), position]),
        );
        return sight.only(
          keys.map((key) => found.get(positionText(key)) ?? null),
          placeOf,
        );
      },
      { cacheKeyFn: positionText },
    ),
    supply: new DataLoader(
      async (keys) => {
        const lines = new Map<string, ExpectedSupply[]>(keys.map((key) => [positionText(key), []]));
        const supply = [...(await findExpectedSupply(reader, keys)), ...(await findSupplyInTransit(reader, keys))];
        for (const line of supply) lines.get(positionText(line))?.push(line);
        return keys.map((key) => lines.get(positionText(key)) ?? []);
      },
      { cacheKeyFn: positionText },
    ),
    products: (page) => pageProducts(reader, page),
    productsByWords: async (page, words) => {
      const found = words.length === 0 ? [] : await searchSkus(reader, page, words);
      const products = await findProducts(
        reader,
        found.map(({ sku }) => sku),
      );
      return found.flatMap((one) => {
        const product = products.get(one.sku);
        return product ? [{ ...product, ...one }] : [];
      });
    },
    locations: async () => (await allLocations(reader)).filter((location) => seesLocation(caller, location)),
    purchaseOrders: (page, filter) =>
      sight.page(page, (part) => pagePurchaseOrders(reader, part, filter), { placesOf: placesOfOrder, keyOf }),
    transfer: byKey((ids) => findTransfers(reader, ids), { sight, placesOf: placesOfTransfer }),
    transfers: async (page, filter) => {
      // Of a place that is not seen there is no list, as of one that is not there.
      if (filter.locationId && (await sight.only([filter.locationId], (id) => [id])).includes(null)) return [];
      return sight.page(page, (part) => pageTransfers(reader, part, filter), { placesOf: placesOfTransfer, keyOf });
    },
  };
}

const keyOf = ({ id }: { readonly id: string }) => [id];

interface Within<T> {
  readonly sight: Sight;
  readonly placesOf: (row: T & {}) => readonly string[];
}

/** `within`: what the caller sees of it. */
function byKey<T>(
  load: (keys: readonly string[]) => Promise<ReadonlyMap<string, T>>,
  within?: Within<T>,
): DataLoader<string, T | null> {
  return new DataLoader(async (keys) => {
    const found = await load(keys);
    const rows = keys.map((key) => found.get(key) ?? null);
    return within ? within.sight.only(rows, within.placesOf as (row: T | null) => readonly string[]) : rows;
  });
}
