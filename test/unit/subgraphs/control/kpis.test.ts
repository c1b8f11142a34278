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
