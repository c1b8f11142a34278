/**
 * Every SQL statement of `wms`.
 *
 * A position's balance is locked before its journal is read or written, so under the lock the journal is complete.
 * Each function costs a constant number of statements, however many rows it is given.
 */

import type { Reader, SqlValue, Transaction } from "../../shared/db/database.ts";
import { TransactionConflict } from "../../shared/db/retry.ts";
import { forUpdate, insertMissing, marks, pairMarks, upsertRows } from "../../shared/db/statements.ts";
import { type Bucket, type Buckets, buckets, noStock } from "../../shared/events/canonical-event.ts";
import type { Page } from "../../shared/graphql/pagination.ts";
import { positionText } from "../../shared/ids.ts";
import type { AdjustmentState, AdjustmentStatus } from "./domain/adjustment.ts";
import type { ReferralReason, Tier } from "./domain/adjustment-policy.ts";
import { type Balance, type Moment, noBalance } from "./domain/balance.ts";
import { mapBuckets } from "./domain/stock-fact.ts";
import type { AdjustmentRow, BalanceRow, MovementRow } from "./entities.ts";

export interface PositionKey {
  readonly sku: string;
  readonly locationId: string;
}

/** Balances by `positionText`. */
export type Balances = Map<string, Balance>;

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

/** The balances that are there. */
export async function loadBalances(reader: Reader, keys: readonly PositionKey[]): Promise<Balances> {
  return selectBalances(reader, keys, "");
}

/** The balances that are there, locked in (sku, locationId) order until the transaction ends. */
export async function lockBalances(tx: Transaction, keys: readonly PositionKey[]): Promise<Balances> {
  return selectBalances(tx, keys, forUpdate(tx.dialect));
}

/** The same, but a position without a balance gets an empty one first: two writers never both start from nothing. */
export async function lockOrCreateBalances(tx: Transaction, keys: readonly PositionKey[]): Promise<Balances> {
  const found = await lockBalances(tx, keys);
  const missing = inOrder(keys).filter((key) => !found.has(positionText(key)));
  if (missing.length === 0) return found;
  await insertMissing(
    tx,
    "stock_balances",
    missing.map((key) => toBalanceRow(key, noBalance)),
  );
  return new Map([...found, ...(await lockBalances(tx, missing))]);
}

