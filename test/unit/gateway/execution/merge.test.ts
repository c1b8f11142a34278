/**
 * One owner's answer put into what is known: field by field, element by element, and nothing that was not said.
 */
import { describe, expect, it } from "vitest";
import { copyOf, type Json, mergeInto } from "../../../../gateway/execution/merge.ts";

const merged = (target: Json, source: unknown) => {
  mergeInto(target, source);
  return target;
};

describe("merging", () => {
  it("adds fields, goes into objects, and replaces what is neither object nor list", () => {
    expect(merged({ a: 1, b: { c: 1 } }, { a: 2, b: { d: 2 }, e: null })).toEqual({ a: 2, b: { c: 1, d: 2 }, e: null });
    expect(merged({ a: 1 }, null)).toEqual({ a: 1 });
    expect(merged({ a: { b: 1 } }, { a: undefined })).toEqual({ a: { b: 1 } });
    expect(merged({ a: null }, { a: { b: 1 } })).toEqual({ a: { b: 1 } });
  });

  it("goes through lists of one length element by element, and replaces a list of another length", () => {
    expect(merged({ l: [{ a: 1 }, null, 1] }, { l: [{ b: 2 }, { c: 3 }, 2] })).toEqual({
      l: [{ a: 1, b: 2 }, { c: 3 }, 2],
    });
    expect(merged({ l: [{ a: 1 }] }, { l: [{ b: 1 }, { b: 2 }] })).toEqual({ l: [{ b: 1 }, { b: 2 }] });
  });

  it("takes names that objects have anyway for names like any other", () => {
    const target = merged({}, JSON.parse('{ "__proto__": { "a": 1 }, "toString": "text" }'));
    expect(Object.keys(target)).toEqual(["__proto__", "toString"]);
    expect(({} as Json)["a"]).toBeUndefined();
    expect(Object.getPrototypeOf(target)).toBe(Object.prototype);
  });

  it("shares nothing with a copy", () => {
    const source = { a: [{ b: { c: 1 } }, null], d: "x" };
    const copy = copyOf(source);
    expect(copy).toEqual(source);
    mergeInto(copy as unknown as Json, { a: [{ b: { c: 2 } }, 3] });
    expect(source).toEqual({ a: [{ b: { c: 1 } }, null], d: "x" });
  });
});
