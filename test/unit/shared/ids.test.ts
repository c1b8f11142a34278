/**
 * Identifiers: what is a code and what is not, and ids that sort by time.
 *
 * A code that passes here is trusted everywhere else, so nothing that people cannot see may pass.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  newId,
  parseCode,
  parseDocumentId,
  parseIdempotencyKey,
  parseLocationId,
  parseSku,
  parseText,
  partitionKey,
} from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";

const invalid = (message: RegExp, field?: string[]) =>
  expect.objectContaining({
    code: "INVALID_INPUT",
    message: expect.stringMatching(message),
    ...(field ? { details: expect.objectContaining({ field }) } : {}),
  });

describe("a code", () => {
  it.each(["85123A", "85123a", "POST", "A B", "Größe ½", "\u{1F4E6}", "0", "a".repeat(limits.skuLengthMax)])(
    "may be %j, and stays as it is",
    (value) => {
      expect(parseSku(value)).toBe(value);
    },
  );

  it.each([
    ["nothing", "", /must not be empty/],
    ["longer than it may be", "a".repeat(limits.skuLengthMax + 1), /longer than 64/],
    ["with a space at its start", " A", /white space/],
    ["with a space at its end", "A ", /white space/],
    ["with a no-break space at its end", "A\u00a0", /white space/],
    ["only space", "  ", /white space/],
    ["with a line break", "A\nB", /control/],
    ["with a tab", "A\tB", /control/],
    ["with a NUL", "A\u0000", /control/],
    ["with a C1 control", "A\u0085B", /control/],
    ["with a line separator", "A\u2028B", /control/],
    ["with a paragraph separator", "A\u2029B", /control/],
  ])("may not be %s", (_, value, message) => {
    expect(() => parseSku(value, ["input", "sku"])).toThrow(invalid(message, ["input", "sku"]));
  });

  it("is called by the name of its field", () => {
    expect(() => parseLocationId("", ["input", "locationId"])).toThrow("locationId must not be empty.");
    expect(() => parseCode("", 5)).toThrow("value must not be empty.");
    expect(() => parseIdempotencyKey("k\n")).toThrow(invalid(/control/, ["input", "idempotencyKey"]));
  });

  it("is either returned as it is or refused, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 12 }), (value) => {
        try {
          const code = parseCode(value, 10);
          expect(code).toBe(value);
          expect(code.trim()).toBe(code);
          expect(code.length).toBeGreaterThan(0);
          expect(code.length).toBeLessThanOrEqual(10);
        } catch (error) {
          expect(error).toEqual(invalid(/must not/));
        }
      }),
    );
  });
});

describe("a text", () => {
  it("may be absent or anything of its length", () => {
    expect(parseText(undefined, 5)).toBeNull();
    expect(parseText(null, 5)).toBeNull();
    expect(parseText(" a\nb ", 5)).toBe(" a\nb ");
    expect(() => parseText("123456", 5, ["input", "note"])).toThrow(invalid(/note must not be longer than 5/));
  });
});

describe("an id", () => {
  const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

  it("is a UUID of version 7 whose first 48 bits are the time", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (nowMs) => {
        const id = newId(nowMs);
        expect(id).toMatch(uuid7);
        expect(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(nowMs);
      }),
    );
  });

  it("sorts by time", () => {
    expect(newId(1_000) < newId(1_001)).toBe(true);
    expect(newId(Date.UTC(2026, 0)) < newId(Date.UTC(2030, 0))).toBe(true);
  });

  it("is not given twice, also not in the same millisecond", () => {
    expect(new Set(Array.from({ length: 1_000 }, () => newId(1_000))).size).toBe(1_000);
  });
});

describe("a partition", () => {
  it("is one SKU at one location", () => {
    expect(partitionKey("A", "WEST")).toBe("A|WEST");
  });

  it("has one reading: neither part may hold what divides them", () => {
    expect(() => parseSku("A|B", ["sku"])).toThrow(invalid(/sku must not contain/, ["sku"]));
    expect(() => parseLocationId("A|B")).toThrow(invalid(/must not contain/));
    expect(parseDocumentId("PO|1")).toBe("PO|1");
  });
});
