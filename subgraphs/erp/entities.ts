/**
 * The ERP's tables and their rows, as they stand in the database.
 *
 * `book_positions` is written together with `book_postings` only; JSON columns are texts.
 */
import { EntitySchema } from "typeorm";

export interface ProductRow {
  sku: string;
  name: string;
  base_unit: string;
  units: string;
  class: string | null;
  unit_cost: string | null;
  safety_stock: number;
  sell_multiple: number;
  active: number;
  components: string;
  kit: number;
  version: number;
  updated_at_ms: number;
}

export interface LocationRow {
  id: string;
  name: string;
  type: string;
  time_zone: string;
  sellable: number;
  accounts: string;
  version: number;
  updated_at_ms: number;
}

export interface BookPositionRow {
  sku: string;
  location_id: string;
  on_hand: number;
  committed: number;
  version: number;
  updated_at_ms: number;
}

export interface BookPostingRow {
  sku: string;
  location_id: string;
  version: number;
  kind: string;
  book_delta: number;
  committed_delta: number;
  event_id: string | null;
  document_type: string | null;
  document_id: string | null;
  document_line: string | null;
  person: string;
  correlation_id: string;
  occurred_at_ms: number;
  posted_at_ms: number;
}

export interface WarehouseTotalRow {
  document_type: string;
  document_id: string;
  sku: string;
  location_id: string;
  line: string;
  quantity: number;
}

export interface SalesOrderRow {
  order_id: string;
  channel: string | null;
  created_at_ms: number;
}

export interface OrderLineRow {
  order_id: string;
  line: string;
  line_no: number;
  sku: string;
  location_id: string;
  allocated: number;
  shipped: number;
}

export interface PurchaseOrderRow {
  id: string;
  supplier_id: string;
  status: string;
  ordered_on: string;
  expected_on: string | null;
  version: number;
  updated_at_ms: number;
}

export interface PurchaseOrderLineRow {
  purchase_order_id: string;
  line: string;
  line_no: number;
  sku: string;
  location_id: string;
  ordered: number;
  received: number;
  rejected: number;
  warehouse_received: number;
  open_quantity: number;
  promised_on: string | null;
  received_on: string | null;
  /** Of the order. */
  order_status: string;
}

export interface TransferRow {
  id: string;
  origin_id: string;
  destination_id: string;
  status: string;
  decision: string;
  need_by: string | null;
  reference: string | null;
  reason: string | null;
  requested_by: string;
  requested_at_ms: number;
  decided_by: string | null;
  decided_at_ms: number | null;
  note: string | null;
  /** JSON. */
  hands: string;
  version: number;
}

export interface TransferLineRow {
  transfer_id: string;
  line: string;
  line_no: number;
  sku: string;
  origin_id: string;
  destination_id: string;
  requested: number;
  picked: number;
  shipped: number;
  received: number;
  settled: number;
  written_off: number;
  not_shipped: number;
  put_back: number;
  received_on: string | null;
  committed: number;
  open_quantity: number;
}

const key = (length: number) => ({ type: "varchar", length, primary: true }) as const;
const text = (length: number) => ({ type: "varchar", length }) as const;
const optionalText = (length: number) => ({ type: "varchar", length, nullable: true }) as const;
const quantity = { type: "int" } as const;
const json = { type: "text" } as const;

/** MySQL hands BIGINT over as text; every number here is far below 2^53. */
const wholeNumber = {
  type: "bigint",
  transformer: { to: (value: number) => value, from: (value: string | number) => Number(value) },
} as const;

export const ProductEntity = new EntitySchema<ProductRow>({
  name: "Product",
  tableName: "products",
  columns: {
    sku: key(64),
    name: text(255),
    base_unit: text(16),
    units: json,
    class: optionalText(64),
    unit_cost: optionalText(32),
    safety_stock: quantity,
    sell_multiple: quantity,
    active: { type: "smallint" },
    components: json,
    kit: { type: "smallint" },
    version: wholeNumber,
    updated_at_ms: wholeNumber,
  },
});

export const LocationEntity = new EntitySchema<LocationRow>({
  name: "Location",
  tableName: "locations",
  columns: {
    id: key(64),
    name: text(255),
    type: text(16),
    time_zone: text(64),
    sellable: { type: "smallint" },
    accounts: text(2000),
    version: wholeNumber,
    updated_at_ms: wholeNumber,
  },
});

