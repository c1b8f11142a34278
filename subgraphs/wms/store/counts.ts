/**
 * Counts and their lines: written once, together, and never changed.
 *
 * Reads and writes whole counts; each function costs a constant number of statements.
 */
import type { Reader, Transaction } from "../../../shared/db/database.ts";
import { insertRows, marks } from "../../../shared/db/statements.ts";
import type { Bucket } from "../../../shared/events/canonical-event.ts";
import type { StockCount } from "../domain/stock-count.ts";
import type { StockCountLineRow, StockCountRow } from "../entities.ts";

/** Those that exist, by id. */
export async function loadCounts(reader: Reader, ids: readonly string[]): Promise<Map<string, StockCount>> {
  if (ids.length === 0) return new Map();
  const heads = await reader.query<StockCountRow>(`SELECT * FROM stock_counts WHERE id IN (${marks(ids.length)})`, ids);
  if (heads.length === 0) return new Map();
  const lines = await reader.query<StockCountLineRow>(
    `SELECT * FROM stock_count_lines WHERE count_id IN (${marks(heads.length)}) ORDER BY count_id, line_no`,
    heads.map(({ id }) => id),
  );
  return new Map(heads.map((head) => [head.id, toCount(head, lines)]));
}

export async function insertCount(tx: Transaction, count: StockCount): Promise<void> {
  await insertRows(tx, "stock_counts", [
    {
      id: count.countId,
      location_id: count.locationId,
      recorded_by: count.recordedBy,
      counted_by: count.countedBy,
      recount_of: count.recountOf,
      note: count.note,
      recorded_at_ms: count.recordedAtMs,
    },
  ]);
  await insertRows(
    tx,
    "stock_count_lines",
    count.lines.map((line, i) => ({
      count_id: count.countId,
      line_no: i + 1,
      sku: line.sku,
      bucket: line.bucket,
      expected: line.expected,
      counted: line.counted,
      adjustment_id: line.adjustmentId,
    })),
  );
}

function toCount(head: StockCountRow, lines: readonly StockCountLineRow[]): StockCount {
  return {
    countId: head.id,
    locationId: head.location_id,
    recordedBy: head.recorded_by,
    countedBy: head.counted_by,
    recountOf: head.recount_of,
    note: head.note,
    recordedAtMs: Number(head.recorded_at_ms),
    lines: lines
      .filter((line) => line.count_id === head.id)
      .map(({ sku, bucket, expected, counted, adjustment_id }) => ({
        sku,
        bucket: bucket as Bucket,
        expected,
        counted,
        adjustmentId: adjustment_id,
      })),
  };
}
