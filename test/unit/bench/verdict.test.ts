/**
 * Figures → verdicts: arithmetic that a claim about speed rests on.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { goals } from "../../../bench/goals.ts";
import type { Measurement } from "../../../bench/scenario.ts";
import { unmeasured } from "../../../bench/scenario.ts";
import { goalText, judge, median, numberText, percentile, ratiosTo } from "../../../bench/verdict.ts";

const measured = (more: Partial<Measurement>): Measurement => ({ ...unmeasured(""), figure: 1, notes: [], ...more });

describe("judge", () => {
  it("a goal is met when every demand is", () => {
    const { met, shortfalls } = judge(goals.P1, measured({ ratios: { raw: 0.7, apolloGateway: 101 } }));
    expect({ met, shortfalls }).toEqual({ met: true, shortfalls: [] });
  });

  it("one demand missed is enough to miss it, and is named", () => {
    const { met, shortfalls } = judge(goals.P1, measured({ ratios: { raw: 0.69, apolloGateway: 101 } }));
    expect({ met, shortfalls }).toEqual({ met: false, shortfalls: ["0.69, not ≥ 0.7 × raw"] });
  });

  it("what was not measured leaves it open, unless another demand is missed", () => {
    expect(judge(goals.P1, measured({ ratios: { raw: 0.9 } }))).toEqual({
      met: null,
      shortfalls: ["not measured: ≥ 100 × apolloGateway"],
    });
    expect(judge(goals.P1, measured({ ratios: { raw: 0.1 } })).met).toBe(false);
    expect(judge(goals.P1, unmeasured("no servers")).met).toBeNull();
  });

  it("fewer callers than the goal asks for are no verdict", () => {
    const enough = { ratios: { raw: 0.9, apolloGateway: 200 } };
    expect(judge(goals.P1, measured({ ...enough, reduced: true })).met).toBeNull();
    expect(judge(goals.P1, measured({ ...enough, reduced: false })).met).toBe(true);
  });

  it("an upper bound is met from below", () => {
    expect(judge(goals.P10, measured({ figure: 250, also: { slowestMs: 1_000 } })).met).toBe(true);
    expect(judge(goals.P10, measured({ figure: 251, also: { slowestMs: 300 } })).met).toBe(false);
  });
});

describe("texts", () => {
  it("a goal reads as its demands", () => {
    expect(goalText(goals.P1)).toBe("≥ 0.7 × raw, ≥ 100 × apolloGateway");
    expect(goalText(goals.P7)).toBe("≥ 6,000 events/s, ≤ 1,000 lagP99Ms");
  });

  it("numbers have three digits, and large ones no fraction", () => {
    expect([0.0076543, 3.2849, 98.76, 182.4, 28_900.5].map(numberText)).toEqual([
      "0.00765",
      "3.28",
      "98.8",
      "182",
      "28,901",
    ]);
  });
});

describe("medians, percentiles, ratios", () => {
  it("the median is the middle, or the mean of the two in the middle", () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([7])]).toEqual([2, 2.5, 7]);
    expect(() => median([])).toThrow(RangeError);
  });

  it("a percentile is one of the values, and does not shrink as the share grows", () => {
    const values = fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 1, maxLength: 50 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(values, share, share, (all, a, b) => {
        const [low, high] = [percentile(all, Math.min(a, b)), percentile(all, Math.max(a, b))];
        expect(all).toContain(low);
        expect(low).toBeLessThanOrEqual(high);
        expect(all.filter((value) => value <= low).length).toBeGreaterThanOrEqual(Math.min(a, b) * all.length);
      }),
    );
    expect(percentile([1, 2, 3, 4], 1)).toBe(4);
  });

  it("a ratio to what was not measured does not exist", () => {
    expect(ratiosTo(100, { raw: 200, apolloGateway: null, hiveGateway: 0 })).toEqual({ raw: 0.5 });
  });
});
