/**
 * One text for one value: what is equal hashes equally, what differs does not.
 *
 * Idempotency rests on it: the hash decides whether a key was used with another input.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalHash, canonicalJson } from "../../../shared/canonical-json.ts";

/** The same value with the members of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

describe("canonical JSON", () => {
  it("sorts members at every depth and keeps the order of lists", () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }, "x"], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1},"x"]}');
  });

  it("leaves out what is absent, and keeps what is null", () => {
    expect(canonicalJson({ a: undefined, b: null })).toBe('{"b":null}');
  });

  it("is the same text in whatever order the members were written", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it("loses nothing", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("does not care where an object comes from", () => {
    const bare = Object.assign(Object.create(null), { a: 1 });
    expect(canonicalHash(bare)).toBe(canonicalHash({ a: 1 }));
  });
});

describe("canonical hash", () => {
  it("is SHA-256 of the text, in hex", () => {
    expect(canonicalHash({})).toBe("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  });

  it.each([
    [{ a: 1 }, { a: "1" }],
    [{ a: 1 }, { a: 2 }],
    [{ a: null }, {}],
    [{ a: [1, 2] }, { a: [2, 1] }],
    [{ a: { b: 1 } }, { b: { a: 1 } }],
    [{ "a:b": 1 }, { a: "b:1" }],
  ])("tells %j from %j", (one, other) => {
    expect(canonicalHash(one)).not.toBe(canonicalHash(other));
  });
});
