/**
 * Canonical events: the facts that cross from one system to another, in a CloudEvents 1.0 envelope.
 *
 * `sourceSeq` counts 1, 2, 3, … per source and `partitionKey`, so that whoever follows can tell a gap from silence.
 * Quantities are integers in base units. Readers ignore members they do not know.
 */
import type { AuditRow, Seal } from "../audit/chain.ts";
import type { SystemName } from "../config.ts";
import type { Traceparent } from "../traceparent.ts";
import type { ExceptionTold, SupplyDiscrepancyTold } from "./exception-events.ts";
import type { LetterSettled, LetterTold, MappingChanged, RedriveRequested } from "./letter-events.ts";
import type { Rehearsal, ReplayPart } from "./replay-events.ts";
import type { VarianceCorrection, VarianceOpened } from "./variance-events.ts";

export const buckets = ["unrestricted", "picked", "dock", "damaged", "hold", "expired", "quarantine"] as const;
export type Bucket = (typeof buckets)[number];
export type Buckets = Readonly<Record<Bucket, number>>;

export const noStock: Buckets = {
  unrestricted: 0,
  picked: 0,
  dock: 0,
  damaged: 0,
  hold: 0,
  expired: 0,
  quarantine: 0,
};

export function onHandOf(stock: Buckets): number {
  return buckets.reduce((sum, bucket) => sum + stock[bucket], 0);
}

export interface DocumentRef {
  /** ORDER, PURCHASE_ORDER, TRANSFER, RETURN, RECEIPT, COUNT, … */
  readonly type: string;
  readonly id: string;
  readonly line?: string | null;
}

