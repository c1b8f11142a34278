/**
 * When a reply is kept, for how long, and when it may not be.
 */
import { describe, expect, it } from "vitest";
import { createResponseCache, type Fill, type ResponseCacheParts } from "../../../../gateway/cache/response-cache.ts";
import { manualClock } from "../../../../shared/clock.ts";
import { limits } from "../../../../shared/limits.ts";

function open(parts: Partial<ResponseCacheParts> = {}) {
  const clock = manualClock();
  const state = { trusted: true };
  const cache = createResponseCache({ clock, trusted: () => state.trusted, random: () => 0, ...parts });
  const fill = (name: string, more: Partial<Fill> = {}): Fill => ({
    key: name,
    alias: `text of ${name}`,
    reply: { bytes: Buffer.from(`reply ${name}`), operationName: null, cost: 1 },
    tags: [`position:${name}`],
    maxAgeMs: 60_000,
    begun: cache.begin(),
    ...more,
  });
  const there = (name: string) => cache.named(`text of ${name}`)?.bytes.toString() ?? null;
  return { clock, state, cache, fill, there };
}

describe("a reply", () => {
  it("is found by the request that brought it, and by another text that means the same", () => {
    const { cache, fill, there } = open();
    expect(there("a")).toBeNull();
    expect(cache.put(fill("a"))).toBe(true);
    expect(there("a")).toBe("reply a");
    expect(cache.named("other text")).toBeNull();
    expect(cache.get("a", "other text")?.bytes.toString()).toBe("reply a");
    expect(cache.named("other text")?.bytes.toString()).toBe("reply a");
    expect(cache.counters).toMatchObject({ fills: 1, hits: 3, replies: 1 });
  });

  it("is gone after its time, and takes up no room any more once another is kept", () => {
    const { clock, cache, fill, there } = open();
    cache.put(fill("a"));
    clock.advance(limits.responseKeptMs - 1);
    expect(there("a")).toBe("reply a");
    clock.advance(1);
    expect(there("a")).toBeNull();
    cache.put(fill("b"));
    clock.advance(limits.responseKeptMs);
    cache.put(fill("c"));
    expect(cache.counters.replies).toBe(1);
  });

  it("is kept no longer than what it was made from is true", () => {
    const { clock, cache, fill, there } = open();
    cache.put(fill("a", { maxAgeMs: 20 }));
    clock.advance(20);
    expect(there("a")).toBeNull();
  });

  it("ends a little sooner or later than others, never later than the limit", () => {
    const { clock, cache, fill, there } = open({ random: () => 0.9 });
    cache.put(fill("a"));
    clock.advance(limits.responseKeptMs * 0.8);
    expect(there("a")).toBeNull();
  });

  it("is dropped with any of its tags, and with no other", () => {
    const { cache, fill, there } = open();
    cache.put(fill("a", { tags: ["position:x", "policy"] }));
    cache.put(fill("b", { tags: ["position:y"] }));
    cache.drop(["position:z"]);
    expect([there("a"), there("b")]).toEqual(["reply a", "reply b"]);
    cache.drop(["policy", "position:x"]);
    expect([there("a"), there("b")]).toEqual([null, "reply b"]);
    expect(cache.counters).toMatchObject({ dropped: 1, replies: 1 });
    cache.drop(null);
    expect(there("b")).toBeNull();
    expect(cache.counters).toMatchObject({ dropped: 2, replies: 0, bytes: 0 });
  });
});

describe("nothing is kept", () => {
  it("that was begun before a change of what it was made from", () => {
    const { cache, fill, there } = open();
    const slow = fill("a");
    cache.drop(["position:a"]);
    expect(cache.put(slow)).toBe(false);
    expect(there("a")).toBeNull();
    expect(cache.counters.refused).toBe(1);
  });

  it("that was begun just after one: whoever answered may not have heard of it yet", () => {
    const { clock, cache, fill, there } = open();
    cache.drop(["position:a"]);
    clock.advance(limits.logSilenceMs - 1);
    // Those who asked at the same moment may have it all the same.
    expect(cache.put(fill("a"))).toBe(true);
    expect(there("a")).toBeNull();
    clock.advance(1);
    cache.put(fill("a"));
    expect(there("a")).toBe("reply a");
  });

  it("that was begun before everything was dropped", () => {
    const { cache, fill } = open();
    const slow = fill("a");
    cache.drop(null);
    expect(cache.put(slow)).toBe(false);
  });

  it("of which it is not known any more whether it changed", () => {
    const { clock, cache, fill, there } = open({ droppedTagsMax: 2 });
    const slow = fill("a");
    cache.drop(["position:a"]);
    cache.drop(["position:b"]);
    cache.drop(["position:c"]);
    expect(cache.put(slow)).toBe(false);
    clock.advance(limits.logSilenceMs);
    const other = fill("e");
    cache.drop(["position:f"]);
    expect(cache.put(other)).toBe(true);
    expect(there("e")).toBe("reply e");
  });

  it("while changes are not heard of; and what was kept before is not given out", () => {
    const { state, cache, fill, there } = open();
    cache.put(fill("a"));
    state.trusted = false;
    expect(there("a")).toBeNull();
    expect(cache.put(fill("b"))).toBe(false);
    state.trusted = true;
    expect([there("a"), there("b")]).toEqual(["reply a", null]);
  });

  it("that is larger than one reply may be", () => {
    const { cache, fill } = open({ replyBytesMax: 10 });
    const sized = (bytes: number) => fill("a", { reply: { bytes: Buffer.alloc(bytes), operationName: null, cost: 1 } });
    cache.put(sized(11));
    expect(cache.counters.replies).toBe(0);
    cache.put(sized(10));
    expect(cache.counters.replies).toBe(1);
  });
});

describe("the room for replies", () => {
  it("is bounded: the oldest leave, with every name and tag they had", () => {
    const { cache, fill, there } = open({ bytesMax: 10_000 });
    for (let i = 0; i < 200; i++) cache.put(fill(`${i}`));
    expect(cache.counters.bytes).toBeLessThanOrEqual(10_000);
    expect(cache.counters.bytes).toBeGreaterThan(5_000);
    expect([there("0"), there("199")]).toEqual([null, "reply 199"]);
    cache.drop(Array.from({ length: 200 }, (_, i) => `position:${i}`));
    expect(cache.counters).toMatchObject({ replies: 0, bytes: 0 });
  });

  it("is taken by the names of a reply as well", () => {
    const { cache, fill } = open({ bytesMax: 10_000 });
    cache.put(fill("a"));
    for (let i = 0; i < 200; i++) cache.get("a", `another name, the ${i}th`);
    expect(cache.counters.bytes).toBeLessThanOrEqual(10_000);
  });
});
