/**
 * What was read once: kept in memory, then where processes share it, then read; and never an older value after a newer.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMemoryCache } from "../../../shared/cache/memory-cache.ts";
import { createReadThrough, type Reading, sharedEntry, versionOnly } from "../../../shared/cache/read-through.ts";
import { manualClock } from "../../../shared/clock.ts";
import { limits } from "../../../shared/limits.ts";
import { type Gate, gate } from "../../helpers/gate.ts";

interface Source {
  readonly rows: Map<string, { version: number; validUntilMs: number | null }>;
  reads: string[][];
  /** Where every read waits after it has read, before it answers. */
  slow: Pause | null;
  broken: boolean;
}

interface Pause {
  readonly reached: Gate;
  readonly go: Gate;
}

const pause = (): Pause => ({ reached: gate(), go: gate() });

function open({
  trusted = () => true,
  shared = false,
  bytesMax = 1_000_000,
}: {
  trusted?: () => boolean;
  shared?: boolean;
  bytesMax?: number;
} = {}) {
  const clock = manualClock();
  const source: Source = { rows: new Map(), reads: [], slow: null, broken: false };
  const store = createMemoryCache(clock);
  const failures: unknown[] = [];
  const cache = createReadThrough<string>({
    clock,
    bytesMax,
    sizeOf: () => 100,
    trusted,
    shared: shared
      ? {
          store,
          encode: ({ value, validUntilMs }) => JSON.stringify({ value, validUntilMs }),
          decode: (text, version) => ({ ...JSON.parse(text), version }),
          failed: (error) => failures.push(error),
        }
      : null,
    async load(keys) {
      source.reads.push([...keys]);
      const read = new Map(keys.map((key) => [key, readingOf(source, key)] as const));
      source.slow?.reached.open();
      await source.slow?.go.opened;
      if (source.broken) throw new Error("gone");
      return read;
    },
  });
  const write = (key: string, version: number, validUntilMs: number | null = null) =>
    source.rows.set(key, { version, validUntilMs });
  const versionOf = async (key: string) => (await cache.readMany([key]))[0]?.version;
  return { clock, source, store, cache, write, versionOf, failures };
}

function readingOf({ rows }: Source, key: string): Reading<string> {
  const { version, validUntilMs } = rows.get(key) ?? { version: 0, validUntilMs: null };
  return { value: `${key}@${version}`, version, validUntilMs };
}

describe("what is kept in this process", () => {
  it("is read once, in the order asked, also what is not there", async () => {
    const { cache, source, write } = open();
    write("a", 3);
    expect((await cache.readMany(["b", "a", "b"])).map(({ value }) => value)).toEqual(["b@0", "a@3", "b@0"]);
    expect((await cache.readMany(["a", "b"])).map(({ version }) => version)).toEqual([3, 0]);
    expect(source.reads).toEqual([["b", "a"]]);
    expect(cache.counters).toMatchObject({ loads: 2, hits: 2 });
  });

  it("is one batch for everybody who asks in one turn, and one read for those who ask for the same", async () => {
    const { cache, source } = open();
    await Promise.all([cache.readMany(["a", "b"]), cache.readMany(["b", "c"]), cache.readMany(["a"])]);
    expect(source.reads).toEqual([["a", "b", "c"]]);
  });

  it("goes when it has changed, and stays when the change was known", async () => {
    const { cache, versionOf, write, source } = open();
    write("a", 2);
    await versionOf("a");
    cache.invalidate("a", 2);
    expect(cache.peek("a")?.version).toBe(2);
    write("a", 3);
    cache.invalidate("a", 3);
    expect(cache.peek("a")).toBeUndefined();
    expect(await versionOf("a")).toBe(3);
    cache.invalidate("a", null);
    expect(cache.peek("a")).toBeUndefined();
    expect(source.reads).toHaveLength(2);
  });

  it("is good until its own time, and no longer than the safety net", async () => {
    const { cache, clock, versionOf, write } = open();
    write("a", 1, clock.now() + 50);
    write("b", 1);
    await Promise.all([versionOf("a"), versionOf("b")]);
    clock.advance(49);
    expect(cache.peek("a")?.version).toBe(1);
    clock.advance(1);
    expect(cache.peek("a")).toBeUndefined();
    clock.advance(limits.cacheKeptMs * 0.9 - 51);
    expect(cache.peek("b")?.version).toBe(1);
    clock.advance(limits.cacheKeptMs / 10 + 1);
    expect(cache.peek("b")).toBeUndefined();
  });

  it("is bounded: what was not asked for longest leaves first", async () => {
    const { cache, versionOf } = open({ bytesMax: 300 });
    for (const key of ["a", "b", "c"]) await versionOf(key);
    cache.peek("a");
    await versionOf("d");
    expect(["a", "b", "c", "d"].map((key) => cache.peek(key) !== undefined)).toEqual([true, false, true, true]);
  });

  it("is passed by while it cannot be relied on, and what was read past it stays known", async () => {
    let trusted = true;
    const { cache, source, versionOf, write } = open({ trusted: () => trusted });
    write("a", 1);
    await versionOf("a");
    trusted = false;
    write("a", 2);
    expect(cache.peek("a")).toBeUndefined();
    expect(await versionOf("a")).toBe(2);
    expect(await versionOf("a")).toBe(2);
    expect(source.reads).toHaveLength(3);
    trusted = true;
    // Nobody has told of version 2 yet; who saw it does not see version 1 again.
    expect(cache.peek("a")).toBeUndefined();
    expect(await versionOf("a")).toBe(2);
    expect(cache.counters.bypassed).toBe(2);
  });

  it("a read that fails fails those who asked, and the next one begins anew", async () => {
    const { cache, source, versionOf } = open();
    source.broken = true;
    await expect(Promise.all([cache.readMany(["a"]), cache.readMany(["a", "b"])])).rejects.toThrow("gone");
    source.broken = false;
    expect(await versionOf("a")).toBe(0);
  });
});

