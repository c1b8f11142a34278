/**
 * A data set as the rows of the four systems, as their own events would have left them.
 *
 * For each position the warehouse counted once and the ERP took the figure over: one movement, one posting, versions
 * of 1, and a position that both have been applied to. Σ movements = balance. Pure. Audit and outbox rows are left
 * out: the one nobody reads here, the other would have been published and removed.
 */
import type { SystemName } from "../../shared/config.ts";
import type { SqlValue } from "../../shared/db/database.ts";
import { wordsOf } from "../../subgraphs/erp/domain/product.ts";
import { locationIds, type Stocked } from "./data-set.ts";

export type Rows = Readonly<Record<string, SqlValue>>[];

/** Rows by table. */
export type Tables = Readonly<Record<string, Rows>>;

const source = "bench";

export function locationRows(system: SystemName, nowMs: number): Tables {
  const rows = locationIds.map((id) => ({
    id,
    name: `Location ${id}`,
    type: "WAREHOUSE",
    time_zone: "UTC",
    sellable: 1,
    version: 1,
  }));
  if (system !== "erp") return { location_replicas: rows };
  return { locations: rows.map((row) => ({ ...row, updated_at_ms: nowMs })) };
}

export function productRows(system: SystemName, skus: readonly string[], nowMs: number): Tables {
  const common = skus.map((sku) => ({
    sku,
    name: `Item ${sku}`,
    base_unit: "EA",
    units: "[]",
    class: "A",
    unit_cost: "1.00",
    safety_stock: 0,
    sell_multiple: 1,
    active: 1,
    components: "[]",
    version: 1,
  }));
  if (system !== "erp") return { product_replicas: common };
  return {
    products: common.map((row) => ({ ...row, updated_at_ms: nowMs })),
    product_words: common.flatMap(({ sku, name }) => wordsOf(`${sku} ${name}`).map((word) => ({ sku, word }))),
  };
}

export function positionRows(system: SystemName, stocked: readonly Stocked[], nowMs: number): Tables {
  if (system === "erp") return bookRows(stocked, nowMs);
  if (system === "wms") return warehouseRows(stocked, nowMs);
  return system === "availability" ? { positions: stocked.map((one) => projectedRow(one, nowMs)) } : {};
}

function bookRows(stocked: readonly Stocked[], nowMs: number): Tables {
  return {
    book_positions: stocked.map((one) => ({
      ...keyOf(one),
      on_hand: onHandOf(one),
      committed: 0,
      version: 1,
      updated_at_ms: nowMs,
    })),
    book_postings: stocked.map((one) => ({
      ...keyOf(one),
      version: 1,
      kind: "BALANCE",
      book_delta: onHandOf(one),
      committed_delta: 0,
      event_id: null,
      document_type: null,
      document_id: null,
      document_line: null,
      person: source,
      correlation_id: source,
      occurred_at_ms: nowMs,
      posted_at_ms: nowMs,
    })),
  };
}

function warehouseRows(stocked: readonly Stocked[], nowMs: number): Tables {
  return {
    stock_balances: stocked.map((one) => ({
      ...keyOf(one),
      ...bucketsOf(one),
      version: 1,
      entries: 1,
      as_of_ms: nowMs,
      latest_seq: null,
      snapshot_source: source,
      snapshot_seq: null,
      snapshot_at_ms: nowMs,
    })),
    stock_movements: stocked.map((one) => movementRow(one, nowMs)),
  };
}

function movementRow(one: Stocked, nowMs: number) {
  const { sku, locationId } = one;
  const deltas = Object.entries(bucketsOf(one)).map(([bucket, quantity]) => [`${bucket}_delta`, quantity]);
  return {
    ...keyOf(one),
    entry_no: 1,
    movement_id: `${sku}/${locationId}`,
    source,
    event_id: `count/${sku}/${locationId}`,
    content_hash: "0".repeat(64),
    type: "SNAPSHOT",
    status: "ACCEPTED",
    version: 1,
    quantity: onHandOf(one),
    entered_quantity: onHandOf(one),
    unit: "EA",
    from_bucket: null,
    to_bucket: null,
    ...Object.fromEntries(deltas),
    source_seq: null,
    occurred_at_ms: nowMs,
    recorded_at_ms: nowMs,
    document_type: null,
    document_id: null,
    document_line: null,
    reason_code: null,
    note: null,
    person: source,
    correlation_id: source,
  };
}

function projectedRow(one: Stocked, nowMs: number) {
  return {
    ...keyOf(one),
    version: 2,
    ...bucketsOf(one),
    book: onHandOf(one),
    committed: 0,
    quarantined: 0,
    in_inspection: 0,
    restock_approved: 0,
    shipped_not_posted: 0,
    received_not_posted: 0,
    adjusted_not_posted: 0,
    reserved: 0,
    reserved_by_channel: null,
    ...progressOf("wms", 1, nowMs),
    ...progressOf("erp", 1, nowMs),
    ...progressOf("returns", 0, 0),
  };
}

function progressOf(owner: string, seq: number, asOfMs: number) {
  return {
    [`${owner}_seq`]: seq,
    [`${owner}_as_of_ms`]: asOfMs,
    [`${owner}_ahead`]: null,
    [`${owner}_gap_since_ms`]: null,
  };
}

function keyOf({ sku, locationId }: Stocked) {
  return { sku, location_id: locationId };
}

function bucketsOf({ unrestricted, damaged, hold }: Stocked) {
  return { unrestricted, picked: 0, dock: 0, damaged, hold, expired: 0, quarantine: 0 };
}

function onHandOf({ unrestricted, damaged, hold }: Stocked): number {
  return unrestricted + damaged + hold;
}
