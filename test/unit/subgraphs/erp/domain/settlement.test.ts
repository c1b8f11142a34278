/**
 * How what the warehouse reported is spread over the lines of a document.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openTotals, settle } from "../../../../../subgraphs/erp/domain/settlement.ts";

const lines = [
  { line: "1", capacity: 10 },
  { line: "2", capacity: 5 },
];
const settled = (reported: Record<string, number>) =>
  Object.fromEntries(settle(lines, new Map(Object.entries(reported))));

describe("what the warehouse reported", () => {
  it("without a line fills the oldest line first", () => {
    expect(settled({ "": 12 })).toEqual({ 1: 10, 2: 2 });
  });

  it("for a line counts for that line only, also when it is too much", () => {
    expect(settled({ 2: 9 })).toEqual({ 1: 0, 2: 5 });
  });

  it("for a line and without one goes where there is room", () => {
    expect(settled({ "": 8, 2: 5 })).toEqual({ 1: 8, 2: 5 });
  });

  it("and was voided without a line empties the newest line first", () => {
    expect(settled({ "": -3, 1: 10, 2: 2 })).toEqual({ 1: 9, 2: 0 });
  });

  it("and was voided by a line, but shipped without one, is taken from what has no line", () => {
    expect(settled({ "": 12, 2: -4 })).toEqual({ 1: 8, 2: 0 });
  });

  it("for a line that is not there changes nothing", () => {
    expect(settled({ 9: 4 })).toEqual({ 1: 0, 2: 0 });
  });

  it("never leaves a line below nothing or above its capacity, and settles as much as there is room for", () => {
    const capacity = fc.integer({ min: 0, max: 20 });
    const quantity = fc.integer({ min: -20, max: 40 });
    fc.assert(
      fc.property(
        fc.array(capacity, { maxLength: 4 }),
        fc.array(quantity, { minLength: 5, maxLength: 5 }),
        (caps, q) => {
          const document = caps.map((n, index) => ({ line: String(index), capacity: n }));
          const reported = new Map(["", "0", "1", "2", "3"].map((line, index) => [line, q[index] ?? 0]));
          const result = settle(document, reported);
          let sum = 0;
          for (const { line, capacity: most } of document) {
            const taken = result.get(line) ?? Number.NaN;
            expect(taken).toBeGreaterThanOrEqual(0);
            expect(taken).toBeLessThanOrEqual(most);
            sum += taken;
          }
          const named = document.map(({ line, capacity: most }) => Math.min(most, reported.get(line) ?? 0));
          const net = (reported.get("") ?? 0) + named.reduce((total, n) => total + n, 0);
          const room = document.reduce((total, { capacity: most }) => total + most, 0);
          expect(sum).toBe(Math.min(room, Math.max(0, net)));
        },
      ),
    );
  });
});

describe("totals", () => {
  const total = (quantity: number, line = "") =>
    ({ documentType: "ORDER", documentId: "O", sku: "A", locationId: "WEST", line, quantity }) as const;

  it("add up per document, position and line, and say which have changed", () => {
    const totals = openTotals([total(5), total(7, "1")]);
    totals.add(total(2));
    totals.add(total(-1));
    totals.add({ ...total(3), locationId: "EAST" });
    expect(totals.of("ORDER", "O", "A", "WEST")).toEqual(
      new Map([
        ["", 6],
        ["1", 7],
      ]),
    );
    expect(totals.of("PURCHASE_ORDER", "O", "A", "WEST").size).toBe(0);
    expect(totals.changed()).toEqual([total(6), { ...total(3), locationId: "EAST" }]);
  });
});
