/**
 * Every connection of the API, and how it is asked: without a filter, and with values that many rows have, few, and none.
 *
 * For tests of what pages cost; knows nothing of what is on them.
 */
import type { SystemName } from "../../shared/config.ts";
import { hot } from "./busy-day.ts";

export interface Paged {
  readonly field: string;
  readonly nodes: string;
  readonly system: SystemName;
  /** The key of the page, in its order. */
  readonly key: string;
  readonly filters: readonly Readonly<Record<string, string>>[];
}

/** Every connection: without a filter, and with values that many rows have, few, and none. */
export const paged: readonly Paged[] = [
  {
    field: "stockPositions",
    nodes: "sku availability { availableToSell }",
    system: "availability",
    key: "SELECT sku, location_id FROM positions ORDER BY 1, 2",
    filters: [{}, { locationId: "L1" }, { locationId: "L9" }],
  },
  { field: "products", nodes: "sku name", system: "erp", key: "SELECT sku FROM products ORDER BY 1", filters: [{}] },
  {
    field: "products",
    nodes: "sku name",
    system: "erp",
    key: "SELECT word, sku FROM product_words WHERE word = 'lamps' ORDER BY 1, 2",
    filters: [{ search: "lamp" }, { search: "l" }, { search: "lamps pair" }, { search: "nothing" }],
  },
  {
    field: "purchaseOrders",
    nodes: "id lines { sku }",
    system: "erp",
    key: "SELECT id FROM purchase_orders WHERE status = 'APPROVED' ORDER BY 1",
    filters: [
      ...[{}, { status: "APPROVED" }, { status: "PENDING" }, { sku: hot.sku }, { sku: "KIT-1" }],
      ...[
        { sku: hot.sku, status: "PENDING" },
        { sku: hot.sku, status: "APPROVED" },
      ],
    ],
  },
  {
    field: "transferOrders",
    nodes: "id lines { sku }",
    system: "erp",
    key: "SELECT id FROM transfers WHERE status = 'CLOSED' ORDER BY 1",
    filters: [
      ...[{}, { status: "CLOSED" }, { status: "RECEIVED" }, { locationId: "L1" }],
      ...[
        { locationId: "L1", status: "RECEIVED" },
        { locationId: "L2", status: "CLOSED" },
      ],
    ],
  },
  {
    field: "adjustments",
    nodes: "id",
    system: "wms",
    key: "SELECT requested_at_ms, id FROM adjustments ORDER BY 1, 2",
    filters: [{}, { status: "REJECTED" }, { status: "POSTING_FAILED" }],
  },
  {
    field: "receipts",
    nodes: "id lines { received }",
    system: "wms",
    key: "SELECT purchase_order_id, location_id FROM receipts ORDER BY 1, 2",
    filters: [
      ...[{}, { status: "CLOSED" }, { status: "RECEIVING" }, { locationId: "L1" }, { purchaseOrderId: "PO-2" }],
      ...[
        { locationId: "L2", status: "RECEIVING" },
        { locationId: "L1", status: "CLOSED" },
      ],
    ],
  },
  {
    field: "returns",
    nodes: "id lines { sku }",
    system: "returns",
    key: "SELECT created_at_ms, id FROM return_documents WHERE status = 'REJECTED' ORDER BY 1, 2",
    filters: [
      ...[{}, { status: "REJECTED" }, { status: "EXPIRED" }, { sku: hot.sku }, { sku: "KIT-1" }],
      ...[
        { sku: hot.sku, status: "EXPIRED" },
        { sku: hot.sku, status: "REJECTED" },
      ],
    ],
  },
  {
    field: "exceptions",
    nodes: "id subject",
    system: "control",
    key: "SELECT priority, id FROM exceptions WHERE status = 'RESOLVED' ORDER BY 1, 2",
    filters: [{ status: "RESOLVED" }, { status: "OPEN" }],
  },
  {
    field: "deadLetters",
    nodes: "id hint",
    system: "control",
    key: "SELECT id FROM known_letters WHERE status = 'OPEN' ORDER BY 1",
    filters: [
      ...[{}, { status: "SETTLED" }, { class: "MAPPING" }, { class: "SCHEMA" }, { source: "acme" }, { source: "none" }],
      { source: "acme", class: "MAPPING" },
    ],
  },
  {
    field: "partnerMappings",
    nodes: "code history { version }",
    system: "control",
    key: "SELECT kind, code FROM partner_mappings WHERE partner = 'acme' ORDER BY 1, 2",
    filters: [{ partner: "acme" }, { partner: "acme", kind: "UNIT" }, { partner: "acme", kind: "SKU" }],
  },
  {
    field: "varianceCases",
    nodes: "id variance",
    system: "control",
    key: "SELECT id FROM variance_cases ORDER BY 1",
    filters: [
      ...[{}, { status: "CLOSED" }, { status: "OPEN" }, { locationId: "L1" }],
      ...[
        { locationId: "L1", status: "OPEN" },
        { locationId: "L1", status: "CLOSED" },
      ],
    ],
  },
];
