/**
 * Load on an HTTP endpoint, from a process of its own.
 *
 * Only ever on 127.0.0.1, with a bounded number of connections, for a bounded time. A reply that is not 2xx or carries
 * GraphQL errors is a failure, and a figure with failures in it is not a figure.
 */
import { once } from "node:events";
import { startChild } from "./children.ts";
import { median } from "./verdict.ts";

export interface LoadJob {
  readonly url: string;
  /** Requests are built from these; each connection goes round its own share of them. `[<id>]` becomes a unique id. */
  readonly bodies: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
  /** Ends when so many have been answered, however long that takes; null: when `seconds` are over. */
  readonly amount: number | null;
  /** Look into every reply? Costs the loader time, so it is done while warming up. */
  readonly verify: boolean;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** What went wrong how often, a phrase each. */
  readonly failures: readonly string[];
}

export type LoadGenerator = (job: LoadJob) => Promise<LoadResult>;

export interface Throughput {
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
}

export type LoadedEndpoint = Pick<LoadJob, "url" | "bodies"> & Partial<Pick<LoadJob, "headers" | "connections">>;

const connectionsUsual = 32;
const roundsCounted = 3;
/** Less, and a slow server has not yet answered each connection once. */
const warmUpSecondsMin = 3;

/**
 * Warms up with every reply looked at, then the median of three rounds. Fails when a request failed.
 *
 * A round is as many requests as the server answered in `seconds` while warming up, and all of their answers: with a
 * round cut by the clock, a slow server would take the unanswered ones along into the next.
 */
export async function measureThroughput(
  load: LoadGenerator,
  seconds: number,
  endpoint: LoadedEndpoint,
): Promise<Throughput> {
  const warmUpSeconds = Math.max(seconds, warmUpSecondsMin);
  const job = { headers: {}, connections: connectionsUsual, ...endpoint, seconds, amount: null, verify: false };
  const warmUp = await load({ ...job, seconds: warmUpSeconds, verify: true });
  assertClean(endpoint.url, warmUp);
  const amount = Math.max(job.connections, Math.round(warmUp.requestsPerSecond * seconds));
  const rounds: LoadResult[] = [];
  for (let round = 0; round < roundsCounted; round++) {
    const result = await load({ ...job, amount });
    assertClean(endpoint.url, result);
    rounds.push(result);
  }
  return {
    requestsPerSecond: median(rounds.map(({ requestsPerSecond }) => requestsPerSecond)),
    p99Ms: median(rounds.map(({ p99Ms }) => p99Ms)),
  };
}

function assertClean(url: string, { failures }: LoadResult): void {
  if (failures.length > 0) throw new Error(`requests to ${url} failed: ${failures.join(", ")}`);
}

/** autocannon in a child process. */
export const loadFromProcess: LoadGenerator = async (job) => {
  const child = startChild("./load-process.ts");
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stdin.end(JSON.stringify(job));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the load generator ended with ${code}`);
  return JSON.parse(output) as LoadResult;
};
