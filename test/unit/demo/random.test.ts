/**
 * The seeded generator: repeatable, and distributed as its names say.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom, zipfShares } from "../../../demo/random.ts";

function draws<T>(count: number, draw: () => T): readonly T[] {
  return Array.from({ length: count }, draw);
}

describe("a seeded generator", () => {
  test("repeats itself under the same seed and differs under another", () => {
    const of = (seed: number) => draws(20, createRandom(seed).next);
    expect(of(7)).toEqual(of(7));
    expect(of(7)).not.toEqual(of(8));
  });

  test("draws whole numbers between both bounds, and reaches both", () => {
    const random = createRandom(1);
    const seen = new Set(draws(500, () => random.integer(-2, 3)));
    expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2, 3]);
  });

  test("spreads evenly over [0, 1)", () => {
    const random = createRandom(3);
    const tenths = new Array<number>(10).fill(0);
    const values = draws(10_000, random.next);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    for (const value of values) {
      const tenth = Math.floor(value * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  test("prefers the heavier item and never takes one without weight", () => {
    const random = createRandom(4);
    const weights: Readonly<Record<string, number>> = { never: 0, seldom: 1, often: 9 };
    const chosen = draws(1_000, () => random.weighted(Object.keys(weights), (name) => weights[name] ?? 0));
    const often = chosen.filter((name) => name === "often").length;
    expect(chosen).not.toContain("never");
    expect(often).toBeGreaterThan(850);
    expect(often).toBeLessThan(950);
  });

  test("has nothing to say about an empty list or weights of zero", () => {
    const random = createRandom(5);
    expect(() => random.pick([])).toThrow(RangeError);
    expect(() => random.weighted(["a"], () => 0)).toThrow(RangeError);
  });

  test("counts like Poisson: the mean is the mean", () => {
    const random = createRandom(6);
    for (const mean of [0, 0.5, 4, 40]) {
      const average = draws(4_000, () => random.poisson(mean)).reduce((sum, count) => sum + count, 0) / 4_000;
      expect(Math.abs(average - mean)).toBeLessThan(0.05 + Math.sqrt(mean) * 0.1);
    }
  });
});

test("Zipf shares fall with the rank and add up to one", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 500 }), fc.double({ min: 0.5, max: 2, noNaN: true }), (count, exponent) => {
      const shares = zipfShares(count, exponent);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
      expect(shares.every((share, rank) => rank === 0 || share < (shares[rank - 1] ?? 0))).toBe(true);
    }),
  );
});
