/**
 * Cursors of a log: text that comes back as the place it was, and nothing else that is let in.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "../../../shared/limits.ts";
import { compareEntryIds, hasReached, parseCursor, toCursor } from "../../../shared/log-cursor.ts";

const id = fc.tuple(fc.nat(2 ** 31), fc.nat(99_999)).map(([ms, seq]) => `${ms}-${seq}`);
const position = fc.record({ epoch: fc.uuid(), ids: fc.array(id, { minLength: 1, maxLength: 8 }) });

describe("a cursor", () => {
  it("comes back as the position it was made from, within its length", () => {
    fc.assert(
      fc.property(position, (at) => {
        const cursor = toCursor(at);
        expect(cursor).toMatch(/^[\w-]+$/);
        expect(cursor.length).toBeLessThanOrEqual(limits.cursorLengthMax);
        expect(parseCursor(cursor)).toEqual(at);
      }),
    );
  });

  it("that is not one of ours is BAD_USER_INPUT", () => {
    const texts = ["", "x", "1 e", "2 e 1-0", "1 e 1", "1 e 1-0 ", "1  1-0", "1 e 1-0\n", `1 ${"e".repeat(65)} 1-0`];
    const long = `1 e ${Array.from({ length: 1_000 }, () => "1-0").join(" ")}`;
    for (const text of [...texts, long]) {
      const cursor = Buffer.from(text).toString("base64url");
      expect(() => parseCursor(cursor), text).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT" }));
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(parseCursor(text).ids.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toMatchObject({ code: "BAD_USER_INPUT" });
        }
      }),
    );
  });
});

describe("the order of entries", () => {
  it("is that of their numbers, not of their letters", () => {
    expect(compareEntryIds("9-0", "10-0")).toBeLessThan(0);
    expect(compareEntryIds("10-2", "10-10")).toBeLessThan(0);
    expect(compareEntryIds("10-2", "10-2")).toBe(0);
  });

  it("a position has reached another when it has in every partition", () => {
    const at = (...ids: string[]) => ({ epoch: "e", ids });
    expect(hasReached(at("5-0", "7-1"), at("5-0", "7-0"))).toBe(true);
    expect(hasReached(at("9-0", "6-0"), at("5-0", "7-0"))).toBe(false);
  });
});
