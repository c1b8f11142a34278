/**
 * Receipts and their lines, by purchase order and location.
 *
 * A receipt is locked after positions and adjustments, in the order of its key. Whoever changes one holds its lock;
 * one that is not there yet is created empty first. Each function costs a constant number of statements.
 */
import type { Reader, SqlValue, Transaction } from "../../../shared/db/database.ts";
import {
  forUpdate,
  insertMissing,
  marks,
  numberOrNull,
  only,
  pairMarks,
  upsertRows,
} from "../../../shared/db/statements.ts";
import type { Page } from "../../../shared/graphql/pagination.ts";
import { newId } from "../../../shared/ids.ts";
import { type Expectation, type Receipt, type ReceiptStatus, unknownReceipt } from "../domain/receipt.ts";
import type { ReceiptLineRow, ReceiptRow } from "../entities.ts";

export interface ReceiptKey {
  readonly purchaseOrderId: string;
  readonly locationId: string;
}

interface Told {
  readonly text: string;
  readonly seq: number;
}

/** What nobody has told of yet. */
export const untold: Told = { text: "[]", seq: 0 };

export interface StoredReceipt extends ReceiptKey, Receipt {
  readonly receiptId: string;
  readonly status: ReceiptStatus;
  /** Counts the events told of its progress. */
  readonly progressSeq: number;
  /** The discrepancies that were told last, as JSON, and how often they were told, by SKU. */
  readonly told: Readonly<Record<string, Told>>;
  readonly version: number;
  readonly updatedAtMs: number;
}

export interface ReceiptFilter {
  readonly status?: ReceiptStatus | null | undefined;
  readonly locationId?: string | null | undefined;
  readonly purchaseOrderId?: string | null | undefined;
}

export function receiptKeyText({ purchaseOrderId, locationId }: ReceiptKey): string {
  return `${purchaseOrderId}\n${locationId}`;
}

/** Those that exist, by id. */
export async function loadReceipts(reader: Reader, ids: readonly string[]): Promise<Map<string, StoredReceipt>> {
  if (ids.length === 0) return new Map();
  const heads = await reader.query<ReceiptRow>(`SELECT * FROM receipts WHERE id IN (${marks(ids.length)})`, ids);
  return new Map((await withLines(reader, heads)).map((receipt) => [receipt.receiptId, receipt]));
}

/** A page, by purchase order and location; one more than its size where there are more. */
export async function listReceipts(reader: Reader, filter: ReceiptFilter, page: Page): Promise<StoredReceipt[]> {
  const conditions: string[] = [];
  const params: SqlValue[] = [];
  const order: string[] = [];
  const where = (column: string, value: string | null | undefined) => {
    if (value == null) return;
    conditions.push(only(column));
    params.push(value);
    order.push(column);
  };
  where("location_id", filter.locationId);
  where("status", filter.status);
  where("purchase_order_id", filter.purchaseOrderId);
  if (page.after) {
    const [purchaseOrderId, locationId] = page.after as readonly [string, string];
    conditions.push("purchase_order_id >= ? AND (purchase_order_id > ? OR location_id > ?)");
    params.push(purchaseOrderId, purchaseOrderId, locationId);
  }
  const heads = await reader.query<ReceiptRow>(
    `SELECT * FROM receipts ${conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : ""}
      ORDER BY ${[...new Set([...order, "purchase_order_id", "location_id"])].join(", ")} LIMIT ${page.size + 1}`,
    params,
  );
  return withLines(reader, heads);
}

/** As they are now, locked in the order of their keys until the transaction ends, by `receiptKeyText`. */
export async function lockOrCreateReceipts(
  tx: Transaction,
  keys: readonly ReceiptKey[],
  nowMs: number,
): Promise<Map<string, StoredReceipt>> {
  const byText = new Map(keys.map((key) => [receiptKeyText(key), key]));
  const wanted = [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, key]) => key);
  let heads = await lockHeads(tx, wanted);
  if (heads.length < wanted.length) {
    const empty = { ...unknownReceipt, status: "EXPECTED", progressSeq: 0, told: {}, version: 0 } as const;
    const rows = wanted.map((key) => headRow({ ...empty, ...key, receiptId: newId(nowMs), updatedAtMs: nowMs }));
    await insertMissing(tx, "receipts", rows);
    heads = await lockHeads(tx, wanted);
  }
  const receipts = await withLines(tx, heads);
  return new Map(receipts.map((receipt) => [receiptKeyText(receipt), receipt]));
}

