/**
 * Purchase orders and the supply that is expected of them, in the database.
 *
 * `open_quantity` is stored beside what it follows from, so that a position's inbound is one index range.
 */
import type { Reader, SqlValue, Transaction } from "../../../shared/db/database.ts";
import { TransactionConflict } from "../../../shared/db/retry.ts";
import { forUpdate, insertMissing, marks, only, upsertRows } from "../../../shared/db/statements.ts";
import type { InboundLine } from "../../../shared/events/canonical-event.ts";
import type { Page } from "../../../shared/graphql/pagination.ts";
import type { PositionKey } from "../domain/book.ts";
import {
  openQuantityOf,
  type PurchaseLine,
  type PurchaseOrder,
  type PurchaseOrderStatus,
} from "../domain/purchase-order.ts";
import type { PurchaseOrderLineRow, PurchaseOrderRow } from "../entities.ts";
import { selectByPairs } from "./books.ts";

export interface PurchaseOrderFilter {
  readonly sku?: string | null | undefined;
  readonly status?: PurchaseOrderStatus | null | undefined;
}

export interface ExpectedSupply extends PositionKey, InboundLine {}

/** Those that are known, by id. */
export async function findPurchaseOrders(reader: Reader, ids: readonly string[]): Promise<Map<string, PurchaseOrder>> {
  return selectOrders(reader, ids, "", "");
}

/** The order itself locked until the transaction ends: nobody else can save it meanwhile. */
export async function lockPurchaseOrder(tx: Transaction, id: string): Promise<PurchaseOrder | null> {
  return (await selectOrders(tx, [id], forUpdate(tx.dialect), "")).get(id) ?? null;
}

/** The lines locked until the transaction ends; call it after locking the positions. */
export async function lockPurchaseLines(tx: Transaction, ids: readonly string[]): Promise<Map<string, PurchaseOrder>> {
  return selectOrders(tx, ids, "", forUpdate(tx.dialect));
}

const isFirstOfItem = `NOT EXISTS (SELECT 1 FROM purchase_order_lines f
         WHERE f.purchase_order_id = l.purchase_order_id AND f.sku = l.sku AND f.line < l.line)`;

/** By number. */
export async function pagePurchaseOrders(
  reader: Reader,
  page: Page,
  { sku, status }: PurchaseOrderFilter,
): Promise<PurchaseOrder[]> {
  // Of an item: its lines, each order by the first of them.
  const [table, id, columns] = sku
    ? ["purchase_order_lines l", "purchase_order_id", ["sku", ...(status ? ["order_status"] : [])]]
    : ["purchase_orders", "id", status ? ["status"] : []];
  const where = columns.map(only);
  const params: SqlValue[] = [...(sku ? [sku] : []), ...(status ? [status] : []), ...(page.after ?? [])];
  if (page.after) where.push(`${id} > ?`);
  if (sku) where.push(isFirstOfItem);
  const rows = await reader.query<{ id: string }>(
    `SELECT ${id} AS id FROM ${table} ${where.length > 0 ? `WHERE ${where.join(" AND ")}` : ""}
       ORDER BY ${[...columns, id].join(", ")} LIMIT ${page.size + 1}`,
    params,
  );
  const ids = rows.map(({ id }) => id);
  const found = await findPurchaseOrders(reader, ids);
  return ids.flatMap((id) => found.get(id) ?? []);
}

/** What is still to come at the positions, by purchase order and line. */
export async function findExpectedSupply(reader: Reader, keys: readonly PositionKey[]): Promise<ExpectedSupply[]> {
  const rows = await selectByPairs<PurchaseOrderLineRow & { expected_on: string | null; supplier_id: string }>(
    reader,
    `SELECT l.*, o.expected_on, o.supplier_id FROM purchase_order_lines l JOIN purchase_orders o ON o.id = l.purchase_order_id
      WHERE l.open_quantity > 0 AND (l.sku, l.location_id) IN`,
    keys.map(({ sku, locationId }) => [sku, locationId]),
    " ORDER BY l.purchase_order_id, l.line_no",
  );
  return rows.map((row) => ({
    sku: row.sku,
    locationId: row.location_id,
    documentType: "PURCHASE_ORDER",
    documentId: row.purchase_order_id,
    line: row.line,
    openQuantity: row.open_quantity,
    orderedQuantity: row.ordered,
    promisedOn: row.promised_on ?? row.expected_on,
    from: row.supplier_id,
    arrivedOn: null,
    closed: false,
  }));
}

