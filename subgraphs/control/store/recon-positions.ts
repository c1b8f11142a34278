/**
 * Statements of the positions that are reconciled.
 *
 * A position is changed under its lock, in (sku, locationId) order; one that is not there yet is made empty first. Pages
 * go by a key, so the millionth position costs what the first one does.
 */
import type { Reader, SqlValue, Transaction } from "../../../shared/db/database.ts";
import { byIndex, forUpdate, insertMissing, marks, pairMarks, upsertRows } from "../../../shared/db/statements.ts";
import { positionText } from "../../../shared/ids.ts";
import { type CountMade, emptyReconPosition, type ReconPosition } from "../domain/recon-position.ts";

export interface PositionKey {
  readonly sku: string;
  readonly locationId: string;
}

/** What a run goes through; null: everything. */
export interface Scope {
  readonly locationIds: readonly string[] | null;
  readonly skus: readonly string[] | null;
}

/** MariaDB answers an IN list of 1,000 values or more by a join, and then locks in an order of its own. */
const pairsPerStatementMax = 450;

/** The position of every key, locked until the transaction ends, by `positionText`. */
export async function lockReconPositions(
  tx: Transaction,
  keys: readonly PositionKey[],
): Promise<Map<string, ReconPosition>> {
  const wanted = [...new Map(keys.map((key) => [positionText(key), key])).entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, key]) => key);
  const found = await selectPositions(tx, wanted);
  const missing = wanted.filter((key) => !found.has(positionText(key)));
  if (missing.length === 0) return found;
  await insertMissing(
    tx,
    "recon_positions",
    missing.map(({ sku, locationId }) => toRow(emptyReconPosition(sku, locationId))),
  );
  return new Map([...found, ...(await selectPositions(tx, missing))]);
}

export async function saveReconPositions(tx: Transaction, positions: readonly ReconPosition[]): Promise<void> {
  await upsertRows(tx, "recon_positions", ["sku", "location_id"], positions.map(toRow));
}

/** Those that somebody has to look at by now, the oldest first. */
export async function duePositions(db: Reader, nowMs: number, countMax: number): Promise<PositionKey[]> {
  return db.query<{ sku: string; locationId: string } & Record<string, SqlValue>>(
    `SELECT sku, location_id AS "locationId" FROM recon_positions WHERE due_at_ms <= ?
      ORDER BY due_at_ms, sku, location_id LIMIT ${countMax}`,
    [nowMs],
  );
}

/** The next positions of a run after `after`, in the order of the scope. */
export async function pageReconPositions(
  db: Reader,
  scope: Scope,
  after: PositionKey | null,
  sizeMax: number,
): Promise<ReconPosition[]> {
  const { locationIds, skus } = scope;
  const byPlace = locationIds !== null && skus === null;
  const where: string[] = [];
  const params: SqlValue[] = [];
  for (const [column, values] of [
    ["location_id", locationIds],
    ["sku", skus],
  ] as const) {
    if (values === null) continue;
    where.push(`${column} IN (${marks(values.length)})`);
    params.push(...values);
  }
  if (after) {
    const [first, second] = byPlace ? ["location_id", "sku"] : ["sku", "location_id"];
    const [one, other] = byPlace ? [after.locationId, after.sku] : [after.sku, after.locationId];
    // Not `(a, b) > (?, ?)`: MariaDB reads the whole index for that.
    where.push(`${first} >= ? AND (${first} > ? OR ${second} > ?)`);
    params.push(one, one, other);
  }
  const index = byPlace ? byIndex(db.dialect, "recon_positions_place") : "";
  const rows = await db.query<Row>(
    `SELECT * FROM recon_positions${index} ${where.length > 0 ? `WHERE ${where.join(" AND ")}` : ""}
      ORDER BY ${byPlace ? "location_id, sku" : "sku, location_id"} LIMIT ${sizeMax}`,
    params,
  );
  return rows.map(fromRow);
}

type Row = Record<string, string | number | null>;

async function selectPositions(tx: Transaction, keys: readonly PositionKey[]): Promise<Map<string, ReconPosition>> {
  const found = new Map<string, ReconPosition>();
  for (let from = 0; from < keys.length; from += pairsPerStatementMax) {
    const part = keys.slice(from, from + pairsPerStatementMax);
    const rows = await tx.query<Row>(
      `SELECT * FROM recon_positions WHERE (sku, location_id) IN ${pairMarks(tx.dialect, part.length)}
        ORDER BY sku, location_id${forUpdate(tx.dialect)}`,
      part.flatMap(({ sku, locationId }) => [sku, locationId]),
    );
    for (const row of rows.map(fromRow)) found.set(positionText(row), row);
  }
  return found;
}

function toRow(position: ReconPosition) {
  const { unposted, failed, pending, count, progress } = position;
  return {
    sku: position.sku,
    location_id: position.locationId,
    on_hand: position.onHand,
    book: position.book,
    shipped: unposted.shipped,
    received: unposted.received,
    adjusted: unposted.adjusted,
    wms_known: position.wmsKnown ? 1 : 0,
    erp_known: position.erpKnown ? 1 : 0,
    failed: textOf(failed),
    pending: textOf(pending),
    last_count: count === null ? null : JSON.stringify(count),
    progress: JSON.stringify(progress),
    case_id: position.caseId,
    cleared: position.cleared,
    due_at_ms: position.dueAtMs,
    version: position.version,
  };
}

function fromRow(row: Row): ReconPosition {
  const numberOf = (column: string) => Number(row[column]);
  const orNull = (column: string) => (row[column] === null ? null : numberOf(column));
  return {
    sku: String(row["sku"]),
    locationId: String(row["location_id"]),
    onHand: numberOf("on_hand"),
    book: numberOf("book"),
    unposted: { shipped: numberOf("shipped"), received: numberOf("received"), adjusted: numberOf("adjusted") },
    wmsKnown: numberOf("wms_known") === 1,
    erpKnown: numberOf("erp_known") === 1,
    failed: listOf<ReconPosition["failed"][number]>(row["failed"]),
    pending: listOf<ReconPosition["pending"][number]>(row["pending"]),
    count: row["last_count"] == null ? null : (JSON.parse(String(row["last_count"])) as CountMade),
    progress: JSON.parse(String(row["progress"])) as ReconPosition["progress"],
    caseId: row["case_id"] == null ? null : String(row["case_id"]),
    cleared: orNull("cleared"),
    dueAtMs: orNull("due_at_ms"),
    version: numberOf("version"),
  };
}

/** Nearly all lists are empty. */
function textOf(list: readonly object[]): string {
  return list.length === 0 ? "[]" : JSON.stringify(list);
}

function listOf<T>(text: string | number | null | undefined): readonly T[] {
  return text === "[]" ? [] : (JSON.parse(String(text)) as T[]);
}
