/**
 * Load on an HTTP endpoint, from a process of its own.
 *
 * Only ever on 127.0.0.1, with a bounded number of connections, for a bounded time. A reply that is not 2xx or carries
 * GraphQL errors is a failure, and a figure with failures in it is not a figure.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { median } from "./verdict.ts";

export interface LoadJob {
  readonly url: string;
  /** Requests are built from these; each connection goes round its own share of them. `[<id>]` becomes a unique id. */
  readonly bodies: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
  /** Look into every reply? Costs the loader time, so it is done while warming up. */
  readonly verify: boolean;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: number;
}

export type LoadGenerator = (job: LoadJob) => Promise<LoadResult>;

export interface Throughput {
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
}

export type LoadedEndpoint = Pick<LoadJob, "url" | "bodies"> & Partial<Pick<LoadJob, "headers" | "connections">>;

const connectionsUsual = 32;
const roundsCounted = 3;

/** Warms up with every reply looked at, then the median of three rounds. Fails when a request failed. */
export async function measureThroughput(
  load: LoadGenerator,
  seconds: number,
  endpoint: LoadedEndpoint,
): Promise<Throughput> {
  const job = { headers: {}, connections: connectionsUsual, ...endpoint, seconds, verify: false };
  assertClean(endpoint.url, await load({ ...job, verify: true }));
  const rounds: LoadResult[] = [];
  for (let round = 0; round < roundsCounted; round++) {
    const result = await load(job);
    assertClean(endpoint.url, result);
    rounds.push(result);
  }
  return {
    requestsPerSecond: median(rounds.map(({ requestsPerSecond }) => requestsPerSecond)),
    p99Ms: median(rounds.map(({ p99Ms }) => p99Ms)),
  };
}

function assertClean(url: string, { failures, requestsPerSecond }: LoadResult): void {
  if (failures > 0) throw new Error(`${failures} requests to ${url} failed`);
  if (requestsPerSecond === 0) throw new Error(`${url} answered nothing`);
}

/** autocannon in a child process. */
export const loadFromProcess: LoadGenerator = async (job) => {
  const file = fileURLToPath(new URL("./load-process.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", file], { stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stdin.end(JSON.stringify(job));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the load generator ended with ${code}`);
  return JSON.parse(output) as LoadResult;
};
