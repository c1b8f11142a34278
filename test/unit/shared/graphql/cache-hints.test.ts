/**
 * What an operation tells of what it read: silence is never taken for consent.
 */
import { describe, expect, it } from "vitest";
import { createCacheHints } from "../../../../shared/graphql/cache-hints.ts";

describe("hints", () => {
  it("name everything that was read, once, and the shortest age", () => {
    const hints = createCacheHints();
    hints.read(() => ["position:A|L", "policy"], 900);
    hints.read(() => ["policy", "product:A"], 400);
    expect(hints.collect()).toEqual({ tags: ["position:A|L", "policy", "product:A"], maxAgeMs: 400 });
  });

  it("are none where nothing was read, or something that has no name", () => {
    const silent = createCacheHints();
    expect(silent.collect()).toBeUndefined();
    silent.read(() => ["policy"], 1_000);
    silent.readUntagged();
    expect(silent.collect()).toBeUndefined();
  });

  it("tell what a mutation changed, which is nothing to keep", () => {
    const hints = createCacheHints();
    hints.readUntagged();
    hints.changed(["position:A|L", "position:A|L"]);
    expect(hints.collect()).toEqual({ tags: null, maxAgeMs: 0, changed: ["position:A|L"] });
  });
});
