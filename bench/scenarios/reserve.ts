/**
 * P6: everybody wants the same item: 512 callers through GraphQL, then as many at the command below it.
 *
 * Beside it the naive transaction on the same database through the same pool. That nothing is oversold is shown on an
 * item of which there is little: as many are granted as there were, and the row agrees with the replies.
 */
import { callFor } from "../callers.ts";
import { locationsOf, skuAt, stockOf } from "../data/data-set.ts";
import { measureThroughput, type Throughput } from "../load.ts";
import { hotPlace, openReserving, type Reserving } from "../reservations.ts";
import type { Bench, Measurement, Scenario } from "../scenario.ts";
import { ratiosTo } from "../verdict.ts";
import type { World } from "../world.ts";

export const reserve: Scenario = { name: "reserve", goal: "P6", run };

const callersAsked = 512;
/** Each waits with a connection in hand: more than the pool's queue holds would be refused, and no faster. */
const naiveCallers = 64;

async function run(bench: Bench): Promise<Measurement> {
  const world = await bench.world();
  const callers = Math.ceil(callersAsked * bench.crowd);
  const graphql = await throughGraphql(bench, world, callers).catch(messageOf);
  bench.say(
    `  GraphQL ${typeof graphql === "string" ? graphql : Math.round(graphql.requestsPerSecond)} reservations/s`,
  );
  const reserving = await openReserving(world);
  try {
    const command = await measureCommand(reserving, bench);
    bench.say(`  command ${Math.round(command)} reservations/s`);
    const naive = await callFor(naiveCallers, bench.seconds, (i) => reserving.reserveNaively(`naive-${i}`));
    bench.say(`  naive transaction ${Math.round(naive.callsPerSecond)} reservations/s`);
    return {
      figure: command,
      ratios: ratiosTo(command, { naiveTransaction: naive.callsPerSecond }),
      also: {
        ...(typeof graphql === "string" ? {} : { throughGraphql: graphql.requestsPerSecond, p99Ms: graphql.p99Ms }),
        oversold: await oversold(reserving, world, callers),
      },
      reduced: bench.crowd < 1 || world.kind !== "servers",
      notes: [
        ...(typeof graphql === "string" ? [`through GraphQL: ${graphql}`] : []),
        ...(world.kind === "servers" ? [] : ["on SQLite, one process: the goal is about MySQL/MariaDB"]),
      ],
    };
  } finally {
    await reserving.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Fails when a request failed: a rush that is turned away is not a rate. */
async function throughGraphql(bench: Bench, world: World, callers: number): Promise<Throughput> {
  const query = `mutation Reserve($input: ReserveStockInput!) {
    reserveStock(input: $input) { reservation { id } userErrors { code message } }
  }`;
  // `[<id>]`: the load generator puts another key into every request.
  const input = { idempotencyKey: "bench-[<id>]", lines: [{ ...hotPlace, quantity: 1 }], ttlSeconds: 3_600 };
  const headers = { authorization: `Bearer ${await world.token("shop", ["storefront"])}` };
  const program = await world.startGateway();
  try {
    return await measureThroughput(bench.load, bench.seconds, {
      url: program.url,
      bodies: [JSON.stringify({ query, variables: { input } })],
      headers,
      connections: callers,
    });
  } finally {
    await program.terminate();
  }
}

/** Reservations a second at the command. Fails when the row does not agree with what was granted. */
export async function measureCommand(reserving: Reserving, bench: Pick<Bench, "seconds" | "crowd">): Promise<number> {
  const callers = Math.ceil(callersAsked * bench.crowd);
  const before = await reserving.reservedAt(hotPlace);
  const run = `command-${before}`;
  const { calls, callsPerSecond } = await callFor(callers, bench.seconds, async (i) => {
    if (!(await reserving.reserve(hotPlace, `${run}-${i}`))) throw new Error("the hot item ran out");
  });
  const reserved = (await reserving.reservedAt(hotPlace)) - before;
  if (reserved !== calls) throw new Error(`${calls} reservations were granted, and the row says ${reserved}`);
  return callsPerSecond;
}

/** Units granted beyond what there was, or not granted although there were. */
async function oversold(reserving: Reserving, { data }: World, callers: number): Promise<number> {
  // The last item: no other scenario changes what there is of it.
  const index = data.skuCount - 1;
  const place = { sku: skuAt(index), locationId: locationsOf(index)[0] };
  const stock = stockOf(data, index)[0]?.unrestricted ?? 0;
  const replies = await Promise.all(
    Array.from({ length: stock + callers }, (_, i) => reserving.reserve(place, `scarce-${i}`)),
  );
  const granted = replies.filter(Boolean).length;
  if (granted !== (await reserving.reservedAt(place))) throw new Error("replies and row do not agree");
  return Math.abs(granted - stock);
}
