/**
 * The same requests on several servers, one after the other, each alone on the machine.
 *
 * Every server has to give the answer that the gateway gave before it counts. One that does not start or answers wrongly
 * is reported and left out; the gateway itself must.
 */
import type { Program } from "../test/helpers/process.ts";
import { ask, assertSameAnswer } from "./ask.ts";
import { measureThroughput, type Throughput } from "./load.ts";
import type { Bench } from "./scenario.ts";
import type { World } from "./world.ts";

export type PeerName = "raw" | "apolloConstants" | "apolloGateway" | "hiveGateway" | "hiveRouter";

export interface Comparison {
  readonly bench: Bench;
  readonly world: World;
  readonly bodies: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Compared {
  /** Null: not measured, and a note says why. */
  readonly rates: Readonly<Record<string, number | null>>;
  readonly notes: readonly string[];
}

/** The gateway under load; `reply` is its answer to the first request. */
export async function measureGateway(
  { bench, bodies, headers = {} }: Comparison,
  start: () => Promise<Program>,
): Promise<Throughput & { readonly reply: string }> {
  const program = await start();
  try {
    const reply = await ask(program.url, bodies[0] ?? "", headers);
    const throughput = await measureThroughput(bench.load, bench.seconds, { url: program.url, bodies, headers });
    bench.say(`  gateway ${Math.round(throughput.requestsPerSecond)} requests/s`);
    return { ...throughput, reply };
  } finally {
    await program.terminate();
  }
}

/** `reply`: what every peer has to answer to the first request. */
export async function measurePeers(
  comparison: Comparison,
  names: readonly PeerName[],
  reply: string,
  supergraphFile?: string,
): Promise<Compared> {
  const { bench, world, bodies, headers = {} } = comparison;
  const rates: Record<string, number | null> = {};
  const notes: string[] = [];
  for (const name of names) {
    rates[name] = null;
    if (!bench.peers && name !== "raw") continue;
    try {
      const program = await world.start(peerFiles[name], {
        REPLY: reply,
        SUPERGRAPH_FILE: supergraphFile ?? "",
        HIVE_ROUTER: name === "hiveRouter" ? "1" : "",
      });
      try {
        await assertSameAnswer(program.url, bodies[0] ?? "", reply, headers);
        const { requestsPerSecond } = await measureThroughput(bench.load, bench.seconds, {
          url: program.url,
          bodies,
          headers,
        });
        rates[name] = requestsPerSecond;
        bench.say(`  ${name} ${Math.round(requestsPerSecond)} requests/s`);
      } finally {
        await program.terminate();
      }
    } catch (error) {
      notes.push(`${name} was not measured: ${String(error instanceof Error ? error.message : error).slice(0, 300)}`);
    }
  }
  if (!bench.peers) notes.push("other products were not measured (--no-peers)");
  return { rates, notes };
}

const peerFiles: Readonly<Record<PeerName, string>> = {
  raw: "bench/peers/raw.ts",
  apolloConstants: "bench/peers/apollo-constants.ts",
  apolloGateway: "bench/peers/apollo-gateway.ts",
  hiveGateway: "bench/peers/hive-gateway.ts",
  hiveRouter: "bench/peers/hive-gateway.ts",
};
