/**
 * Reads for one operation: what its fields ask for one by one is loaded together, one statement a kind.
 *
 * Lives as long as the operation. Lists are read page by page.
 */

import DataLoader from "dataloader";
import type { Reader } from "../../shared/db/database.ts";
import type { Page } from "../../shared/graphql/pagination.ts";
import { positionText } from "../../shared/ids.ts";
import type { PositionKey } from "./domain/book.ts";
import type { Location } from "./domain/location.ts";
import { type Product, searchWordsOf } from "./domain/product.ts";
import type { PurchaseOrder } from "./domain/purchase-order.ts";
import type { Transfer } from "./domain/transfer.ts";
import { type BookState, findPositions } from "./store/books.ts";
import { allLocations, findLocations, findProducts, pageProducts } from "./store/master-data.ts";
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
  /** Fails with BAD_USER_INPUT. */
  products(page: Page, search: string | null): Promise<Product[]>;
  locations(): Promise<Location[]>;
  purchaseOrders(page: Page, filter: PurchaseOrderFilter): Promise<PurchaseOrder[]>;
  readonly transfer: DataLoader<string, Transfer | null>;
  transfers(page: Page, filter: TransferFilter): Promise<Transfer[]>;
}

export function createLoaders(reader: Reader): Loaders {
  return {
    product: byKey((skus) => findProducts(reader, skus)),
    location: byKey((ids) => findLocations(reader, ids)),
    purchaseOrder: byKey((ids) => findPurchaseOrders(reader, ids)),
    book: new DataLoader(
      async (keys) => {
        const found = new Map(
          (await findPositions(reader, keys)).map((position) => [positionText(position), position]),
        );
        return keys.map((key) => found.get(positionText(key)) ?? null);
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
    products: async (page, search) => pageProducts(reader, page, searchWordsOf(search)),
    locations: () => allLocations(reader),
    purchaseOrders: (page, filter) => pagePurchaseOrders(reader, page, filter),
    transfer: byKey((ids) => findTransfers(reader, ids)),
    transfers: (page, filter) => pageTransfers(reader, page, filter),
  };
}

function byKey<T>(load: (keys: readonly string[]) => Promise<ReadonlyMap<string, T>>): DataLoader<string, T | null> {
  return new DataLoader(async (keys) => {
    const found = await load(keys);
    return keys.map((key) => found.get(key) ?? null);
  });
}