/** What an event says beyond the envelope, per type. */
export interface EventData {
  // wms: each moves the quantity of the envelope from `fromBucket` to `toBucket`; absent means outside the building
  "receipt.recorded": StockMoved;
  "putaway.completed": StockMoved;
  "pick.confirmed": StockMoved;
  "shipment.confirmed": StockMoved;
  /** `settled`: of a transfer, the part of the change that had been counted as settled (see transfer.received). */
  "shipment.voided": StockMoved & { readonly settled?: number };
  "stock.status.changed": StockMoved;
  "adjustment.posted": StockMoved;
  /** At the origin, to `toLocationId`. `bridged`: the part of the quantity that the ERP had committed here. */
  "transfer.shipped": StockMoved & { readonly bridged: number };
  /** At the destination. `settled`: how many more shipped units are not to come later: each has arrived or is missing. */
  "transfer.received": StockMoved & { readonly settled: number };
  // the paper of an adjustment, under a partition of its own: nothing has moved yet
  "adjustment.requested": AdjustmentTold;
  "adjustment.approved": AdjustmentTold;
  "adjustment.rejected": AdjustmentTold;
  /** Evidence, under a partition of its own: nothing moves. */
  "count.recorded": CountTold;
  /** Of a purchase order at a location: SHIPPED, ARRIVED or UNLOADED. */
  "receipt.progressed": { readonly receiptId: string; readonly step: string };
  /** An exception, of one SKU of a receipt: what is wrong with it by now; an empty list takes back what was told. */
  "receipt.discrepancy": ReceiptDiscrepancyTold;
  /** Absolute: everything up to `asOfSeq` of this source is in it. */
  "inventory.snapshot": Snapshot;
  // erp
  "order.allocated": { readonly committedDelta: number };
  "order.deallocated": { readonly committedDelta: number };
  /** By availability: so many units of an order line were not there to sell when the ERP committed it. */
  "order.oversold": { readonly allocatedEventId: string };
  "supply.expected.changed": InboundLine;
  /** An exception, of one line as the ERP's people entered it; zeros take back what was told. */
  "supply.discrepancy": SupplyDiscrepancyTold;
  /** Of one line, at the origin: its units are committed there, or no longer. */
  "transfer.approved": TransferTold;
  "transfer.cancelled": TransferTold;
  /** At the destination: units that left the origin and did not arrive. An exception; nothing moves. */
  "transfer.discrepancy": { readonly transferId: string; readonly missing: number };
  /** At the origin: what becomes of the missing units. NOT_SHIPPED: the warehouse puts them back there. */
  "transfer.resolved": { readonly transferId: string; readonly resolution: TransferResolution };
  /** The book followed a warehouse event: the offset that bridged the time in between is cleared. */
  "erp.posting.acknowledged": {
    readonly postedEventId: string;
    readonly bookDelta: number;
    readonly committedDelta: number;
    readonly offset: PostingOffset;
    readonly offsetDelta: number;
    /** When the posted event was committed, RFC 3339. Older events do not say it. */
    readonly postedRecordedAt?: string;
  };
  "erp.posting.failed": { readonly postedEventId: string; readonly code: string };
  /** The ERP's own books: an absolute balance as its own people posted it. */
  "book.balance.changed": { readonly bookDelta: number };
  // returns
  "return.authorized": { readonly returnId: string };
  /** `announced`: false where nobody had authorised the return. */
  "return.received": { readonly returnId: string; readonly quarantinedDelta: number; readonly announced?: boolean };
  "return.inspected": ReturnMoved & { readonly condition: string };
  /** PROPOSED, APPROVED and REJECTED are paper; CARRIED_OUT: the warehouse took the units out, not to the shelf. */
  "return.dispositioned": ReturnMoved & {
    readonly step: "PROPOSED" | "APPROVED" | "REJECTED" | "CARRIED_OUT";
    /** What is to become of the units; null where nobody had said it before they left. */
    readonly disposition: string | null;
  };
  "return.restocked": ReturnMoved;
  // master data and policy
  "master.changed": ProductChanged | LocationChanged;
  "policy.changed": { readonly policyVersion: number };
  // availability: of a reservation, with the lines it has; its units count where `held` says so
  "reservation.created": ReservationChanged;
  "reservation.confirmed": ReservationChanged;
  "reservation.released": ReservationChanged;
  "reservation.expired": ReservationChanged;
  /** Confirmed, but the ERP has not committed its order in time. */
  "reservation.unallocated": ReservationChanged;
  /** One committed change of a position: its figures before and after, and what caused it. */
  "availability.changed": {
    readonly version: number;
    readonly before: FormerFigures;
    readonly after: PositionFigures;
    /** The last of the facts behind the change; the ids of all of them in `causeEventIds`. */
    readonly cause: ChangeCause;
    readonly causeEventIds: readonly string[];
  };
  /** What answers rest on besides positions is another: master data as it is known here, or the policy in force. */
  "rule.changed": { readonly kind: "product" | "location" | "policy"; readonly id: string; readonly version: number };
  /** control: of an exception that somebody has to look at; escalated: it is due, and nobody has settled it. */
  "exception.raised": ExceptionTold;
  "exception.escalated": ExceptionTold;
  /** What a process of availability counted since it last told: answers as they were made, events as they came. */
  "answers.tallied": {
    readonly answers: Readonly<Record<"FRESH" | "STALE" | "DEGRADED" | "UNKNOWN", number>>;
    /** How old the sources of answers were at most. */
    readonly ages: readonly { readonly upToMs: number; readonly answers: number }[];
    /** `late`: after a later one of its owner and position. */
    readonly events: { readonly received: number; readonly duplicate: number; readonly late: number };
  };
  /** Audit rows of the source with their seals, in the order of the chain. */
  "audit.sealed": { readonly rows: readonly SealedRow[] };
  "snapshot.requested": { readonly system: SystemName };
  // control: of a case, under a partition of its own; adjustments of the position are not posted to the books meanwhile
  "variance.opened": VarianceOpened;
  /** Each owner carries out its part, once. */
  "variance.correction.approved": VarianceCorrection;
  "variance.closed": { readonly caseId: string };
  /** What would these do, were they told again? Of all events of one position, in one part. */
  "replay.requested": ReplayPart & { readonly events: readonly AnyEvent[] };
  /** What they would do: nothing has been changed. */
  "replay.rehearsed": ReplayPart & Rehearsal;
  // dead letters, each under a partition of its own, and what the codes of partners stand for
  "letter.set.aside": LetterTold;
  "letter.settled": LetterSettled;
  "letters.redrive.requested": RedriveRequested;
  "mapping.changed": MappingChanged;
}