/** The whole order; `before` says which lines are no longer there. */
export async function savePurchaseOrder(
  tx: Transaction,
  before: PurchaseOrder | null,
  order: PurchaseOrder,
  nowMs: number,
): Promise<void> {
  const row = headRow(order, nowMs);
  if (before) await upsertRows(tx, "purchase_orders", ["id"], [row]);
  else if ((await insertMissing(tx, "purchase_orders", [row])) === 0) throw new TransactionConflict("purchase_orders");
  const kept = new Set(order.lines.map(({ line }) => line));
  const gone = before?.lines.map(({ line }) => line).filter((line) => !kept.has(line)) ?? [];
  if (gone.length > 0) {
    await tx.run(`DELETE FROM purchase_order_lines WHERE purchase_order_id = ? AND line IN (${marks(gone.length)})`, [
      order.id,
      ...gone,
    ]);
  }
  await savePurchaseLines(tx, [order]);
}

/** The lines that these orders have with them. */
export async function savePurchaseLines(tx: Transaction, orders: readonly PurchaseOrder[]): Promise<void> {
  await upsertRows(
    tx,
    "purchase_order_lines",
    ["purchase_order_id", "line"],
    orders.flatMap((order) => order.lines.map((line) => lineRow(order, line))),
  );
}

async function selectOrders(
  reader: Reader,
  ids: readonly string[],
  orderLock: string,
  lineLock: string,
): Promise<Map<string, PurchaseOrder>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const heads = await reader.query<PurchaseOrderRow>(
    `SELECT * FROM purchase_orders WHERE id IN (${marks(wanted.length)})${orderLock}`,
    wanted,
  );
  if (heads.length === 0) return new Map();
  const rows = await reader.query<PurchaseOrderLineRow>(
    `SELECT * FROM purchase_order_lines WHERE purchase_order_id IN (${marks(heads.length)})
      ORDER BY purchase_order_id, line${lineLock}`,
    heads.map(({ id }) => id),
  );
  const lines = new Map<string, PurchaseOrderLineRow[]>(heads.map(({ id }) => [id, []]));
  for (const row of rows) lines.get(row.purchase_order_id)?.push(row);
  return new Map(heads.map((head) => [head.id, toOrder(head, lines.get(head.id) ?? [])]));
}

function toOrder(head: PurchaseOrderRow, lines: readonly PurchaseOrderLineRow[]): PurchaseOrder {
  return {
    id: head.id,
    supplierId: head.supplier_id,
    status: head.status as PurchaseOrderStatus,
    orderedOn: head.ordered_on,
    expectedOn: head.expected_on,
    version: Number(head.version),
    lines: lines
      .toSorted((a, b) => a.line_no - b.line_no)
      .map((row) => ({
        line: row.line,
        lineNo: row.line_no,
        sku: row.sku,
        locationId: row.location_id,
        ordered: row.ordered,
        received: row.received,
        rejected: row.rejected,
        warehouseReceived: row.warehouse_received,
        promisedOn: row.promised_on,
        receivedOn: row.received_on,
      })),
  };
}

function headRow(order: PurchaseOrder, nowMs: number) {
  return {
    id: order.id,
    supplier_id: order.supplierId,
    status: order.status,
    ordered_on: order.orderedOn,
    expected_on: order.expectedOn,
    version: order.version,
    updated_at_ms: nowMs,
  } satisfies PurchaseOrderRow;
}

function lineRow(order: PurchaseOrder, line: PurchaseLine) {
  return {
    purchase_order_id: order.id,
    line: line.line,
    line_no: line.lineNo,
    sku: line.sku,
    location_id: line.locationId,
    ordered: line.ordered,
    received: line.received,
    rejected: line.rejected,
    warehouse_received: line.warehouseReceived,
    open_quantity: openQuantityOf(order, line),
    promised_on: line.promisedOn,
    received_on: line.receivedOn,
    order_status: order.status,
  } satisfies PurchaseOrderLineRow;
}
