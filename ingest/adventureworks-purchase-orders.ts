/**
 * Purchase orders of AdventureWorks: headers with their lines.
 *
 * The header's status decides: 1 and 2 are open inbound, 3 is rejected, 4 is complete, where a short line is the
 * supplier's discrepancy and never inbound. Quantities carry no unit in the data and are taken as EA, as the data
 * itself adds them to stock; no vendor unit is converted. What is open is for the ERP to work out, not for this file.
 */
import type { CatalogueProduct, ReadTable } from "./adventureworks-tables.ts";
import type { PurchaseOrderInput, PurchaseOrderLineInput, PurchaseOrderStatus } from "./api-inputs.ts";
import { type Finding, type FindingCode, finding } from "./finding.ts";
import type { Row } from "./tab-separated.ts";

const statuses: ReadonlyMap<string, PurchaseOrderStatus> = new Map([
  ["1", "PENDING"],
  ["2", "APPROVED"],
  ["3", "REJECTED"],
  ["4", "COMPLETE"],
]);

/** `receivingLocations`: product number → location id. */
export function readPurchaseOrders(
  table: ReadTable,
  findings: Finding[],
  receivingLocations: ReadonlyMap<string, string>,
  products: ReadonlyMap<string, CatalogueProduct>,
): readonly PurchaseOrderInput[] {
  const report = (code: FindingCode, row: Row, subject: string) => void findings.push(finding(code, row, subject));
  const suppliers = new Map<string, string>();
  table("Vendor.csv", (read) => suppliers.set(read.code(0), read.code(1)));

  const orders = new Map<string, PurchaseOrderInput & { lines: PurchaseOrderLineInput[] }>();
  table("PurchaseOrderHeader.csv", (read) => {
    const id = read.code(0);
    const status = statuses.get(read.text(2));
    const supplierId = suppliers.get(read.text(4));
    const orderedOn = read.date(6);
    if (!read.ok) return;
    if (orders.has(id)) return report("ID_REPEATED", read.row, id);
    if (!status) return report("STATUS_UNKNOWN", read.row, read.text(2));
    if (!supplierId) return report("UNKNOWN_SUPPLIER", read.row, read.text(4));
    orders.set(id, { id, supplierId, status, orderedOn, lines: [] });
  });

  table("PurchaseOrderDetail.csv", (read) => {
    const order = orders.get(read.code(0));
    const productId = read.code(4);
    const product = products.get(productId);
    const locationId = receivingLocations.get(productId);
    const line = {
      line: read.code(1),
      ordered: read.whole(3),
      received: read.whole(7),
      rejected: read.whole(8),
      promisedOn: read.date(2),
    };
    if (!read.ok) return;
    if (!order) return report("UNKNOWN_PURCHASE_ORDER", read.row, read.text(0));
    if (!product) return report("UNKNOWN_PRODUCT", read.row, productId);
    if (!locationId) return report("RECEIVING_LOCATION_UNKNOWN", read.row, product.sku);
    order.lines.push({ ...line, sku: product.sku, locationId });
  });
  return [...orders.values()];
}
