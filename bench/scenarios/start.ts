/**
 * P9: how long it takes from the command to the line `ready`, embedded: with data there, and the very first time.
 *
 * The very first time includes making the demo distributor. npm's own time is not counted.
 */

import type { Bench, Measurement, Scenario } from "../scenario.ts";
import { median } from "../verdict.ts";
import type { World } from "../world.ts";

export const start: Scenario = { name: "start", goal: "P9", run };

const startsCounted = 3;

async function run(bench: Bench): Promise<Measurement> {
  const world = await bench.newWorld({ positions: bench.positions, embedded: true });
  try {
    const starts: number[] = [];
    for (let i = 0; i < startsCounted; i++) starts.push(await secondsToReady(world, {}));
    const first = await secondsToReady(world, { DATA_DIR: `${world.directory}/first`, DEMO: "on" });
    return { figure: median(starts), ratios: {}, also: { firstStartS: first }, notes: [] };
  } finally {
    await world.remove();
  }
}

async function secondsToReady(world: World, env: Readonly<Record<string, string>>): Promise<number> {
  const startedMs = performance.now();
  const program = await world.startGateway(env);
  const elapsedMs = performance.now() - startedMs;
  await program.terminate();
  return elapsedMs / 1_000;
}