export async function saveReceipts(tx: Transaction, receipts: readonly StoredReceipt[]): Promise<void> {
  await upsertRows(tx, "receipts", ["purchase_order_id", "location_id"], receipts.map(headRow));
  await upsertRows(tx, "receipt_lines", ["receipt_id", "sku"], receipts.flatMap(lineRows));
}

/** MariaDB answers an IN list of 1,000 values or more by a join, and then locks in an order of its own. */
const pairsPerStatementMax = 450;

async function lockHeads(tx: Transaction, keys: readonly ReceiptKey[]): Promise<ReceiptRow[]> {
  const rows: ReceiptRow[] = [];
  for (let from = 0; from < keys.length; from += pairsPerStatementMax) {
    const part = keys.slice(from, from + pairsPerStatementMax);
    const found = await tx.query<ReceiptRow>(
      `SELECT * FROM receipts WHERE (purchase_order_id, location_id) IN ${pairMarks(tx.dialect, part.length)}
        ORDER BY purchase_order_id, location_id${forUpdate(tx.dialect)}`,
      part.flatMap(({ purchaseOrderId, locationId }) => [purchaseOrderId, locationId]),
    );
    rows.push(...found);
  }
  return rows;
}

async function withLines(reader: Reader, heads: readonly ReceiptRow[]): Promise<StoredReceipt[]> {
  if (heads.length === 0) return [];
  const rows = await reader.query<ReceiptLineRow>(
    `SELECT * FROM receipt_lines WHERE receipt_id IN (${marks(heads.length)}) ORDER BY receipt_id, sku`,
    heads.map(({ id }) => id),
  );
  const lines = new Map<string, ReceiptLineRow[]>(heads.map(({ id }) => [id, []]));
  for (const row of rows) lines.get(row.receipt_id)?.push(row);
  return heads.map((head) => toReceipt(head, lines.get(head.id) ?? []));
}

function toReceipt(head: ReceiptRow, rows: readonly ReceiptLineRow[]): StoredReceipt {
  return {
    receiptId: head.id,
    purchaseOrderId: head.purchase_order_id,
    locationId: head.location_id,
    status: head.status as ReceiptStatus,
    shippedAtMs: numberOrNull(head.shipped_at_ms),
    arrivedAtMs: numberOrNull(head.arrived_at_ms),
    unloadedAtMs: numberOrNull(head.unloaded_at_ms),
    progressSeq: Number(head.progress_seq),
    version: Number(head.version),
    updatedAtMs: Number(head.updated_at_ms),
    told: Object.fromEntries(rows.map(({ sku, told, told_seq }) => [sku, { text: told, seq: Number(told_seq) }])),
    lines: rows.map((row) => ({
      sku: row.sku,
      expectations: JSON.parse(row.expectations) as Expectation[],
      received: Number(row.received),
      onDock: Number(row.on_dock),
      damaged: Number(row.damaged),
      posted: Number(row.posted),
    })),
  };
}

function headRow(receipt: StoredReceipt) {
  return {
    purchase_order_id: receipt.purchaseOrderId,
    location_id: receipt.locationId,
    id: receipt.receiptId,
    status: receipt.status,
    shipped_at_ms: receipt.shippedAtMs,
    arrived_at_ms: receipt.arrivedAtMs,
    unloaded_at_ms: receipt.unloadedAtMs,
    progress_seq: receipt.progressSeq,
    version: receipt.version,
    updated_at_ms: receipt.updatedAtMs,
  } satisfies ReceiptRow;
}

function lineRows({ receiptId, lines, told }: StoredReceipt) {
  return lines.map((line) => {
    const { text, seq } = told[line.sku] ?? untold;
    return {
      receipt_id: receiptId,
      sku: line.sku,
      expectations: JSON.stringify(line.expectations),
      received: line.received,
      on_dock: line.onDock,
      damaged: line.damaged,
      posted: line.posted,
      told: text,
      told_seq: seq,
    } satisfies ReceiptLineRow;
  });
}
