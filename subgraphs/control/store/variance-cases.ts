/**
 * Statements of variance cases, and what the journal has as evidence for them.
 *
 * A case is changed under the lock of its position. Of a position one case is open at most: the index on `open_key` says
 * so. Of the journal the newest facts are read, by its index, and no more of them than are asked for.
 */
import type { Reader, SqlValue, Transaction } from "../../../shared/db/database.ts";
import { byIndex, insertRows, marks, only, upsertRows } from "../../../shared/db/statements.ts";
import type { AnyEvent } from "../../../shared/events/canonical-event.ts";
import type { Page } from "../../../shared/graphql/pagination.ts";
import { partitionKey, positionText } from "../../../shared/ids.ts";
import { type CaseStatus, isOpen, type VarianceCase } from "../domain/variance-case.ts";
import type { PositionKey } from "./recon-positions.ts";

export interface CaseFilter {
  readonly status: CaseStatus | null;
  readonly locationId: string | null;
}

/** Those that exist, by id. */
export async function findCases(db: Reader, ids: readonly string[]): Promise<Map<string, VarianceCase>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const rows = await db.query<{ id: string; body: string }>(
    `SELECT id, body FROM variance_cases WHERE id IN (${marks(wanted.length)})`,
    wanted,
  );
  return new Map(rows.map(({ id, body }) => [id, JSON.parse(body) as VarianceCase]));
}

export async function addCases(tx: Transaction, cases: readonly VarianceCase[]): Promise<void> {
  await insertRows(tx, "variance_cases", cases.map(toRow));
}

export async function saveCases(tx: Transaction, cases: readonly VarianceCase[]): Promise<void> {
  await upsertRows(tx, "variance_cases", ["id"], cases.map(toRow));
}

/** A page, the newest first; one more than the page's size where there are more. */
export async function listCases(db: Reader, { status, locationId }: CaseFilter, page: Page): Promise<VarianceCase[]> {
  const where: string[] = [];
  const order: string[] = [];
  const params: SqlValue[] = [];
  for (const [column, value] of [
    ["location_id", locationId],
    ["status", status],
  ] as const) {
    if (value === null) continue;
    where.push(only(column));
    order.push(`${column} DESC`);
    params.push(value);
  }
  if (page.after) {
    where.push("id < ?");
    params.push(page.after[0] as string);
  }
  // Else MariaDB reads all cases before the cursor, by their ids.
  const index = `variance_cases${locationId === null ? "" : "_place"}${status === null ? "" : "_status"}`;
  const from = order.length === 0 ? "" : byIndex(db.dialect, index);
  const rows = await db.query<{ body: string }>(
    `SELECT body FROM variance_cases${from} ${where.length > 0 ? `WHERE ${where.join(" AND ")}` : ""}
      ORDER BY ${[...order, "id DESC"].join(", ")} LIMIT ${page.size + 1}`,
    params,
  );
  return rows.map(({ body }) => JSON.parse(body) as VarianceCase);
}

/** So many positions are looked up by one statement. */
const positionsAtOnce = 50;

/** Of each position the newest facts, newest first, by `positionText`. */
export async function findHistory(
  db: Reader,
  keys: readonly PositionKey[],
  eachMax: number,
): Promise<Map<string, AnyEvent[]>> {
  const found = new Map<string, AnyEvent[]>();
  for (let from = 0; from < keys.length; from += positionsAtOnce) {
    const part = keys.slice(from, from + positionsAtOnce);
    const one = `SELECT * FROM (SELECT partition_key, body FROM journal_events WHERE ${only("partition_key")}
        ORDER BY partition_key DESC, recorded_at_ms DESC, id DESC LIMIT ${eachMax}) part`;
    const rows = await db.query<{ partition_key: string; body: string }>(
      part.map(() => one).join(" UNION ALL "),
      part.map(({ sku, locationId }) => partitionKey(sku, locationId)),
    );
    for (const key of part) {
      const own = rows.filter((row) => row.partition_key === partitionKey(key.sku, key.locationId));
      found.set(
        positionText(key),
        own.map(({ body }) => JSON.parse(body) as AnyEvent),
      );
    }
  }
  return found;
}

/** Facts of the warehouse by their ids, as far as the journal has them. */
export async function findWarehouseFacts(db: Reader, eventIds: readonly string[]): Promise<Map<string, AnyEvent>> {
  const wanted = [...new Set(eventIds)];
  if (wanted.length === 0) return new Map();
  const rows = await db.query<{ body: string }>(
    `SELECT body FROM journal_events WHERE event_id IN (${marks(wanted.length)}) AND source = ?`,
    [...wanted, "wms"],
  );
  return new Map(rows.map(({ body }) => JSON.parse(body) as AnyEvent).map((event) => [event.id, event]));
}

function toRow(one: VarianceCase) {
  const { id, sku, locationId, status, openedAtMs, version } = one;
  return {
    id,
    sku,
    location_id: locationId,
    open_key: isOpen(one) ? partitionKey(sku, locationId) : null,
    status,
    body: JSON.stringify(one),
    opened_at_ms: openedAtMs,
    version,
  };
}
