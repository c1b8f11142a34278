/**
 * Inbound supply and the punctuality of suppliers, in SQL.
 *
 * The lock of a position guards its lines, receipts and arrivals. The histogram's rows are locked last and in key
 * order, so that two writers never wait for each other.
 */
import type { Reader, Transaction } from "../../../shared/db/database.ts";
import { marks, pairMarks, tupleMarks, upsertRows } from "../../../shared/db/statements.ts";
import { positionText } from "../../../shared/ids.ts";
import {
  type DocumentLine,
  type Inbound,
  type LineArrival,
  lineText,
  type SupplyLine,
  type UnpostedReceipt,
} from "../domain/inbound.ts";
import type { LatenessCount } from "../domain/promising.ts";
import type { ArrivalRow, DocumentLineColumns, InboundLineRow, InboundReceiptRow, LatenessRow } from "../entities.ts";
import { type PositionKey, pairValues } from "./positions.ts";

const keyColumns = ["sku", "location_id", "document_type", "document_id", "line"] as const;

/** By `positionText`; a position without anything inbound is not in it. */
export async function loadInbound(reader: Reader, keys: readonly PositionKey[]): Promise<Map<string, Inbound>> {
  if (keys.length === 0) return new Map();
  const of = (table: string) =>
    `SELECT * FROM ${table} WHERE (sku, location_id) IN ${pairMarks(reader.dialect, keys.length)}`;
  const lines = await reader.query<InboundLineRow>(of("inbound_lines"), pairValues(keys));
  const receipts = await reader.query<InboundReceiptRow>(of("inbound_receipts"), pairValues(keys));
  const found = new Map<string, { lines: Map<string, SupplyLine>; unposted: Map<string, UnpostedReceipt> }>();
  const at = (row: DocumentLineColumns) => {
    const key = positionText({ sku: row.sku, locationId: row.location_id });
    const known = found.get(key) ?? { lines: new Map(), unposted: new Map() };
    found.set(key, known);
    return known;
  };
  for (const row of lines) {
    const { open_quantity: openQuantity, promised_on: promisedOn, from_id: from } = row;
    const line = { ...lineOf(row), openQuantity, promisedOn, from, seq: Number(row.source_seq) };
    at(row).lines.set(lineText(line), line);
  }
  for (const row of receipts) {
    const receipt = { ...lineOf(row), quantity: Number(row.quantity) };
    at(row).unposted.set(lineText(receipt), receipt);
  }
  return found;
}

/** What is inbound at a locked position, as it was loaded and as it is now. */
export interface InboundChange extends PositionKey {
  readonly before: Inbound;
  readonly after: Inbound;
}

/** What differs; as many statements for many positions as for one. */
export async function saveInbound(tx: Transaction, changes: readonly InboundChange[]): Promise<void> {
  const lines = changes.flatMap((change) => entriesOf(change, ({ lines }) => lines));
  const receipts = changes.flatMap((change) => entriesOf(change, ({ unposted }) => unposted));
  await upsertRows(
    tx,
    "inbound_lines",
    keyColumns,
    lines.flatMap(({ key, now: line }) =>
      line
        ? {
            ...key,
            open_quantity: line.openQuantity,
            promised_on: line.promisedOn,
            from_id: line.from,
            source_seq: line.seq,
          }
        : [],
    ),
  );
  await upsertRows(
    tx,
    "inbound_receipts",
    keyColumns,
    receipts.flatMap(({ key, now: receipt }) => (receipt ? { ...key, quantity: receipt.quantity } : [])),
  );
  const gone = (entries: readonly { readonly key: LineKey; readonly now: unknown }[]) =>
    entries.filter(({ now }) => now === null).map(({ key }) => key);
  await removeLines(tx, "inbound_lines", gone(lines));
  await removeLines(tx, "inbound_receipts", gone(receipts));
}

/** The entries that are new, other or (null) gone. */
function entriesOf<T extends DocumentLine>(
  { before, after, ...at }: InboundChange,
  of: (inbound: Inbound) => ReadonlyMap<string, T>,
): { key: LineKey; now: T | null }[] {
  const [was, is] = [of(before), of(after)];
  const gone = [...was].filter(([text]) => !is.has(text)).map(([, line]) => ({ key: keyOf(at, line), now: null }));
  const other = [...is].filter(([text, line]) => was.get(text) !== line);
  return [...gone, ...other.map(([, line]) => ({ key: keyOf(at, line), now: line }))];
}

export type ArrivalAt = PositionKey & LineArrival;

