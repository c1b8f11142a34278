/**
 * The shape of events: which stream and which partition they go to, and what the buckets sum up to.
 *
 * Partitions decide which reader sees what, so the mapping must never change between versions.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buckets, noStock, onHandOf, partitionOf } from "../../../shared/events/canonical-event.ts";
import { topicOf } from "../../../shared/events/topics.ts";

describe("the partition of an event", () => {
  const of = (sku: string | null, partitionKey: string, count = 8) => partitionOf({ sku, partitionKey }, count);

  it("is one of those there are", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 64 }), (sku, count) => {
        const partition = of(sku, "", count);
        expect(Number.isInteger(partition)).toBe(true);
        expect(partition).toBeGreaterThanOrEqual(0);
        expect(partition).toBeLessThan(count);
      }),
    );
  });

  it("is the same for everything about one SKU, at every location", () => {
    expect(of("85123A", "85123A|WEST")).toBe(of("85123A", "85123A|EAST"));
    expect(of("85123A", "product:85123A")).toBe(of("85123A", "85123A|EAST"));
  });

  it("follows the partition key where there is no SKU", () => {
    expect(of(null, "location:WEST")).toBe(of("location:WEST", "anything"));
  });

  it("stays what it was in earlier versions", () => {
    expect(["85123A", "85123a", "POST", ""].map((sku) => of(sku, "", 64))).toEqual([41, 9, 7, 5]);
  });

  it("spreads 8,000 SKUs over 8 partitions with no partition more than a fifth from its share", () => {
    const counts = Array<number>(8).fill(0);
    for (let i = 0; i < 8_000; i++) {
      const partition = of(`SKU-${i}`, "");
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    for (const count of counts) {
      expect(count).toBeGreaterThan(800);
      expect(count).toBeLessThan(1_200);
    }
  });
});

it("only changes of availability go to the stream of availability", () => {
  expect(topicOf("availability.changed")).toBe("availability");
  for (const type of ["receipt.recorded", "master.changed", "return.received", "snapshot.requested"] as const) {
    expect(topicOf(type)).toBe("facts");
  }
});

it("what is on hand is the sum of all buckets", () => {
  expect(onHandOf(noStock)).toBe(0);
  const each = Object.fromEntries(buckets.map((bucket, i) => [bucket, 2 ** i])) as typeof noStock;
  expect(onHandOf(each)).toBe(2 ** buckets.length - 1);
  expect(onHandOf({ ...noStock, unrestricted: -3, dock: 1 })).toBe(-2);
});
