/**
 * What needs a second person: every limit alone, at its edge, and all of them over 30 days.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Tier, tiers } from "../../../../../shared/approval-tiers.ts";
import {
  assess,
  evidenceOf,
  missingEvidence,
  type Proposal,
  type ReferralReason,
  toleranceOf,
} from "../../../../../subgraphs/wms/domain/adjustment-policy.ts";

/** 2 of 500 at 2.50 each, of a B item: within every tolerance. */
const small: Proposal = {
  delta: -2,
  bucketQuantity: 500,
  reasonCode: "COUNTED",
  evidence: ["count:C-1"],
  itemClass: "B",
  unitCost: "2.50",
  earlierQuantity: 0,
};
const judged = (more: Partial<Proposal>) => assess({ ...small, ...more });

describe("the tolerances", () => {
  it("let through what is small in every way", () => {
    expect(judged({})).toEqual({ tier: null, reasons: [], value: "5.00" });
  });

  it.each<[string, Partial<Proposal>, ReferralReason[]]>([
    ["5 units of a B item pass", { delta: 5 }, []],
    ["6 units do not", { delta: 6 }, ["QUANTITY"]],
    ["2 % of the bucket pass", { delta: -2, bucketQuantity: 100 }, []],
    ["more than 2 % do not", { delta: -2, bucketQuantity: 99 }, ["PERCENT"]],
    ["anything is too much of nothing", { delta: 1, bucketQuantity: 0 }, ["PERCENT"]],
    ["and of less than nothing", { delta: 1, bucketQuantity: -7 }, ["PERCENT"]],
    ["a value of 100 passes", { delta: 1, unitCost: "100.00" }, []],
    ["a hundredth more does not", { delta: 1, unitCost: "100.01" }, ["VALUE"]],
    ["an unknown cost never passes", { unitCost: null }, ["UNKNOWN_COST"]],
    ["nor does a reason without its evidence", { evidence: [] }, ["EVIDENCE_INCOMPLETE"]],
    ["nor with half of it", { reasonCode: "LOST" }, ["EVIDENCE_INCOMPLETE"]],
    ["nor with evidence of another kind", { evidence: ["photo:1"] }, ["EVIDENCE_INCOMPLETE"]],
    ["nor with evidence that refers to nothing", { evidence: ["count:"] }, ["EVIDENCE_INCOMPLETE"]],
    ["all of the evidence passes", { reasonCode: "LOST", evidence: ["search:S-1", "count:C-1"] }, []],
    ["an A item is held closer", { itemClass: "A", delta: 3 }, ["QUANTITY"]],
    ["a C item may vary more", { itemClass: "C", delta: 20 }, []],
    ["what has no class counts as B", { itemClass: null, delta: 6 }, ["QUANTITY"]],
  ])("%s", (_, more, reasons) => {
    expect(judged(more).reasons).toEqual(reasons);
    expect(judged(more).tier === null).toBe(reasons.length === 0);
  });

  it("hold for everything the same person asked for within the window", () => {
    expect(judged({ earlierQuantity: 3 }).tier).toBeNull();
    expect(judged({ earlierQuantity: 4 })).toMatchObject({ tier: "SUPERVISOR", reasons: ["ROLLING_TOTAL"] });
  });

  it("say when the total is too much in a way that this one alone is not", () => {
    expect(judged({ delta: 6, earlierQuantity: 1 }).reasons).toEqual(["QUANTITY"]);
    expect(judged({ delta: 6, earlierQuantity: 6 }).reasons).toEqual(["QUANTITY", "ROLLING_TOTAL"]);
  });

  it("refuse a reason that is not in the table, and say which are", () => {
    expect(() => missingEvidence("WHIM", [])).toThrow(/COUNTED/);
    for (const reason of Object.keys(evidenceOf)) expect(missingEvidence(reason, [])).not.toEqual([]);
  });
});

describe("the tiers", () => {
  it.each<[string | null, Tier]>([
    ["10", "SUPERVISOR"],
    ["10.01", "MANAGER"],
    ["100.0", "MANAGER"],
    ["100.0000000001", "CONTROLLER"],
    [null, "CONTROLLER"],
  ])("100 units at %s each need a %s", (unitCost, tier) => {
    expect(judged({ delta: -100, unitCost }).tier).toBe(tier);
  });

  it("follow the total of the window, so that parts climb as the whole would", () => {
    expect(judged({ delta: -100, unitCost: "10", earlierQuantity: 1 }).tier).toBe("MANAGER");
  });

  it("are exact where a float would not be", () => {
    expect(judged({ delta: 3, unitCost: "999999999999999999.0000000001" }).value).toBe(
      "2999999999999999997.0000000003",
    );
  });
});

describe("always", () => {
  const cost = fc.option(fc.integer({ min: 0, max: 1_000_000 }).map((cents) => (cents / 100).toFixed(2)));
  const proposal = fc
    .record({
      delta: fc.integer({ min: -1_000, max: 1_000 }).filter((delta) => delta !== 0),
      bucketQuantity: fc.integer({ min: -10, max: 10_000 }),
      itemClass: fc.constantFrom("A", "B", "C", "X", null),
      unitCost: cost,
      earlierQuantity: fc.integer({ min: 0, max: 1_000 }),
      evidence: fc.constantFrom([], ["count:1"]),
    })
    .map((more): Proposal => ({ ...small, ...more }));

  it("splitting gains nothing: what passes in parts passes as a whole", () => {
    fc.assert(
      fc.property(proposal, fc.integer({ min: 1, max: 1_000 }), (whole, part) => {
        const size = Math.abs(whole.delta);
        fc.pre(part < size);
        const first = assess({ ...whole, delta: part });
        const second = assess({ ...whole, delta: size - part, earlierQuantity: whole.earlierQuantity + part });
        if (first.tier === null && second.tier === null) expect(assess({ ...whole, delta: size }).tier).toBeNull();
      }),
    );
  });

  it("more never needs less: in quantity, in earlier quantity", () => {
    const rank = (tier: Tier | null) => (tier === null ? -1 : tiers.indexOf(tier));
    fc.assert(
      fc.property(proposal, fc.integer({ min: 1, max: 1_000 }), (less, extra) => {
        const more = { ...less, delta: less.delta + Math.sign(less.delta) * extra };
        expect(rank(assess(more).tier)).toBeGreaterThanOrEqual(rank(assess(less).tier));
        const later = { ...less, earlierQuantity: less.earlierQuantity + extra };
        expect(rank(assess(later).tier)).toBeGreaterThanOrEqual(rank(assess(less).tier));
      }),
    );
  });

  it("whoever decides is told why, and nobody is asked without a reason", () => {
    fc.assert(
      fc.property(proposal, (any) => {
        const { tier, reasons } = assess(any);
        expect(tier === null).toBe(reasons.length === 0);
        if (tier === null) expect(Math.abs(any.delta)).toBeLessThanOrEqual(toleranceOf(any.itemClass).quantity);
      }),
    );
  });
});
