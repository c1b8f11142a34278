/**
 * The tables of `wms`: balances, the journal of movements they follow from, counts, receipts, and the paper of
 * adjustments.
 *
 * Σ deltas of a position's accepted movements = its balance, bucket by bucket. A movement is never changed or deleted.
 */
import { EntitySchema } from "typeorm";

export interface BalanceRow {
  sku: string;
  location_id: string;
  unrestricted: number;
  picked: number;
  dock: number;
  damaged: number;
  hold: number;
  expired: number;
  quarantine: number;
  version: number;
  entries: number;
  as_of_ms: number;
  latest_seq: number | null;
  snapshot_source: string | null;
  snapshot_seq: number | null;
  snapshot_at_ms: number | null;
}

export interface MovementRow {
  sku: string;
  location_id: string;
  /** 1, 2, 3, … per position, without a hole. */
  entry_no: number;
  movement_id: string;
  source: string;
  event_id: string;
  content_hash: string;
  type: string;
  status: string;
  /** The position's version that it made; null where it had no effect. */
  version: number | null;
  quantity: number;
  entered_quantity: number;
  unit: string | null;
  from_bucket: string | null;
  to_bucket: string | null;
  unrestricted_delta: number;
  picked_delta: number;
  dock_delta: number;
  damaged_delta: number;
  hold_delta: number;
  expired_delta: number;
  quarantine_delta: number;
  source_seq: number | null;
  occurred_at_ms: number;
  recorded_at_ms: number;
  document_type: string | null;
  document_id: string | null;
  document_line: string | null;
  reason_code: string | null;
  note: string | null;
  person: string;
  correlation_id: string;
}

export interface AdjustmentRow {
  id: string;
  sku: string;
  location_id: string;
  bucket: string;
  delta: number;
  change_from_quantity: number | null;
  reason_code: string;
  note: string | null;
  /** JSON. */
  evidence: string;
  requested_by: string;
  content_hash: string;
  requested_at_ms: number;
  status: string;
  tier: string | null;
  /** JSON. */
  reasons: string;
  total_value: string | null;
  decided_by: string | null;
  decided_at_ms: number | null;
  decision_note: string | null;
  movement_id: string | null;
  failure_code: string | null;
  counted_by: string | null;
  version: number;
}

export interface TransferLineRow {
  transfer_id: string;
  sku: string;
  line: string | null;
  origin_id: string | null;
  destination_id: string | null;
  approved: number;
  withdrawn: number;
  picked: number;
  shipped: number;
  received: number;
  settled: number;
  written_off: number;
}

export interface TransferHandRow {
  transfer_id: string;
  act: string;
  person: string;
}

export interface StockCountRow {
  id: string;
  location_id: string;
  recorded_by: string;
  counted_by: string;
  recount_of: string | null;
  note: string | null;
  recorded_at_ms: number;
}

export interface StockCountLineRow {
  count_id: string;
  line_no: number;
  sku: string;
  bucket: string;
  expected: number;
  counted: number;
  /** What the variance became; null where there is none. */
  adjustment_id: string | null;
}

export interface ReceiptRow {
  purchase_order_id: string;
  location_id: string;
  id: string;
  status: string;
  shipped_at_ms: number | null;
  arrived_at_ms: number | null;
  unloaded_at_ms: number | null;
  /** The events told of its progress. */
  progress_seq: number;
  version: number;
  updated_at_ms: number;
}

export interface ReceiptLineRow {
  receipt_id: string;
  sku: string;
  /** JSON. */
  expectations: string;
  received: number;
  on_dock: number;
  damaged: number;
  posted: number;
  /** The discrepancies that were told last: JSON. */
  told: string;
  told_seq: number;
}

/** MySQL hands BIGINT over as text; every number here is far below 2^53. */
const wholeNumber = {
  type: "bigint",
  transformer: {
    to: (value: number | null) => value,
    from: (value: string | number | null) => (value === null ? null : Number(value)),
  },
} as const;
const quantity = { type: "int" } as const;
const text = (length: number) => ({ type: "varchar", length }) as const;
const optional = { nullable: true } as const;

export const BalanceEntity = new EntitySchema<BalanceRow>({
  name: "Balance",
  tableName: "stock_balances",
  columns: {
    sku: { ...text(64), primary: true },
    location_id: { ...text(64), primary: true },
    unrestricted: quantity,
    picked: quantity,
    dock: quantity,
    damaged: quantity,
    hold: quantity,
    expired: quantity,
    quarantine: quantity,
    version: wholeNumber,
    entries: wholeNumber,
    as_of_ms: wholeNumber,
    latest_seq: { ...wholeNumber, ...optional },
    snapshot_source: { ...text(128), ...optional },
    snapshot_seq: { ...wholeNumber, ...optional },
    snapshot_at_ms: { ...wholeNumber, ...optional },
  },
});

