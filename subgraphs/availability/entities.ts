/**
 * The tables of `availability`: positions, policy versions, reservations and the orders they become, and supply.
 *
 * A position is addressed by (sku, locationId); its figures follow its owners' facts, its claims the reservations.
 */
import { EntitySchema } from "typeorm";
import type { DocumentLine } from "./domain/inbound.ts";
import type { ReservationStatus } from "./domain/reservation.ts";

/** How far the events of one owner have been applied to a position. */
type ProgressColumns<O extends string> = { [C in `${O}_seq` | `${O}_as_of_ms`]: number } & {
  [C in `${O}_ahead`]: string | null;
} & { [C in `${O}_gap_since_ms`]: number | null };

export type PositionRow = {
  sku: string;
  location_id: string;
  version: number;
  unrestricted: number;
  picked: number;
  dock: number;
  damaged: number;
  hold: number;
  expired: number;
  quarantine: number;
  book: number;
  committed: number;
  quarantined: number;
  in_inspection: number;
  restock_approved: number;
  shipped_not_posted: number;
  received_not_posted: number;
  adjusted_not_posted: number;
  reserved: number;
  reserved_by_channel: string | null;
  resync_asked_at_ms: number | null;
} & ProgressColumns<"wms"> &
  ProgressColumns<"erp"> &
  ProgressColumns<"returns">;

export interface PolicyRow {
  version: number;
  channel: string;
  /** DRAFT: of a dry run, and so never in the table. */
  state: "DRAFT" | "PROPOSED" | "ACTIVE" | "SUPERSEDED";
  change_body: string;
  policy_body: string | null;
  proposed_by: string;
  decided_by: string | null;
  note: string | null;
  proposed_at_ms: number;
  decided_at_ms: number | null;
}

export type ReservationRow = {
  reservation_id: string;
  version: number;
  state: ReservationStatus;
  channel: string;
  owner: string;
  reference: string | null;
  order_id: string | null;
  created_at_ms: number;
  expires_at_ms: number;
  due_at_ms: number | null;
  unallocated_at_ms: number | null;
};

export type ReservationLineRow = {
  reservation_id: string;
  sku: string;
  location_id: string;
  quantity: number;
  held: number;
  state: ReservationStatus;
  channel: string;
  order_id: string | null;
  expires_at_ms: number;
};

export type OrderAllocationRow = {
  order_id: string;
  sku: string;
  location_id: string;
  allocated: number;
  matched: number;
  recorded_at_ms: number;
};

export type RuleChangeRow = {
  event_id: string;
  correlation_id: string;
  change_body: string;
  due_at_ms: number;
  place_body: string | null;
  positions: number;
  changed: number;
};

/** A line of a document at a position; "" for no line. */
export type DocumentLineColumns = {
  sku: string;
  location_id: string;
  document_type: DocumentLine["documentType"];
  document_id: string;
  line: string;
};

export type InboundLineRow = DocumentLineColumns & {
  open_quantity: number;
  promised_on: string | null;
  from_id: string | null;
  source_seq: number;
};

export type InboundReceiptRow = DocumentLineColumns & { quantity: number };

export type ArrivalRow = DocumentLineColumns & { from_id: string; days_late: number; source_seq: number };

export type LatenessRow = { from_id: string; days_late: number; arrived_lines: number };

/** MySQL hands BIGINT over as text; every number here is far below 2^53. */
const wholeNumber = {
  type: "bigint",
  transformer: {
    to: (value: number | null) => value,
    from: (value: string | null) => (value === null ? null : Number(value)),
  },
} as const;

const progress = <O extends string>(owner: O) =>
  ({
    [`${owner}_seq`]: { ...wholeNumber },
    [`${owner}_as_of_ms`]: { ...wholeNumber },
    [`${owner}_ahead`]: { type: "text", nullable: true },
    [`${owner}_gap_since_ms`]: { ...wholeNumber, nullable: true },
  }) as { [C in keyof ProgressColumns<O>]: typeof wholeNumber };

const quantity = { type: "int" } as const;

