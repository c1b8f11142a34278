/**
 * Sales orders and their lines in the database.
 *
 * A command locks the order first and its positions after; a consumer locks positions only, and they guard the lines.
 */
import type { Transaction } from "../../../shared/db/database.ts";
import { forUpdate, insertMissing, marks, upsertRows } from "../../../shared/db/statements.ts";
import type { OrderLine } from "../domain/order.ts";
import type { OrderLineRow, SalesOrderRow } from "../entities.ts";

export interface SalesOrder {
  readonly orderId: string;
  readonly channel: string | null;
}

/** Locked until the transaction ends; undefined when there is none. */
export async function lockOrder(tx: Transaction, orderId: string): Promise<SalesOrder | undefined> {
  const [row] = await tx.query<SalesOrderRow>(`SELECT * FROM sales_orders WHERE order_id = ?${forUpdate(tx.dialect)}`, [
    orderId,
  ]);
  return row && { orderId, channel: row.channel };
}

/** The order, made when there is none, locked until the transaction ends. */
export async function lockOrCreateOrder(tx: Transaction, order: SalesOrder, nowMs: number): Promise<SalesOrder> {
  const { orderId, channel } = order;
  await insertMissing(tx, "sales_orders", [{ order_id: orderId, channel, created_at_ms: nowMs }]);
  return (await lockOrder(tx, orderId)) ?? order;
}

export async function loadOrderLines(tx: Transaction, orderIds: readonly string[]): Promise<OrderLine[]> {
  const wanted = [...new Set(orderIds)];
  if (wanted.length === 0) return [];
  const rows = await tx.query<OrderLineRow>(
    `SELECT * FROM order_lines WHERE order_id IN (${marks(wanted.length)}) ORDER BY order_id, line_no`,
    wanted,
  );
  return rows.map((row) => ({
    orderId: row.order_id,
    line: row.line,
    lineNo: row.line_no,
    sku: row.sku,
    locationId: row.location_id,
    allocated: row.allocated,
    shipped: row.shipped,
  }));
}

export async function saveOrderLines(tx: Transaction, lines: readonly OrderLine[]): Promise<void> {
  await upsertRows(
    tx,
    "order_lines",
    ["order_id", "line"],
    lines.map(
      (line) =>
        ({
          order_id: line.orderId,
          line: line.line,
          line_no: line.lineNo,
          sku: line.sku,
          location_id: line.locationId,
          allocated: line.allocated,
          shipped: line.shipped,
        }) satisfies OrderLineRow,
    ),
  );
}
