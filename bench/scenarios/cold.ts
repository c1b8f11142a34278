/**
 * P3: the same question of a gateway that has just started and has seen none of the SKUs.
 *
 * Another gateway has been asked for every position before, so whatever lies outside the process (Redis, the
 * database's own memory) is warm. No SKU is asked for twice while there are SKUs left.
 */
import { measureGateway, measurePeers } from "../compare.ts";
import { distinctQuestions } from "../questions.ts";
import type { Bench, Measurement, Scenario } from "../scenario.ts";
import { ratiosTo } from "../verdict.ts";
import { startWarm } from "./warm.ts";

export const cold: Scenario = { name: "cold", goal: "P3", run };

async function run(bench: Bench): Promise<Measurement> {
  const world = await bench.world();
  const before = await startWarm(world);
  await before.terminate();
  const bodies = distinctQuestions(world.data, Number.POSITIVE_INFINITY);
  const comparison = { bench, world, bodies };
  const gateway = await measureGateway(comparison, () => world.startGateway());
  const alone = await measurePeers(comparison, ["raw"], gateway.reply);
  return {
    figure: gateway.requestsPerSecond,
    ratios: ratiosTo(gateway.requestsPerSecond, alone.rates),
    also: { p99Ms: gateway.p99Ms },
    notes: [...alone.notes, ...repeats(gateway.requestsPerSecond * bench.seconds * 4, bodies.length)],
  };
}

/** Once every question has been asked, a gateway that keeps positions in its process is no longer cold. */
function repeats(sent: number, questions: number): string[] {
  if (sent <= questions) return [];
  return [`about ${Math.round(sent / questions)} rounds over the same SKUs: not all of it was cold (--positions)`];
}
