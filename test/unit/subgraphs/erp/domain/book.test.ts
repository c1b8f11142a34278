/**
 * The book and its journal.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Entry, emptyPosition, lockOrder, openBook } from "../../../../../subgraphs/erp/domain/book.ts";

const west = { sku: "A", locationId: "WEST" };
const entry = (bookDelta: number, committedDelta = 0): Entry => ({
  kind: "BALANCE",
  bookDelta,
  committedDelta,
  eventId: null,
  documentRef: null,
  occurredAt: null,
});

describe("the book", () => {
  it("is always what its journal adds up to, and every change takes the next version", () => {
    const delta = fc.integer({ min: -1_000, max: 1_000 });
    fc.assert(
      fc.property(fc.array(fc.tuple(delta, delta)), (deltas) => {
        const book = openBook([{ ...west, onHand: 7, committed: 3, version: 4 }]);
        const versions = deltas.map(([onHand, committed]) => book.post(west, entry(onHand, committed)));
        const postings = book.postings();
        const sum = (member: "bookDelta" | "committedDelta") => postings.reduce((total, p) => total + p[member], 0);
        expect(book.position(west)).toEqual({
          ...west,
          onHand: 7 + sum("bookDelta"),
          committed: 3 + sum("committedDelta"),
          version: 4 + deltas.length,
        });
        expect(versions).toEqual(deltas.map((_, n) => 5 + n));
        expect(postings.map(({ version }) => version)).toEqual(versions);
      }),
    );
  });

  it("takes a version for an event that moves nothing, without a posting", () => {
    const book = openBook([emptyPosition(west), emptyPosition({ sku: "B", locationId: "WEST" })]);
    expect(book.nextVersion(west)).toBe(1);
    expect(book.postings()).toEqual([]);
    expect(book.changed()).toEqual([{ ...emptyPosition(west), version: 1 }]);
  });

  it("refuses a balance that cannot be held, and a position that nobody locked", () => {
    const book = openBook([{ ...west, onHand: 2_147_483_647, committed: 0, version: 1 }]);
    expect(() => book.post(west, entry(1))).toThrow(expect.objectContaining({ code: "QUANTITY_OUT_OF_RANGE" }));
    expect(book.postings()).toEqual([]);
    expect(() => book.position({ sku: "A", locationId: "EAST" })).toThrow(
      expect.objectContaining({ code: "INTERNAL" }),
    );
  });

  it("is locked position by position, each once, in one order", () => {
    const keys = [
      { sku: "B", locationId: "EAST" },
      { sku: "A", locationId: "WEST" },
      { sku: "B", locationId: "EAST" },
      { sku: "A", locationId: "EAST" },
    ];
    expect(lockOrder(keys).map(({ sku, locationId }) => sku + locationId)).toEqual(["AEAST", "AWEST", "BEAST"]);
  });
});
