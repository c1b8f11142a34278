/**
 * Figures: counting fact by fact comes to what counting all of them at once comes to, whatever the order, however often
 * each comes and however they are parted.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnyEvent } from "../../../../shared/events/canonical-event.ts";
import {
  type Case,
  type Cell,
  cellsOfCase,
  change,
  emptyCase,
  observe,
  sumCells,
} from "../../../../subgraphs/control/domain/kpi-cells.ts";
import { caseKeyOf, cellsOf, observationsOf, recount } from "../../../../subgraphs/control/domain/kpi-facts.ts";
import { figuresOf, kpiDefinitions, sumsOf } from "../../../../subgraphs/control/domain/kpis.ts";
import { canonicalEvent } from "../../../helpers/events.ts";
import { anyFacts } from "../../../helpers/kpi-facts.ts";
import { readText } from "../../../helpers/repository.ts";

/** As the consumer does: batch by batch, what was seen before left out. */
function countInBatches(batches: readonly (readonly AnyEvent[])[]): Cell[] {
  const seen = new Set<string>();
  const cases = new Map<string, Case>();
  const sums: Cell[] = [];
  for (const batch of batches) {
    for (const event of batch) {
      if (seen.has(event.id)) continue;
      seen.add(event.id);
      sums.push(...cellsOf(event));
      for (const one of observationsOf(event)) {
        const before = cases.get(caseKeyOf(one)) ?? emptyCase(one);
        const after = observe(before, one);
        cases.set(caseKeyOf(one), after);
        sums.push(...change(cellsOfCase(before), cellsOfCase(after)));
      }
    }
  }
  return sumCells(sums);
}

it("counts the same in any order, with copies, in any batches", () => {
  const told = anyFacts.chain((facts) =>
    fc.tuple(
      fc.constant(facts),
      fc.array(fc.shuffledSubarray(facts, { minLength: facts.length, maxLength: facts.length }), {
        minLength: 1,
        maxLength: 2,
      }),
    ),
  );
  let counted = 0;
  fc.assert(
    fc.property(told, ([facts, copies]) => {
      const once = recount(facts);
      counted += once.length;
      expect(countInBatches(copies)).toEqual(once);
      expect(recount(copies.flat())).toEqual(once);
    }),
    { numRuns: 300 },
  );
  expect(counted).toBeGreaterThan(500);
});

it("takes from what control puts on record how much of what was compared differed", () => {
  const row = {
    ...{
      id: 1,
      subject: "reconciliation:R",
      action: "finishReconciliation",
      outcome: "done",
      person: "system:control",
    },
    ...{ roles: "", correlation_id: "c", idempotency_key: null, recorded_at_ms: 3_600_000, sequence: 1, hash: "" },
    ...{ sealed_at_ms: 3_600_000, detail: '{"positions":200,"opened":3,"cleared":1,"known":6}' },
  };
  const sealed = canonicalEvent("control", "audit.sealed", "audit:control", 1, { data: { rows: [row] } });
  expect(cellsOf(sealed)).toMatchObject([
    { measure: "inventoryVarianceRate", hour: 1, numerator: 10, denominator: 200 },
  ]);
});

it("measures how long a variance case was open, whichever end is told first", () => {
  const told = (type: string, seq: number, time: string) =>
    ({
      ...canonicalEvent("control", "policy.changed", "variance:C", seq, { time, data: { policyVersion: 1 } }),
      type,
    }) as unknown as AnyEvent;
  const both = [told("variance.opened", 1, "2026-01-05T08:00:00Z"), told("variance.closed", 2, "2026-01-05T09:00:00Z")];
  for (const facts of [both, [...both].reverse()]) {
    expect(recount(facts)).toMatchObject([
      { measure: "reconciliationCycleTime", numerator: 3_600_000, denominator: 1 },
    ]);
  }
});

describe("a figure", () => {
  const at = { locationId: "WEST", hour: 500_000, bound: 0, squares: 0 };
  const figure = (name: string, cells: readonly Cell[], nowMs = 0) => {
    const definition = kpiDefinitions.find((kpi) => kpi.name === name);
    if (!definition) throw new Error(`no figure ${name}`);
    return figuresOf(definition, sumsOf(cells), nowMs);
  };

  it("is null where there is nothing to divide by", () => {
    expect(figure("fillRate", [])).toEqual({ numerator: 0, denominator: 0, value: null });
  });

  it("is a quotient of sums, not a mean of quotients", () => {
    const cells = [
      { ...at, measure: "fillRate", numerator: 1, denominator: 1 },
      { ...at, measure: "fillRate", numerator: 0, denominator: 99, hour: 500_001 },
    ];
    expect(figure("fillRate", cells).value).toBe(0.01);
  });

  it("tells how much durations vary", () => {
    const took = [1, 2, 3, 4].map((s) => ({
      ...at,
      measure: "orderCycleTime",
      numerator: s * 1_000,
      denominator: 1,
      squares: s * s,
    }));
    expect(figure("orderCycleTime", took).value).toBe(2_500);
    expect(figure("orderCycleTimeVariability", took).value).toBeCloseTo(Math.sqrt(1.25) * 1_000, 6);
  });

  it("ages while nobody does anything", () => {
    const open = { ...at, measure: "exceptionAging", numerator: 100 + 300, denominator: 2, hour: 0 };
    expect(figure("exceptionAging", [open], 400_000).value).toBe(200_000);
  });

  it("of a distribution is the bound within which 95 of 100 are", () => {
    const ages = [
      [100, 94],
      [250, 1],
      [1_000, 5],
    ].map(([bound = 0, count = 0]) => ({
      ...at,
      measure: "answerStaleness",
      bound,
      numerator: count,
      denominator: count,
    }));
    expect(figure("answerStalenessP95", ages)).toEqual({ value: 250, numerator: 95, denominator: 100 });
  });

  it("has a name and a meaning of its own", () => {
    expect(new Set(kpiDefinitions.map(({ name }) => name)).size).toBe(kpiDefinitions.length);
    expect(
      kpiDefinitions.filter(({ definition, numerator, denominator }) => !definition || !numerator || !denominator),
    ).toEqual([]);
  });
});

describe("docs/kpis.md", () => {
  it("has a row for every figure, saying what the table says", () => {
    const rows = readText("docs/kpis.md")
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    expect(rows).toEqual(
      kpiDefinitions.map(
        ({ name, unit, numerator, denominator, definition, sources }) =>
          `| \`${name}\` | ${unit} | ${numerator} | ${denominator} | ${definition} | ${sources} |`,
      ),
    );
  });
});
