/**
 * The movement journal: what changed a position, in order, and never edited.
 *
 * A position's balance is locked before its journal is read or written, so under the lock the journal is complete.
 * Each function costs a constant number of statements, however many rows it is given.
 */
import type { Reader, SqlValue, Transaction } from "../../../shared/db/database.ts";
import { TransactionConflict } from "../../../shared/db/retry.ts";
import { insertMissing, marks, numberOrNull } from "../../../shared/db/statements.ts";
import { type Buckets, buckets, noStock } from "../../../shared/events/canonical-event.ts";
import { positionText } from "../../../shared/ids.ts";
import type { Moment } from "../domain/balance.ts";
import { mapBuckets } from "../domain/stock-fact.ts";
import type { MovementRow } from "../entities.ts";
import type { PositionKey } from "./balances.ts";

/** A snapshot that wants to know the moves it does not cover. */
export interface SnapshotAt {
  readonly key: PositionKey;
  readonly at: Moment;
}

/** Rows `from`..`to` of a position's journal. */
export interface JournalRange {
  readonly key: PositionKey;
  readonly from: number;
  readonly to: number;
}

/** Content hashes of the source's events that are in the journal, by event id. */
export async function journalledEvents(
  tx: Transaction,
  source: string,
  eventIds: readonly string[],
): Promise<Map<string, string>> {
  if (eventIds.length === 0) return new Map();
  const rows = await tx.query<{ event_id: string; content_hash: string }>(
    `SELECT event_id, content_hash FROM stock_movements WHERE source = ? AND event_id IN (${marks(eventIds.length)})`,
    [source, ...eventIds],
  );
  return new Map(rows.map((row) => [row.event_id, row.content_hash]));
}

export async function insertMovements(tx: Transaction, rows: readonly MovementRow[]): Promise<void> {
  const inserted = await insertMissing(
    tx,
    "stock_movements",
    rows.map((row) => ({ ...row })),
  );
  // The same event came through another transaction, for another position: begin again, and see it.
  if (inserted !== rows.length) throw new TransactionConflict("stock_movements");
}

/** Per snapshot, in order: Σ of the journal's moves (the superseded ones too) that it does not cover. */
export async function laterMoves(tx: Transaction, snapshots: readonly SnapshotAt[]): Promise<Buckets[]> {
  const sums: Buckets[] = snapshots.map(() => noStock);
  for (const layer of layersOf(snapshots)) {
    const places = new Map(layer.map((i) => [positionText((snapshots[i] as SnapshotAt).key), i]));
    for (const { where, params } of laterConditions(layer.map((i) => snapshots[i] as SnapshotAt))) {
      const rows = await tx.query<Record<string, unknown>>(
        `SELECT sku, location_id, ${buckets.map((bucket) => `SUM(${bucket}_delta) AS ${bucket}`).join(", ")}
           FROM stock_movements WHERE type <> 'SNAPSHOT' AND (${where}) GROUP BY sku, location_id`,
        params,
      );
      for (const row of rows) {
        const i =
          places.get(positionText({ sku: row["sku"] as string, locationId: row["location_id"] as string })) ?? 0;
        const before = sums[i] ?? noStock;
        sums[i] = mapBuckets((bucket) => before[bucket] + Number(row[bucket]));
      }
    }
  }
  return sums;
}

/** The rows of every range, newest first. */
export async function loadJournal(reader: Reader, ranges: readonly JournalRange[]): Promise<MovementRow[]> {
  const rows: MovementRow[] = [];
  for (const part of chunks(ranges, termsMax)) {
    const found = await reader.query<MovementRow>(
      `SELECT * FROM stock_movements
         WHERE ${part.map(() => "(sku = ? AND location_id = ? AND entry_no BETWEEN ? AND ?)").join(" OR ")}
         ORDER BY sku, location_id, entry_no DESC`,
      part.flatMap(({ key, from, to }) => [key.sku, key.locationId, from, to]),
    );
    rows.push(...found.map(withNumbers));
  }
  return rows;
}

export async function loadMovements(reader: Reader, ids: readonly string[]): Promise<MovementRow[]> {
  const rows = await reader.query<MovementRow>(
    `SELECT * FROM stock_movements WHERE movement_id IN (${marks(ids.length)})`,
    ids,
  );
  return rows.map(withNumbers);
}

/** OR-terms of one statement: SQLite's expressions may nest 1,000 deep. */
const termsMax = 250;

/** Indexes of the snapshots, so that no layer has two of one position: a sum belongs to one of them. */
function layersOf(snapshots: readonly SnapshotAt[]): number[][] {
  const layers: number[][] = [];
  const depths = new Map<string, number>();
  for (const [i, { key }] of snapshots.entries()) {
    const depth = depths.get(positionText(key)) ?? 0;
    depths.set(positionText(key), depth + 1);
    layers[depth] = [...(layers[depth] ?? []), i];
  }
  return layers.flatMap((layer) => chunks(layer, termsMax));
}

/**
 * The negation of `isCovered`, in the two halves that have an index each: later by sequence, where the sources count
 * alike, and not earlier by time elsewhere. No movement is in both.
 */
function laterConditions(snapshots: readonly SnapshotAt[]): { where: string; params: SqlValue[] }[] {
  const bySeq: SqlValue[][] = [];
  const byTime: SqlValue[][] = [];
  const timeTerms: string[] = [];
  for (const { key, at } of snapshots) {
    const place = [key.sku, key.locationId];
    if (at.sourceSeq !== null) bySeq.push([...place, at.source, at.sourceSeq]);
    byTime.push([...place, at.occurredAtMs, ...(at.sourceSeq !== null ? [at.source] : [])]);
    const elsewhere = at.sourceSeq !== null ? " AND (source <> ? OR source_seq IS NULL)" : "";
    timeTerms.push(`(sku = ? AND location_id = ? AND occurred_at_ms >= ?${elsewhere})`);
  }
  const seqTerms = bySeq.map(() => "(sku = ? AND location_id = ? AND source = ? AND source_seq > ?)");
  return [
    ...(bySeq.length > 0 ? [{ where: seqTerms.join(" OR "), params: bySeq.flat() }] : []),
    { where: timeTerms.join(" OR "), params: byTime.flat() },
  ];
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** MySQL hands BIGINT over as text. */
function withNumbers(row: MovementRow): MovementRow {
  return {
    ...row,
    entry_no: Number(row.entry_no),
    version: numberOrNull(row.version),
    source_seq: numberOrNull(row.source_seq),
    occurred_at_ms: Number(row.occurred_at_ms),
    recorded_at_ms: Number(row.recorded_at_ms),
  };
}
