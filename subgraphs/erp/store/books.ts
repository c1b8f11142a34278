/**
 * Positions of the book, their journal, and what the warehouse reported for documents.
 *
 * A position's lock also guards the order lines and reports that belong to it: whoever moves one of them holds it.
 * Positions are locked in (sku, locationId) order; one that is not there yet is created empty first, so that two
 * writers never both start from nothing.
 */

import type { Reader, Transaction } from "../../../shared/db/database.ts";
import { forUpdate, insertMissing, insertRows, pairMarks, upsertRows } from "../../../shared/db/statements.ts";
import { positionText } from "../../../shared/ids.ts";
import type { Cause } from "../../../shared/recorder.ts";
import {
  type Book,
  type BookPosition,
  emptyPosition,
  lockOrder,
  type PositionKey,
  type Posting,
} from "../domain/book.ts";
import type { DocumentType, WarehouseTotal } from "../domain/settlement.ts";
import type { BookPositionRow, BookPostingRow, WarehouseTotalRow } from "../entities.ts";

/** MariaDB answers an IN list of 1,000 values or more by a join, and then locks in an order of its own. */
const pairsPerStatementMax = 450;

export interface BookState extends BookPosition {
  readonly updatedAtMs: number;
}

/** Those of which something is known. */
export async function findPositions(reader: Reader, keys: readonly PositionKey[]): Promise<BookState[]> {
  return (await selectPositions(reader, lockOrder(keys), "")).filter(({ version }) => version > 0);
}

/** The position of every key, locked until the transaction ends. */
export async function lockPositions(tx: Transaction, keys: readonly PositionKey[]): Promise<BookPosition[]> {
  const wanted = lockOrder(keys);
  const found = await selectPositions(tx, wanted, forUpdate(tx.dialect));
  if (found.length === wanted.length) return found;
  const known = new Set(found.map(positionText));
  const missing = wanted.filter((key) => !known.has(positionText(key)));
  await insertMissing(
    tx,
    "book_positions",
    missing.map((key) => positionRow(emptyPosition(key), 0)),
  );
  return [...found, ...(await selectPositions(tx, missing, forUpdate(tx.dialect)))];
}

/** The positions that moved, with the postings that say why. `causeOf`: who caused a posting, in which story. */
export async function saveBook(
  tx: Transaction,
  book: Book,
  causeOf: (posting: Posting) => Cause,
  nowMs: number,
): Promise<void> {
  await upsertRows(
    tx,
    "book_positions",
    ["sku", "location_id"],
    book.changed().map((position) => positionRow(position, nowMs)),
  );
  await insertRows(
    tx,
    "book_postings",
    book.postings().map((posting) => postingRow(posting, causeOf(posting), nowMs)),
  );
}

export async function loadTotals(
  tx: Transaction,
  documents: readonly { readonly documentType: DocumentType; readonly documentId: string }[],
): Promise<WarehouseTotal[]> {
  const pairs = [...new Map(documents.map((d) => [`${d.documentType}/${d.documentId}`, d])).values()];
  const rows = await selectByPairs<WarehouseTotalRow>(
    tx,
    "SELECT * FROM warehouse_totals WHERE (document_type, document_id) IN",
    pairs.map(({ documentType, documentId }) => [documentType, documentId]),
    "",
  );
  return rows.map((row) => ({
    documentType: row.document_type as DocumentType,
    documentId: row.document_id,
    sku: row.sku,
    locationId: row.location_id,
    line: row.line,
    quantity: Number(row.quantity),
  }));
}

export async function saveTotals(tx: Transaction, totals: readonly WarehouseTotal[]): Promise<void> {
  await upsertRows(
    tx,
    "warehouse_totals",
    ["document_type", "document_id", "sku", "location_id", "line"],
    totals.map((total) => ({
      document_type: total.documentType,
      document_id: total.documentId,
      sku: total.sku,
      location_id: total.locationId,
      line: total.line,
      quantity: total.quantity,
    })),
  );
}

async function selectPositions(reader: Reader, keys: readonly PositionKey[], lock: string): Promise<BookState[]> {
  const rows = await selectByPairs<BookPositionRow>(
    reader,
    "SELECT * FROM book_positions WHERE (sku, location_id) IN",
    keys.map(({ sku, locationId }) => [sku, locationId]),
    ` ORDER BY sku, location_id${lock}`,
  );
  return rows.map((row) => ({
    sku: row.sku,
    locationId: row.location_id,
    onHand: row.on_hand,
    committed: row.committed,
    version: Number(row.version),
    updatedAtMs: Number(row.updated_at_ms),
  }));
}

/** `head` ends with `(a, b) IN`; `tail` follows the list. */
export async function selectByPairs<T>(
  reader: Reader,
  head: string,
  pairs: readonly (readonly [string, string])[],
  tail: string,
): Promise<T[]> {
  const rows: T[] = [];
  for (let from = 0; from < pairs.length; from += pairsPerStatementMax) {
    const part = pairs.slice(from, from + pairsPerStatementMax);
    rows.push(...(await reader.query<T>(`${head} ${pairMarks(reader.dialect, part.length)}${tail}`, part.flat())));
  }
  return rows;
}

function positionRow(position: BookPosition, nowMs: number) {
  return {
    sku: position.sku,
    location_id: position.locationId,
    on_hand: position.onHand,
    committed: position.committed,
    version: position.version,
    updated_at_ms: nowMs,
  } satisfies BookPositionRow;
}

function postingRow(posting: Posting, cause: Cause, nowMs: number) {
  return {
    sku: posting.sku,
    location_id: posting.locationId,
    version: posting.version,
    kind: posting.kind,
    book_delta: posting.bookDelta,
    committed_delta: posting.committedDelta,
    event_id: posting.eventId,
    document_type: posting.documentRef?.type ?? null,
    document_id: posting.documentRef?.id ?? null,
    document_line: posting.documentRef?.line ?? null,
    person: cause.person,
    correlation_id: cause.correlationId,
    occurred_at_ms: posting.occurredAt === null ? nowMs : Date.parse(posting.occurredAt),
    posted_at_ms: nowMs,
  } satisfies BookPostingRow;
}
