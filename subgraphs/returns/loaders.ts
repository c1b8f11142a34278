/**
 * Loaders of one operation: however many fields ask, one statement a table answers.
 *
 * They live as long as the operation, so nothing here can be older than the question.
 */

import DataLoader from "dataloader";
import type { Database } from "../../shared/db/database.ts";
import type { Page } from "../../shared/graphql/pagination.ts";
import { positionText } from "../../shared/ids.ts";
import type { ReturnState } from "./domain/return.ts";
import type { PositionRow } from "./entities.ts";
import { findPositions, findReturns, listReturns, type PositionKey, type ReturnFilter } from "./store.ts";

export interface Loaders {
  readonly positions: DataLoader<PositionKey, PositionRow | null, string>;
  readonly returns: DataLoader<string, ReturnState | null>;
  /** The rows of a page, newest first; one more than its size where there are more. */
  returnsOf(filter: ReturnFilter, page: Page): Promise<ReturnState[]>;
}

export function createLoaders(db: Database): Loaders {
  return {
    positions: new DataLoader(
      async (keys) => {
        const found = await findPositions(db, keys);
        return keys.map((key) => found.get(positionText(key)) ?? null);
      },
      { cacheKeyFn: positionText },
    ),
    returns: new DataLoader(async (ids) => {
      const found = await findReturns(db, ids);
      return ids.map((id) => found.get(id) ?? null);
    }),
    async returnsOf(filter, page) {
      const ids = await listReturns(db, filter, page);
      const found = await findReturns(db, ids);
      return ids.flatMap((id) => found.get(id) ?? []);
    },
  };
}
