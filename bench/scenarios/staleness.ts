/**
 * P10: how soon after a commit every replica answers with it, and that an answer says as of when it is.
 *
 * Two replicas of the whole system where MySQL/MariaDB and Redis answer; embedded there is only one.
 */
import { locationsOf, skuAt } from "../data/data-set.ts";
import { createProber } from "../probe.ts";
import type { Bench, Measurement, Scenario } from "../scenario.ts";
import { percentile } from "../verdict.ts";

export const staleness: Scenario = { name: "staleness", goal: "P10", run };

const probedIndex = 2;
const probesMin = 10;

async function run(bench: Bench): Promise<Measurement> {
  const world = await bench.world();
  const replicas = world.kind === "servers" ? 2 : 1;
  const programs = await Promise.all(Array.from({ length: replicas }, () => world.startGateway()));
  try {
    const readers = programs.map(({ url }) => url);
    const prober = await createProber({
      writer: readers[0] ?? "",
      readers,
      place: { sku: skuAt(probedIndex), locationId: locationsOf(probedIndex)[0] },
      headers: { authorization: `Bearer ${await world.token("warehouse", ["connector-wms"])}` },
    });
    for (let i = 0; i < probesMin; i++) await prober.probe();
    const lags: number[] = [];
    const untilMs = performance.now() + bench.seconds * 1_000;
    while (performance.now() < untilMs || lags.length < probesMin) lags.push(await prober.probe());
    return {
      figure: percentile(lags, 0.99),
      ratios: {},
      also: { p50Ms: percentile(lags, 0.5), slowestMs: Math.max(...lags), replicas, probes: lags.length },
      reduced: replicas === 1,
      notes: replicas === 1 ? ["one replica only: more need MySQL/MariaDB and Redis"] : [],
    };
  } finally {
    await Promise.all(programs.map((program) => program.terminate()));
  }
}
