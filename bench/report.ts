/**
 * What a run leaves behind: `results/latest.json` and `results/latest.svg`.
 *
 * Neither is kept in the repository: figures belong to the machine and the hour they were measured on.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { resultsChart } from "./chart.ts";
import { type GoalId, goals } from "./goals.ts";
import type { Measurement } from "./scenario.ts";
import { goalText, judge } from "./verdict.ts";

export interface Result {
  readonly id: GoalId;
  readonly scenario: string;
  readonly unit: string;
  readonly figure: number | null;
  readonly ratios: Readonly<Record<string, number>>;
  readonly also: Readonly<Record<string, number>>;
  readonly goal: string;
  /** Null: something that the goal speaks of was not measured. */
  readonly met: boolean | null;
  readonly notes: readonly string[];
}

export interface Machine {
  readonly cpus: number;
  readonly memoryGiB: number;
  readonly platform: string;
  readonly node: string;
}

export interface Report {
  readonly machine: Machine;
  readonly measuredAt: string;
  /** What the system ran on: SQLite and memory, or the servers it found. */
  readonly system: string;
  readonly seconds: number;
  readonly positions: number;
  readonly results: readonly Result[];
}

export const resultsDir = fileURLToPath(new URL("./results/", import.meta.url));

/** Nothing that names the machine: only what a figure depends on. */
export function describeMachine(): Machine {
  return {
    cpus: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  };
}

export function toResult(id: GoalId, scenario: string, measurement: Measurement): Result {
  const goal = goals[id];
  const { met, shortfalls } = judge(goal, measurement);
  const { figure, ratios, also, notes } = measurement;
  const missed = figure === null || met === true ? [] : shortfalls;
  return {
    id,
    scenario,
    unit: goal.unit,
    figure,
    ratios,
    also,
    goal: goalText(goal),
    met,
    notes: [...notes, ...missed],
  };
}

/** The paths written. */
export function writeReport(report: Report, dir = resultsDir): string[] {
  mkdirSync(dir, { recursive: true });
  const files = [join(dir, "latest.json"), join(dir, "latest.svg")] as const;
  writeFileSync(files[0], `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(files[1], resultsChart(report));
  return [...files];
}
