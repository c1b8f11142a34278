/**
 * What is still to come of a purchase order, and what of that is news.
 */
import { describe, expect, it } from "vitest";
import {
  discrepancyOf,
  inboundChanges,
  openQuantityOf,
  type PurchaseLine,
  type PurchaseOrder,
  type PurchaseOrderStatus,
  placesConcerned,
  withReceipts,
} from "../../../../../subgraphs/erp/domain/purchase-order.ts";
import { openTotals } from "../../../../../subgraphs/erp/domain/settlement.ts";

const line = (more: Partial<PurchaseLine> = {}): PurchaseLine => ({
  line: "1",
  lineNo: 1,
  sku: "A",
  locationId: "WEST",
  ordered: 100,
  received: 0,
  rejected: 0,
  warehouseReceived: 0,
  promisedOn: null,
  receivedOn: null,
  ...more,
});
const order = (lines: PurchaseLine[], more: Partial<PurchaseOrder> = {}): PurchaseOrder => ({
  id: "PO",
  supplierId: "S",
  status: "APPROVED",
  orderedOn: "2026-01-02",
  expectedOn: null,
  version: 1,
  lines,
  ...more,
});
const news = (before: PurchaseOrder | null, after: PurchaseOrder) =>
  inboundChanges(before, after).map(({ locationId, inbound }) => [locationId, inbound.line, inbound.openQuantity]);

describe("a purchase order", () => {
  it.each<[PurchaseOrderStatus, number, number]>([
    ["PENDING", 40, 0],
    ["APPROVED", 40, 0],
    ["REJECTED", 0, 0],
    ["CANCELLED", 0, 0],
    ["COMPLETE", 0, 45],
  ])("that is %s has %i to come and owes %i", (status, open, owed) => {
    const bought = line({ received: 60, rejected: 5, warehouseReceived: 30 });
    expect(openQuantityOf({ status }, bought)).toBe(open);
    expect(discrepancyOf({ status }, bought)).toBe(owed);
  });

  it("expects nothing below nothing when more came than was ordered", () => {
    expect(openQuantityOf({ status: "APPROVED" }, line({ received: 120 }))).toBe(0);
  });

  it("takes the warehouse's word where the ERP's people have not entered it yet", () => {
    expect(openQuantityOf({ status: "APPROVED" }, line({ received: 10, warehouseReceived: 30 }))).toBe(70);
  });

  it("tells of a new line, a changed date, a closed line and a moved one, and of nothing else", () => {
    const before = order([line(), line({ line: "2", lineNo: 2 }), line({ line: "3", lineNo: 3 })]);
    expect(news(null, before)).toEqual([
      ["WEST", "1", 100],
      ["WEST", "2", 100],
      ["WEST", "3", 100],
    ]);
    const after = order([
      line(),
      line({ line: "2", lineNo: 2, promisedOn: "2026-02-01" }),
      line({ line: "3", lineNo: 3, locationId: "EAST" }),
    ]);
    expect(news(before, after)).toEqual([
      ["WEST", "3", 0],
      ["WEST", "2", 100],
      ["EAST", "3", 100],
    ]);
    expect(news(after, order([line({ received: 100 })]))).toEqual([
      ["EAST", "3", 0],
      ["WEST", "2", 0],
      ["WEST", "1", 0],
    ]);
    expect(news(before, before)).toEqual([]);
    expect(news(null, order([line()], { status: "COMPLETE" }))).toEqual([]);
  });

  it("that is finished is news once, also where nothing was open any more", () => {
    const received = [line({ received: 100 })];
    const [before, finished] = [order(received), order(received, { status: "COMPLETE" })];
    expect(inboundChanges(before, finished)).toMatchObject([{ inbound: { openQuantity: 0, closed: true } }]);
    expect(news(finished, order(received, { status: "CANCELLED" }))).toEqual([]);
  });

  it("concerns the positions where something was open or may be, and all of them when it is finished", () => {
    const before = order([line(), line({ line: "2", locationId: "EAST", received: 100 })]);
    const closed = order([line({ locationId: "NORTH" })], { status: "COMPLETE" });
    expect(placesConcerned(before, closed).map(({ locationId }) => locationId)).toEqual(["WEST", "EAST"]);
    expect(placesConcerned(closed, order([line({ locationId: "NORTH", received: 100 })]))).toHaveLength(1);
  });

  it("spreads receipts over the lines at their position only", () => {
    const report = (quantity: number, locationId: string, number = "") =>
      ({ documentType: "PURCHASE_ORDER", documentId: "PO", sku: "A", locationId, line: number, quantity }) as const;
    const totals = openTotals([report(120, "WEST"), report(5, "EAST", "3")]);
    const bought = order([line(), line({ line: "2" }), line({ line: "3", locationId: "EAST" })]);
    const received = (at: { sku: string; locationId: string } | null) =>
      withReceipts(bought, totals, at).lines.map(({ warehouseReceived }) => warehouseReceived);
    expect(received({ sku: "A", locationId: "WEST" })).toEqual([100, 20, 0]);
    expect(received(null)).toEqual([100, 20, 5]);
  });
});
