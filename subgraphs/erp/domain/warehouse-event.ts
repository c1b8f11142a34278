/**
 * What a warehouse event means for the book.
 *
 * The warehouse knows first; until the book follows, `availability` bridges the time with an offset. The
 * acknowledgement takes back exactly what the offset got: shipments and receipts their quantity, adjustments their sum.
 */
import { AppError } from "../../../shared/errors.ts";
import {
  type AnyEvent,
  buckets,
  type DocumentRef,
  type PostingOffset,
} from "../../../shared/events/canonical-event.ts";
import { assertPositive } from "../../../shared/quantity.ts";
import type { PositionKey, PostingKind } from "./book.ts";
import type { WarehouseTotal } from "./settlement.ts";
import type { TransferFact } from "./transfer.ts";

export interface WarehousePosting extends PositionKey {
  readonly kind: PostingKind;
  readonly bookDelta: number;
  readonly offset: PostingOffset;
  readonly offsetDelta: number;
  readonly documentRef: DocumentRef | null;
  /** What the event adds to the warehouse's report for its document; null where no document here counts it. */
  readonly report: WarehouseTotal | null;
  /** What it means for the transfer that `documentRef` names; null where it is not about one. */
  readonly transferFact: TransferFact | null;
}

/** Null for an event without effect on the book. Fails with INVALID_INPUT, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE. */
export function postingOf(event: AnyEvent): WarehousePosting | null {
  const { sku, locationId, documentRef } = event;
  if (sku === null || locationId === null)
    throw new AppError("INVALID_INPUT", { message: "The event has no position." });
  const base = { sku, locationId, documentRef, transferFact: null };
  const isOrder = documentRef?.type === "ORDER";
  switch (event.type) {
    case "shipment.confirmed":
    case "shipment.voided": {
      const quantity = assertPositive(event.quantity ?? 0);
      const shipped = event.type === "shipment.confirmed" ? quantity : -quantity;
      return {
        ...base,
        kind: shipped > 0 ? "SHIPMENT" : "SHIPMENT_VOID",
        bookDelta: -shipped,
        offset: isOrder ? "shipped" : "none",
        offsetDelta: isOrder ? -shipped : 0,
        report: documentRef && isOrder ? reportOf("ORDER", documentRef, base, shipped) : null,
        transferFact: voidedTransfer(event, sku),
      };
    }
    case "transfer.shipped": {
      const quantity = assertPositive(event.quantity ?? 0);
      return {
        ...base,
        kind: "SHIPMENT",
        bookDelta: -quantity,
        offset: "shipped",
        offsetDelta: 0 - event.data.bridged,
        report: null,
        transferFact: { type: "shipped", sku, quantity, person: event.actor },
      };
    }
    case "transfer.received": {
      const quantity = assertPositive(event.quantity ?? 0);
      const { settled } = event.data;
      return {
        ...base,
        kind: "RECEIPT",
        bookDelta: quantity,
        offset: "received",
        offsetDelta: -quantity,
        report: null,
        transferFact: { type: "received", sku, quantity, settled, person: event.actor, on: event.time.slice(0, 10) },
      };
    }
    case "receipt.recorded": {
      const quantity = assertPositive(event.quantity ?? 0);
      const isPurchase = documentRef?.type === "PURCHASE_ORDER";
      return {
        ...base,
        kind: "RECEIPT",
        bookDelta: quantity,
        offset: "received",
        offsetDelta: -quantity,
        report: documentRef && isPurchase ? reportOf("PURCHASE_ORDER", documentRef, base, quantity) : null,
      };
    }
    case "adjustment.posted": {
      const sum = buckets.reduce((total, bucket) => total + (event.data.deltas[bucket] ?? 0), 0);
      // The warehouse takes over what the books say: they have it already.
      const bookDelta = correctsWarehouse(event) ? 0 : sum;
      return { ...base, kind: "ADJUSTMENT", bookDelta, offset: "adjusted", offsetDelta: 0 - sum, report: null };
    }
    default:
      return null;
  }
}

/** An adjustment that follows from a variance case in which the books were right. */
export function correctsWarehouse({ type, documentRef }: AnyEvent): boolean {
  return type === "adjustment.posted" && documentRef?.type === "VARIANCE_CASE";
}

/** A pick moves no book, but says that the warehouse has begun. */
export function pickedTransfer(event: AnyEvent): TransferFact | null {
  const { sku, documentRef, quantity } = event;
  if (event.type !== "pick.confirmed" || documentRef?.type !== "TRANSFER" || sku === null) return null;
  return { type: "picked", sku, quantity: assertPositive(quantity ?? 0) };
}

function voidedTransfer(event: AnyEvent, sku: string): TransferFact | null {
  if (event.type !== "shipment.voided" || event.documentRef?.type !== "TRANSFER") return null;
  const { settled = 0 } = event.data;
  return {
    type: "voided",
    sku,
    quantity: event.quantity ?? 0,
    settled,
    putBack: event.reasonCode === "NOT_SHIPPED",
  };
}

function reportOf(
  documentType: WarehouseTotal["documentType"],
  { id, line }: DocumentRef,
  { sku, locationId }: PositionKey,
  quantity: number,
): WarehouseTotal {
  return { documentType, documentId: id, sku, locationId, line: line ?? "", quantity };
}
