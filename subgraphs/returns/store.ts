/**
 * Every statement of `returns`: reads, locks and multi-row writes.
 *
 * Locks are taken in one order everywhere: documents by id, then positions by (sku, locationId). A row that may not
 * be there yet is made under the same lock, so that two writers never both start from nothing.
 */

import type { Database, Reader, SqlValue, Transaction } from "../../shared/db/database.ts";
import { TransactionConflict } from "../../shared/db/retry.ts";
import {
  forUpdate,
  insertMissing,
  insertRows,
  marks,
  only,
  pairMarks,
  upsertRows,
} from "../../shared/db/statements.ts";
import type { Page } from "../../shared/graphql/pagination.ts";
import { positionText } from "../../shared/ids.ts";
import type { ReturnState, ReturnStatus } from "./domain/return.ts";
import { type MovementRow, ofReturns, type PositionRow, ReturnEntity, ReturnLineEntity } from "./entities.ts";

export interface PositionKey {
  readonly sku: string;
  readonly locationId: string;
}

export interface ReturnFilter {
  readonly status: ReturnStatus | null;
  readonly sku: string | null;
}

/** Those that exist, by id. */
export async function findReturns(db: Reader, ids: readonly string[]): Promise<Map<string, ReturnState>> {
  if (ids.length === 0) return new Map();
  const where = ofReturns(ids);
  const documents = await db.manager.find(ReturnEntity, { where });
  const lines = await db.manager.find(ReturnLineEntity, { where, order: { lineNumber: "ASC" } });
  const found = new Map(
    documents.map((row) => [row.returnId, { ...row, lines: [] as ReturnState["lines"][number][] }]),
  );
  for (const { returnId, ...line } of lines) found.get(returnId)?.lines.push(line);
  return found;
}

/** Locks the documents that exist until the transaction ends, and returns them as they are now. */
export async function lockReturns(tx: Transaction, ids: readonly string[]): Promise<Map<string, ReturnState>> {
  const wanted = [...new Set(ids)].sort();
  if (wanted.length === 0) return new Map();
  await tx.query(
    `SELECT id FROM return_documents WHERE id IN (${marks(wanted.length)}) ORDER BY id${forUpdate(tx.dialect)}`,
    wanted,
  );
  return findReturns(tx, wanted);
}

const isFirstOfItem = `NOT EXISTS (SELECT 1 FROM return_lines f
         WHERE f.return_id = l.return_id AND f.sku = l.sku AND f.line_number < l.line_number)`;

/** A page of ids, newest first; one more than the page's size where there are more. */
export async function listReturns(db: Database, filter: ReturnFilter, page: Page): Promise<string[]> {
  const { sku, status } = filter;
  // Of an item: its lines, each return by the first of them.
  const [table, id] = sku ? ["return_lines l", "return_id"] : ["return_documents", "id"];
  const columns = [...(sku ? ["sku"] : []), ...(status ? [sku ? "return_status" : "status"] : [])];
  const conditions = columns.map(only);
  const params: SqlValue[] = [...(sku ? [sku] : []), ...(status ? [status] : [])];
  if (page.after) {
    const [createdAtMs, lastId] = page.after as readonly [string, string];
    conditions.push(`created_at_ms <= ? AND (created_at_ms < ? OR ${id} < ?)`);
    // As text: a forged cursor that holds no number is then compared like any other, and is no SQL error.
    params.push(createdAtMs, createdAtMs, lastId);
  }
  if (sku) conditions.push(isFirstOfItem);
  const rows = await db.query<{ id: string }>(
    `SELECT ${id} AS id FROM ${table} ${conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : ""}
      ORDER BY ${[...columns, "created_at_ms", id].map((column) => `${column} DESC`).join(", ")} LIMIT ${page.size + 1}`,
    params,
  );
  return rows.map((row) => row.id);
}