/** A row of `audit_rows`, every column of it, and its place in the chain. */
export type SealedRow = AuditRow & Pick<Seal, "sequence" | "hash" | "sealed_at_ms">;

export type EventType = keyof EventData;
export type PostingOffset = "shipped" | "received" | "adjusted" | "none";

export interface StockMoved {
  readonly deltas: Partial<Buckets>;
}

export interface AdjustmentTold {
  readonly adjustmentId: string;
  /** Binds a decision to what was asked for. */
  readonly contentHash: string;
  /** Who has to decide; null where nobody has to. */
  readonly tier: string | null;
  /** What was shown for it. Older events do not say it. */
  readonly evidence?: readonly string[];
}

export const transferResolutions = ["WRITTEN_OFF", "NOT_SHIPPED"] as const;
export type TransferResolution = (typeof transferResolutions)[number];

export interface CountTold {
  readonly countId: string;
  readonly countedBy: string;
  readonly recountOf: string | null;
  /** Base units; `adjustmentId`: what a variance became, null where there is none. */
  readonly lines: readonly {
    readonly sku: string;
    readonly bucket: Bucket;
    readonly expected: number;
    readonly counted: number;
    readonly adjustmentId: string | null;
  }[];
}

export interface ReceiptDiscrepancyTold {
  readonly receiptId: string;
  readonly status: string;
  /** Base units; null where the order does not ask for the item. */
  readonly expected: number | null;
  readonly received: number;
  /** SHORT, OVER, DAMAGED, WRONG_ITEM, with the base units concerned. */
  readonly discrepancies: readonly { readonly type: string; readonly quantity: number }[];
}

export interface TransferTold {
  readonly transferId: string;
  readonly committedDelta: number;
}

/** Changes of the figures of the returns desk. Events from before inspections existed have the first alone. */
export interface ReturnMoved {
  readonly returnId: string;
  readonly quarantinedDelta: number;
  readonly inInspectionDelta?: number;
  readonly restockApprovedDelta?: number;
}

/** One owner's whole view of a position. Only the members of the owner that sends it are there. */
export interface Snapshot {
  readonly asOfSeq: number;
  readonly wms?: Buckets;
  readonly erp?: { readonly book: number; readonly committed: number; readonly inbound: readonly InboundLine[] };
  readonly returns?: {
    readonly quarantined: number;
    readonly inInspection: number;
    readonly restockApproved: number;
  };
}

/** What availability knows of a position; the formula needs no row beside it. */
export interface PositionFigures {
  readonly version: number;
  readonly wms: Buckets;
  readonly erp: { readonly book: number; readonly committed: number };
  readonly returns: { readonly quarantined: number; readonly inInspection: number; readonly restockApproved: number };
  readonly shippedNotPosted: number;
  readonly receivedNotPosted: number;
  readonly adjustedNotPosted: number;
  readonly reserved: number;
  readonly reservedByChannel: Readonly<Record<string, number>>;
  /** How far each owner's events have been applied. */
  readonly progress: Readonly<
    Record<
      "erp" | "wms" | "returns",
      { readonly seq: number; readonly asOfMs: number; readonly gapSinceMs: number | null }
    >
  >;
}

/** The version before, and those of its figures that were not as they are now. */
export type FormerFigures = Pick<PositionFigures, "version"> & Partial<PositionFigures>;

/** The event behind a change, as far as a subscriber is told of it. */
export interface ChangeCause {
  readonly eventId: string;
  readonly type: EventType;
  readonly source: SystemName;
  /** RFC 3339. */
  readonly occurredAt: string;
  readonly correlationId: string;
  readonly document: DocumentRef | null;
}

export function changeCauseOf(event: AnyEvent): ChangeCause {
  return {
    eventId: event.id,
    type: event.type,
    source: event.source,
    occurredAt: event.time,
    correlationId: event.correlationId,
    document: event.documentRef,
  };
}

