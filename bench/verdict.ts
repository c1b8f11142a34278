/**
 * Figures → verdicts: medians, percentiles, ratios, and whether a goal is met.
 *
 * Pure. What was not measured is neither met nor missed: its verdict is null, never a kind guess.
 */
import type { Demand, Goal, Subject } from "./goals.ts";
import type { Measurement } from "./scenario.ts";

export interface Verdict {
  /** Null: something that the goal speaks of was not measured. */
  readonly met: boolean | null;
  /** What was missed or not measured, a phrase each. */
  readonly shortfalls: readonly string[];
}

export function judge(goal: Goal, measurement: Measurement): Verdict {
  const outcomes = goal.demands.map((demand) => judgeDemand(demand, measurement));
  const missed = outcomes.filter(({ met }) => met === false);
  const unknown = outcomes.filter(({ met }) => met === null);
  const met = measurement.reduced ? null : missed.length > 0 ? false : unknown.length > 0 ? null : true;
  return { met, shortfalls: [...missed, ...unknown].map(({ phrase }) => phrase) };
}

type BoundSubject = Subject & Demand;

function judgeDemand(demand: BoundSubject, measurement: Measurement): { met: boolean | null; phrase: string } {
  const value = measured(demand, measurement);
  if (value === undefined || value === null) return { met: null, phrase: `not measured: ${demandText(demand, "")}` };
  const met = "atLeast" in demand ? value >= demand.atLeast : value <= demand.atMost;
  return { met, phrase: `${numberText(value)}, not ${demandText(demand, "")}` };
}

function measured(subject: Subject, { figure, ratios, also }: Measurement): number | null | undefined {
  if (subject.of === "figure") return figure;
  return subject.of === "ratio" ? ratios[subject.name] : also[subject.name];
}

/** `≥ 0.7 × raw, ≥ 100 × apolloGateway`. */
export function goalText(goal: Goal): string {
  return goal.demands.map((demand) => demandText(demand, goal.unit)).join(", ");
}

function demandText(demand: BoundSubject, unit: string): string {
  const bound = "atLeast" in demand ? `≥ ${numberText(demand.atLeast)}` : `≤ ${numberText(demand.atMost)}`;
  if (demand.of === "ratio") return `${bound} × ${demand.name}`;
  return `${bound} ${demand.of === "also" ? demand.name : unit}`.trim();
}

/** Three significant digits, thousands separated; whole numbers from 100 on. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}

/** The middle one; of an even number the mean of the two in the middle. Fails on an empty list. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("no values");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}

/** Nearest rank: the smallest value that at least `share` (0..1) of all values do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("no values");
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
}

/** `figure` against each of the others; what was not measured is left out. */
export function ratiosTo(figure: number, others: Readonly<Record<string, number | null>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(others).flatMap(([name, other]) => (other !== null && other > 0 ? [[name, figure / other]] : [])),
  );
}
