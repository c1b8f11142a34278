/**
 * What other systems' events do here: master data fills the replica, a returned item enters quarantine, an adjustment
 * learns whether the books followed, a transfer what was approved of it, a receipt what is expected and what is posted
 * of it, and whoever lost count of a position is told its whole stock.
 */

import { type Clock, isoTime } from "../../shared/clock.ts";
import type { Transaction } from "../../shared/db/database.ts";
import { AppError } from "../../shared/errors.ts";
import type { AnyEvent, CanonicalEvent, EventType } from "../../shared/events/canonical-event.ts";
import { positionText } from "../../shared/ids.ts";
import { applyMasterData } from "../../shared/master-data.ts";
import { type ConsumerSpec, causeOf } from "../../shared/messaging/consumer.ts";
import { applyPartnerCodes } from "../../shared/partner-codes.ts";
import type { Recorder } from "../../shared/recorder.ts";
import { followBooks } from "./adjustments.ts";
import { noBalance } from "./domain/balance.ts";
import { snapshotEvent } from "./domain/canonical.ts";
import { assertFact, effectOf, type StockFact } from "./domain/stock-fact.ts";
import { noTransferLine, type Paper, toPutBack, withPaper } from "./domain/transfer.ts";
import { type Entry, postFacts } from "./posting.ts";
import { concernsReceipts, followReceipts, newsOfBooks } from "./receipts.ts";
import { lockBalances, lockOrCreateBalances, saveBalances } from "./store/balances.ts";
import {
  lockOrCreateTransferLines,
  saveTransferLines,
  type TransferLineKey,
  transferLineText,
} from "./store/transfers.ts";

import { correctVariances } from "./variance-corrections.ts";

const consumerName = "wms";

const types: readonly EventType[] = [
  "master.changed",
  "return.received",
  "supply.expected.changed",
  "erp.posting.acknowledged",
  "erp.posting.failed",
  "transfer.approved",
  "transfer.cancelled",
  "transfer.resolved",
  "variance.correction.approved",
  "snapshot.requested",
  "mapping.changed",
];

export function createConsumers(clock: Clock): ConsumerSpec[] {
  return [
    {
      name: consumerName,
      topic: "facts",
      types,
      concerns,
      async handle(tx, events, recorder) {
        await applyMasterData(tx, events);
        await applyPartnerCodes(tx, events);
        await quarantineReturns(tx, recorder, events, clock.now());
        await answerSnapshotRequests(tx, recorder, events);
        await followTransfers(tx, recorder, events, clock.now());
        await correctVariances(tx, recorder, events, { consumer: consumerName, nowMs: clock.now() });
        // Documents are locked after positions, as everywhere.
        await followBooks(tx, recorder, events, consumerName, clock.now());
        await followReceipts(tx, recorder, newsOfBooks(events, consumerName), clock.now());
      },
    },
  ];
}

/** The books follow every movement; of that only adjustments and purchase orders are waiting to hear. */
function concerns(event: AnyEvent): boolean {
  if (event.type === "snapshot.requested") return event.data.system === "wms";
  if (event.type !== "erp.posting.acknowledged") return true;
  return event.data.offset === "adjusted" || concernsReceipts(event);
}

/** A return that arrived is physically here: into QUARANTINE, as a receipt, so that the books follow. */
async function quarantineReturns(tx: Transaction, recorder: Recorder, events: readonly AnyEvent[], nowMs: number) {
  const entries = events.flatMap((event) => (event.type === "return.received" ? [returnEntry(event)] : []));
  const action = "return.received";
  const verdicts = await postFacts(tx, recorder, { source: "system:returns", action, nowMs, entries });
  for (const verdict of verdicts) if (verdict.status === "REJECTED") throw verdict.error;
}

/** The quantity is in base units already, so the item's factors are not needed. */
function returnEntry(event: CanonicalEvent<"return.received">): Entry {
  const { sku, locationId, quantity } = event;
  if (sku === null || locationId === null || quantity === null) {
    throw new AppError("INVALID_INPUT", { message: "A received return names its SKU, location and quantity." });
  }
  const fact: StockFact = {
    id: event.id,
    type: "RECEIPT",
    sku,
    locationId,
    quantity,
    unit: null,
    occurredAtMs: Date.parse(event.time),
    sourceSeq: null,
    documentRef: event.documentRef ?? { type: "RETURN", id: event.data.returnId },
    fromBucket: null,
    toBucket: "quarantine",
    reasonCode: event.reasonCode,
    note: event.note,
    buckets: null,
  };
  assertFact(fact);
  const effect = effectOf(fact, (inBaseUnits) => inBaseUnits);
  return { fact, effect, uom: event.uom, cause: causeOf(consumerName, event) };
}

