/**
 * A variance case by itself: whatever facts and people do, in whichever order, it never goes backwards.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AppError } from "../../../../shared/errors.ts";
import {
  type CaseFigures,
  type CaseStatus,
  caseStatuses,
  correctionOf,
  counted,
  decided,
  detected,
  followed,
  isOpen,
  proposed,
  recountRequested,
  transitions,
  type VarianceCase,
} from "../../../../subgraphs/control/domain/variance-case.ts";

const figures = (variance: number, delta = 0): CaseFigures => ({
  ...{
    class: "PHYSICAL",
    variance,
    countedDelta: delta,
    onHand: 100 + variance,
    book: 100,
    value: "1",
    tier: "MANAGER",
  },
  unposted: { shipped: 0, received: 0, adjusted: 0 },
  pending: delta === 0 ? [] : [{ adjustmentId: "A-1", bucket: "unrestricted", delta, tier: "SUPERVISOR" }],
});
const head = { id: "V-1", sku: "A", locationId: "L", correlationId: "c", policyVersion: 0 };
const opened = (variance: number, delta = 0) =>
  detected(head, figures(variance, delta), { evidence: [], counts: [] }, { small: false, nowMs: 0 });

type Step = (before: VarianceCase) => VarianceCase;
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.integer({ min: -2, max: 2 }), fc.constantFrom(0, 0, -3)).map(
    ([variance, delta]): Step =>
      (before) =>
        followed(before, figures(variance, delta), 1),
  ),
  fc.constant<Step>((before) => recountRequested(before, "petra", 1)),
  fc.nat(3).map(
    (i): Step =>
      (before) =>
        counted(before, { countId: `C-${i}`, recordedBy: "rosa", countedBy: "carl", at: "2026-01-01T00:00:00Z" }, 1),
  ),
  fc.constantFrom("BOOKS", "WAREHOUSE", "COUNT").map(
    (correct): Step =>
      (before) =>
        proposed(before, { rootCause: "x", correct: correct as "BOOKS", person: "petra" }, 1),
  ),
  fc.tuple(fc.boolean(), fc.constantFrom("petra", "carl", "mona"), fc.constantFrom("manager", "supervisor")).map(
    ([approved, person, role]): Step =>
      (before) =>
        decided(
          before,
          { approved, person, roles: [role as "manager"], contentHash: before.contentHash, note: null },
          1,
        ),
  ),
);

/** What is reached from `from` by the table. */
function reachable(from: CaseStatus): Set<CaseStatus> {
  const found = new Set<CaseStatus>([from]);
  for (const status of found) for (const next of transitions[status]) found.add(next);
  return found;
}

describe("a variance case", () => {
  it("goes only where the table lets it, and what is closed stays closed", () => {
    fc.assert(
      fc.property(fc.constantFrom(opened(-3), opened(0, -4)), fc.array(step, { maxLength: 30 }), (first, steps) => {
        let state = first;
        for (const one of steps) {
          let next = state;
          try {
            next = one(state);
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
          }
          expect(reachable(state.status)).toContain(next.status);
          if (!isOpen(state)) expect(next.status).toBe(state.status);
          expect(next.version).toBeGreaterThanOrEqual(state.version);
          if (next.status === "POSTING" && state.status !== "POSTING") {
            const counters = next.counts.flatMap(({ recordedBy, countedBy }) => [recordedBy, countedBy]);
            expect([next.proposedBy, ...counters]).not.toContain(next.decidedBy);
          }
          state = next;
        }
      }),
    );
  });

  it("can reach every status from the first, and an end from everywhere", () => {
    expect([...reachable("DETECTED")].sort()).toEqual([...caseStatuses].sort());
    for (const status of caseStatuses) {
      const end = [...reachable(status)].some((one) => one === "CLOSED" || one === "AUTO_CLEARED");
      expect([status, end]).toEqual([status, true]);
    }
  });

  it("corrects one side, by what the other has, or both by what was counted", () => {
    const correct = (correction: "BOOKS" | "WAREHOUSE" | "COUNT", variance: number, delta = 0) =>
      correctionOf({ ...opened(variance, delta), correct: correction });
    expect(correct("BOOKS", -30)).toEqual({ bookDelta: -30, warehouseDelta: 0, adjustments: [] });
    expect(correct("WAREHOUSE", -30)).toEqual({ bookDelta: 0, warehouseDelta: 30, adjustments: [] });
    expect(correct("COUNT", 2, -40)).toEqual({ bookDelta: 2, warehouseDelta: 0, adjustments: ["A-1"] });
  });
});
