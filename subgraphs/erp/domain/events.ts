/**
 * What the ERP tells the others, event by event.
 *
 * `sourceSeq` is the version that the product, location or position has with the change; each version tells once.
 */
import type { AnyEvent, InboundLine, TransferResolution } from "../../../shared/events/canonical-event.ts";
import type { NewEvent } from "../../../shared/recorder.ts";
import { type BookPosition, type PositionKey, positionKeyOf } from "./book.ts";
import { type Location, locationChanged } from "./location.ts";
import type { AllocationLine, Released } from "./order.ts";
import { type Product, productChanged } from "./product.ts";
import type { DiscrepancyChange, InboundChange, PurchaseOrder } from "./purchase-order.ts";
import { missingOf, type Transfer, type TransferLine } from "./transfer.ts";
import type { WarehousePosting } from "./warehouse-event.ts";

/** The order that a line belongs to. */
export interface OrderHead {
  readonly orderId: string;
  readonly channel: string | null;
}

export function productEvent(product: Product): NewEvent<"master.changed"> {
  const { sku, version } = product;
  return {
    type: "master.changed",
    sourceSeq: version,
    partitionKey: `product:${sku}`,
    sku,
    data: productChanged(product),
  };
}

export function locationEvent(location: Location): NewEvent<"master.changed"> {
  const { id, version } = location;
  return {
    type: "master.changed",
    sourceSeq: version,
    partitionKey: `location:${id}`,
    locationId: id,
    data: locationChanged(location),
  };
}

export function allocatedEvent(
  { orderId, channel }: OrderHead,
  line: AllocationLine,
  committedDelta: number,
  version: number,
): NewEvent<"order.allocated"> {
  return {
    type: "order.allocated",
    ...placed(line, version),
    quantity: line.quantity,
    uom: line.uom,
    enteredQuantity: line.entered,
    documentRef: { type: "ORDER", id: orderId, line: line.line },
    channel,
    data: { committedDelta },
  };
}

export function deallocatedEvent(
  { orderId, channel }: OrderHead,
  released: Released,
  version: number,
): NewEvent<"order.deallocated"> {
  return {
    type: "order.deallocated",
    ...placed(released, version),
    quantity: released.quantity,
    documentRef: { type: "ORDER", id: orderId, line: released.line },
    channel,
    data: { committedDelta: released.committedDelta },
  };
}

export function balanceEvent(key: PositionKey, bookDelta: number, version: number): NewEvent<"book.balance.changed"> {
  return { type: "book.balance.changed", ...placed(key, version), data: { bookDelta } };
}

export function supplyEvent({ inbound, ...key }: InboundChange, version: number): NewEvent<"supply.expected.changed"> {
  return {
    type: "supply.expected.changed",
    ...placed(key, version),
    quantity: inbound.openQuantity,
    documentRef: { type: inbound.documentType, id: inbound.documentId, line: inbound.line },
    data: inbound,
  };
}

export function discrepancyEvent(
  order: Pick<PurchaseOrder, "id" | "supplierId" | "version">,
  { line, short, rejected, sku, locationId }: DiscrepancyChange,
): NewEvent<"supply.discrepancy"> {
  return {
    type: "supply.discrepancy",
    // Not of the position: nothing there is another.
    ...{ sourceSeq: order.version, partitionKey: `purchase-order:${order.id}`, sku, locationId },
    quantity: short + rejected,
    documentRef: { type: "PURCHASE_ORDER", id: order.id, line },
    data: { purchaseOrderId: order.id, line, supplierId: order.supplierId, short, rejected },
  };
}

export function acknowledgedEvent(
  posted: AnyEvent,
  { bookDelta, offset, offsetDelta, documentRef, ...key }: WarehousePosting,
  committedDelta: number,
  version: number,
): NewEvent<"erp.posting.acknowledged"> {
  return {
    type: "erp.posting.acknowledged",
    ...placed(key, version),
    quantity: posted.quantity,
    documentRef,
    data: {
      ...{ postedEventId: posted.id, postedRecordedAt: posted.recordedAt },
      ...{ bookDelta, committedDelta, offset, offsetDelta },
    },
  };
}

/** The book did not follow `posted`: nothing has moved, and the offset that bridges it stays. */
export function failedEvent(
  posted: AnyEvent,
  position: PositionKey,
  code: string,
  version: number,
): NewEvent<"erp.posting.failed"> {
  const { quantity, documentRef } = posted;
  const data = { postedEventId: posted.id, code };
  return { type: "erp.posting.failed", ...placed(position, version), quantity, documentRef, data };
}

/** `asOfSeq` is the event's own number: everything up to and including it is in it. */
export function snapshotEvent(
  position: BookPosition,
  inbound: readonly InboundLine[],
  version: number,
): NewEvent<"inventory.snapshot"> {
  const { onHand: book, committed } = position;
  return {
    type: "inventory.snapshot",
    ...placed(position, version),
    data: { asOfSeq: version, erp: { book, committed, inbound } },
  };
}

/** At the origin: the units of one line are committed there, or no longer. */
export function transferPaperEvent(
  type: "transfer.approved" | "transfer.cancelled",
  transfer: Transfer,
  line: TransferLine,
  committedDelta: number,
  version: number,
): NewEvent<"transfer.approved" | "transfer.cancelled"> {
  return {
    type,
    ...atOrigin(transfer, line, version),
    quantity: type === "transfer.approved" ? line.requested : 0 - committedDelta,
    note: transfer.note,
    data: { transferId: transfer.id, committedDelta },
  };
}

export function transferResolvedEvent(
  transfer: Transfer,
  line: TransferLine,
  resolved: { readonly resolution: TransferResolution; readonly quantity: number },
  version: number,
): NewEvent<"transfer.resolved"> {
  const { resolution, quantity } = resolved;
  return {
    type: "transfer.resolved",
    ...atOrigin(transfer, line, version),
    quantity,
    note: transfer.note,
    data: { transferId: transfer.id, resolution },
  };
}

export function transferDiscrepancyEvent(
  transfer: Transfer,
  line: TransferLine,
  version: number,
): NewEvent<"transfer.discrepancy"> {
  const missing = missingOf(line);
  return {
    type: "transfer.discrepancy",
    ...placed({ sku: line.sku, locationId: transfer.destinationId }, version),
    quantity: missing,
    documentRef: transferRef(transfer, line),
    data: { transferId: transfer.id, missing },
  };
}

function atOrigin(transfer: Transfer, line: TransferLine, version: number) {
  return {
    ...placed({ sku: line.sku, locationId: transfer.originId }, version),
    toLocationId: transfer.destinationId,
    documentRef: transferRef(transfer, line),
  };
}

function transferRef({ id }: Transfer, { line }: TransferLine) {
  return { type: "TRANSFER", id, line };
}

function placed({ sku, locationId }: PositionKey, version: number) {
  return { sku, locationId, partitionKey: positionKeyOf({ sku, locationId }), sourceSeq: version };
}