export async function saveBalances(
  tx: Transaction,
  changed: readonly (readonly [PositionKey, Balance])[],
): Promise<void> {
  await upsertRows(
    tx,
    "stock_balances",
    ["sku", "location_id"],
    changed.map(([key, balance]) => toBalanceRow(key, balance)),
  );
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

/** Those that exist, by id. */
export async function loadAdjustments(reader: Reader, ids: readonly string[]): Promise<Map<string, AdjustmentState>> {
  const found = await selectAdjustments(reader, "id", ids, "");
  return new Map(found.map((state) => [state.adjustmentId, state]));
}

/** A page, newest first; one more than its size where there are more. */
export async function listAdjustments(
  reader: Reader,
  status: AdjustmentStatus | null,
  page: Page,
): Promise<AdjustmentState[]> {
  const conditions = [...(status ? ["status = ?"] : [])];
  const params: SqlValue[] = [...(status ? [status] : [])];
  if (page.after) {
    const [requestedAtMs, id] = page.after as readonly [string, string];
    conditions.push("(requested_at_ms < ? OR (requested_at_ms = ? AND id < ?))");
    // As text: a forged cursor that holds no number is then compared like any other, and is no SQL error.
    params.push(requestedAtMs, requestedAtMs, id);
  }
  const rows = await reader.query<AdjustmentRow>(
    `SELECT * FROM adjustments ${conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : ""}
      ORDER BY requested_at_ms DESC, id DESC LIMIT ${page.size + 1}`,
    params,
  );
  return rows.map(toAdjustment);
}

/** As it is now, locked until the transaction ends; null where there is none. */
export async function lockAdjustment(tx: Transaction, id: string): Promise<AdjustmentState | null> {
  return (await selectAdjustments(tx, "id", [id], forUpdate(tx.dialect)))[0] ?? null;
}

/** Those that became one of the movements, locked in the order of their ids. */
export function lockAdjustmentsOf(tx: Transaction, movementIds: readonly string[]): Promise<AdjustmentState[]> {
  return selectAdjustments(tx, "movement_id", movementIds, forUpdate(tx.dialect));
}

/**
 * Σ |delta| of what a person asked for at a position since a moment, the rejected left out. To be asked under the
 * position's lock: then two requests of one person never both count without the other.
 */
export async function requestedSince(
  tx: Transaction,
  { person, sku, locationId }: PositionKey & { readonly person: string },
  sinceMs: number,
): Promise<number> {
  const [row] = await tx.query<{ total: number | string | null }>(
    `SELECT SUM(ABS(delta)) AS total FROM adjustments
      WHERE requested_by = ? AND sku = ? AND location_id = ? AND requested_at_ms > ? AND status <> 'REJECTED'`,
    [person, sku, locationId, sinceMs],
  );
  return Number(row?.total ?? 0);
}

export async function saveAdjustments(tx: Transaction, states: readonly AdjustmentState[]): Promise<void> {
  await upsertRows(tx, "adjustments", ["id"], states.map(toAdjustmentRow));
}

/** OR-terms of one statement: SQLite's expressions may nest 1,000 deep. */
const termsMax = 250;

async function selectBalances(reader: Reader, keys: readonly PositionKey[], lock: string): Promise<Balances> {
  if (keys.length === 0) return new Map();
  const rows = await reader.query<BalanceRow>(
    `SELECT * FROM stock_balances WHERE (sku, location_id) IN ${pairMarks(reader.dialect, keys.length)}
       ORDER BY sku, location_id${lock}`,
    keys.flatMap((key) => [key.sku, key.locationId]),
  );
  return new Map(rows.map((row) => [positionText({ sku: row.sku, locationId: row.location_id }), toBalance(row)]));
}

async function selectAdjustments(
  reader: Reader,
  column: "id" | "movement_id",
  values: readonly string[],
  lock: string,
): Promise<AdjustmentState[]> {
  if (values.length === 0) return [];
  const rows = await reader.query<AdjustmentRow>(
    `SELECT * FROM adjustments WHERE ${column} IN (${marks(values.length)}) ORDER BY id${lock}`,
    values,
  );
  return rows.map(toAdjustment);
}

function inOrder(keys: readonly PositionKey[]): PositionKey[] {
  return [...keys].sort((a, b) => (positionText(a) < positionText(b) ? -1 : 1));
}

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

function toBalance(row: BalanceRow): Balance {
  return {
    stock: mapBuckets((bucket) => row[bucket]),
    version: Number(row.version),
    entries: Number(row.entries),
    asOfMs: Number(row.as_of_ms),
    latestSeq: numberOrNull(row.latest_seq),
    snapshot:
      row.snapshot_source === null
        ? null
        : {
            source: row.snapshot_source,
            sourceSeq: numberOrNull(row.snapshot_seq),
            occurredAtMs: Number(row.snapshot_at_ms),
          },
  };
}

function toBalanceRow(key: PositionKey, balance: Balance) {
  return {
    sku: key.sku,
    location_id: key.locationId,
    ...balance.stock,
    version: balance.version,
    entries: balance.entries,
    as_of_ms: balance.asOfMs,
    latest_seq: balance.latestSeq,
    snapshot_source: balance.snapshot?.source ?? null,
    snapshot_seq: balance.snapshot?.sourceSeq ?? null,
    snapshot_at_ms: balance.snapshot?.occurredAtMs ?? null,
  };
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

function numberOrNull(value: number | string | null): number | null {
  return value === null ? null : Number(value);
}

function toAdjustment(row: AdjustmentRow): AdjustmentState {
  return {
    adjustmentId: row.id,
    sku: row.sku,
    locationId: row.location_id,
    bucket: row.bucket as Bucket,
    delta: row.delta,
    changeFromQuantity: row.change_from_quantity,
    reasonCode: row.reason_code,
    note: row.note,
    evidence: JSON.parse(row.evidence) as string[],
    requestedBy: row.requested_by,
    contentHash: row.content_hash,
    requestedAtMs: Number(row.requested_at_ms),
    status: row.status as AdjustmentStatus,
    tier: row.tier as Tier | null,
    reasons: JSON.parse(row.reasons) as ReferralReason[],
    value: row.total_value,
    decidedBy: row.decided_by,
    decidedAtMs: numberOrNull(row.decided_at_ms),
    decisionNote: row.decision_note,
    movementId: row.movement_id,
    failureCode: row.failure_code,
    version: Number(row.version),
  };
}

function toAdjustmentRow(state: AdjustmentState) {
  return {
    id: state.adjustmentId,
    sku: state.sku,
    location_id: state.locationId,
    bucket: state.bucket,
    delta: state.delta,
    change_from_quantity: state.changeFromQuantity,
    reason_code: state.reasonCode,
    note: state.note,
    evidence: JSON.stringify(state.evidence),
    requested_by: state.requestedBy,
    content_hash: state.contentHash,
    requested_at_ms: state.requestedAtMs,
    status: state.status,
    tier: state.tier,
    reasons: JSON.stringify(state.reasons),
    total_value: state.value,
    decided_by: state.decidedBy,
    decided_at_ms: state.decidedAtMs,
    decision_note: state.decisionNote,
    movement_id: state.movementId,
    failure_code: state.failureCode,
    version: state.version,
  };
}
