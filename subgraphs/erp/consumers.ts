/**
 * What the warehouse's facts do to the books, and the ERP's answer to whoever lost track of a position.
 *
 * A batch becomes one transaction with a fixed number of statements: lock the positions in order, read the documents
 * concerned, post event by event in memory, write. Each posting is acknowledged, so that `availability` can take back
 * the offset that bridged the time in between; one that is refused is told and tried again (`failed-postings.ts`), and
 * keeps no other waiting. A warehouse snapshot changes no book: a variance stays visible.
 */
import type { Clock } from "../../shared/clock.ts";
import type { Transaction } from "../../shared/db/database.ts";
import type { AnyEvent, EventType } from "../../shared/events/canonical-event.ts";
import { type ConsumerSpec, causeOf } from "../../shared/messaging/consumer.ts";
import type { Recorder } from "../../shared/recorder.ts";
import { type Book, lockOrder, openBook, type PositionKey, positionKeyOf } from "./domain/book.ts";
import { acknowledgedEvent, discrepancyEvent, snapshotEvent, supplyEvent } from "./domain/events.ts";
import { type Orders, openOrders } from "./domain/order.ts";
import { discrepancyChanges, inboundChanges, type PurchaseOrder, withReceipts } from "./domain/purchase-order.ts";
import { openTotals, type Totals, type WarehouseTotal } from "./domain/settlement.ts";
import { pickedTransfer, postingOf, type WarehousePosting } from "./domain/warehouse-event.ts";
import { postOrFail } from "./failed-postings.ts";
import { caseTypes, throughHolds } from "./held-postings.ts";
import { loadTotals, lockPositions, saveBook, saveTotals } from "./store/books.ts";
import { loadOrderLines, saveOrderLines } from "./store/orders.ts";
import { findExpectedSupply, lockPurchaseLines, savePurchaseLines } from "./store/purchase-orders.ts";
import { findSupplyInTransit } from "./store/transfers.ts";
import { type FactAt, openTransfers, type Transfers } from "./transfers.ts";

export const consumerName = "erp";

/** What moves a book. */
export const postedTypes: readonly EventType[] = [
  "shipment.confirmed",
  "shipment.voided",
  "receipt.recorded",
  "adjustment.posted",
  "transfer.shipped",
  "transfer.received",
];

export function createConsumers(clock: Clock): ConsumerSpec[] {
  return [
    {
      name: consumerName,
      topic: "facts",
      types: [...postedTypes, ...caseTypes, "pick.confirmed", "snapshot.requested"],
      concerns: (event) => event.type !== "pick.confirmed" || event.documentRef?.type === "TRANSFER",
      async handle(tx, events, recorder) {
        const nowMs = clock.now();
        const open = await throughHolds(tx, events, recorder, { consumer: consumerName, nowMs });
        const [first, ...others] = open;
        // A batch that fails comes again event by event; only then is it known which of them cannot be posted.
        const alone = first && events.length === 1 && others.length === 0 && postedTypes.includes(first.type);
        if (alone) await postOrFail(tx, first, recorder, { consumer: consumerName, post: follow, nowMs });
        else if (open.length > 0) await follow(tx, open, recorder, nowMs);
      },
      redrive: (tx, events, recorder) => follow(tx, events, recorder, clock.now()),
    },
  ];
}

interface Followed {
  readonly event: AnyEvent;
  readonly posting: WarehousePosting;
}

/** The state that a batch works on, locked and in memory. */
interface Ledger {
  readonly book: Book;
  readonly totals: Totals;
  readonly orders: Orders;
  readonly purchases: Map<string, PurchaseOrder>;
  readonly transfers: Transfers;
}

/** Fails with INVALID_INPUT, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE: then nothing of it counts. */
export async function follow(
  tx: Transaction,
  events: readonly AnyEvent[],
  recorder: Recorder,
  nowMs: number,
): Promise<void> {
  const followed = events.flatMap((event): Followed[] => {
    const posting = event.source === "wms" ? postingOf(event) : null;
    return posting ? [{ event, posting }] : [];
  });
  const picks = events.flatMap((event) => pickOf(event) ?? []);
  const asked = requestsByPosition(events);
  const ledger = await openLedger(tx, followed, picks, [...asked.values()]);
  const purchasesBefore = new Map(ledger.purchases);
  for (const { event, posting } of followed) post(ledger, event, posting, recorder);
  for (const { event, ...pick } of picks) {
    ledger.transfers.follow(recorder, ledger.book, pick, causeOf(consumerName, event));
  }

  await saveTotals(tx, ledger.totals.changed());
  await saveOrderLines(tx, ledger.orders.changed());
  await savePurchaseLines(tx, changedPurchases(purchasesBefore, ledger.purchases));
  await ledger.transfers.save(tx);
  await answer(tx, ledger.book, asked, recorder);
  const causes = new Map(events.map((event) => [event.id, causeOf(consumerName, event)]));
  await saveBook(tx, ledger.book, ({ eventId }) => causes.get(eventId ?? "") ?? recorder.cause, nowMs);
}

