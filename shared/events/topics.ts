/**
 * Which stream an event goes to: one table, complete by its type.
 *
 * A topic decides who reads an event, never what it means.
 */
import type { EventType } from "./canonical-event.ts";

/** Streams: `facts` for what systems tell each other, `availability` for caches and subscribers, `audit` for copies. */
export type Topic = "facts" | "availability" | "audit";

const topics: Readonly<Record<EventType, Topic>> = {
  "receipt.recorded": "facts",
  "putaway.completed": "facts",
  "pick.confirmed": "facts",
  "shipment.confirmed": "facts",
  "shipment.voided": "facts",
  "stock.status.changed": "facts",
  "adjustment.posted": "facts",
  "transfer.shipped": "facts",
  "transfer.received": "facts",
  "adjustment.requested": "facts",
  "adjustment.approved": "facts",
  "adjustment.rejected": "facts",
  "count.recorded": "facts",
  "receipt.progressed": "facts",
  "receipt.discrepancy": "facts",
  "inventory.snapshot": "facts",
  "order.allocated": "facts",
  "order.deallocated": "facts",
  "order.oversold": "facts",
  "supply.expected.changed": "facts",
  "supply.discrepancy": "facts",
  "transfer.approved": "facts",
  "transfer.cancelled": "facts",
  "transfer.discrepancy": "facts",
  "transfer.resolved": "facts",
  "erp.posting.acknowledged": "facts",
  "erp.posting.failed": "facts",
  "book.balance.changed": "facts",
  "return.authorized": "facts",
  "return.received": "facts",
  "return.inspected": "facts",
  "return.dispositioned": "facts",
  "return.restocked": "facts",
  "master.changed": "facts",
  "policy.changed": "facts",
  "reservation.created": "facts",
  "reservation.confirmed": "facts",
  "reservation.released": "facts",
  "reservation.expired": "facts",
  "reservation.unallocated": "facts",
  "availability.changed": "availability",
  "rule.changed": "availability",
  "exception.raised": "availability",
  "exception.escalated": "availability",
  "answers.tallied": "facts",
  "audit.sealed": "audit",
  "snapshot.requested": "facts",
  "variance.opened": "facts",
  "variance.correction.approved": "facts",
  "variance.closed": "facts",
  "replay.requested": "facts",
  "replay.rehearsed": "facts",
  "letter.set.aside": "facts",
  "letter.settled": "facts",
  "letters.redrive.requested": "facts",
  "mapping.changed": "facts",
};

export const factTypes = (Object.keys(topics) as EventType[]).filter((type) => topics[type] === "facts");

export function topicOf(type: EventType): Topic {
  return topics[type];
}
