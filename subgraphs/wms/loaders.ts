/**
 * What one operation reads, each kind with one statement for all its positions.
 *
 * Made anew for each operation: it remembers what it has read, and nobody else sees that.
 */

import DataLoader from "dataloader";
import type { Caller } from "../../shared/accounts.ts";
import type { Database } from "../../shared/db/database.ts";
import type { Page } from "../../shared/graphql/pagination.ts";
import { positionText } from "../../shared/ids.ts";
import { sightOf } from "../../shared/master-data.ts";
import type { AdjustmentState, AdjustmentStatus } from "./domain/adjustment.ts";
import type { Balance } from "./domain/balance.ts";
import type { StockCount } from "./domain/stock-count.ts";
import type { MovementRow } from "./entities.ts";
import { listAdjustments, loadAdjustments } from "./store/adjustments.ts";
import { loadBalances, type PositionKey } from "./store/balances.ts";
import { loadCounts } from "./store/counts.ts";
import { loadJournal, loadMovements } from "./store/journal.ts";
import { listReceipts, loadReceipts, type ReceiptFilter, type StoredReceipt } from "./store/receipts.ts";

/** A page of a position's journal, newest first. */
export interface JournalPage extends PositionKey {
  readonly size: number;
  /** The page begins below this entry; null: at the newest. */
  readonly before: number | null;
}

export interface Loaders {
  /** null where no system has reported stock yet. */
  readonly balance: DataLoader<PositionKey, Balance | null, string>;
  /** Up to `size + 1` rows, to know whether there is a next page. */
  readonly journal: DataLoader<JournalPage, MovementRow[], string>;
  readonly movement: DataLoader<string, MovementRow | null>;
  readonly adjustment: DataLoader<string, AdjustmentState | null>;
  readonly stockCount: DataLoader<string, StockCount | null>;
  readonly receipt: DataLoader<string, StoredReceipt | null>;
  /** Up to `size + 1` of them, by purchase order and location. */
  receipts(filter: ReceiptFilter, page: Page): Promise<readonly StoredReceipt[]>;
  /** Up to `size + 1` of them, newest first. */
  adjustments(status: AdjustmentStatus | null, page: Page): Promise<readonly AdjustmentState[]>;
}

const placeOf = ({ locationId }: { readonly locationId: string }) => [locationId];

export function createLoaders(db: Database, caller: Caller): Loaders {
  const sight = sightOf(caller, db);
  const balance = new DataLoader<PositionKey, Balance | null, string>(
    async (keys) => {
      const seen = await sight.only(keys, placeOf);
      const found = await loadBalances(db, keys);
      return seen.map((key) => {
        const known = key && found.get(positionText(key));
        // A row of version 0 was made for events that had no effect.
        return known && known.version > 0 ? known : null;
      });
    },
    { cacheKeyFn: positionText },
  );
  const journal = new DataLoader<JournalPage, MovementRow[], string>(
    async (pages) => {
      const seen = await sight.only(pages, placeOf);
      const rows = await loadPages(db, pages);
      return rows.map((page, i) => (seen[i] ? page : []));
    },
    {
      cacheKeyFn: (page) => `${positionText(page)}\n${page.size}\n${page.before}`,
    },
  );
  const movement = new DataLoader<string, MovementRow | null>(async (ids) => {
    const found = new Map((await loadMovements(db, ids)).map((row) => [row.movement_id, row]));
    return sight.only(rowsOf(ids, found), (row) => [row.location_id]);
  });
  const adjustment = new DataLoader<string, AdjustmentState | null>(async (ids) => {
    const found = await loadAdjustments(db, ids);
    return sight.only(rowsOf(ids, found), placeOf);
  });
  const stockCount = new DataLoader<string, StockCount | null>(async (ids) => {
    const found = await loadCounts(db, ids);
    return sight.only(rowsOf(ids, found), placeOf);
  });
  const receipt = new DataLoader<string, StoredReceipt | null>(async (ids) => {
    const found = await loadReceipts(db, ids);
    return sight.only(rowsOf(ids, found), placeOf);
  });
  const receipts: Loaders["receipts"] = async (filter, page) => {
    // Of a place that is not seen there is no list, as of one that is not there.
    if (filter.locationId && (await sight.only([filter.locationId], (id) => [id])).includes(null)) return [];
    return sight.page(page, (part) => listReceipts(db, filter, part), {
      placesOf: placeOf,
      keyOf: ({ purchaseOrderId, locationId }) => [purchaseOrderId, locationId],
    });
  };
  const adjustments: Loaders["adjustments"] = (status, page) =>
    sight.page(page, (part) => listAdjustments(db, status, part), {
      placesOf: placeOf,
      keyOf: ({ requestedAtMs, adjustmentId }) => [String(requestedAtMs), adjustmentId],
    });
  return { balance, journal, movement, adjustment, stockCount, receipt, receipts, adjustments };
}

function rowsOf<T>(ids: readonly string[], found: ReadonlyMap<string, T>): (T | null)[] {
  return ids.map((id) => found.get(id) ?? null);
}

/** Entries have no holes, so the newest page is a range that the balance's count of entries names. */
async function loadPages(db: Database, pages: readonly JournalPage[]): Promise<MovementRow[][]> {
  const balances = await loadBalances(db, pages);
  const ranges = pages.map((page) => {
    const newest = balances.get(positionText(page))?.entries ?? 0;
    const to = page.before === null ? newest : Math.min(newest, page.before - 1);
    return { key: page, from: to - page.size, to };
  });
  const rows = await loadJournal(
    db,
    ranges.filter(({ to }) => to > 0),
  );
  const byPosition = new Map<string, MovementRow[]>(pages.map((page) => [positionText(page), []]));
  for (const row of rows) byPosition.get(positionText({ sku: row.sku, locationId: row.location_id }))?.push(row);
  return ranges.map(({ key, from, to }) =>
    (byPosition.get(positionText(key)) ?? []).filter((row) => row.entry_no >= from && row.entry_no <= to),
  );
}
