/**
 * The process that loads: a `LoadJob` on stdin, one run of autocannon, a `LoadResult` on stdout.
 *
 * Started by `load.ts` and by nobody else; knows nothing of goals or scenarios.
 */
import { text } from "node:stream/consumers";
import type { LoadJob, LoadResult } from "./load.ts";
import { importPeer } from "./peers/installed.ts";

interface Client {
  setRequests(requests: readonly { readonly body: string }[]): void;
}

interface Outcome {
  readonly duration: number;
  readonly requests: { readonly total: number };
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly errors: number;
  readonly timeouts: number;
  readonly non2xx: number;
  readonly mismatches: number;
}

type Autocannon = (options: object) => Promise<Outcome>;

const job = JSON.parse(await text(process.stdin)) as LoadJob;
process.stdout.write(JSON.stringify(await run(job)));

async function run({ url, bodies, headers, connections, seconds, amount, verify }: LoadJob): Promise<LoadResult> {
  if (new URL(url).hostname !== "127.0.0.1") throw new Error(`${url} is not on this machine`);
  const { default: autocannon } = await importPeer<{ default: Autocannon }>("autocannon");
  let next = 0;
  const outcome = await autocannon({
    url,
    connections,
    ...(amount === null ? { duration: seconds } : { amount }),
    timeout: 30,
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: bodies[0],
    idReplacement: bodies[0]?.includes("[<id>]") === true,
    setupClient: (client: Client) => {
      const first = next++;
      const own = bodies.filter((_, i) => i % connections === first % connections);
      if (bodies.length > connections) client.setRequests(own.map((body) => ({ body })));
    },
    ...(verify ? { verifyBody: (body: string) => !body.includes('"errors":[') } : {}),
  });
  return {
    requestsPerSecond: outcome.requests.total / outcome.duration,
    p50Ms: outcome.latency.p50,
    p99Ms: outcome.latency.p99,
    failures: failuresOf(outcome),
  };
}

function failuresOf({ errors, timeouts, non2xx, mismatches }: Outcome): string[] {
  const counts = { "without connection": errors - timeouts, "without answer in time": timeouts };
  const all = { ...counts, "not 2xx": non2xx, "with errors in the answer": mismatches };
  return Object.entries(all).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
}
