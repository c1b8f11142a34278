/**
 * P8: the warm question and the reservation on small data and on large: does size show?
 *
 * The figure is the large one's rate as a part of the small one's, the worse of the two kinds of work. Only the data of
 * `availability` is written: neither kind of work asks anybody else.
 */
import { execFileSync } from "node:child_process";
import { measureThroughput } from "../load.ts";
import { openReserving } from "../reservations.ts";
import type { Bench, Measurement, Scenario } from "../scenario.ts";
import type { World } from "../world.ts";
import { measureCommand } from "./reserve.ts";
import { startWarm, warmQuestions } from "./warm.ts";

export const growth: Scenario = { name: "growth", goal: "P8", run };

interface Rates {
  readonly warm: number;
  readonly reserve: number;
  readonly memoryMiB: number;
}

async function run(bench: Bench): Promise<Measurement> {
  const small = await ratesAt(bench, bench.positions);
  const large = await ratesAt(bench, bench.positionsLarge);
  const warm = large.warm / small.warm;
  const reserve = large.reserve / small.reserve;
  const compared = `${bench.positions.toLocaleString("en")} and ${bench.positionsLarge.toLocaleString("en")} positions`;
  return {
    figure: Math.min(warm, reserve),
    ratios: {},
    also: { warm, reserve, memoryMiB: large.memoryMiB },
    notes: [compared],
  };
}

async function ratesAt(bench: Bench, positions: number): Promise<Rates> {
  const world = await bench.newWorld({ positions, systems: ["availability"] });
  try {
    const { warm, memoryMiB } = await warmAt(bench, world);
    bench.say(`  ${positions.toLocaleString("en")}: warm ${Math.round(warm)} requests/s, ${Math.round(memoryMiB)} MiB`);
    const reserving = await openReserving(world);
    try {
      const reserve = await measureCommand(reserving, bench);
      bench.say(`  ${positions.toLocaleString("en")}: ${Math.round(reserve)} reservations/s`);
      return { warm, reserve, memoryMiB };
    } finally {
      await reserving.close();
    }
  } finally {
    await world.remove();
  }
}

async function warmAt(bench: Bench, world: World): Promise<Pick<Rates, "warm" | "memoryMiB">> {
  const program = await startWarm(world);
  try {
    const bodies = warmQuestions(world);
    const { requestsPerSecond } = await measureThroughput(bench.load, bench.seconds, { url: program.url, bodies });
    return { warm: requestsPerSecond, memoryMiB: memoryOf(program.pid) };
  } finally {
    await program.terminate();
  }
}

/** What the process has in memory now, as the operating system counts it. */
function memoryOf(pid: number): number {
  return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) / 1_024;
}
