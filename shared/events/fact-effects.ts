/**
 * What a fact adds to the figures of its owner, and to the posting offsets that bridge until the books have followed.
 *
 * Pure: the same event always means the same. Does not know whose position it is added to.
 */
import { type AnyEvent, type Buckets, buckets, type ReturnMoved } from "./canonical-event.ts";

/** What the event adds to its owner's figures. */
export function deltaOf(event: AnyEvent): Readonly<Record<string, number>> {
  switch (event.type) {
    case "receipt.recorded":
    case "putaway.completed":
    case "pick.confirmed":
    case "shipment.confirmed":
    case "shipment.voided":
    case "stock.status.changed":
    case "adjustment.posted":
    case "transfer.shipped":
    case "transfer.received":
      return event.data.deltas as Readonly<Record<string, number>>;
    case "order.allocated":
    case "order.deallocated":
    case "transfer.approved":
    case "transfer.cancelled":
      return { committed: event.data.committedDelta };
    case "erp.posting.acknowledged":
      return { book: event.data.bookDelta, committed: event.data.committedDelta };
    case "book.balance.changed":
      return { book: event.data.bookDelta };
    case "return.received":
      return { quarantined: event.data.quarantinedDelta };
    case "return.inspected":
    case "return.dispositioned":
    case "return.restocked":
      return returnDelta(event.data);
    default:
      return {};
  }
}

function returnDelta(data: ReturnMoved): Readonly<Record<string, number>> {
  return {
    quarantined: data.quarantinedDelta,
    inInspection: data.inInspectionDelta ?? 0,
    restockApproved: data.restockApprovedDelta ?? 0,
  };
}

export interface Offsets {
  readonly shipped?: number;
  readonly received?: number;
  readonly adjusted?: number;
}

/**
 * What the event adds to the posting offsets: a WMS event opens one, the ERP's acknowledgement closes it.
 * A shipment bridges committed demand only if the ERP committed it: one against an order, and a transfer as far as it
 * was approved.
 */
export function offsetsOf(event: AnyEvent): Offsets {
  const quantity = event.quantity ?? 0;
  const forOrder = event.documentRef?.type === "ORDER";
  switch (event.type) {
    case "shipment.confirmed":
      return forOrder ? { shipped: quantity } : {};
    case "shipment.voided":
      return forOrder ? { shipped: -quantity } : {};
    case "transfer.shipped":
      return { shipped: event.data.bridged };
    case "receipt.recorded":
    case "transfer.received":
      return { received: quantity };
    case "adjustment.posted":
      return { adjusted: sumOf(event.data.deltas) };
    case "erp.posting.acknowledged":
      return event.data.offset === "none" ? {} : { [event.data.offset]: event.data.offsetDelta };
    default:
      return {};
  }
}

/** Units that the warehouse has moved and the books have not followed yet, by the kind of posting. */
export interface Unposted {
  readonly shipped: number;
  readonly received: number;
  readonly adjusted: number;
}

export const nothingUnposted: Unposted = { shipped: 0, received: 0, adjusted: 0 };

/**
 * What the event adds to what is not posted yet. Other than an offset of availability, which bridges demand that the
 * ERP committed, this counts every shipment: the books follow it whether an order stands behind it or not.
 */
export function unpostedOf(event: AnyEvent): Unposted {
  const quantity = event.quantity ?? 0;
  switch (event.type) {
    case "shipment.confirmed":
    case "transfer.shipped":
      return { ...nothingUnposted, shipped: quantity };
    case "shipment.voided":
      return { ...nothingUnposted, shipped: 0 - quantity };
    case "receipt.recorded":
    case "transfer.received":
      return { ...nothingUnposted, received: quantity };
    case "adjustment.posted":
      return { ...nothingUnposted, adjusted: sumOf(event.data.deltas) };
    case "erp.posting.acknowledged": {
      const { offset, bookDelta, offsetDelta } = event.data;
      if (offset === "received" || offset === "adjusted") return { ...nothingUnposted, [offset]: offsetDelta };
      return { ...nothingUnposted, shipped: bookDelta };
    }
    default:
      return nothingUnposted;
  }
}

/** What the books will have added once they have followed all of it. */
export function bookDeltaOf({ shipped, received, adjusted }: Unposted): number {
  return received + adjusted - shipped;
}

function sumOf(deltas: Partial<Buckets>): number {
  return buckets.reduce((sum, bucket) => sum + (deltas[bucket] ?? 0), 0);
}
