/**
 * Loaders of one operation: however many fields ask, one statement a table answers.
 *
 * They live as long as the operation, so nothing here can be older than the question.
 */

import DataLoader from "dataloader";
import type { Caller } from "../../shared/accounts.ts";
import type { Database } from "../../shared/db/database.ts";
import type { Page } from "../../shared/graphql/pagination.ts";
import { positionText } from "../../shared/ids.ts";
import { sightOf } from "../../shared/master-data.ts";
import type { ReturnState } from "./domain/return.ts";
import type { PositionRow } from "./entities.ts";
import { findPositions, findReturns, listReturns, type PositionKey, type ReturnFilter } from "./store.ts";

export interface Loaders {
  readonly positions: DataLoader<PositionKey, PositionRow | null, string>;
  readonly returns: DataLoader<string, ReturnState | null>;
  /** The rows of a page, newest first; one more than its size where there are more. */
  returnsOf(filter: ReturnFilter, page: Page): Promise<readonly ReturnState[]>;
}

const placeOf = ({ locationId }: { readonly locationId: string }) => [locationId];

export function createLoaders(db: Database, caller: Caller): Loaders {
  const sight = sightOf(caller, db);
  return {
    positions: new DataLoader(
      async (keys) => {
        const seen = await sight.only(keys, placeOf);
        const found = await findPositions(db, keys);
        return seen.map((key) => (key && found.get(positionText(key))) ?? null);
      },
      { cacheKeyFn: positionText },
    ),
    returns: new DataLoader(async (ids) => {
      const found = await findReturns(db, ids);
      return sight.only(
        ids.map((id) => found.get(id) ?? null),
        placeOf,
      );
    }),
    returnsOf: (filter, page) =>
      sight.page(
        page,
        async (part) => {
          const ids = await listReturns(db, filter, part);
          const found = await findReturns(db, ids);
          return ids.flatMap((id) => found.get(id) ?? []);
        },
        { placesOf: placeOf, keyOf: ({ createdAtMs, returnId }) => [String(createdAtMs), returnId] },
      ),
  };
}
