/**
 * The data that is measured on: the same for everybody, and consistent in itself.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dataSet, locationIds, locationsOf, skuAt, stockOf } from "../../../bench/data/data-set.ts";
import { positionRows } from "../../../bench/data/rows.ts";
import { distinctQuestions, randomQuestions, skusPerQuestion } from "../../../bench/questions.ts";
import { createRandom } from "../../../demo/random.ts";
import { buckets } from "../../../shared/events/canonical-event.ts";

const index = fc.integer({ min: 0, max: 499_999 });
const variablesOf = (body: string) => JSON.parse(body).variables as { skus: string[]; locationIds: string[] };

describe("a data set", () => {
  it("an item is the same in data of any size", () => {
    fc.assert(
      fc.property(index, (i) => {
        expect(stockOf(dataSet(1_000_000), i)).toEqual(stockOf(dataSet(100), i));
      }),
    );
    expect(stockOf(dataSet(100, 1), 0)).not.toEqual(stockOf(dataSet(100, 2), 0));
  });

  it("a SKU is at two different locations, and every location is used", () => {
    fc.assert(fc.property(index, (i) => new Set(locationsOf(i)).size === 2));
    expect(new Set([0, 1, 2, 3, 4].flatMap(locationsOf))).toEqual(new Set(locationIds));
  });

  it("Σ movements = balance, and the position and the book follow it", () => {
    const stocked = Array.from({ length: 50 }, (_, i) => stockOf(dataSet(100), i)).flat();
    const wms = positionRows("wms", stocked, 1);
    const erp = positionRows("erp", stocked, 1);
    const projected = positionRows("availability", stocked, 1)["positions"] ?? [];
    expect(projected).toHaveLength(100);
    projected.forEach((position, i) => {
      const [balance, movement] = [wms["stock_balances"]?.[i], wms["stock_movements"]?.[i]];
      const onHand = buckets.reduce((sum, bucket) => sum + Number(balance?.[bucket]), 0);
      for (const bucket of buckets) {
        expect(movement?.[`${bucket}_delta`]).toBe(balance?.[bucket]);
        expect(position[bucket]).toBe(balance?.[bucket]);
      }
      expect([position["book"], erp["book_positions"]?.[i]?.["on_hand"]]).toEqual([onHand, onHand]);
      expect(erp["book_postings"]?.[i]?.["book_delta"]).toBe(onHand);
      expect([position["wms_seq"], position["erp_seq"]]).toEqual([balance?.["version"], 1]);
    });
  });
});

describe("questions", () => {
  const data = dataSet(1_000);
  const places = new Map(Array.from({ length: data.skuCount }, (_, i) => [skuAt(i), locationsOf(i)]));

  it.each([
    ["at random", randomQuestions(data, createRandom(1), 200)],
    ["each SKU once", distinctQuestions(data, 200)],
  ])("%s: SKUs that are there, at the locations where they are", (_, bodies) => {
    for (const body of bodies) {
      const { skus, locationIds: asked } = variablesOf(body);
      expect(skus).toHaveLength(skusPerQuestion);
      for (const sku of skus) expect(places.get(sku)).toEqual(asked);
    }
  });

  it("the same seed asks the same, and no SKU is asked for twice where that is promised", () => {
    expect(randomQuestions(data, createRandom(7), 20)).toEqual(randomQuestions(data, createRandom(7), 20));
    const skus = distinctQuestions(data, 1_000).flatMap((body) => variablesOf(body).skus);
    expect(new Set(skus).size).toBe(skus.length);
    expect(skus).toHaveLength(data.skuCount);
  });
});
