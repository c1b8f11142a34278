/**
 * Statements of the queue of exceptions.
 *
 * A row is changed under its lock; locks are taken in the order of `open_key`. Of one topic there is one open row at
 * most: the index on `open_key` says so, not this code.
 */
import type { Database, Reader, SqlValue, Transaction } from "../../../shared/db/database.ts";
import { forUpdate, insertMissing, marks, only, upsertRows } from "../../../shared/db/statements.ts";
import type { Page } from "../../../shared/graphql/pagination.ts";
import type { ExceptionStatus, ExceptionType } from "../domain/exception.ts";
import { ExceptionEntity, type ExceptionRow, ofExceptions } from "../entities.ts";

export interface ExceptionFilter {
  readonly type: ExceptionType | null;
  readonly status: ExceptionStatus | null;
  readonly sku: string | null;
  readonly locationId: string | null;
}

/** Those that exist, by id. */
export async function findExceptions(db: Reader, ids: readonly string[]): Promise<Map<string, ExceptionRow>> {
  if (ids.length === 0) return new Map();
  const rows = await db.manager.find(ExceptionEntity, { where: ofExceptions(ids) });
  return new Map(rows.map((row) => [row.id, row]));
}

/** Locks the open exceptions of these keys, and returns those there are by key. */
export async function lockOpen(tx: Transaction, keys: readonly string[]): Promise<Map<string, ExceptionRow>> {
  const wanted = [...new Set(keys)].sort();
  if (wanted.length === 0) return new Map();
  const rows = await tx.query<{ id: string; openKey: string }>(
    `SELECT id, open_key AS "openKey" FROM exceptions WHERE open_key IN (${marks(wanted.length)})
      ORDER BY open_key${forUpdate(tx.dialect)}`,
    wanted,
  );
  const found = await findExceptions(
    tx,
    rows.map(({ id }) => id),
  );
  return new Map([...found.values()].flatMap((row) => (row.openKey === null ? [] : [[row.openKey, row]])));
}

/** The exception, locked until the transaction ends; null where there is none. */
export async function lockException(tx: Transaction, id: string): Promise<ExceptionRow | null> {
  await tx.query(`SELECT id FROM exceptions WHERE id = ?${forUpdate(tx.dialect)}`, [id]);
  return (await findExceptions(tx, [id])).get(id) ?? null;
}

/** How many of them were not there; a topic that is open keeps its row. */
export function addExceptions(tx: Transaction, rows: readonly ExceptionRow[]): Promise<number> {
  return insertMissing(tx, "exceptions", rows.map(columnsOf));
}

export async function saveExceptions(tx: Transaction, rows: readonly ExceptionRow[]): Promise<void> {
  await upsertRows(tx, "exceptions", ["id"], rows.map(columnsOf));
}

/** Of what is open, those whose keys follow this one, in the order of their keys. */
export async function openAfter(db: Reader, key: string, countMax: number): Promise<ExceptionRow[]> {
  const rows = await db.query<{ id: string }>(
    `SELECT id FROM exceptions WHERE open_key > ? ORDER BY open_key LIMIT ${countMax}`,
    [key],
  );
  const found = await findExceptions(
    db,
    rows.map(({ id }) => id),
  );
  return rows.flatMap(({ id }) => found.get(id) ?? []);
}

/** Which of these topics are open. */
export async function openAmong(db: Reader, keys: readonly string[]): Promise<Set<string>> {
  const rows = await db.query<{ openKey: string }>(
    `SELECT open_key AS "openKey" FROM exceptions WHERE open_key IN (${marks(keys.length)})`,
    keys,
  );
  return new Set(rows.map(({ openKey }) => openKey));
}

/** A page, the most urgent first, of equals the oldest; one more than the page's size where there are more. */
export async function listExceptions(db: Database, filter: ExceptionFilter, page: Page): Promise<ExceptionRow[]> {
  const conditions = [only("status")];
  const params: SqlValue[] = [filter.status ?? "OPEN"];
  // The narrowest first: its index leads, and the others choose among what it finds.
  const asked = Object.entries({ sku: filter.sku, location_id: filter.locationId, type: filter.type });
  const given = asked.flatMap(([column, value]) => (value === null ? [] : [{ column, value }]));
  for (const { column, value } of given) {
    conditions.push(only(column));
    params.push(value);
  }
  if (page.after) {
    const [standing, id] = page.after as readonly [string, string];
    conditions.push("(standing > ? OR (standing = ? AND id > ?))");
    params.push(standing, standing, id);
  }
  const order = [...given.slice(0, 1).map(({ column }) => column), "status", "standing", "id"];
  const rows = await db.query<{ id: string }>(
    `SELECT id FROM exceptions WHERE ${conditions.join(" AND ")}
      ORDER BY ${order.join(", ")} LIMIT ${page.size + 1}`,
    params,
  );
  const found = await findExceptions(
    db,
    rows.map(({ id }) => id),
  );
  return rows.flatMap(({ id }) => found.get(id) ?? []);
}

function columnsOf(row: ExceptionRow) {
  return {
    id: row.id,
    type: row.type,
    subject: row.subject,
    open_key: row.openKey,
    status: row.status,
    sku: row.sku,
    location_id: row.locationId,
    quantity: row.quantity,
    hint: row.hint,
    document_type: row.documentType,
    document_id: row.documentId,
    correlation_id: row.correlationId,
    occurrences: row.occurrences,
    priority: row.priority,
    standing: -row.priority,
    terms: JSON.stringify(row.terms),
    policy_version: row.policyVersion,
    due_at_ms: row.dueAtMs,
    escalation_level: row.escalationLevel,
    assignee: row.assignee,
    resolution: row.resolution,
    resolved_by: row.resolvedBy,
    raised_at_ms: row.raisedAtMs,
    last_seen_at_ms: row.lastSeenAtMs,
    resolved_at_ms: row.resolvedAtMs,
    version: row.version,
  };
}
