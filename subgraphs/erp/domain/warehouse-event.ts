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

export interface WarehousePosting extends PositionKey {
  readonly kind: PostingKind;
  readonly bookDelta: number;
  readonly offset: PostingOffset;
  readonly offsetDelta: number;
  readonly documentRef: DocumentRef | null;
  /** What the event adds to the warehouse's report for its document; null where no document here counts it. */
  readonly report: WarehouseTotal | null;
}

/** Null for an event without effect on the book. Fails with INVALID_INPUT, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE. */
export function postingOf(event: AnyEvent): WarehousePosting | null {
  const { sku, locationId, documentRef } = event;
  if (sku === null || locationId === null)
    throw new AppError("INVALID_INPUT", { message: "The event has no position." });
  const base = { sku, locationId, documentRef };
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
      return { ...base, kind: "ADJUSTMENT", bookDelta: sum, offset: "adjusted", offsetDelta: 0 - sum, report: null };
    }
    default:
      return null;
  }
}

function reportOf(
  documentType: WarehouseTotal["documentType"],
  { id, line }: DocumentRef,
  { sku, locationId }: PositionKey,
  quantity: number,
): WarehouseTotal {
  return { documentType, documentId: id, sku, locationId, line: line ?? "", quantity };
}
