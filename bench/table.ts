/**
 * The results as a table for a terminal.
 *
 * Pure: rows in, lines out. Columns are as wide as what stands in them; the last one is not padded.
 */
import { goals } from "./goals.ts";
import type { Result } from "./report.ts";
import { numberText } from "./verdict.ts";

const headings = ["", "work", "figure", "measured beside it", "goal", "verdict"];

export function resultsTable(results: readonly Result[]): string {
  const rows = [headings, ...results.map(toRow)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "─".repeat(width)).join("──");
  const notes = results.flatMap(({ id, notes }) => notes.map((note) => `${id}: ${note}`));
  return [...rows.slice(0, 1).map(line), rule, ...rows.slice(1).map(line), ...(notes.length > 0 ? ["", ...notes] : [])]
    .map((text) => `${text}\n`)
    .join("");
}

function toRow(result: Result): string[] {
  const { id, unit, figure, goal } = result;
  return [
    id,
    goals[id].work,
    figure === null ? "–" : `${numberText(figure)} ${unit}`,
    besideText(result) || "–",
    goal,
    verdictText(result),
  ];
}

/** `0.35 × raw, 5 × apolloGateway, p99Ms 12`. */
export function besideText({ ratios, also }: Pick<Result, "ratios" | "also">): string {
  const compared = Object.entries(ratios).map(([name, ratio]) => `${numberText(ratio)} × ${name}`);
  return [...compared, ...Object.entries(also).map(([name, value]) => `${name} ${numberText(value)}`)].join(", ");
}

export function verdictText({ met, figure }: Pick<Result, "met" | "figure">): string {
  if (met === null) return figure === null ? "not measured" : "open";
  return met ? "met" : "not met";
}