export const MovementEntity = new EntitySchema<MovementRow>({
  name: "Movement",
  tableName: "stock_movements",
  columns: {
    sku: { ...text(64), primary: true },
    location_id: { ...text(64), primary: true },
    entry_no: { ...wholeNumber, primary: true },
    movement_id: text(36),
    source: text(128),
    event_id: text(128),
    content_hash: text(64),
    type: text(32),
    status: text(16),
    version: { ...wholeNumber, ...optional },
    quantity,
    entered_quantity: quantity,
    unit: { ...text(16), ...optional },
    from_bucket: { ...text(16), ...optional },
    to_bucket: { ...text(16), ...optional },
    unrestricted_delta: quantity,
    picked_delta: quantity,
    dock_delta: quantity,
    damaged_delta: quantity,
    hold_delta: quantity,
    expired_delta: quantity,
    quarantine_delta: quantity,
    source_seq: { ...wholeNumber, ...optional },
    occurred_at_ms: wholeNumber,
    recorded_at_ms: wholeNumber,
    document_type: { ...text(64), ...optional },
    document_id: { ...text(128), ...optional },
    document_line: { ...text(128), ...optional },
    reason_code: { ...text(64), ...optional },
    note: { ...text(500), ...optional },
    person: text(128),
    correlation_id: text(128),
  },
});

export const AdjustmentEntity = new EntitySchema<AdjustmentRow>({
  name: "Adjustment",
  tableName: "adjustments",
  columns: {
    id: { ...text(36), primary: true },
    sku: text(64),
    location_id: text(64),
    bucket: text(16),
    delta: quantity,
    change_from_quantity: { ...quantity, ...optional },
    reason_code: text(64),
    note: { ...text(500), ...optional },
    evidence: { type: "text" },
    requested_by: text(128),
    content_hash: text(64),
    requested_at_ms: wholeNumber,
    status: text(32),
    tier: { ...text(16), ...optional },
    reasons: { type: "text" },
    total_value: { ...text(48), ...optional },
    decided_by: { ...text(128), ...optional },
    decided_at_ms: { ...wholeNumber, ...optional },
    decision_note: { ...text(500), ...optional },
    movement_id: { ...text(36), ...optional },
    failure_code: { ...text(64), ...optional },
    counted_by: { ...text(128), ...optional },
    version: wholeNumber,
  },
});

export const TransferLineEntity = new EntitySchema<TransferLineRow>({
  name: "TransferLine",
  tableName: "transfer_lines",
  columns: {
    transfer_id: { ...text(128), primary: true },
    sku: { ...text(64), primary: true },
    line: { ...text(128), ...optional },
    origin_id: { ...text(64), ...optional },
    destination_id: { ...text(64), ...optional },
    approved: quantity,
    withdrawn: { type: "smallint" },
    picked: quantity,
    shipped: quantity,
    received: quantity,
    settled: quantity,
    written_off: quantity,
  },
});

export const TransferHandEntity = new EntitySchema<TransferHandRow>({
  name: "TransferHand",
  tableName: "transfer_hands",
  columns: {
    transfer_id: { ...text(128), primary: true },
    act: { ...text(16), primary: true },
    person: { ...text(128), primary: true },
  },
});

export const StockCountEntity = new EntitySchema<StockCountRow>({
  name: "StockCount",
  tableName: "stock_counts",
  columns: {
    id: { ...text(36), primary: true },
    location_id: text(64),
    recorded_by: text(128),
    counted_by: text(128),
    recount_of: { ...text(36), ...optional },
    note: { ...text(500), ...optional },
    recorded_at_ms: wholeNumber,
  },
});

export const StockCountLineEntity = new EntitySchema<StockCountLineRow>({
  name: "StockCountLine",
  tableName: "stock_count_lines",
  columns: {
    count_id: { ...text(36), primary: true },
    line_no: { ...quantity, primary: true },
    sku: text(64),
    bucket: text(16),
    expected: quantity,
    counted: quantity,
    adjustment_id: { ...text(36), ...optional },
  },
});

export const ReceiptEntity = new EntitySchema<ReceiptRow>({
  name: "Receipt",
  tableName: "receipts",
  columns: {
    purchase_order_id: { ...text(128), primary: true },
    location_id: { ...text(64), primary: true },
    id: text(36),
    status: text(16),
    shipped_at_ms: { ...wholeNumber, ...optional },
    arrived_at_ms: { ...wholeNumber, ...optional },
    unloaded_at_ms: { ...wholeNumber, ...optional },
    progress_seq: wholeNumber,
    version: wholeNumber,
    updated_at_ms: wholeNumber,
  },
});

export const ReceiptLineEntity = new EntitySchema<ReceiptLineRow>({
  name: "ReceiptLine",
  tableName: "receipt_lines",
  columns: {
    receipt_id: { ...text(36), primary: true },
    sku: { ...text(64), primary: true },
    expectations: { type: "text" },
    received: wholeNumber,
    on_dock: wholeNumber,
    damaged: wholeNumber,
    posted: wholeNumber,
    told: { type: "text" },
    told_seq: wholeNumber,
  },
});
