/**
 * DataLoaders of `availability`: whatever an operation asks for in one tick becomes one statement per table.
 *
 * Made anew for each operation: nothing is remembered from one request to the next.
 */
import DataLoader from "dataloader";
import type { Reader } from "../../shared/db/database.ts";
import { findLocations, findProducts, type LocationReplica, type ProductReplica } from "../../shared/master-data.ts";
import type { Projected } from "./domain/projection.ts";
import { keyText, loadPositions, loadPositionsOfSkus, type PositionKey } from "./store.ts";

export interface Loaders {
  readonly position: DataLoader<PositionKey, Projected | null, string>;
  readonly positionsOfSku: DataLoader<string, readonly Projected[]>;
  readonly product: DataLoader<string, ProductReplica | null>;
  readonly location: DataLoader<string, LocationReplica | null>;
}

export function createLoaders(reader: Reader): Loaders {
  return {
    position: new DataLoader(
      async (keys) => {
        const found = new Map((await loadPositions(reader, keys)).map((position) => [keyText(position), position]));
        return keys.map((key) => found.get(keyText(key)) ?? null);
      },
      { cacheKeyFn: keyText },
    ),
    positionsOfSku: new DataLoader(async (skus) => {
      const bySku = new Map<string, Projected[]>(skus.map((sku) => [sku, []]));
      for (const position of await loadPositionsOfSkus(reader, skus)) bySku.get(position.sku)?.push(position);
      return skus.map((sku) => bySku.get(sku) ?? []);
    }),
    product: new DataLoader(async (skus) => {
      const found = await findProducts(reader, skus);
      return skus.map((sku) => found.get(sku) ?? null);
    }),
    location: new DataLoader(async (ids) => {
      const found = await findLocations(reader, ids);
      return ids.map((id) => found.get(id) ?? null);
    }),
  };
}
