/**
 * A count beside the book, told as given / when / then, and what holds for every count.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buckets } from "../../../../../shared/events/canonical-event.ts";
import { limits } from "../../../../../shared/limits.ts";
import {
  assertCounted,
  type CountedEntry,
  type CountLine,
  compareWithBook,
  replacedAdjustments,
  type StockCount,
  totalCounted,
  varianceOf,
} from "../../../../../subgraphs/wms/domain/stock-count.ts";

const shelf = (sku: string, counted: number): CountedEntry => ({ sku, bucket: "unrestricted", counted });

function numbered(): () => string {
  let next = 0;
  return () => `ADJ-${++next}`;
}

describe("a count", () => {
  it("given a book of 500, when 500 are counted, then the line matches and asks for nothing", () => {
    const lines = compareWithBook([shelf("A", 500)], () => 500, numbered());
    expect(lines).toEqual([{ ...shelf("A", 500), expected: 500, adjustmentId: null }]);
  });

  it("given a book of 500, when 497 are counted, then the line varies by -3 and asks for an adjustment", () => {
    const [line] = compareWithBook([shelf("A", 497)], () => 500, numbered());
    expect(line).toMatchObject({ expected: 500, adjustmentId: "ADJ-1" });
    expect(varianceOf(line as CountLine)).toBe(-3);
  });

  it("given a book below zero, when nothing is there, then the count brings it back to zero", () => {
    const [line] = compareWithBook([shelf("A", 0)], () => -4, numbered());
    expect(varianceOf(line as CountLine)).toBe(4);
  });

  it("given an item on two shelves, when both are counted, then it is one line; its damaged units are another", () => {
    const damaged = { sku: "A", bucket: "damaged", counted: 1 } as const;
    expect(totalCounted([shelf("A", 3), shelf("B", 5), shelf("A", 4), damaged])).toEqual([
      shelf("A", 7),
      shelf("B", 5),
      damaged,
    ]);
  });

  it("given an earlier count, when some of it is counted again, then only what that asked for is replaced", () => {
    const earlier = {
      lines: [
        { ...shelf("A", 1), expected: 2, adjustmentId: "ADJ-A" },
        { ...shelf("B", 1), expected: 2, adjustmentId: "ADJ-B" },
        { ...shelf("C", 2), expected: 2, adjustmentId: null },
        { sku: "A", bucket: "damaged", counted: 1, expected: 2, adjustmentId: "ADJ-D" },
      ],
    } as unknown as StockCount;
    expect(replacedAdjustments(earlier, [shelf("A", 2), shelf("C", 2), shelf("X", 2)])).toEqual(["ADJ-A"]);
  });

  it("is refused where it says less than nothing, or more than a balance can hold", () => {
    const code = (name: string) => expect.objectContaining({ code: name });
    expect(() => assertCounted(-1, ["input"])).toThrow(code("INVALID_INPUT"));
    assertCounted(0, ["input"]);
    const most = shelf("A", limits.quantityMax);
    expect(() => totalCounted([most, shelf("A", 1)])).toThrow(code("QUANTITY_OUT_OF_RANGE"));
    expect(() => compareWithBook([most], () => -1, numbered())).toThrow(code("QUANTITY_OUT_OF_RANGE"));
  });
});

describe("for every count", () => {
  const entries = fc.array(
    fc.record({
      sku: fc.constantFrom("A", "B", "C"),
      bucket: fc.constantFrom(...buckets),
      counted: fc.integer({ min: 0, max: 1_000_000 }),
    }),
    { maxLength: 40 },
  );
  const bookOf = ({ sku, bucket }: CountedEntry) => (sku.charCodeAt(0) * 31 + bucket.length) % 7;

  it("totals keep every unit, name an item and bucket once, and do not depend on the order of the shelves", () => {
    fc.assert(
      fc.property(entries, (shelves) => {
        const totals = totalCounted(shelves);
        const sum = (all: readonly CountedEntry[]) => all.reduce((units, { counted }) => units + counted, 0);
        expect(sum(totals)).toBe(sum(shelves));
        expect(new Set(totals.map(({ sku, bucket }) => `${sku}|${bucket}`)).size).toBe(totals.length);
        const text = (all: readonly CountedEntry[]) => all.map((entry) => JSON.stringify(entry)).sort();
        expect(text(totalCounted(shelves.toReversed()))).toEqual(text(totals));
      }),
    );
  });

  it("book + variance is what was counted, and exactly the lines that vary ask for an adjustment of their own", () => {
    fc.assert(
      fc.property(entries, (shelves) => {
        const lines = compareWithBook(totalCounted(shelves), bookOf, numbered());
        for (const line of lines) {
          expect(line.expected + varianceOf(line)).toBe(line.counted);
          expect(line.adjustmentId === null).toBe(varianceOf(line) === 0);
        }
        const ids = lines.flatMap(({ adjustmentId }) => adjustmentId ?? []);
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });
});