export interface ReservationChanged {
  readonly reservationId: string;
  readonly status: string;
  readonly channel: string;
  readonly orderId: string | null;
  readonly expiresAt: string;
  readonly lines: readonly {
    readonly sku: string;
    readonly locationId: string;
    readonly quantity: number;
    readonly held: number;
  }[];
}

/** What one line of a document is to bring to a position; of a transfer, what has been shipped of it. */
export interface InboundLine {
  readonly documentType: InboundType;
  readonly documentId: string;
  readonly line: string;
  /** Base units still to come; 0 when the line is closed. */
  readonly openQuantity: number;
  readonly orderedQuantity: number;
  /** RFC 3339 date. */
  readonly promisedOn: string | null;
  /** Whose punctuality it says something about; a supplier, or the origin of a transfer. */
  readonly from: string | null;
  /** RFC 3339 date on which the last of it arrived; null while some of it is open, or where nobody knows. */
  readonly arrivedOn: string | null;
  /** The order is finished or given up: nothing more will come of the line. Older events do not say it. */
  readonly closed?: boolean;
}

export type InboundType = "PURCHASE_ORDER" | "TRANSFER";

export interface ProductChanged {
  readonly kind: "product";
  readonly version: number;
  readonly name: string;
  readonly baseUnit: string;
  readonly class: string | null;
  readonly active: boolean;
  readonly safetyStock: number;
  /** Exact decimal, in the company's currency, of one base unit. */
  readonly unitCost?: string | null;
  readonly units: readonly { readonly unit: string; readonly numerator: number; readonly denominator: number }[];
  /** Sold only in multiples of this many base units. */
  readonly sellMultiple?: number | null;
  /** What a kit or an assembly consists of, in base units of each. */
  readonly components?: readonly { readonly sku: string; readonly quantity: number }[];
  /** False: an assembly; its components are a bill of materials and it is not sold from them. */
  readonly kit?: boolean;
}

export interface LocationChanged {
  readonly kind: "location";
  readonly version: number;
  readonly name: string;
  readonly type: string;
  readonly timeZone: string;
  readonly sellable: boolean;
  /** Business accounts it is there for; absent: none. */
  readonly accounts?: readonly string[];
}

export interface CanonicalEvent<T extends EventType = EventType> {
  readonly specversion: "1.0";
  readonly id: string;
  readonly type: T;
  readonly source: SystemName;
  readonly sourceSeq: number;
  readonly partitionKey: string;
  /** When it happened, RFC 3339. */
  readonly time: string;
  /** When its owner committed it, RFC 3339. */
  readonly recordedAt: string;
  readonly correlationId: string;
  readonly causationId: string | null;
  readonly idempotencyKey: string | null;
  readonly actor: string;
  readonly sku: string | null;
  readonly locationId: string | null;
  readonly toLocationId: string | null;
  readonly quantity: number | null;
  readonly uom: string | null;
  readonly enteredQuantity: number | null;
  readonly fromBucket: Bucket | null;
  readonly toBucket: Bucket | null;
  readonly documentRef: DocumentRef | null;
  readonly channel: string | null;
  readonly reasonCode: string | null;
  readonly note: string | null;
  readonly corrects: string | null;
  /** Which version `data` has (`upcasters.ts`); absent: 1. */
  readonly dataVersion?: number;
  readonly data: EventData[T];
  /** The span that recorded it (CloudEvents' distributed tracing); absent: there was no trace. */
  readonly traceparent?: Traceparent;
}

/** An event of any type that a `switch` on `type` narrows. */
export type AnyEvent = { [T in EventType]: CanonicalEvent<T> }[EventType];

/** Everything its source committed before `timeMs` has been published. Neither stored nor sequenced. */
export interface Heartbeat {
  readonly system: SystemName;
  readonly timeMs: number;
}

/**
 * The stream partition of an event: all of one SKU is in one. `count` partitions, numbered from 0.
 * 32-bit FNV-1a over the code units: spread evenly enough, and cheap enough for every read.
 */
export function partitionOf(event: Pick<CanonicalEvent, "sku" | "partitionKey">, count: number): number {
  const key = event.sku ?? event.partitionKey;
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % count;
}