export const PositionEntity = new EntitySchema<PositionRow>({
  name: "Position",
  tableName: "positions",
  columns: {
    sku: { type: "varchar", length: 64, primary: true },
    location_id: { type: "varchar", length: 64, primary: true },
    version: wholeNumber,
    unrestricted: quantity,
    picked: quantity,
    dock: quantity,
    damaged: quantity,
    hold: quantity,
    expired: quantity,
    quarantine: quantity,
    book: quantity,
    committed: quantity,
    quarantined: quantity,
    in_inspection: quantity,
    restock_approved: quantity,
    shipped_not_posted: quantity,
    received_not_posted: quantity,
    adjusted_not_posted: quantity,
    reserved: quantity,
    reserved_by_channel: { type: "text", nullable: true },
    ...progress("wms"),
    ...progress("erp"),
    ...progress("returns"),
    resync_asked_at_ms: { ...wholeNumber, nullable: true },
  },
});

export const PolicyEntity = new EntitySchema<PolicyRow>({
  name: "Policy",
  tableName: "policies",
  columns: {
    version: { type: "int", primary: true },
    channel: { type: "varchar", length: 32 },
    state: { type: "varchar", length: 16 },
    change_body: { type: "text" },
    policy_body: { type: "text", nullable: true },
    proposed_by: { type: "varchar", length: 128 },
    decided_by: { type: "varchar", length: 128, nullable: true },
    note: { type: "varchar", length: 500, nullable: true },
    proposed_at_ms: wholeNumber,
    decided_at_ms: { ...wholeNumber, nullable: true },
  },
});

const key = (length: number) => ({ type: "varchar", length, primary: true }) as const;
const text = (length: number) => ({ type: "varchar", length }) as const;

export const ReservationEntity = new EntitySchema<ReservationRow>({
  name: "Reservation",
  tableName: "reservations",
  columns: {
    reservation_id: key(36),
    version: quantity,
    state: text(16),
    channel: text(32),
    owner: text(128),
    reference: { ...text(128), nullable: true },
    order_id: { ...text(128), nullable: true },
    created_at_ms: wholeNumber,
    expires_at_ms: wholeNumber,
    due_at_ms: { ...wholeNumber, nullable: true },
    unallocated_at_ms: { ...wholeNumber, nullable: true },
  },
});

export const ReservationLineEntity = new EntitySchema<ReservationLineRow>({
  name: "ReservationLine",
  tableName: "reservation_lines",
  columns: {
    reservation_id: key(36),
    sku: key(64),
    location_id: key(64),
    quantity,
    held: quantity,
    state: text(16),
    channel: text(32),
    order_id: { ...text(128), nullable: true },
    expires_at_ms: wholeNumber,
  },
});

export const OrderAllocationEntity = new EntitySchema<OrderAllocationRow>({
  name: "OrderAllocation",
  tableName: "order_allocations",
  columns: {
    order_id: key(128),
    sku: key(64),
    location_id: key(64),
    allocated: quantity,
    matched: quantity,
    recorded_at_ms: wholeNumber,
  },
});

export const RuleChangeEntity = new EntitySchema<RuleChangeRow>({
  name: "RuleChange",
  tableName: "rule_changes",
  columns: {
    event_id: key(128),
    correlation_id: text(128),
    change_body: { type: "text" },
    due_at_ms: wholeNumber,
    place_body: { type: "text", nullable: true },
    positions: quantity,
    changed: quantity,
  },
});

const documentLine = {
  sku: key(64),
  location_id: key(64),
  document_type: key(32),
  document_id: key(128),
  line: key(128),
} as const;

export const InboundLineEntity = new EntitySchema<InboundLineRow>({
  name: "InboundLine",
  tableName: "inbound_lines",
  columns: {
    ...documentLine,
    open_quantity: quantity,
    promised_on: { ...text(10), nullable: true },
    from_id: { ...text(64), nullable: true },
    source_seq: wholeNumber,
  },
});

export const InboundReceiptEntity = new EntitySchema<InboundReceiptRow>({
  name: "InboundReceipt",
  tableName: "inbound_receipts",
  columns: { ...documentLine, quantity: wholeNumber },
});

export const ArrivalEntity = new EntitySchema<ArrivalRow>({
  name: "Arrival",
  tableName: "arrivals",
  columns: { ...documentLine, from_id: text(64), days_late: quantity, source_seq: wholeNumber },
});

export const LatenessEntity = new EntitySchema<LatenessRow>({
  name: "Lateness",
  tableName: "lateness",
  columns: { from_id: key(64), days_late: { ...quantity, primary: true }, arrived_lines: wholeNumber },
});