async function openLedger(
  tx: Transaction,
  followed: readonly Followed[],
  picks: readonly FactAt[],
  asked: readonly PositionKey[],
): Promise<Ledger> {
  const transfers = await openTransfers(tx, [...followed.flatMap(({ posting }) => factOf(posting) ?? []), ...picks]);
  const keys = [...followed.map(({ posting }) => posting), ...transfers.ends, ...asked];
  const book = openBook(await lockPositions(tx, keys));
  const reports = followed.flatMap(({ posting }) => posting.report ?? []);
  const idsOf = (type: WarehouseTotal["documentType"]) =>
    reports.filter(({ documentType }) => documentType === type).map(({ documentId }) => documentId);
  const totals = openTotals(await loadTotals(tx, reports));
  const orders = openOrders(await loadOrderLines(tx, idsOf("ORDER")), totals);
  const purchases = await lockPurchaseLines(tx, idsOf("PURCHASE_ORDER"));
  await transfers.lock(tx);
  return { book, totals, orders, purchases, transfers };
}

function factOf({ transferFact, documentRef, locationId }: WarehousePosting): FactAt | null {
  return transferFact && documentRef ? { transferId: documentRef.id, locationId, fact: transferFact } : null;
}

function pickOf(event: AnyEvent): (FactAt & { readonly event: AnyEvent }) | null {
  const fact = event.source === "wms" ? pickedTransfer(event) : null;
  const { documentRef, locationId } = event;
  return fact && documentRef && locationId !== null ? { transferId: documentRef.id, locationId, fact, event } : null;
}

function post(ledger: Ledger, event: AnyEvent, posting: WarehousePosting, recorder: Recorder): void {
  const { book, totals, orders, transfers } = ledger;
  const { kind, bookDelta, documentRef, report } = posting;
  const cause = causeOf(consumerName, event);
  if (report) totals.add(report);
  const fact = factOf(posting);
  const ordered = report?.documentType === "ORDER" ? orders.settle(report.documentId, posting) : 0;
  const committedDelta = ordered + (fact ? transfers.follow(recorder, book, fact, cause) : 0);
  const entry = { kind, bookDelta, committedDelta, documentRef, eventId: event.id, occurredAt: event.time };
  const version = book.post(posting, entry);
  recorder.audit(
    {
      subject: `position:${positionKeyOf(posting)}`,
      action: event.type,
      detail: { eventId: event.id, kind, bookDelta, committedDelta, documentRef, version },
    },
    cause,
  );
  recorder.event(acknowledgedEvent(event, posting, committedDelta, version), cause);

  const before = report?.documentType === "PURCHASE_ORDER" ? ledger.purchases.get(report.documentId) : undefined;
  if (!before) return;
  const after = withReceipts(before, totals, posting, event.time.slice(0, 10));
  ledger.purchases.set(before.id, after);
  for (const change of inboundChanges(before, after)) {
    recorder.event(supplyEvent(change, book.nextVersion(change)), cause);
  }
  for (const change of discrepancyChanges(before, after)) recorder.event(discrepancyEvent(after, change), cause);
}

/** Each order with only those of its lines that are no longer what they were. */
function changedPurchases(
  before: ReadonlyMap<string, PurchaseOrder>,
  after: ReadonlyMap<string, PurchaseOrder>,
): PurchaseOrder[] {
  return [...after.values()].map((order) => {
    const former = new Set(before.get(order.id)?.lines);
    return { ...order, lines: order.lines.filter((line) => !former.has(line)) };
  });
}

/** The last request for each position. */
function requestsByPosition(events: readonly AnyEvent[]): Map<string, PositionKey & { event: AnyEvent }> {
  const requests = new Map<string, PositionKey & { event: AnyEvent }>();
  for (const event of events) {
    const { sku, locationId } = event;
    if (event.type !== "snapshot.requested" || event.data.system !== "erp") continue;
    if (sku !== null && locationId !== null)
      requests.set(positionKeyOf({ sku, locationId }), { sku, locationId, event });
  }
  return requests;
}

/** After everything else of the batch, so that the snapshots contain it. */
async function answer(
  tx: Transaction,
  book: Book,
  asked: ReadonlyMap<string, PositionKey & { event: AnyEvent }>,
  recorder: Recorder,
): Promise<void> {
  if (asked.size === 0) return;
  const keys = lockOrder([...asked.values()]);
  const supply = [...(await findExpectedSupply(tx, keys)), ...(await findSupplyInTransit(tx, keys))];
  for (const { sku, locationId, event } of asked.values()) {
    const inbound = supply
      .filter((line) => line.sku === sku && line.locationId === locationId)
      .map(({ sku: _, locationId: __, ...line }) => line);
    const version = book.nextVersion({ sku, locationId });
    recorder.event(snapshotEvent(book.position({ sku, locationId }), inbound, version), causeOf(consumerName, event));
  }
}
