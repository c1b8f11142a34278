/**
 * Receipts of purchase orders as a projection of facts: movements that name the order, what the ERP expects and posts.
 *
 * Runs in the transaction of the fact, so a receipt is never behind the stock. A discrepancy is told once for each time
 * it changes. Decides nothing and moves nothing: the rules are `domain/receipt.ts`.
 */
import type { Transaction } from "../../shared/db/database.ts";
import type { AnyEvent, Bucket } from "../../shared/events/canonical-event.ts";
import { causeOf } from "../../shared/messaging/consumer.ts";
import type { Cause, Recorder } from "../../shared/recorder.ts";
import { discrepanciesOf, expectedOf, learn, type ReceiptFact, type ReceiptLine, statusOf } from "./domain/receipt.ts";
import type { MovementRow } from "./entities.ts";
import {
  lockOrCreateReceipts,
  type ReceiptKey,
  receiptKeyText,
  type StoredReceipt,
  saveReceipts,
  untold,
} from "./store/receipts.ts";

/** A fact about a receipt. */
export interface ReceiptNews extends ReceiptKey {
  readonly fact: ReceiptFact;
  /** Where it differs from the recorder's. */
  readonly cause?: Cause;
}

const documentType = "PURCHASE_ORDER";

/** The receipts that the news are about, as they are then. */
export async function followReceipts(
  tx: Transaction,
  recorder: Recorder,
  news: readonly ReceiptNews[],
  nowMs: number,
): Promise<StoredReceipt[]> {
  if (news.length === 0) return [];
  const receipts = await lockOrCreateReceipts(tx, news, nowMs);
  const changed = new Map<string, StoredReceipt>();
  for (const item of news) {
    const key = receiptKeyText(item);
    const before = receipts.get(key);
    if (!before) continue;
    const after = learnAndTell(recorder, before, item, nowMs);
    receipts.set(key, after);
    if (after !== before) changed.set(key, after);
  }
  await saveReceipts(tx, [...changed.values()]);
  return [...receipts.values()];
}

/** What new movements say about receipts: of a superseded one nobody hears, so nothing would ever be posted of it. */
export function newsOfMovements(movements: readonly MovementRow[]): ReceiptNews[] {
  return movements.flatMap((row): ReceiptNews[] => {
    if (row.document_type !== documentType || row.document_id === null || row.status !== "ACCEPTED") return [];
    const key = { purchaseOrderId: row.document_id, locationId: row.location_id };
    const to = row.to_bucket as Bucket | null;
    const { sku } = row;
    const quantity = Math.abs(row.quantity);
    if (row.type === "RECEIPT") return [{ ...key, fact: { type: "received", sku, quantity, to: to ?? "dock" } }];
    return row.from_bucket === "dock" ? [{ ...key, fact: { type: "leftDock", sku, quantity, to } }] : [];
  });
}

/** What the ERP's events say about receipts. */
export function newsOfBooks(events: readonly AnyEvent[], consumerName: string): ReceiptNews[] {
  return events.flatMap((event): ReceiptNews[] => {
    const { sku, locationId } = event;
    if (sku === null || locationId === null) return [];
    const cause = causeOf(consumerName, event);
    if (event.type === "supply.expected.changed" && event.data.documentType === documentType) {
      const { documentId: purchaseOrderId, line, orderedQuantity: ordered, closed = false } = event.data;
      const expectation = { line, ordered, closed, seq: event.sourceSeq };
      return [{ purchaseOrderId, locationId, cause, fact: { type: "expected", sku, expectation } }];
    }
    if (event.type === "erp.posting.acknowledged" && concernsReceipts(event)) {
      const fact = { type: "posted", sku, quantity: event.data.bookDelta } as const;
      return [{ purchaseOrderId: event.documentRef?.id ?? "", locationId, cause, fact }];
    }
    return [];
  });
}

export function concernsReceipts({ documentRef }: AnyEvent): boolean {
  return documentRef?.type === documentType;
}

function learnAndTell(recorder: Recorder, before: StoredReceipt, news: ReceiptNews, nowMs: number): StoredReceipt {
  const known = learn(before, news.fact);
  if (known === before) return before;
  const status = statusOf(known);
  const cause = news.cause ?? recorder.cause;
  let after: StoredReceipt = { ...before, ...known, status, version: before.version + 1, updatedAtMs: nowMs };
  if (news.fact.type === "progressed") after = tellProgress(recorder, after, news.fact.step, cause);
  for (const line of after.lines) after = tellDiscrepancies(recorder, after, line, cause);
  if (status !== before.status || news.fact.type === "progressed") {
    const detail = { status, before: before.status, fact: news.fact, version: after.version };
    recorder.audit({ subject: `receipt:${after.receiptId}`, action: `receipt.${news.fact.type}`, detail }, cause);
  }
  return after;
}

function tellProgress(recorder: Recorder, receipt: StoredReceipt, step: string, cause: Cause): StoredReceipt {
  const { receiptId } = receipt;
  const progressSeq = receipt.progressSeq + 1;
  const partition = { sourceSeq: progressSeq, partitionKey: `receipt:${receiptId}` };
  recorder.event({ ...headOf(receipt), ...partition, type: "receipt.progressed", data: { receiptId, step } }, cause);
  return { ...receipt, progressSeq };
}

function tellDiscrepancies(recorder: Recorder, receipt: StoredReceipt, line: ReceiptLine, cause: Cause): StoredReceipt {
  const { sku, received } = line;
  const discrepancies = discrepanciesOf(receipt, line);
  const text = JSON.stringify(discrepancies);
  const before = receipt.told[sku] ?? untold;
  if (text === before.text) return receipt;
  const { receiptId, status } = receipt;
  const seq = before.seq + 1;
  // A sequence for each line: all of one SKU goes one way, and nothing else does.
  const partition = { sourceSeq: seq, partitionKey: `receipt:${receiptId}|${sku}` };
  const data = { receiptId, status, expected: expectedOf(line), received, discrepancies };
  recorder.event({ ...headOf(receipt), ...partition, type: "receipt.discrepancy", sku, data }, cause);
  return { ...receipt, told: { ...receipt.told, [sku]: { text, seq } } };
}

function headOf({ purchaseOrderId, locationId }: StoredReceipt) {
  return { locationId, documentRef: { type: documentType, id: purchaseOrderId } };
}
