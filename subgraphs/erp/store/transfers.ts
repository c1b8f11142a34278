/**
 * Transfer orders and their lines in the database.
 *
 * A transfer is locked by its head, after the positions it is about; whoever changes a line holds that lock. What
 * follows from a line (committed, open) is stored beside it, so that a position's inbound is one index range.
 */
import type { Reader, SqlValue, Transaction } from "../../../shared/db/database.ts";
import { forUpdate, marks, numberOrNull, only, upsertRows } from "../../../shared/db/statements.ts";
import type { Page } from "../../../shared/graphql/pagination.ts";
import { lockOrder, type PositionKey } from "../domain/book.ts";
import {
  committedOf,
  type Decision,
  inboundOf,
  inTransitOf,
  statusOf,
  type Transfer,
  type TransferStatus,
} from "../domain/transfer.ts";
import type { TransferLineRow, TransferRow } from "../entities.ts";
import { selectByPairs } from "./books.ts";
import type { ExpectedSupply } from "./purchase-orders.ts";

export interface TransferFilter {
  readonly status?: TransferStatus | null | undefined;
  /** The origin or the destination. */
  readonly locationId?: string | null | undefined;
}

/** Those that are known, by id. */
export async function findTransfers(reader: Reader, ids: readonly string[]): Promise<Map<string, Transfer>> {
  return selectTransfers(reader, ids, "");
}

/** Locked until the transaction ends, in the order of their ids; call it after locking the positions. */
export async function lockTransfers(tx: Transaction, ids: readonly string[]): Promise<Map<string, Transfer>> {
  return selectTransfers(tx, ids, forUpdate(tx.dialect));
}

/** Newest first; one more than the page's size where there are more. */
export async function pageTransfers(
  reader: Reader,
  page: Page,
  { status, locationId }: TransferFilter,
): Promise<Transfer[]> {
  const limit = page.size + 1;
  const columns = status ? ["status"] : [];
  const params: SqlValue[] = [...(status ? [status] : []), ...(page.after ?? [])];
  // Each end has an index of its own; an OR of both would have none.
  const parts = (locationId ? ["origin_id", "destination_id"] : [null]).map((end) => {
    const fixed = [...(end ? [end] : []), ...columns];
    const conditions = [...fixed.map(only), ...(page.after ? ["id < ?"] : [])];
    return `SELECT id FROM (SELECT id FROM transfers ${conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : ""}
       ORDER BY ${[...fixed, "id"].map((column) => `${column} DESC`).join(", ")} LIMIT ${limit}) part`;
  });
  const rows = await reader.query<{ id: string }>(
    `${parts.join(" UNION ALL ")} ORDER BY id DESC LIMIT ${limit}`,
    parts.flatMap(() => [...(locationId ? [locationId] : []), ...params]),
  );
  const found = await findTransfers(
    reader,
    rows.map(({ id }) => id),
  );
  return rows.flatMap(({ id }) => found.get(id) ?? []);
}

/** What is in transit to the positions, by transfer. */
export async function findSupplyInTransit(reader: Reader, keys: readonly PositionKey[]): Promise<ExpectedSupply[]> {
  const rows = await selectByPairs<{ transfer_id: string; sku: string }>(
    reader,
    "SELECT transfer_id, sku FROM transfer_lines WHERE open_quantity > 0 AND (sku, destination_id) IN",
    keys.map(({ sku, locationId }) => [sku, locationId]),
    " ORDER BY transfer_id, sku",
  );
  const transfers = await findTransfers(
    reader,
    rows.map((row) => row.transfer_id),
  );
  return rows.flatMap(({ transfer_id, sku }) => {
    const transfer = transfers.get(transfer_id);
    const line = transfer?.lines.find((other) => other.sku === sku);
    return transfer && line ? [{ sku, locationId: transfer.destinationId, ...inboundOf(transfer, line) }] : [];
  });
}

export async function saveTransfers(tx: Transaction, transfers: readonly Transfer[]): Promise<void> {
  await upsertRows(tx, "transfers", ["id"], transfers.map(headRow));
  await upsertRows(tx, "transfer_lines", ["transfer_id", "sku"], transfers.flatMap(lineRows));
}

/** Both ends of each of the lines, in the order in which positions are locked. */
export function endsOf({ originId, destinationId }: Transfer, skus: readonly string[]): PositionKey[] {
  return lockOrder(skus.flatMap((sku) => [originId, destinationId].map((locationId) => ({ sku, locationId }))));
}

async function selectTransfers(reader: Reader, ids: readonly string[], lock: string): Promise<Map<string, Transfer>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const heads = await reader.query<TransferRow>(
    `SELECT * FROM transfers WHERE id IN (${marks(wanted.length)}) ORDER BY id${lock}`,
    wanted,
  );
  if (heads.length === 0) return new Map();
  const rows = await reader.query<TransferLineRow>(
    `SELECT * FROM transfer_lines WHERE transfer_id IN (${marks(heads.length)}) ORDER BY transfer_id, line_no`,
    heads.map(({ id }) => id),
  );
  const lines = new Map<string, TransferLineRow[]>(heads.map(({ id }) => [id, []]));
  for (const row of rows) lines.get(row.transfer_id)?.push(row);
  return new Map(heads.map((head) => [head.id, toTransfer(head, lines.get(head.id) ?? [])]));
}

function toTransfer(head: TransferRow, lines: readonly TransferLineRow[]): Transfer {
  return {
    id: head.id,
    originId: head.origin_id,
    destinationId: head.destination_id,
    needBy: head.need_by,
    reference: head.reference,
    reason: head.reason,
    requestedBy: head.requested_by,
    requestedAtMs: Number(head.requested_at_ms),
    decision: head.decision as Decision,
    decidedBy: head.decided_by,
    decidedAtMs: numberOrNull(head.decided_at_ms),
    note: head.note,
    hands: JSON.parse(head.hands) as string[],
    version: Number(head.version),
    lines: lines.map((row) => ({
      line: row.line,
      sku: row.sku,
      requested: row.requested,
      picked: row.picked,
      shipped: row.shipped,
      received: row.received,
      settled: row.settled,
      writtenOff: row.written_off,
      notShipped: row.not_shipped,
      putBack: row.put_back,
      receivedOn: row.received_on,
    })),
  };
}

function headRow(transfer: Transfer) {
  return {
    id: transfer.id,
    origin_id: transfer.originId,
    destination_id: transfer.destinationId,
    status: statusOf(transfer),
    decision: transfer.decision,
    need_by: transfer.needBy,
    reference: transfer.reference,
    reason: transfer.reason,
    requested_by: transfer.requestedBy,
    requested_at_ms: transfer.requestedAtMs,
    decided_by: transfer.decidedBy,
    decided_at_ms: transfer.decidedAtMs,
    note: transfer.note,
    hands: JSON.stringify(transfer.hands),
    version: transfer.version,
  } satisfies TransferRow;
}

function lineRows(transfer: Transfer) {
  return transfer.lines.map(
    (line, index) =>
      ({
        transfer_id: transfer.id,
        line: line.line,
        line_no: index + 1,
        sku: line.sku,
        origin_id: transfer.originId,
        destination_id: transfer.destinationId,
        requested: line.requested,
        picked: line.picked,
        shipped: line.shipped,
        received: line.received,
        settled: line.settled,
        written_off: line.writtenOff,
        not_shipped: line.notShipped,
        put_back: line.putBack,
        received_on: line.receivedOn,
        committed: committedOf(transfer, line),
        open_quantity: Math.max(0, inTransitOf(line)),
      }) satisfies TransferLineRow,
  );
}
