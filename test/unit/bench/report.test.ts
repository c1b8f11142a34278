/**
 * What a run leaves behind: table, picture, profile.
 */
import { describe, expect, it } from "vitest";
import { resultsChart, shareOfGoal } from "../../../bench/chart.ts";
import { parseOptions } from "../../../bench/options.ts";
import { topSelfTimes } from "../../../bench/profile.ts";
import { describeMachine, type Report, toResult } from "../../../bench/report.ts";
import { unmeasured } from "../../../bench/scenario.ts";
import { resultsTable } from "../../../bench/table.ts";
import { readText } from "../../helpers/repository.ts";

const missed = toResult("P1", "hot", {
  figure: 300,
  ratios: { raw: 0.35, apolloGateway: 5 },
  also: { p99Ms: 12 },
  notes: [],
});
const met = toResult("P10", "staleness", { figure: 20, ratios: {}, also: { slowestMs: 40 }, notes: [] });
const left = toResult("P5", "push", unmeasured("no subscriptions in this build"));
const results = [missed, met, left];
const report: Report = {
  machine: describeMachine(),
  measuredAt: "2026-01-05T08:00:00.000Z",
  system: "SQLite & memory",
  seconds: 1,
  positions: 100,
  results,
};

describe("the table", () => {
  it("has a line a goal and says under it what was missed", () => {
    const lines = resultsTable(results).split("\n");
    expect(lines[0]).toMatch(/work +figure +measured beside it +goal +verdict$/);
    expect(lines[2]).toMatch(/^P1 .* 300 requests\/s +0\.35 × raw, 5 × apolloGateway, p99Ms 12 .* not met$/);
    expect(lines[3]).toMatch(/^P10 .* 20 ms p99 .* met$/);
    expect(lines[4]).toMatch(/^P5 .* – .* not measured$/);
    expect(lines).toContain("P1: 0.35, not ≥ 0.7 × raw");
    expect(lines).toContain("P5: no subscriptions in this build");
  });
});

describe("the picture", () => {
  it("draws the weakest demand of a goal", () => {
    expect(results.map(shareOfGoal)).toEqual([0.05, 12.5, null]);
  });

  it("is SVG that stands alone: every tag closed, nothing fetched, text escaped", () => {
    const svg = resultsChart(report);
    expect(svg).toContain("SQLite &amp; memory");
    expect(svg).not.toMatch(/href|<script|<style|NaN|undefined/);
    const names = (pattern: RegExp) => [...svg.matchAll(pattern)].length;
    expect(names(/<(svg|text)[ >]/g)).toBe(names(/<\/(svg|text)>/g));
    expect(svg.match(/<rect/g)).toHaveLength(2 * results.length);
  });

  it("names no machine", () => {
    expect(Object.keys(report.machine).sort()).toEqual(["cpus", "memoryGiB", "node", "platform"]);
  });
});

describe("what a run writes", () => {
  it("is neither kept in the repository nor checked like a file of ours", () => {
    expect(readText(".gitignore").split("\n")).toContain("bench/results/");
    expect(JSON.parse(readText("biome.json")).files.includes).toContain("!bench/results");
  });
});

describe("the command line", () => {
  const names = ["hot", "warm"];

  it("measures everything by default, and only the profiled scenario with --profile", () => {
    expect(parseOptions([], names)).toMatchObject({ only: null, seconds: 5, positions: 10_000, peers: true });
    expect(parseOptions(["--only", "hot,warm", "--no-peers"], names)).toMatchObject({ only: names, peers: false });
    expect(parseOptions(["--profile", "warm"], names)).toMatchObject({ only: ["warm"], profile: "warm" });
  });

  it.each([[["--only", "tepid"]], [["--seconds", "0"]], [["--positions", "101"]], [["--crowd", "2"]], [["--fast"]]])(
    "refuses %j with INVALID_INPUT",
    (argv) => {
      expect(() => parseOptions(argv, names)).toThrow(expect.objectContaining({ code: "INVALID_INPUT" }));
    },
  );
});

describe("a profile", () => {
  it("adds up self time by function, idle time left out", () => {
    const frame = (functionName: string, url = "") => ({ functionName, url, lineNumber: 4 });
    const profile = {
      nodes: [
        { id: 1, callFrame: frame("(idle)") },
        { id: 2, callFrame: frame("execute", "file:///a/node_modules/graphql/execution/execute.js") },
        { id: 3, callFrame: frame("", "file:///a/b/shared/graphql/execute.ts") },
      ],
      samples: [1, 2, 3, 2],
      timeDeltas: [9_000, 1_000, 1_000, 2_000],
    };
    expect(topSelfTimes(profile, 10)).toEqual([
      { name: "execute graphql/execution/execute.js:5", ms: 3, share: 0.75 },
      { name: "(anonymous) shared/graphql/execute.ts:5", ms: 1, share: 0.25 },
    ]);
  });
});