/** Counts each completed line once, as the newest of its events has it. Their positions must be locked. */
export async function recordArrivals(tx: Transaction, arrivals: readonly ArrivalAt[]): Promise<void> {
  if (arrivals.length === 0) return;
  const textOf = (at: ArrivalAt) => `${positionText(at)}\n${lineText(at)}`;
  const newest = new Map<string, ArrivalAt>();
  for (const at of arrivals) if (at.seq > (newest.get(textOf(at))?.seq ?? 0)) newest.set(textOf(at), at);
  const wanted = [...newest.values()];
  const rows = await tx.query<ArrivalRow>(
    `SELECT * FROM arrivals WHERE (${keyColumns.join(", ")}) IN ${tupleMarks(tx.dialect, wanted.length, keyColumns.length)}`,
    wanted.flatMap((at) => keyColumns.map((column) => keyOf(at, at)[column])),
  );
  const stored = new Map(rows.map((row) => [textOf(toArrival(row)), toArrival(row)]));
  const changed = wanted.filter((at) => at.seq > (stored.get(textOf(at))?.seq ?? 0));
  await upsertRows(
    tx,
    "arrivals",
    keyColumns,
    changed.map((at) => ({ ...keyOf(at, at), from_id: at.from, days_late: at.daysLate, source_seq: at.seq })),
  );
  const counts = new Map<string, LatenessChange>();
  const count = ({ from, daysLate }: LineArrival, lines: number) => {
    const key = JSON.stringify([from, daysLate]);
    counts.set(key, { from, daysLate, lines: (counts.get(key)?.lines ?? 0) + lines });
  };
  for (const at of changed) {
    const former = stored.get(textOf(at));
    if (former) count(former, -1);
    count(at, 1);
  }
  await addLateness(tx, [...counts.values()]);
}

/** By supplier (or origin of transfers). */
export async function loadLateness(reader: Reader, from: readonly string[]): Promise<Map<string, LatenessCount[]>> {
  if (from.length === 0) return new Map();
  const rows = await reader.query<LatenessRow>(
    `SELECT * FROM lateness WHERE from_id IN (${marks(from.length)}) AND arrived_lines > 0 ORDER BY from_id, days_late`,
    from,
  );
  const found = new Map<string, LatenessCount[]>(from.map((id) => [id, []]));
  for (const row of rows) {
    found.get(row.from_id)?.push({ daysLate: row.days_late, lines: Number(row.arrived_lines) });
  }
  return found;
}

interface LatenessChange {
  readonly from: string;
  readonly daysLate: number;
  readonly lines: number;
}

/** In key order. One statement a row would lock it shared first, and two writers would wait for each other. */
async function addLateness(tx: Transaction, counts: readonly LatenessChange[]): Promise<void> {
  const sorted = [...counts].sort((a, b) => (a.from === b.from ? a.daysLate - b.daysLate : a.from < b.from ? -1 : 1));
  const more = sorted.filter(({ lines }) => lines > 0);
  if (more.length > 0) {
    const tail =
      tx.dialect === "mysql"
        ? "ON DUPLICATE KEY UPDATE arrived_lines = arrived_lines + VALUES(arrived_lines)"
        : "ON CONFLICT (from_id, days_late) DO UPDATE SET arrived_lines = arrived_lines + excluded.arrived_lines";
    await tx.run(
      `INSERT INTO lateness (from_id, days_late, arrived_lines) VALUES ${more.map(() => "(?, ?, ?)").join(", ")} ${tail}`,
      more.flatMap(({ from, daysLate, lines }) => [from, daysLate, lines]),
    );
  }
  // A line that was counted otherwise before: its row is there.
  for (const { from, daysLate, lines } of sorted.filter((change) => change.lines < 0)) {
    await tx.run("UPDATE lateness SET arrived_lines = arrived_lines + ? WHERE from_id = ? AND days_late = ?", [
      lines,
      from,
      daysLate,
    ]);
  }
}

async function removeLines(tx: Transaction, table: string, keys: readonly LineKey[]): Promise<void> {
  if (keys.length === 0) return;
  await tx.run(
    `DELETE FROM ${table} WHERE (${keyColumns.join(", ")}) IN ${tupleMarks(tx.dialect, keys.length, keyColumns.length)}`,
    keys.flatMap((key) => keyColumns.map((column) => key[column])),
  );
}

type LineKey = Readonly<Record<(typeof keyColumns)[number], string>>;

function keyOf({ sku, locationId }: PositionKey, { documentType, documentId, line }: DocumentLine): LineKey {
  return { sku, location_id: locationId, document_type: documentType, document_id: documentId, line };
}

function lineOf({ document_type: documentType, document_id: documentId, line }: DocumentLineColumns) {
  return { documentType, documentId, line };
}

function toArrival(row: ArrivalRow): ArrivalAt {
  const { sku, location_id: locationId, from_id: from, days_late: daysLate } = row;
  return { sku, locationId, ...lineOf(row), from, daysLate, seq: Number(row.source_seq) };
}