export const BookPositionEntity = new EntitySchema<BookPositionRow>({
  name: "BookPosition",
  tableName: "book_positions",
  columns: {
    sku: key(64),
    location_id: key(64),
    on_hand: quantity,
    committed: quantity,
    version: wholeNumber,
    updated_at_ms: wholeNumber,
  },
});

export const BookPostingEntity = new EntitySchema<BookPostingRow>({
  name: "BookPosting",
  tableName: "book_postings",
  columns: {
    sku: key(64),
    location_id: key(64),
    version: { ...wholeNumber, primary: true },
    kind: text(16),
    book_delta: wholeNumber,
    committed_delta: wholeNumber,
    event_id: optionalText(128),
    document_type: optionalText(64),
    document_id: optionalText(128),
    document_line: optionalText(128),
    person: text(128),
    correlation_id: text(128),
    occurred_at_ms: wholeNumber,
    posted_at_ms: wholeNumber,
  },
});

export const WarehouseTotalEntity = new EntitySchema<WarehouseTotalRow>({
  name: "WarehouseTotal",
  tableName: "warehouse_totals",
  columns: {
    document_type: key(32),
    document_id: key(128),
    sku: key(64),
    location_id: key(64),
    line: key(128),
    quantity: wholeNumber,
  },
});

export const SalesOrderEntity = new EntitySchema<SalesOrderRow>({
  name: "SalesOrder",
  tableName: "sales_orders",
  columns: { order_id: key(128), channel: optionalText(32), created_at_ms: wholeNumber },
});

export const OrderLineEntity = new EntitySchema<OrderLineRow>({
  name: "OrderLine",
  tableName: "order_lines",
  columns: {
    order_id: key(128),
    line: key(128),
    line_no: quantity,
    sku: text(64),
    location_id: text(64),
    allocated: quantity,
    shipped: quantity,
  },
});

export const PurchaseOrderEntity = new EntitySchema<PurchaseOrderRow>({
  name: "PurchaseOrder",
  tableName: "purchase_orders",
  columns: {
    id: key(128),
    supplier_id: text(64),
    status: text(16),
    ordered_on: text(10),
    expected_on: optionalText(10),
    version: wholeNumber,
    updated_at_ms: wholeNumber,
  },
});

export const PurchaseOrderLineEntity = new EntitySchema<PurchaseOrderLineRow>({
  name: "PurchaseOrderLine",
  tableName: "purchase_order_lines",
  columns: {
    purchase_order_id: key(128),
    line: key(128),
    line_no: quantity,
    sku: text(64),
    location_id: text(64),
    ordered: quantity,
    received: quantity,
    rejected: quantity,
    warehouse_received: quantity,
    open_quantity: quantity,
    promised_on: optionalText(10),
    received_on: optionalText(10),
    order_status: text(16),
  },
});

export const TransferEntity = new EntitySchema<TransferRow>({
  name: "Transfer",
  tableName: "transfers",
  columns: {
    id: key(128),
    origin_id: text(64),
    destination_id: text(64),
    status: text(32),
    decision: text(16),
    need_by: optionalText(10),
    reference: optionalText(128),
    reason: optionalText(500),
    requested_by: text(128),
    requested_at_ms: wholeNumber,
    decided_by: optionalText(128),
    decided_at_ms: { ...wholeNumber, nullable: true },
    note: optionalText(500),
    hands: json,
    version: wholeNumber,
  },
});

export const TransferLineEntity = new EntitySchema<TransferLineRow>({
  name: "TransferLine",
  tableName: "transfer_lines",
  columns: {
    transfer_id: key(128),
    line: text(128),
    line_no: quantity,
    sku: key(64),
    origin_id: text(64),
    destination_id: text(64),
    requested: quantity,
    picked: quantity,
    shipped: quantity,
    received: quantity,
    settled: quantity,
    written_off: quantity,
    not_shipped: quantity,
    put_back: quantity,
    received_on: optionalText(10),
    committed: quantity,
    open_quantity: quantity,
  },
});

export const erpEntities = [
  ProductEntity,
  LocationEntity,
  BookPositionEntity,
  BookPostingEntity,
  WarehouseTotalEntity,
  SalesOrderEntity,
  OrderLineEntity,
  PurchaseOrderEntity,
  PurchaseOrderLineEntity,
  TransferEntity,
  TransferLineEntity,
];
