/**
 * Loaders of one operation: however many fields ask, one statement a table answers.
 */
import DataLoader from "dataloader";
import type { Database } from "../../shared/db/database.ts";
import type { ReturnState } from "./domain/return.ts";
import type { PositionRow } from "./entities.ts";
import { findPositions, findReturns, keyOf, type PositionKey } from "./store.ts";

export interface Loaders {
  readonly positions: DataLoader<PositionKey, PositionRow | null, string>;
  readonly returns: DataLoader<string, ReturnState | null>;
}

export function createLoaders(db: Database): Loaders {
  return {
    positions: new DataLoader(
      async (keys) => {
        const found = await findPositions(db, keys);
        return keys.map((key) => found.get(keyOf(key)) ?? null);
      },
      { cacheKeyFn: keyOf },
    ),
    returns: new DataLoader(async (ids) => {
      const found = await findReturns(db, ids);
      return ids.map((id) => found.get(id) ?? null);
    }),
  };
}
