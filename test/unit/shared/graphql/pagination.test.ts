/**
 * Pages by keyset: every row once, in order, however the pages are cut; a cursor is checked like any other input.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeCursor, type PageArgs, parsePage, toConnection } from "../../../../shared/graphql/pagination.ts";
import { limits } from "../../../../shared/limits.ts";

const badInput = expect.objectContaining({ code: "BAD_USER_INPUT" });

describe("a page", () => {
  it("begins at the start, or after a cursor", () => {
    expect(parsePage({ first: 10 }, 1)).toEqual({ size: 10, after: null });
    expect(parsePage({ first: 10, after: null }, 1)).toEqual({ size: 10, after: null });
    expect(parsePage({ first: 10, after: encodeCursor(["Größe", "½"]) }, 2)).toEqual({
      size: 10,
      after: ["Größe", "½"],
    });
  });

  it.each([0, -1, limits.pageSizeMax + 1])("of %i rows is refused", (first) => {
    expect(() => parsePage({ first }, 1)).toThrow(badInput);
  });

  it.each([
    ["no base64", "%%%"],
    ["no JSON", Buffer.from("{").toString("base64url")],
    ["no list", Buffer.from('{"0":"A"}').toString("base64url")],
    ["of another list", encodeCursor(["A", "B"])],
    ["empty", encodeCursor([])],
    ["of numbers", Buffer.from("[1]").toString("base64url")],
    ["of something deep", Buffer.from('[["A"]]').toString("base64url")],
  ])("after a cursor that is %s is refused", (_, after) => {
    expect(() => parsePage({ first: 1, after }, 1)).toThrow(badInput);
  });
});

describe("a connection", () => {
  const keyOf = (row: string) => [row];

  it("has a cursor for each row, and says where it stands", () => {
    const page = parsePage({ first: 2, after: encodeCursor(["a"]) }, 1);
    expect(toConnection(["b", "c", "d"], page, keyOf)).toEqual({
      edges: [
        { cursor: encodeCursor(["b"]), node: "b" },
        { cursor: encodeCursor(["c"]), node: "c" },
      ],
      nodes: ["b", "c"],
      pageInfo: {
        hasNextPage: true,
        hasPreviousPage: true,
        startCursor: encodeCursor(["b"]),
        endCursor: encodeCursor(["c"]),
      },
    });
  });

  it("of nothing has no cursors", () => {
    expect(toConnection([], parsePage({ first: 2 }, 1), keyOf)).toEqual({
      edges: [],
      nodes: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  });

  it("followed to its end gives every row once, in order", () => {
    const rows = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { maxLength: 30 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 8 }), (unsorted, first) => {
        const all = [...unsorted].sort();
        const seen: string[] = [];
        let args: PageArgs | null = { first };
        while (args) {
          const page = parsePage(args, 1);
          const after = page.after?.[0];
          const found = all.filter((row) => after === undefined || row > after).slice(0, page.size + 1);
          const { nodes, pageInfo } = toConnection(found, page, keyOf);
          seen.push(...nodes);
          args = pageInfo.hasNextPage ? { first, after: pageInfo.endCursor } : null;
        }
        expect(seen).toEqual(all);
      }),
    );
  });
});