/** Writes documents with all their lines; version 1 is one that must not be there yet. */
export async function saveReturns(tx: Transaction, states: readonly ReturnState[]): Promise<void> {
  const rows = states.map((state) => ({
    id: state.returnId,
    order_id: state.orderId,
    location_id: state.locationId,
    status: state.status,
    announced: state.announced ? 1 : 0,
    content_hash: state.contentHash,
    proposed_by: state.proposedBy,
    decided_by: state.decidedBy,
    decision_note: state.decisionNote,
    version: state.version,
    created_at_ms: state.createdAtMs,
    updated_at_ms: state.updatedAtMs,
  }));
  const added = rows.filter((row) => row.version === 1);
  // Somebody else took the number in between: begin again, and see theirs.
  if ((await insertMissing(tx, "return_documents", added)) !== added.length) throw new TransactionConflict("return");
  await upsertRows(
    tx,
    "return_documents",
    ["id"],
    rows.filter((row) => row.version > 1),
  );
  const lines = states.flatMap(({ returnId, status, createdAtMs, lines }) =>
    lines.map((line) => ({
      return_id: returnId,
      return_status: status,
      created_at_ms: createdAtMs,
      line_number: line.lineNumber,
      sku: line.sku,
      authorized: line.authorized,
      received: line.received,
      restocked: line.restocked,
      removed: line.removed,
      reason_code: line.reasonCode,
      item_condition: line.condition,
      inspection_note: line.inspectionNote,
      disposition: line.disposition,
    })),
  );
  await upsertRows(tx, "return_lines", ["return_id", "line_number"], lines);
}

/** Those that exist, by `positionText`. */
export async function findPositions(db: Reader, keys: readonly PositionKey[]): Promise<Map<string, PositionRow>> {
  return selectPositions(db, keys, "");
}

/** Locks the positions until the transaction ends; those that are not there yet begin with nothing. */
export async function lockPositions(tx: Transaction, keys: readonly PositionKey[]): Promise<Map<string, PositionRow>> {
  const wanted = [...new Map(keys.map((key) => [positionText(key), key])).entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, key]) => key);
  const locked = await selectPositions(tx, wanted, forUpdate(tx.dialect));
  const missing = wanted.filter((key) => !locked.has(positionText(key)));
  if (missing.length === 0) return locked;
  await insertMissing(
    tx,
    "return_positions",
    missing.map(({ sku, locationId }) => ({
      sku,
      location_id: locationId,
      quarantined: 0,
      in_inspection: 0,
      restock_approved: 0,
      version: 0,
      updated_at_ms: 0,
    })),
  );
  const made = await selectPositions(tx, missing, forUpdate(tx.dialect));
  return new Map([...locked, ...made]);
}

export async function savePositions(tx: Transaction, positions: readonly PositionRow[]): Promise<void> {
  const rows = positions.map((position) => ({
    sku: position.sku,
    location_id: position.locationId,
    quarantined: position.quarantined,
    in_inspection: position.inInspection,
    restock_approved: position.restockApproved,
    version: position.version,
    updated_at_ms: position.updatedAtMs,
  }));
  await upsertRows(tx, "return_positions", ["sku", "location_id"], rows);
}

export async function addMovements(tx: Transaction, movements: readonly Omit<MovementRow, "id">[]): Promise<void> {
  const rows = movements.map((movement) => ({
    sku: movement.sku,
    location_id: movement.locationId,
    position_version: movement.positionVersion,
    event_id: movement.eventId,
    return_id: movement.returnId,
    line_number: movement.lineNumber,
    quarantined_delta: movement.quarantinedDelta,
    in_inspection_delta: movement.inInspectionDelta,
    restock_approved_delta: movement.restockApprovedDelta,
    occurred_at_ms: movement.occurredAtMs,
    recorded_at_ms: movement.recordedAtMs,
  }));
  await insertRows(tx, "return_movements", rows);
}

async function selectPositions(
  db: Reader,
  keys: readonly PositionKey[],
  lock: string,
): Promise<Map<string, PositionRow>> {
  if (keys.length === 0) return new Map();
  const rows = await db.query<{ [Column in keyof PositionRow]: unknown }>(
    `SELECT sku, location_id AS "locationId", quarantined, in_inspection AS "inInspection",
            restock_approved AS "restockApproved", version, updated_at_ms AS "updatedAtMs"
       FROM return_positions WHERE (sku, location_id) IN ${pairMarks(db.dialect, keys.length)}
      ORDER BY sku, location_id${lock}`,
    keys.flatMap(({ sku, locationId }) => [sku, locationId]),
  );
  return new Map(
    rows.map((row) => {
      const position = { ...row, updatedAtMs: Number(row.updatedAtMs) } as PositionRow;
      return [positionText(position), position];
    }),
  );
}
