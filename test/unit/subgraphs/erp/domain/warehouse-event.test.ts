/**
 * What a warehouse event means for the book.
 */
import { describe, expect, it } from "vitest";
import type { AnyEvent, DocumentRef, EventType } from "../../../../../shared/events/canonical-event.ts";
import { postingOf } from "../../../../../subgraphs/erp/domain/warehouse-event.ts";
import { canonicalEvent } from "../../../../helpers/events.ts";

function event(type: EventType, documentRef: DocumentRef | null, deltas = {}, quantity: number | null = 6): AnyEvent {
  const more = { sku: "A", locationId: "WEST", quantity, documentRef, data: { deltas } };
  return canonicalEvent("wms", type, "A|WEST", 1, more as never);
}
const order = { type: "ORDER", id: "O", line: "2" };

describe("a warehouse event", () => {
  it.each<[EventType, DocumentRef | null, object]>([
    ["shipment.confirmed", order, { kind: "SHIPMENT", bookDelta: -6, offset: "shipped", offsetDelta: -6 }],
    ["shipment.voided", order, { kind: "SHIPMENT_VOID", bookDelta: 6, offset: "shipped", offsetDelta: 6 }],
    ["shipment.confirmed", null, { bookDelta: -6, offset: "none", offsetDelta: 0, report: null }],
    [
      "shipment.confirmed",
      { type: "TRANSFER", id: "T" },
      { bookDelta: -6, offset: "none", offsetDelta: 0, report: null },
    ],
    ["receipt.recorded", null, { kind: "RECEIPT", bookDelta: 6, offset: "received", offsetDelta: -6, report: null }],
    [
      "receipt.recorded",
      { type: "RETURN", id: "R" },
      { bookDelta: 6, offset: "received", offsetDelta: -6, report: null },
    ],
  ])("%s for %j is posted", (type, documentRef, posting) => {
    expect(postingOf(event(type, documentRef))).toMatchObject({
      sku: "A",
      locationId: "WEST",
      documentRef,
      ...posting,
    });
  });

  it("is reported to its order or purchase order, with its sign and its line", () => {
    const report = { sku: "A", locationId: "WEST" };
    expect(postingOf(event("shipment.voided", order))?.report).toEqual({
      ...report,
      documentType: "ORDER",
      documentId: "O",
      line: "2",
      quantity: -6,
    });
    expect(postingOf(event("receipt.recorded", { type: "PURCHASE_ORDER", id: "P" }))?.report).toEqual({
      ...report,
      documentType: "PURCHASE_ORDER",
      documentId: "P",
      line: "",
      quantity: 6,
    });
  });

  it("that adjusts moves the book by the sum of its buckets", () => {
    expect(postingOf(event("adjustment.posted", null, { unrestricted: -4, damaged: 1 }))).toMatchObject({
      kind: "ADJUSTMENT",
      bookDelta: -3,
      offset: "adjusted",
      offsetDelta: 3,
    });
    expect(postingOf(event("adjustment.posted", null, {}))?.offsetDelta).toBe(0);
  });

  it("that only moves stock inside the building is not posted", () => {
    expect(postingOf(event("putaway.completed", null))).toBeNull();
    expect(postingOf(event("inventory.snapshot", null))).toBeNull();
  });

  it.each([
    [null, "QUANTITY_NOT_POSITIVE"],
    [0, "QUANTITY_NOT_POSITIVE"],
    [1.5, "QUANTITY_OUT_OF_RANGE"],
  ])("that ships %s is refused", (quantity, code) => {
    expect(() => postingOf(event("shipment.confirmed", null, {}, quantity))).toThrow(expect.objectContaining({ code }));
  });

  it("without a position is refused", () => {
    const nowhere = { ...event("receipt.recorded", null), sku: null } as AnyEvent;
    expect(() => postingOf(nowhere)).toThrow(expect.objectContaining({ code: "INVALID_INPUT" }));
  });
});
