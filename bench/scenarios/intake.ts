/**
 * P7: a warehouse system sends its facts, 500 in one `recordStockEvents`, eight requests at a time.
 *
 * Counted is what was accepted until it has reached the positions: the clock stops when both systems' sums agree. A
 * probe runs beside the load and measures how long a fact takes from its commit to the answers.
 */
import { createRandom } from "../../demo/random.ts";
import { isoTime, systemClock } from "../../shared/clock.ts";
import type { Database } from "../../shared/db/database.ts";
import { createKernel } from "../../shared/kernel.ts";
import { silentLogger } from "../../shared/logging.ts";
import { ask } from "../ask.ts";
import { callFor } from "../callers.ts";
import { type DataSet, locationsOf, skuAt } from "../data/data-set.ts";
import { createProber } from "../probe.ts";
import type { Bench, Measurement, Scenario } from "../scenario.ts";
import { percentile } from "../verdict.ts";
import type { World } from "../world.ts";

export const intake: Scenario = { name: "intake", goal: "P7", run };

const batchSize = 500;
const sendersAsked = 8;
const probedIndex = 3;
const projectedWithinMs = 120_000;

const mutation = `mutation Intake($input: RecordStockEventsInput!) {
  recordStockEvents(input: $input) { results { status } userErrors { code message } }
}`;

async function run(bench: Bench): Promise<Measurement> {
  const world = await bench.world();
  const headers = { authorization: `Bearer ${await world.token("warehouse", ["connector-wms"])}` };
  const program = await world.startGateway();
  try {
    const { url } = program;
    const place = { sku: skuAt(probedIndex), locationId: locationsOf(probedIndex)[0] };
    const prober = await createProber({ writer: url, readers: [url], place, headers });
    const send = createSender(url, headers, world.data);
    const senders = Math.ceil(sendersAsked * bench.crowd);
    await callFor(senders, 0.1, send);
    await untilProjected(world);

    const startedMs = performance.now();
    const lags = probeUntilStopped(prober.probe);
    const { calls } = await callFor(senders, bench.seconds, send);
    const committedMs = performance.now() - startedMs;
    const seen = await lags.stop();
    await untilProjected(world);
    const projectedMs = performance.now() - startedMs;
    return {
      figure: (calls * batchSize * 1_000) / projectedMs,
      ratios: {},
      also: {
        committedPerSecond: (calls * batchSize * 1_000) / committedMs,
        lagP99Ms: percentile(seen, 0.99),
        probes: seen.length,
      },
      reduced: bench.crowd < 1 || world.kind !== "servers",
      notes: world.kind === "servers" ? [] : ["on SQLite, one process: the goal is about MySQL/MariaDB"],
    };
  } finally {
    await program.terminate();
  }
}

/** Sends a batch of receipts at random positions. Fails when one of them is not accepted. */
function createSender(url: string, headers: Readonly<Record<string, string>>, data: DataSet): () => Promise<void> {
  const random = createRandom(data.seed);
  let batches = 0;
  return async () => {
    const batch = `batch-${++batches}`;
    const events = Array.from({ length: batchSize }, (_, i) => {
      const index = random.integer(0, data.skuCount - 1);
      const place = { sku: skuAt(index), locationId: random.pick(locationsOf(index)) };
      const quantity = random.integer(1, 9);
      return { id: `${batch}-${i}`, type: "RECEIPT", ...place, quantity, occurredAt: isoTime(systemClock.now()) };
    });
    const variables = { input: { idempotencyKey: batch, events } };
    const reply = await ask(url, JSON.stringify({ query: mutation, variables }), headers);
    const { results } = JSON.parse(reply).data.recordStockEvents as { results: { status: string }[] };
    const accepted = results.filter(({ status }) => status === "ACCEPTED").length;
    if (accepted !== batchSize) throw new Error(`${accepted} of ${batchSize} facts were accepted`);
  };
}

function probeUntilStopped(probe: () => Promise<number>) {
  const lags: number[] = [];
  let stopped = false;
  const running = (async () => {
    do lags.push(await probe());
    while (!stopped);
  })();
  // Whoever stops it is told; until then nobody waits for it.
  running.catch(() => {});
  return {
    async stop(): Promise<number[]> {
      stopped = true;
      await running;
      return lags;
    },
  };
}

/** Resolves when the positions hold what the warehouse holds. Fails when they do not within two minutes. */
async function untilProjected({ config }: World): Promise<void> {
  const kernel = await createKernel({ ...config, migrateOnStart: false, redisUrl: null }, { log: silentLogger });
  try {
    const wms = await kernel.openDatabase({ system: "wms", entities: [], migrations: [] });
    const availability = await kernel.openDatabase({ system: "availability", entities: [], migrations: [] });
    const untilMs = performance.now() + projectedWithinMs;
    while ((await docked(wms, "stock_balances")) !== (await docked(availability, "positions"))) {
      if (performance.now() > untilMs) throw new Error("what the warehouse recorded has not reached the positions");
    }
  } finally {
    await kernel.close();
  }
}

async function docked(db: Database, table: "stock_balances" | "positions"): Promise<number> {
  const [row] = await db.query<{ dock: number | string }>(`SELECT SUM(dock) AS dock FROM ${table}`);
  return Number(row?.dock);
}
