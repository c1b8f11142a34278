/**
 * The opening stock of a ledger that names none: enough for every sale, and not one unit more.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LedgerLine } from "../../../ingest/online-retail.ts";
import { createOpeningStock } from "../../../ingest/opening-stock.ts";

function line(kind: LedgerLine["kind"], quantity: number, description = "", sku = "22423"): LedgerLine {
  return {
    kind,
    invoiceNo: "1",
    invoiceLine: 1,
    sku,
    description,
    quantity,
    day: "2011-01-04",
    occurredAt: "2011-01-04T10:00:00Z",
  };
}

function openingOf(...lines: LedgerLine[]) {
  const opening = createOpeningStock();
  for (const each of lines) opening.add(each);
  return opening.positions();
}

describe("opening stock", () => {
  it("covers the sales", () => {
    expect(openingOf(line("sale", 6), line("sale", 4))[0]?.openingStock).toBe(10);
  });

  it("is not needed for what a correction found before it was sold", () => {
    expect(openingOf(line("correction", 19), line("sale", 12))[0]?.openingStock).toBe(0);
    expect(openingOf(line("sale", 12), line("correction", 19))[0]?.openingStock).toBe(12);
  });

  it("covers what a correction takes away", () => {
    expect(openingOf(line("correction", -38), line("sale", 2))[0]?.openingStock).toBe(40);
  });

  it("is not spared by a credit, which goes to quarantine", () => {
    expect(openingOf(line("sale", 6), line("credit", 6), line("sale", 6))[0]?.openingStock).toBe(12);
  });

  it("is kept per code, and codes differ by case", () => {
    const positions = openingOf(line("sale", 1, "", "85123A"), line("sale", 2, "", "85123a"));
    expect(positions.map(({ sku, openingStock }) => [sku, openingStock])).toEqual([
      ["85123A", 1],
      ["85123a", 2],
    ]);
  });

  it("never lets sellable stock fall below zero, and one unit less would", () => {
    const anyLine = fc.oneof(
      fc.integer({ min: 1, max: 100 }).map((quantity) => line("sale", quantity)),
      fc.integer({ min: 1, max: 100 }).map((quantity) => line("credit", quantity)),
      fc.integer({ min: -100, max: 100 }).map((quantity) => line("correction", quantity)),
    );
    fc.assert(
      fc.property(fc.array(anyLine, { minLength: 1 }), (lines) => {
        const opening = openingOf(...lines)[0]?.openingStock ?? Number.NaN;
        const levels = [opening];
        for (const { kind, quantity } of lines) {
          const change = kind === "sale" ? -quantity : kind === "correction" ? quantity : 0;
          levels.push((levels.at(-1) ?? Number.NaN) + change);
        }
        const lowest = Math.min(...levels);
        expect(lowest).toBeGreaterThanOrEqual(0);
        expect(opening === 0 || lowest === 0).toBe(true);
      }),
    );
  });
});

describe("the name of a product", () => {
  it("is what its sales call it most often, the first of equals", () => {
    const lines = ["CAKESTAND", "REGENCY CAKESTAND", "REGENCY CAKESTAND", ""].map((name) => line("sale", 1, name));
    expect(openingOf(...lines)[0]?.name).toBe("REGENCY CAKESTAND");
    expect(openingOf(line("sale", 1, "B"), line("sale", 1, "A"))[0]?.name).toBe("B");
  });

  it("comes from credits where there are no sales, and never from a note", () => {
    expect(openingOf(line("credit", 1, "CAKESTAND"), line("correction", 5, "found"))[0]?.name).toBe("CAKESTAND");
    expect(openingOf(line("correction", 5, "found"))[0]?.name).toBe("22423");
  });
});
