/**
 * What is allocated to orders, shipped of them, and still open.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AppError } from "../../../../../shared/errors.ts";
import type { Catalogue } from "../../../../../subgraphs/erp/domain/catalogue.ts";
import {
  type AllocationLine,
  openOrders,
  openQuantityOf,
  parseAllocation,
  planDeallocation,
} from "../../../../../subgraphs/erp/domain/order.ts";
import { decideProduct } from "../../../../../subgraphs/erp/domain/product.ts";
import { openTotals } from "../../../../../subgraphs/erp/domain/settlement.ts";

const path = ["input", "lines", "0"];
const place = { sku: "A", locationId: "WEST" };
const line = (number: string, quantity: number): AllocationLine => ({
  ...place,
  line: number,
  quantity,
  uom: "EA",
  entered: quantity,
  path,
});
const report = (quantity: number, number = "") =>
  ({ documentType: "ORDER", documentId: "O", ...place, line: number, quantity }) as const;

describe("an order", () => {
  it("commits what is allocated, less what was shipped before it was known", () => {
    const totals = openTotals([report(4)]);
    const orders = openOrders([], totals);
    expect(orders.allocate("O", line("1", 3))).toBe(0);
    expect(orders.allocate("O", line("2", 3))).toBe(2);
    expect(orders.lines("O").map(openQuantityOf)).toEqual([0, 2]);
  });

  it("has a line once, until it is given back completely", () => {
    const orders = openOrders([], openTotals([]));
    orders.allocate("O", line("1", 3));
    expect(() => orders.allocate("O", line("1", 1))).toThrow(expect.objectContaining({ code: "ORDER_LINE_EXISTS" }));
    expect(orders.deallocate("O", { line: "1", quantity: null, path })).toMatchObject({
      quantity: 3,
      committedDelta: -3,
    });
    expect(orders.deallocate("O", { line: "1", quantity: null, path })).toBeNull();
    expect(orders.allocate("O", { ...line("1", 5), locationId: "EAST" })).toBe(5);
    expect(orders.lines("O")).toMatchObject([{ locationId: "EAST", lineNo: 2, allocated: 5 }]);
  });

  it("gives back no more than is open", () => {
    const totals = openTotals([]);
    const orders = openOrders([], totals);
    orders.allocate("O", line("1", 5));
    totals.add(report(3));
    expect(orders.settle("O", place)).toBe(-3);
    expect(() => orders.deallocate("O", { line: "1", quantity: 3, path })).toThrow(
      expect.objectContaining({ code: "ALLOCATION_EXCEEDED", details: expect.objectContaining({ open: 2 }) }),
    );
    expect(orders.deallocate("O", { line: "1", quantity: 2, path })).toMatchObject({ committedDelta: -2 });
  });

  it("moves committed demand by exactly what its open quantity moves, in whatever order things happen", () => {
    const number = fc.constantFrom("1", "2", "3");
    const quantity = fc.integer({ min: 1, max: 9 });
    const step = fc.oneof(
      fc.record({ kind: fc.constant("allocate" as const), number, quantity }),
      fc.record({ kind: fc.constant("deallocate" as const), number, quantity }),
      fc.record({
        kind: fc.constant("report" as const),
        number: fc.constantFrom("", "1", "2", "3"),
        quantity: fc.integer({ min: -9, max: 9 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const totals = openTotals([]);
        const orders = openOrders([], totals);
        let committed = 0;
        for (const { kind, number: n, quantity: q } of steps) {
          const open = new Map(orders.lines("O").map((l) => [l.line, l]));
          if (kind === "allocate" && (open.get(n)?.allocated ?? 0) === 0) committed += orders.allocate("O", line(n, q));
          const found = open.get(n);
          if (kind === "deallocate" && found && openQuantityOf(found) >= q) {
            committed += orders.deallocate("O", { line: n, quantity: q, path })?.committedDelta ?? 0;
          }
          if (kind === "report") {
            totals.add(report(q, n));
            committed += orders.settle("O", place);
          }
          const lines = orders.lines("O");
          expect(committed).toBe(lines.reduce((sum, l) => sum + openQuantityOf(l), 0));
          expect(lines.every((l) => l.shipped >= 0 && l.shipped <= l.allocated)).toBe(true);
        }
        // What was changed is what has to be saved: applied to nothing it gives the same order.
        expect(openOrders(orders.changed(), totals).lines("O")).toEqual(orders.lines("O"));
      }),
    );
  });
});

describe("the lines of a request", () => {
  const catalogue: Catalogue = {
    products: new Map([
      [
        "A",
        decideProduct(
          { sku: "A", name: "A", baseUnit: "EA", units: [{ unit: "THIRD", numerator: 1, denominator: 3 }] },
          null,
        ),
      ],
    ]),
    locationIds: new Set(["WEST"]),
  };

  it("numbers lines that have no number by their place, and refuses a number that stands twice", () => {
    const [second, first] = [
      { ...place, quantity: 2 },
      { ...place, quantity: 1 },
    ];
    expect(parseAllocation([first, second], catalogue)).toMatchObject([
      { line: "1", quantity: 1 },
      { line: "2", quantity: 2 },
    ]);
    expect(() => parseAllocation([{ ...first, line: "2" }, second], catalogue)).toThrow(AppError);
  });

  it("are counted in base units, rounded up", () => {
    expect(parseAllocation([{ ...place, line: "1", quantity: 4, unit: "THIRD" }], catalogue)).toMatchObject([
      { quantity: 2, uom: "THIRD", entered: 4, path: ["input", "lines", "0"] },
    ]);
  });

  it.each([
    [{ sku: "B" }, "UNKNOWN_SKU", "sku"],
    [{ locationId: "EAST" }, "UNKNOWN_LOCATION", "locationId"],
    [{ unit: "BOX" }, "UOM_UNMAPPED", "unit"],
    [{ quantity: -1 }, "QUANTITY_NOT_POSITIVE", "quantity"],
    [{ line: "" }, "INVALID_INPUT", "line"],
  ])("are refused with %j at their place", (more, code, member) => {
    expect(() => parseAllocation([{ ...place, line: "1", quantity: 1, ...more }], catalogue)).toThrow(
      expect.objectContaining({ code, details: expect.objectContaining({ field: [...path, member] }) }),
    );
  });

  it("to give back are all lines when none is named, and only lines that the order has", () => {
    const known = [{ ...place, orderId: "O", line: "1", lineNo: 1, allocated: 5, shipped: 0 }];
    expect(planDeallocation(known, null)).toMatchObject([{ line: "1", quantity: null }]);
    expect(planDeallocation(known, [])).toEqual([]);
    expect(() => planDeallocation(known, [{ line: "2" }])).toThrow(
      expect.objectContaining({ code: "UNKNOWN_DOCUMENT" }),
    );
  });
});
