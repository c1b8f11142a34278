/**
 * What the warehouses know of transfers, in the database.
 *
 * Lines are locked in (transfer, SKU) order, after the positions they are about. Each function costs a constant number
 * of statements, however many lines it is given.
 */
import type { Reader, Transaction } from "../../../shared/db/database.ts";
import { forUpdate, insertMissing, pairMarks, upsertRows } from "../../../shared/db/statements.ts";
import { noTransferLine, type TransferLine } from "../domain/transfer.ts";
import type { TransferHandRow, TransferLineRow } from "../entities.ts";

export interface TransferLineKey {
  readonly transferId: string;
  readonly sku: string;
}

/** Lines by `transferLineText`. */
export type TransferLines = Map<string, TransferLine>;

/** One text for one line, to look it up and to order by. */
export function transferLineText({ transferId, sku }: TransferLineKey): string {
  return `${transferId}\n${sku}`;
}

/** Every line of a transfer, by SKU; none where nothing is known of it. */
export async function loadTransferLines(reader: Reader, transferId: string): Promise<TransferLine[]> {
  const rows = await reader.query<TransferLineRow>("SELECT * FROM transfer_lines WHERE transfer_id = ? ORDER BY sku", [
    transferId,
  ]);
  return rows.map(toLine);
}

/** Locked until the transaction ends; a line that nothing is known of begins empty. */
export async function lockOrCreateTransferLines(
  tx: Transaction,
  keys: readonly TransferLineKey[],
): Promise<TransferLines> {
  const wanted = [...new Map(keys.map((key) => [transferLineText(key), key])).values()];
  if (wanted.length === 0) return new Map();
  const found = await lockLines(tx, wanted);
  const missing = wanted
    .filter((key) => !found.has(transferLineText(key)))
    .sort((a, b) => (transferLineText(a) < transferLineText(b) ? -1 : 1));
  if (missing.length === 0) return found;
  await insertMissing(
    tx,
    "transfer_lines",
    missing.map(({ transferId, sku }) => toRow(noTransferLine(transferId, sku))),
  );
  return new Map([...found, ...(await lockLines(tx, missing))]);
}

export async function saveTransferLines(tx: Transaction, lines: readonly TransferLine[]): Promise<void> {
  await upsertRows(tx, "transfer_lines", ["transfer_id", "sku"], lines.map(toRow));
}

export async function insertHands(tx: Transaction, hands: readonly TransferHandRow[]): Promise<void> {
  await insertMissing(
    tx,
    "transfer_hands",
    hands.map((hand) => ({ ...hand })),
  );
}

/** Has this person shipped any of it? */
export async function hasShipped(reader: Reader, transferId: string, person: string): Promise<boolean> {
  const rows = await reader.query(
    "SELECT person FROM transfer_hands WHERE transfer_id = ? AND act = 'SHIPMENT' AND person = ?",
    [transferId, person],
  );
  return rows.length > 0;
}

async function lockLines(tx: Transaction, keys: readonly TransferLineKey[]): Promise<TransferLines> {
  const rows = await tx.query<TransferLineRow>(
    `SELECT * FROM transfer_lines WHERE (transfer_id, sku) IN ${pairMarks(tx.dialect, keys.length)}
       ORDER BY transfer_id, sku${forUpdate(tx.dialect)}`,
    keys.flatMap(({ transferId, sku }) => [transferId, sku]),
  );
  return new Map(rows.map(toLine).map((line) => [transferLineText(line), line]));
}

function toLine(row: TransferLineRow): TransferLine {
  return {
    transferId: row.transfer_id,
    sku: row.sku,
    line: row.line,
    originId: row.origin_id,
    destinationId: row.destination_id,
    approved: row.approved,
    withdrawn: row.withdrawn === 1,
    picked: row.picked,
    shipped: row.shipped,
    received: row.received,
    settled: row.settled,
    writtenOff: row.written_off,
  };
}

function toRow(line: TransferLine) {
  return {
    transfer_id: line.transferId,
    sku: line.sku,
    line: line.line,
    origin_id: line.originId,
    destination_id: line.destinationId,
    approved: line.approved,
    withdrawn: line.withdrawn ? 1 : 0,
    picked: line.picked,
    shipped: line.shipped,
    received: line.received,
    settled: line.settled,
    written_off: line.writtenOff,
  } satisfies TransferLineRow;
}
