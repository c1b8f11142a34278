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

const positionsAsked = 1_000_000;

/** Small and large take turns, so that a machine that slows down does so for both. */
const turns = ["small", "large", "large", "small"] as const;
type Size = (typeof turns)[number];
type Of<T> = Readonly<Record<Size, T>>;

async function run(bench: Bench): Promise<Measurement> {
  const worldOf = (positions: number) => bench.newWorld({ positions, systems: ["availability"] });
  const small = await worldOf(bench.positions);
  try {
    const large = await worldOf(bench.positionsLarge);
    try {
      const { warm, memoryMiB } = await warmRates(bench, { small, large });
      const reserve = await reserveRates(bench, { small, large });
      const compared = `${bench.positions.toLocaleString("en")} and ${bench.positionsLarge.toLocaleString("en")} positions`;
      return {
        figure: Math.min(warm, reserve),
        ratios: {},
        also: { warm, reserve, memoryMiB },
        reduced: bench.crowd < 1 || bench.positionsLarge < positionsAsked,
        notes: [compared],
      };
    } finally {
      await large.remove();
    }
  } finally {
    await small.remove();
  }
}

async function warmRates(bench: Bench, worlds: Of<World>): Promise<{ warm: number; memoryMiB: number }> {
  const small = await startWarm(worlds.small);
  const large = await startWarm(worlds.large).catch(async (error) => {
    await small.terminate();
    throw error;
  });
  const programs = { small, large };
  try {
    const warm = await inTurns(bench, "requests/s", async (size) => {
      const endpoint = { url: programs[size].url, bodies: warmQuestions(worlds[size]) };
      return (await measureThroughput(bench.load, bench.seconds, endpoint)).requestsPerSecond;
    });
    return { warm, memoryMiB: memoryOf(large.pid) };
  } finally {
    await Promise.all([small.terminate(), large.terminate()]);
  }
}

async function reserveRates(bench: Bench, worlds: Of<World>): Promise<number> {
  return inTurns(bench, "reservations/s", async (size) => {
    const reserving = await openReserving(worlds[size]);
    try {
      return await measureCommand(reserving, bench);
    } finally {
      await reserving.close();
    }
  });
}

/** The large one's rate as a part of the small one's. */
async function inTurns(bench: Bench, unit: string, rateOf: (size: Size) => Promise<number>): Promise<number> {
  const sums = { small: 0, large: 0 };
  for (const size of turns) {
    const rate = await rateOf(size);
    bench.say(`  ${size}: ${Math.round(rate)} ${unit}`);
    sums[size] += rate;
  }
  return sums.large / sums.small;
}

/** What the process has in memory now, as the operating system counts it. */
function memoryOf(pid: number): number {
  return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) / 1_024;
}
