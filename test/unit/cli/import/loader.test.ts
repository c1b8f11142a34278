/**
 * How an import sends things: how many at once, in which order, under which keys, and what it makes of refusals.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { inChunks, inParallel, laneOf } from "../../../../cli/import/batches.ts";
import { createLoader, type Kind, type Loader } from "../../../../cli/import/loader.ts";
import type { Outcome } from "../../../../cli/import/requests.ts";
import type { ReturnInput, StockEventInput } from "../../../../ingest/api-inputs.ts";
import { createApiClient } from "../../../../shared/graphql/client.ts";
import { createFakeApi, type FakeApi } from "./fake-api.ts";

let api: FakeApi;
let loader: Loader;
let outcomes: (readonly [Kind, Outcome])[];
let waits: number;

beforeEach(() => {
  api = createFakeApi();
  outcomes = [];
  waits = 0;
  loader = createLoader({
    client: createApiClient({ url: "http://127.0.0.1/graphql", fetch: api.fetch }),
    profile: "test",
    settled: (kind, some) => outcomes.push(...some.map((outcome) => [kind, outcome] as const)),
    wait: async () => {
      waits += 1;
    },
  });
});

const event = (id: string, sku: string): StockEventInput => ({
  id,
  type: "ADJUSTMENT",
  sku,
  locationId: "WEST",
  quantity: 1,
  occurredAt: "2011-01-04T10:00:00Z",
});

const credit = (id: string): ReturnInput => ({
  id,
  orderId: id,
  locationId: "WEST",
  lines: [{ sku: "A", quantity: 2, reasonCode: "CREDIT_NOTE" }],
});

const eventsOf = (input: object) => (input as { readonly events: readonly StockEventInput[] }).events;

describe("batches", () => {
  it("hold at most so many items, and so many lines unless one item alone has more", () => {
    expect(inChunks([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
    expect(inChunks([300, 150, 100, 900, 1], 25, (lines) => lines, 500)).toEqual([[300, 150], [100], [900], [1]]);
    expect(inChunks([], 2)).toEqual([]);
  });

  it("of work in flight are bounded, and a failure is passed on when the others have ended", async () => {
    let running = 0;
    let most = 0;
    const ended: number[] = [];
    const work = async (n: number) => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      if (n === 2) throw new Error("two");
      ended.push(n);
    };
    await expect(inParallel([1, 2, 3, 4, 5, 6, 7], 3, work)).rejects.toThrow("two");
    expect(most).toBe(3);
    expect(running).toBe(0);
    expect(ended).not.toContain(7);
  });

  it("of one SKU are always in the same lane", () => {
    const lanes = ["22423", "85123A", "85123a", "POST"].map((sku) => laneOf(sku, 3));
    expect(lanes).toEqual(["22423", "85123A", "85123a", "POST"].map((sku) => laneOf(sku, 3)));
    expect(lanes.every((lane) => lane >= 0 && lane < 3)).toBe(true);
  });
});

describe("stock events", () => {
  it("go out in batches of 500, at most three at once, those of a SKU in their order", async () => {
    const events = Array.from({ length: 4000 }, (_, i) => event(`e${i}`, `SKU-${i % 7}`));
    await loader.recordStockEvents(events);
    const batches = api.sent.map(({ input }) => eventsOf(input));
    expect(Math.max(...batches.map((batch) => batch.length))).toBe(500);
    expect(api.inFlightMost).toBe(3);
    for (let n = 0; n < 7; n++) {
      const ofSku = (all: readonly StockEventInput[]) =>
        all.filter(({ sku }) => sku === `SKU-${n}`).map(({ id }) => id);
      expect(ofSku(batches.flat())).toEqual(ofSku(events));
    }
    expect(outcomes).toHaveLength(4000);
  });

  it("have the same key when they say the same, and another when they do not", async () => {
    await loader.recordStockEvents([event("e1", "A")]);
    await loader.recordStockEvents([event("e1", "A")]);
    await loader.recordStockEvents([event("e2", "A")]);
    const keys = api.sent.map(({ input }) => input.idempotencyKey);
    expect(keys[0]).toMatch(/^import:test:recordStockEvents:[0-9a-f]{32}$/);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
    expect(outcomes.map(([, { status }]) => status)).toEqual(["done", "there", "done"]);
  });

  it("that came too early are sent again alone, under a new key", async () => {
    api.earlyEvents = 1;
    await loader.recordStockEvents([event("e1", "A"), event("e2", "A")]);
    expect(api.sent.map(({ input }) => eventsOf(input).map(({ id }) => id))).toEqual([["e1", "e2"], ["e1"]]);
    expect(new Set(api.sent.map(({ input }) => input.idempotencyKey)).size).toBe(2);
    expect(outcomes.map(([, { status }]) => status)).toEqual(["done", "done"]);
    expect(waits).toBe(1);
  });

  it("that stay refused do not make an import wait for ever", async () => {
    api.earlyEvents = Number.POSITIVE_INFINITY;
    await loader.recordStockEvents([event("e1", "A")]);
    await loader.recordStockEvents([event("e2", "A")]);
    expect(waits).toBe(30);
    expect(outcomes.map(([, outcome]) => outcome)).toEqual([
      { status: "rejected", code: "UNKNOWN_SKU", message: "Not heard of A." },
      { status: "rejected", code: "UNKNOWN_SKU", message: "Not heard of A." },
    ]);
  });
});

describe("documents", () => {
  it("share a request, 25 of them and 500 lines at most", async () => {
    const order = (n: number, lines: number) => ({
      orderId: `o${n}`,
      lines: Array.from({ length: lines }, (_, i) => ({ line: `${i}`, sku: "A", locationId: "WEST", quantity: 1 })),
    });
    let requests = 0;
    const counting: FakeApi["fetch"] = (url, init) => {
      requests += 1;
      return api.fetch(url, init);
    };
    loader = createLoader({
      client: createApiClient({ url: "http://127.0.0.1/graphql", fetch: counting }),
      profile: "test",
      settled: () => {},
      wait: async () => {},
    });
    await loader.allocateOrders([...Array.from({ length: 30 }, (_, n) => order(n, 1)), order(30, 490), order(31, 11)]);
    expect(requests).toBe(3);
    expect(api.sent).toHaveLength(32);
  });

  it("that are there already count as such, whether the key is remembered or not", async () => {
    const order = { orderId: "o1", lines: [{ line: "1", sku: "A", locationId: "WEST", quantity: 1 }] };
    await loader.allocateOrders([order]);
    await loader.allocateOrders([order]);
    api.forgetKeys();
    await loader.allocateOrders([order]);
    expect(outcomes.map(([, { status }]) => status)).toEqual(["done", "there", "there"]);
  });
});

describe("returns", () => {
  it("are authorised, then received, and count once", async () => {
    await loader.takeReturns([credit("C1"), credit("C2")]);
    expect(api.sent.map(({ mutation }) => mutation)).toEqual([
      "authorizeReturn",
      "authorizeReturn",
      "receiveReturn",
      "receiveReturn",
    ]);
    expect(outcomes).toEqual([
      ["returns", { status: "done" }],
      ["returns", { status: "done" }],
    ]);
    expect(api.positions.get("A|WEST")?.quarantine).toBe(4);
  });

  it("that may not be authorised are not received, the others are", async () => {
    api.refuse.set("C1", "INVALID_INPUT");
    await loader.takeReturns([credit("C1"), credit("C2")]);
    expect([...api.returns]).toEqual([["C2", true]]);
    expect(outcomes.map(([, { status }]) => status)).toEqual(["rejected", "done"]);
    expect(api.sent.filter(({ mutation }) => mutation === "receiveReturn")).toHaveLength(1);
  });

  it("that an earlier run received are not received again", async () => {
    await loader.takeReturns([credit("C1")]);
    api.forgetKeys();
    await loader.takeReturns([credit("C1")]);
    expect(outcomes.map(([, { status }]) => status)).toEqual(["done", "there"]);
    expect(api.positions.get("A|WEST")?.quarantine).toBe(2);
  });

  it("that an earlier run announced and left are received now", async () => {
    await loader.takeReturns([credit("C1")]);
    api.forgetKeys();
    (api.returns as Map<string, boolean>).set("C1", false);
    await loader.takeReturns([credit("C1")]);
    expect(outcomes.map(([, { status }]) => status)).toEqual(["done", "done"]);
  });
});
