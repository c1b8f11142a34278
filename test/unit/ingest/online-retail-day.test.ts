/**
 * A day of the ledger as calls of the API: which documents and events come of which lines, and under which ids.
 */
import { describe, expect, it } from "vitest";
import type { LedgerLine } from "../../../ingest/online-retail.ts";
import { stockEventsOf, toDay, toOpening } from "../../../ingest/online-retail-day.ts";

function line(kind: LedgerLine["kind"], invoiceNo: string, invoiceLine: number, changes: Partial<LedgerLine> = {}) {
  return {
    kind,
    invoiceNo,
    invoiceLine,
    sku: "22423",
    description: "REGENCY CAKESTAND",
    quantity: 2,
    day: "2011-05-01",
    occurredAt: "2011-05-01T09:51:00Z",
    ...changes,
  };
}

describe("a sale", () => {
  it("is an allocation of its invoice's line, then a pick and a shipment of it", () => {
    const { orders, stockEvents, returns } = toDay([line("sale", "551515", 3)]);
    expect(orders).toEqual([
      { orderId: "551515", lines: [{ line: "3", sku: "22423", locationId: "UK-DC", quantity: 2 }] },
    ]);
    const event = {
      sku: "22423",
      locationId: "UK-DC",
      quantity: 2,
      occurredAt: "2011-05-01T09:51:00Z",
      documentRef: { type: "ORDER", id: "551515", line: "3" },
    };
    expect(stockEvents).toEqual([
      { id: "uci-online-retail:551515:3:pick", type: "PICK", ...event },
      { id: "uci-online-retail:551515:3:shipment", type: "SHIPMENT", ...event },
    ]);
    expect(returns).toEqual([]);
  });

  it("written twice is sold twice", () => {
    const { orders, stockEvents } = toDay([line("sale", "551515", 3), line("sale", "551515", 4)]);
    expect(orders[0]?.lines.map((each) => each.line)).toEqual(["3", "4"]);
    expect(new Set(stockEvents.map(({ id }) => id)).size).toBe(4);
  });

  it("of very many lines is allocated in parts", () => {
    const { orders } = toDay(Array.from({ length: 705 }, (_, i) => line("sale", "558475", i + 1)));
    expect(orders.map(({ orderId, lines }) => [orderId, lines.length])).toEqual([
      ["558475", 500],
      ["558475", 205],
    ]);
  });
});

describe("a correction", () => {
  it("is an adjustment with its sign, its note and the note's reason", () => {
    const lines = [
      line("correction", "536589", 1, { quantity: -10, description: "thrown away" }),
      line("correction", "536590", 1, { quantity: 4, description: "" }),
    ];
    expect(toDay(lines).stockEvents).toEqual([
      {
        id: "uci-online-retail:536589:1:adjustment",
        type: "ADJUSTMENT",
        sku: "22423",
        locationId: "UK-DC",
        quantity: -10,
        occurredAt: "2011-05-01T09:51:00Z",
        reasonCode: "SCRAPPED",
        note: "thrown away",
      },
      {
        id: "uci-online-retail:536590:1:adjustment",
        type: "ADJUSTMENT",
        sku: "22423",
        locationId: "UK-DC",
        quantity: 4,
        occurredAt: "2011-05-01T09:51:00Z",
        reasonCode: "UNCLASSIFIED",
      },
    ]);
  });
});

describe("a credit note", () => {
  it("is one return with the units of each SKU, and moves no stock by itself", () => {
    const lines = [
      line("credit", "C550456", 1),
      line("credit", "C550456", 2, { quantity: 5 }),
      line("credit", "C550456", 3, { sku: "85123A" }),
      line("credit", "C550457", 1),
    ];
    const { returns, stockEvents, orders } = toDay(lines);
    expect(returns).toEqual([
      {
        id: "C550456",
        orderId: "C550456",
        locationId: "UK-DC",
        lines: [
          { sku: "22423", quantity: 7, reasonCode: "CREDIT_NOTE" },
          { sku: "85123A", quantity: 2, reasonCode: "CREDIT_NOTE" },
        ],
      },
      {
        id: "C550457",
        orderId: "C550457",
        locationId: "UK-DC",
        lines: [{ sku: "22423", quantity: 2, reasonCode: "CREDIT_NOTE" }],
      },
    ]);
    expect([...stockEvents, ...orders]).toEqual([]);
  });
});

describe("the order of a day", () => {
  it("is the ledger's, each pick before its shipment", () => {
    const lines = [line("correction", "1", 1), line("sale", "2", 1), line("sale", "1", 2)];
    expect(toDay(lines).stockEvents.map(({ id }) => id.replace("uci-online-retail:", ""))).toEqual([
      "1:1:adjustment",
      "2:1:pick",
      "2:1:shipment",
      "1:2:pick",
      "1:2:shipment",
    ]);
    expect(toDay(lines).stockEvents).toEqual(lines.flatMap(stockEventsOf));
  });
});

describe("the opening", () => {
  it("is a product, a book balance and a warehouse snapshot for every SKU, zero included", () => {
    const opening = toOpening([{ sku: "22423", name: "CAKESTAND", openingStock: 0 }], "2010-12-01T00:00:00Z");
    expect(opening).toEqual({
      products: [{ sku: "22423", name: "CAKESTAND", baseUnit: "EA", active: true }],
      bookBalances: [{ sku: "22423", locationId: "UK-DC", onHand: 0 }],
      stockEvents: [
        {
          id: "uci-online-retail:opening:22423",
          type: "SNAPSHOT",
          sku: "22423",
          locationId: "UK-DC",
          quantity: 0,
          occurredAt: "2010-12-01T00:00:00Z",
          buckets: { unrestricted: 0 },
        },
      ],
    });
  });
});