describe("a read that is under way when the value changes", () => {
  it.each([
    ["to a version", 2],
    ["nobody says to which", null],
  ])("is made again before anybody gets it: %s", async (_, told) => {
    const { cache, source, versionOf, write } = open();
    write("a", 1);
    source.slow = pause();
    const asked = versionOf("a");
    await source.slow.reached.opened;
    write("a", 2);
    cache.invalidate("a", told);
    source.slow.go.open();
    expect(await asked).toBe(2);
    expect(cache.peek("a")?.version).toBe(2);
    expect(cache.counters.refused).toBe(1);
  });

  it("is not kept when everything was forgotten meanwhile", async () => {
    const { cache, source, versionOf, write } = open();
    write("a", 1);
    source.slow = pause();
    const asked = versionOf("a");
    await source.slow.reached.opened;
    write("a", 2);
    cache.clear();
    source.slow.go.open();
    expect(await asked).toBe(2);
  });
});

describe("what processes share", () => {
  it("is asked before the source, and filled from it", async () => {
    const one = open({ shared: true });
    one.write("a", 4);
    await one.versionOf("a");
    expect(await one.store.getMany(["a"])).toMatchObject([{ version: 4 }]);
    one.cache.clear();
    expect(await one.versionOf("a")).toBe(4);
    expect(one.source.reads).toHaveLength(1);
    expect(one.cache.counters.sharedHits).toBe(1);
  });

  it("is not believed where it is older than what was heard of, has no value, or is over", async () => {
    const { cache, clock, store, versionOf, write, source } = open({ shared: true });
    const put = (key: string, version: number, value: object | null) =>
      store.putMany([sharedEntry(key, version, value === null ? versionOnly : JSON.stringify(value))]);
    await put("a", 1, { value: "old", validUntilMs: null });
    write("a", 2);
    cache.invalidate("a", 2);
    expect(await versionOf("a")).toBe(2);
    await put("b", 7, null);
    write("b", 7);
    expect(await versionOf("b")).toBe(7);
    await put("c", 1, { value: "over", validUntilMs: clock.now() });
    expect(await versionOf("c")).toBe(0);
    expect(source.reads.flat()).toEqual(["a", "b", "c"]);
  });

  it("does not take an older value over the version of a change that is about to be told", async () => {
    const { store, source, versionOf, write } = open({ shared: true });
    write("a", 1);
    source.slow = pause();
    const asked = versionOf("a");
    await source.slow.reached.opened;
    await store.putMany([sharedEntry("a", 2, versionOnly)]);
    source.slow.go.open();
    await asked;
    expect(await store.getMany(["a"])).toEqual([{ version: 2, value: versionOnly }]);
  });

  it("is done without when it fails", async () => {
    const { store, failures, versionOf, write } = open({ shared: true });
    write("a", 1);
    Object.assign(store, {
      getMany: () => Promise.reject(new Error("away")),
      putMany: () => Promise.reject(new Error("away")),
    });
    expect(await versionOf("a")).toBe(1);
    expect(failures).not.toEqual([]);
  });
});

describe("whatever happens in whatever order", () => {
  type Step = { readonly do: "write" | "tell" | "ask" | "forget" | "slow" | "release"; readonly key: string };
  const step: fc.Arbitrary<Step> = fc.record({
    do: fc.constantFrom("write", "tell", "ask", "ask", "forget", "slow", "release"),
    key: fc.constantFrom("a", "b"),
  });

  it("nobody who asks after a change was told gets an older value", () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, shared) => {
        const { cache, store, source, write, versionOf } = open({ shared });
        const [written, told] = [new Map<string, number>(), new Map<string, number>()];
        const asked: Promise<void>[] = [];
        for (const { do: what, key } of steps) {
          const now = written.get(key) ?? 0;
          if (what === "write") {
            written.set(key, now + 1);
            write(key, now + 1);
          } else if (what === "tell" && now > 0) {
            await store.putMany([sharedEntry(key, now, versionOnly)]);
            cache.invalidate(key, now);
            told.set(key, now);
          } else if (what === "forget") cache.clear();
          else if (what === "slow") source.slow ??= pause();
          else if (what === "release") {
            source.slow?.go.open();
            source.slow = null;
          } else {
            const atLeast = told.get(key) ?? 0;
            asked.push(versionOf(key).then((version) => expect(version).toBeGreaterThanOrEqual(atLeast)));
          }
          await new Promise((resolve) => setImmediate(resolve));
        }
        source.slow?.go.open();
        source.slow = null;
        await Promise.all(asked);
        for (const [key, version] of told) {
          const kept = cache.peek(key);
          if (kept) expect(kept.version).toBeGreaterThanOrEqual(version);
        }
      }),
      { numRuns: 300 },
    ));
});
