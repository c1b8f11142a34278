/**
 * P2: five random SKUs at two locations, of data that fits into the gateway's memory.
 *
 * Before it counts, every position has been asked for once, so that whatever the gateway keeps in its process is there.
 */
import { createRandom } from "../../demo/random.ts";
import { ask } from "../ask.ts";
import { measureGateway, measurePeers } from "../compare.ts";
import { distinctQuestions, randomQuestions } from "../questions.ts";
import type { Bench, Measurement, Scenario } from "../scenario.ts";
import { ratiosTo } from "../verdict.ts";
import type { World } from "../world.ts";

export const warm: Scenario = { name: "warm", goal: "P2", run };

const questionsSent = 6_400;

async function run(bench: Bench): Promise<Measurement> {
  const world = await bench.world();
  const bodies = warmQuestions(world);
  const comparison = { bench, world, bodies };
  const gateway = await measureGateway(comparison, () => startWarm(world));
  // A constant answers every question alike, so the others are held against the first one only.
  const alone = await measurePeers(comparison, ["raw", "apolloConstants"], gateway.reply);
  return {
    figure: gateway.requestsPerSecond,
    ratios: ratiosTo(gateway.requestsPerSecond, alone.rates),
    also: { p99Ms: gateway.p99Ms },
    notes: alone.notes,
  };
}

export function warmQuestions(world: World): string[] {
  return randomQuestions(world.data, createRandom(world.data.seed), questionsSent);
}

/** A gateway that has been asked for every position once. */
export async function startWarm(world: World) {
  const program = await world.startGateway();
  await askAll(program.url, distinctQuestions(world.data, Number.POSITIVE_INFINITY));
  return program;
}

const askersAtOnce = 16;

export async function askAll(url: string, bodies: readonly string[]): Promise<void> {
  let next = 0;
  const asker = async () => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) await ask(url, body);
  };
  await Promise.all(Array.from({ length: askersAtOnce }, asker));
}
