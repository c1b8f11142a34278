/**
 * P1: the same available-to-sell question again and again, as a shop's front page asks it.
 *
 * Beside it: the bare HTTP server, and what a user would take instead, `@apollo/gateway` and Hive Gateway over the same
 * four subgraphs in processes of their own.
 */
import { measureGateway, measurePeers } from "../compare.ts";
import { availabilityBody } from "../questions.ts";
import type { Bench, Measurement, Scenario } from "../scenario.ts";
import { ratiosTo } from "../verdict.ts";

export const hot: Scenario = { name: "hot", goal: "P1", run };

async function run(bench: Bench): Promise<Measurement> {
  const world = await bench.world();
  const comparison = { bench, world, bodies: [availabilityBody([0, 5, 10, 15, 20])] };
  const gateway = await measureGateway(comparison, () => world.startGateway());
  const alone = await measurePeers(comparison, ["raw", "apolloConstants"], gateway.reply);
  const subgraphs = bench.peers ? await world.startSubgraphs() : null;
  try {
    const federated = subgraphs
      ? await measurePeers(comparison, ["apolloGateway", "hiveGateway"], gateway.reply, subgraphs.supergraphFile)
      : { rates: {}, notes: [] };
    return {
      figure: gateway.requestsPerSecond,
      ratios: ratiosTo(gateway.requestsPerSecond, { ...alone.rates, ...federated.rates }),
      also: { p99Ms: gateway.p99Ms },
      notes: [...alone.notes, ...federated.notes],
    };
  } finally {
    await subgraphs?.stop();
  }
}
