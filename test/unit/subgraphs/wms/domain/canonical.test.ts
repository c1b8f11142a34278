/**
 * What a movement tells the other systems.
 */
import { describe, expect, it } from "vitest";
import { noStock } from "../../../../../shared/events/canonical-event.ts";
import { noBalance } from "../../../../../subgraphs/wms/domain/balance.ts";
import { type Movement, toCanonicalEvent } from "../../../../../subgraphs/wms/domain/canonical.ts";
import { effectOf, type StockEventType, type StockFact } from "../../../../../subgraphs/wms/domain/stock-fact.ts";

function movement(more: Partial<StockFact>): Movement {
  const fact: StockFact = {
    id: "e1",
    type: "RECEIPT",
    sku: "A",
    locationId: "L",
    quantity: 2,
    unit: "CASE",
    occurredAtMs: 0,
    sourceSeq: 77,
    documentRef: { type: "ORDER", id: "O-1" },
    fromBucket: null,
    toBucket: null,
    reasonCode: "WHY",
    note: "so",
    buckets: null,
    ...more,
  };
  const stock = { ...noStock, unrestricted: 30, dock: 6 };
  return {
    id: "m1",
    fact,
    effect: effectOf(fact, (quantity) => quantity * 12),
    balance: { ...noBalance, stock, version: 5 },
    counted: null,
    uom: "CASE",
    time: "2026-01-05T07:00:00.000Z",
  };
}

describe("a movement is told", () => {
  it("with its quantity in base units and as entered, its buckets, and the version it made", () => {
    expect(toCanonicalEvent(movement({ type: "PICK" }))).toEqual({
      id: "m1",
      type: "pick.confirmed",
      sourceSeq: 5,
      partitionKey: "A|L",
      time: "2026-01-05T07:00:00.000Z",
      sku: "A",
      locationId: "L",
      quantity: 24,
      enteredQuantity: 2,
      uom: "CASE",
      fromBucket: "unrestricted",
      toBucket: "picked",
      documentRef: { type: "ORDER", id: "O-1" },
      reasonCode: "WHY",
      note: "so",
      data: { deltas: { unrestricted: -24, picked: 24 } },
    });
  });

  it.each<[StockEventType, string]>([
    ["RECEIPT", "receipt.recorded"],
    ["PUTAWAY", "putaway.completed"],
    ["PICK", "pick.confirmed"],
    ["SHIPMENT", "shipment.confirmed"],
    ["SHIPMENT_VOID", "shipment.voided"],
    ["ADJUSTMENT", "adjustment.posted"],
  ])("%s as %s", (type, eventType) => {
    expect(toCanonicalEvent(movement({ type })).type).toBe(eventType);
  });

  it("a change of status as stock.status.changed", () => {
    const change = movement({ type: "STATUS_CHANGE", fromBucket: "hold", toBucket: "expired" });
    expect(toCanonicalEvent(change)).toMatchObject({
      type: "stock.status.changed",
      fromBucket: "hold",
      toBucket: "expired",
      data: { deltas: { hold: -24, expired: 24 } },
    });
  });

  it("an adjustment that takes away with a negative quantity", () => {
    expect(toCanonicalEvent(movement({ type: "ADJUSTMENT", quantity: -2, toBucket: "hold" }))).toMatchObject({
      quantity: -24,
      fromBucket: "hold",
      toBucket: null,
      data: { deltas: { hold: -24 } },
    });
  });

  it("a snapshot with the whole balance as it became, survivors included, as of its version", () => {
    const snapshot = movement({ type: "SNAPSHOT", buckets: { ...noStock, unrestricted: 2 } });
    expect(toCanonicalEvent(snapshot)).toMatchObject({
      type: "inventory.snapshot",
      sourceSeq: 5,
      quantity: 24,
      enteredQuantity: 2,
      data: { asOfSeq: 5, wms: { ...noStock, unrestricted: 30, dock: 6 } },
    });
  });
});
