/**
 * What is counted and what is read: as Prometheus sees it, and what a reading that fails leaves behind.
 */
import { describe, expect, it } from "vitest";
import { createMetrics } from "../../../../shared/metrics/metrics.ts";
import { valuesOf } from "../../../helpers/metrics.ts";

describe("metrics", () => {
  it("count by label, each registry for itself", async () => {
    const [one, two] = [createMetrics(), createMetrics()];
    const ok = one.counter("inventory_operations_total", { operation: "query", code: "OK" });
    ok.add();
    ok.add(2);
    two.counter("inventory_operations_total", { operation: "query", code: "OK" }).add();
    one.histogram("inventory_reservation_batch_size", {}).observe(7);
    const values = await valuesOf(one);
    expect(values['inventory_operations_total{operation="query",code="OK"}']).toBe(3);
    expect(values['inventory_reservation_batch_size_bucket{le="5"}']).toBe(0);
    expect(values['inventory_reservation_batch_size_bucket{le="10"}']).toBe(1);
    expect((await valuesOf(two))['inventory_operations_total{operation="query",code="OK"}']).toBe(1);
  });

  it("know the process itself", async () => {
    const values = await valuesOf(createMetrics());
    expect(values["process_resident_memory_bytes"]).toBeGreaterThan(1_000_000);
    expect(Object.keys(values)).toContain("nodejs_eventloop_lag_p99_seconds");
  });

  it("are read when somebody scrapes, once a second however many do", async () => {
    let nowMs = 0;
    let reads = 0;
    const metrics = createMetrics({ now: () => nowMs });
    metrics.read("sockets", (put) => put("inventory_sockets", {}, ++reads));
    expect(reads).toBe(0);
    const both = await Promise.all([valuesOf(metrics), valuesOf(metrics)]);
    expect(both.map((values) => values["inventory_sockets"])).toEqual([1, 1]);
    nowMs = 999;
    expect((await valuesOf(metrics))["inventory_sockets"]).toBe(1);
    nowMs = 1_000;
    expect((await valuesOf(metrics))["inventory_sockets"]).toBe(2);
  });

  it("leave out what could not be read rather than show what was, and count that", async () => {
    let nowMs = 0;
    let isUp = true;
    const metrics = createMetrics({ now: () => nowMs });
    const source = "wms";
    metrics.read("sources", (put) => {
      put("inventory_source_age_seconds", { source: isUp ? source : "erp" }, 5);
      if (!isUp) throw new Error("away");
    });
    metrics.read("sockets", (put) => put("inventory_sockets", {}, 1));
    expect((await valuesOf(metrics))['inventory_source_age_seconds{source="wms"}']).toBe(5);
    isUp = false;
    nowMs = 5_000;
    const values = await valuesOf(metrics);
    expect(Object.keys(values).filter((key) => key.startsWith("inventory_source_age_seconds"))).toEqual([]);
    expect(values['inventory_scrape_failures_total{reader="sources"}']).toBe(1);
    expect(values["inventory_sockets"]).toBe(1);
  });

  it("do not wait for a reading that hangs, and never take what it says later", async () => {
    let answer: () => void = () => {};
    const metrics = createMetrics({ readMs: 1 });
    metrics.read("bus", async (put) => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      put("inventory_sockets", {}, 9);
    });
    expect((await valuesOf(metrics))['inventory_scrape_failures_total{reader="bus"}']).toBe(1);
    answer();
    await Promise.resolve();
    expect((await valuesOf(metrics))["inventory_sockets"]).toBe(undefined);
  });

  it("that others count since the start go up by what was added, and never down", async () => {
    let nowMs = 0;
    let hits = 3;
    const metrics = createMetrics({ now: () => nowMs });
    metrics.read("reply-cache", (put) => put("inventory_reply_cache_total", { result: "hit" }, hits));
    const key = 'inventory_reply_cache_total{result="hit"}';
    expect((await valuesOf(metrics))[key]).toBe(3);
    for (const [next, expected] of [
      [10, 10],
      [10, 10],
      [0, 10],
      [4, 14],
    ] as const) {
      hits = next;
      nowMs += 2_000;
      expect((await valuesOf(metrics))[key]).toBe(expected);
    }
  });
});
