/**
 * CPU profiles: where a process's time went, function by function.
 *
 * Node.js writes the profile when the process ends (`--cpu-prof`); here it is only read. Self time: what a function
 * spent itself, without what it called.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { resultsDir } from "./report.ts";

export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface SelfTime {
  readonly name: string;
  readonly ms: number;
  /** Of the time that the process was not idle, 0..1. */
  readonly share: number;
}

/** The functions with the most self time, the greatest first; idle time is no function. */
export function topSelfTimes(profile: CpuProfile, most: number): SelfTime[] {
  const names = new Map(profile.nodes.map((node) => [node.id, nameOf(node.callFrame)]));
  const micros = new Map<string, number>();
  profile.samples.forEach((id, i) => {
    const name = names.get(id) ?? "(unknown)";
    micros.set(name, (micros.get(name) ?? 0) + (profile.timeDeltas[i] ?? 0));
  });
  micros.delete("(idle)");
  const total = [...micros.values()].reduce((sum, value) => sum + value, 0);
  return [...micros]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([name, value]) => ({ name, ms: value / 1_000, share: total === 0 ? 0 : value / total }));
}

function nameOf({ functionName, url, lineNumber }: CpuProfile["nodes"][number]["callFrame"]): string {
  if (url === "" && functionName.startsWith("(")) return functionName;
  const file = url.replace(/^.*\/node_modules\//, "").replace(/^file:.*?\/((?:[^/]+\/){0,2}[^/]+)$/, "$1");
  return `${functionName || "(anonymous)"} ${file}:${lineNumber + 1}`;
}

/** For the process that is profiled; profiles of earlier runs are removed. */
export function profileArguments(): string[] {
  mkdirSync(resultsDir, { recursive: true });
  for (const name of readdirSync(resultsDir).filter((file) => file.endsWith(".cpuprofile")))
    rmSync(join(resultsDir, name));
  return ["--cpu-prof", `--cpu-prof-dir=${resultsDir}`];
}

/** The newest profile in the results: its path, and its top functions a line each. */
export function printProfile(): string {
  const files = readdirSync(resultsDir)
    // Of the main thread, number 0: the one that loads TypeScript writes a profile of its own.
    .filter((name) => /\.0\.\d+\.cpuprofile$/.test(name))
    .map((name) => join(resultsDir, name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  const newest = files[0];
  if (newest === undefined) return "no profile was written\n";
  const profile = JSON.parse(readFileSync(newest, "utf8")) as CpuProfile;
  const lines = topSelfTimes(profile, 25).map(
    ({ name, ms, share }) => `${(share * 100).toFixed(1).padStart(5)} %  ${ms.toFixed(0).padStart(6)} ms  ${name}`,
  );
  return `\n${newest}\n${lines.join("\n")}\n`;
}