/** The paper of transfers; goods that never left are put back on the shelf they were booked from. */
async function followTransfers(tx: Transaction, recorder: Recorder, events: readonly AnyEvent[], nowMs: number) {
  const papers = events.flatMap((event) => paperOf(event) ?? []);
  const ordered = papers.filter(({ paper }) => paper.type === "resolved" && paper.resolution === "NOT_SHIPPED");
  // Positions before lines, as everywhere.
  const balances = await lockOrCreateBalances(
    tx,
    ordered.map(({ key, event }) => ({ sku: key.sku, locationId: event.locationId ?? "" })),
  );
  const lines = await lockOrCreateTransferLines(
    tx,
    papers.map(({ key }) => key),
  );
  for (const { key, paper, event } of papers) {
    const line = withPaper(lines.get(transferLineText(key)) ?? noTransferLine(key.transferId, key.sku), paper);
    lines.set(transferLineText(key), line);
    const detail = { sku: key.sku, paper, line };
    recorder.audit({ subject: `transfer:${key.transferId}`, action: event.type, detail }, causeOf(consumerName, event));
  }
  await saveTransferLines(tx, [...lines.values()]);
  for (const { key, paper, event } of ordered) {
    // Read again each time: the one before may have put back some of it.
    const line = (await lockOrCreateTransferLines(tx, [key])).get(transferLineText(key));
    const quantity = line ? toPutBack(line, paper.quantity) : 0;
    if (quantity === 0) continue;
    const { snapshot } = balances.get(positionText({ sku: key.sku, locationId: event.locationId ?? "" })) ?? noBalance;
    // The decision is newer than whatever was counted there, and is not in it.
    const atMs = Math.max(Date.parse(event.time), snapshot?.occurredAtMs ?? 0);
    const entries = [putBackEntry(event, quantity, atMs)];
    const posting = { source: "system:erp", action: event.type, nowMs, entries };
    for (const verdict of await postFacts(tx, recorder, posting)) {
      if (verdict.status === "REJECTED") throw verdict.error;
    }
  }
}

interface TransferPaper {
  readonly key: TransferLineKey;
  readonly paper: Paper;
  readonly event: AnyEvent;
}

function paperOf(event: AnyEvent): TransferPaper | null {
  const { sku, locationId, toLocationId, documentRef, quantity } = event;
  const isPaper =
    event.type === "transfer.approved" || event.type === "transfer.cancelled" || event.type === "transfer.resolved";
  if (!isPaper) return null;
  if (sku === null || locationId === null || quantity === null) {
    throw new AppError("INVALID_INPUT", { message: "A transfer names its SKU, its origin and a quantity." });
  }
  const key = { transferId: event.data.transferId, sku };
  if (event.type === "transfer.cancelled") return { key, event, paper: { type: "cancelled", quantity } };
  if (event.type === "transfer.resolved") {
    return { key, event, paper: { type: "resolved", resolution: event.data.resolution, quantity } };
  }
  const line = documentRef?.line ?? null;
  const ends = { originId: locationId, destinationId: toLocationId };
  return { key, event, paper: { type: "approved", line, ...ends, quantity } };
}

function putBackEntry(event: AnyEvent, quantity: number, occurredAtMs: number): Entry {
  const fact: StockFact = {
    id: event.id,
    type: "SHIPMENT_VOID",
    sku: event.sku ?? "",
    locationId: event.locationId ?? "",
    quantity,
    unit: null,
    occurredAtMs,
    sourceSeq: null,
    documentRef: event.documentRef,
    fromBucket: null,
    toBucket: "unrestricted",
    reasonCode: "NOT_SHIPPED",
    note: event.note,
    buckets: null,
  };
  assertFact(fact);
  const effect = effectOf(fact, (inBaseUnits) => inBaseUnits);
  return { fact, effect, uom: event.uom, cause: causeOf(consumerName, event) };
}

/** Takes a sequence number of its own, so that no later event can be mistaken for one that the snapshot covers. */
async function answerSnapshotRequests(tx: Transaction, recorder: Recorder, events: readonly AnyEvent[]) {
  const requests = new Map<string, { sku: string; locationId: string; event: AnyEvent }>();
  for (const event of events) {
    if (event.type !== "snapshot.requested" || event.data.system !== "wms") continue;
    const { sku, locationId } = event;
    if (sku !== null && locationId !== null)
      requests.set(positionText({ sku, locationId }), { sku, locationId, event });
  }
  const balances = await lockBalances(tx, [...requests.values()]);
  const told = [...requests].flatMap(([key, request]) => {
    const balance = balances.get(key);
    // Nothing was ever reported: that is not the same as zero.
    if (!balance || balance.version === 0) return [];
    return [{ ...request, balance: { ...balance, version: balance.version + 1 } }];
  });
  await saveBalances(
    tx,
    told.map(({ sku, locationId, balance }) => [{ sku, locationId }, balance]),
  );
  for (const { sku, locationId, balance, event } of told) {
    const cause = causeOf(consumerName, event);
    recorder.event({ ...snapshotEvent(sku, locationId, balance), time: isoTime(balance.asOfMs) }, cause);
    recorder.audit(
      {
        subject: `position:${sku}|${locationId}`,
        action: "snapshot.requested",
        detail: { asOfSeq: balance.version, stock: balance.stock },
      },
      cause,
    );
  }
}
