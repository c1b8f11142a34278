/**
 * The benchmark works from end to end: on SQLite, without other products, for a fraction of a second.
 *
 * Shows that it measures, not how fast anything is.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../../bench/ask.ts";
import { stockOf } from "../../bench/data/data-set.ts";
import type { LoadGenerator } from "../../bench/load.ts";
import { availabilityBody } from "../../bench/questions.ts";
import { toResult } from "../../bench/report.ts";
import type { Bench } from "../../bench/scenario.ts";
import { hot } from "../../bench/scenarios/hot.ts";
import { staleness } from "../../bench/scenarios/staleness.ts";
import { createWorld, type World } from "../../bench/world.ts";
import { expectSettled } from "../helpers/conservation.ts";

/** A few requests one after the other, in the place of a load generator. */
const load: LoadGenerator = async ({ url, bodies, headers }) => {
  const startedMs = performance.now();
  const count = 5;
  for (let i = 0; i < count; i++) await ask(url, bodies[i % bodies.length] ?? "", headers);
  const elapsedMs = performance.now() - startedMs;
  return { requestsPerSecond: (count * 1_000) / elapsedMs, p50Ms: elapsedMs / count, p99Ms: elapsedMs, failures: [] };
};

describe("the benchmark, embedded and without peers", () => {
  const noServices = { mysqlUrl: null, redisUrl: null };
  const newWorld: Bench["newWorld"] = (options) => createWorld({ services: noServices, ...options });
  let world: World;
  let bench: Bench;

  beforeAll(async () => {
    world = await newWorld({ positions: 200 });
    const sizes = { seconds: 0.1, positions: 200, positionsLarge: 400, crowd: 0.01 };
    bench = { ...sizes, peers: false, load, say: () => {}, newWorld, world: async () => world };
  }, 60_000);
  afterAll(async () => {
    await world?.remove();
  });

  it("measures on data that is consistent in itself, and answered as it was made", async () => {
    await expectSettled(world);
    const program = await world.startGateway();
    const reply = JSON.parse(await ask(program.url, availabilityBody([1, 6])));
    await program.terminate();
    const expected = [1, 6].flatMap((index) => stockOf(world.data, index));
    expect(reply.data.availability).toEqual(
      expected.map(({ sku, locationId, unrestricted }) =>
        expect.objectContaining({ sku, locationId, availableToSell: unrestricted }),
      ),
    );
  }, 60_000);

  it("measures a scenario beside the raw server, and leaves open what was not compared", async () => {
    const result = toResult(hot.goal, hot.name, await hot.run(bench));
    expect(result.figure).toBeGreaterThan(0);
    expect(result.ratios).toEqual({ raw: expect.any(Number) });
    expect(result.met).not.toBe(true);
    expect(result.notes).toContain("other products were not measured (--no-peers)");
  }, 60_000);

  it("measures how soon an answer shows a commit", async () => {
    const result = toResult(staleness.goal, staleness.name, await staleness.run(bench));
    expect(result.also["probes"]).toBeGreaterThanOrEqual(10);
    expect(result.also["slowestMs"]).toBeGreaterThanOrEqual(result.figure ?? Number.POSITIVE_INFINITY);
  }, 60_000);
});
