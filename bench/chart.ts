/**
 * The results as a picture: for each goal how far the figure is on the way to it.
 *
 * Pure: a report in, SVG text out; no font, script or style from elsewhere, readable on light and dark pages. A bar is
 * the weakest demand of its goal, so a goal that is met in one respect and missed in another shows as missed; under it
 * stands what was measured beside it.
 */
import { goals } from "./goals.ts";
import type { Report, Result } from "./report.ts";
import { besideText, verdictText } from "./table.ts";
import { numberText } from "./verdict.ts";

const width = 760;
const rowHeight = 60;
const top = 58;
const left = 20;
const barWidth = 480;
/** A bar of twice the goal fills the width: what is beyond is cut, its figure is not. */
const shareMax = 2;

const colours = { met: "#2e8b57", missed: "#c0504d", open: "#8a8a8a", frame: "#8a8a8a", text: "#777777" };

export function resultsChart(report: Report): string {
  const height = top + report.results.length * rowHeight + 34;
  const { machine, system } = report;
  const where = `${machine.cpus} cores, ${machine.memoryGiB} GiB, Node.js ${machine.node}, ${system}`;
  const goalX = left + barWidth / shareMax;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" role="img" aria-label="Benchmark results">`,
    text(left, 24, "How far each goal is reached", 16, colours.text),
    text(left, 42, escapeXml(where), 11, colours.text),
    ...report.results.map((result, i) => row(result, top + i * rowHeight)),
    `<line x1="${goalX}" y1="${top - 4}" x2="${goalX}" y2="${height - 30}" stroke="${colours.frame}" stroke-dasharray="3 3"/>`,
    text(goalX + 4, height - 16, "goal", 11, colours.text),
    "</svg>\n",
  ].join("\n");
}

function row(result: Result, y: number): string {
  const share = shareOfGoal(result);
  const drawn = share === null ? 0 : Math.max(2, (Math.min(share, shareMax) / shareMax) * barWidth);
  const colour = result.met === null ? colours.open : result.met ? colours.met : colours.missed;
  const figure = result.figure === null ? "" : `${numberText(result.figure)} ${result.unit}, `;
  return [
    text(left, y + 12, escapeXml(`${result.id} ${goals[result.id].work}`), 12, colours.text),
    `<rect x="${left}" y="${y + 18}" width="${barWidth}" height="14" fill="none" stroke="${colours.frame}" stroke-opacity="0.35"/>`,
    `<rect x="${left}" y="${y + 18}" width="${drawn.toFixed(1)}" height="14" fill="${colour}"/>`,
    text(left, y + 45, escapeXml(besideText(result)), 11, colours.text),
    text(left + barWidth + 12, y + 30, escapeXml(`${figure}${verdictText(result)}`), 12, colour),
  ].join("\n");
}

/** 1: the weakest demand is just met. Null where nothing was measured. */
export function shareOfGoal({ id, figure, ratios, also }: Result): number | null {
  if (figure === null) return null;
  const shares = goals[id].demands.flatMap((demand) => {
    const value = demand.of === "figure" ? figure : demand.of === "ratio" ? ratios[demand.name] : also[demand.name];
    if (value === undefined) return [];
    if ("atLeast" in demand) return [value / demand.atLeast];
    return [value <= 0 ? shareMax : demand.atMost / value];
  });
  return shares.length === 0 ? null : Math.min(...shares);
}

function text(x: number, y: number, words: string, size: number, colour: string): string {
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${colour}">${words}</text>`;
}

function escapeXml(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
