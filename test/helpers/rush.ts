/**
 * Many requests at once at several gateways, as buyers' programs send them, and what came of it.
 *
 * How much is sent is set from outside (ROUNDS, KEYS): little in the suite, the whole promise when somebody asks for
 * it. Says how long the answers took, and judges nothing.
 */
import type { Target } from "./target.ts";

/** How often the races between processes are run: what fits into the suite, or ROUNDS. */
export const rounds = countFrom("ROUNDS", 4);
/** How many idempotency keys are sent 20 times each: what fits into the suite, or KEYS. */
export const keyCount = countFrom("KEYS", 200);

export interface Rush<T> {
  /** In the order of the requests. */
  readonly replies: readonly T[];
  readonly latenciesMs: readonly number[];
  readonly tookMs: number;
}

/** Sends every request, at most `atOnce` at a time, in turn at each gateway. Fails when one is not answered. */
export async function rush<T>(
  { urls, client }: Target,
  token: string,
  document: string,
  inputs: readonly object[],
  atOnce = inputs.length,
): Promise<Rush<T>> {
  const clients = urls.map((url) => client(token, url));
  const replies: T[] = [];
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  let next = 0;
  const send = async () => {
    while (next < inputs.length) {
      const i = next++;
      const sentAt = performance.now();
      replies[i] = (await clients[i % clients.length]?.request<T>(document, { input: inputs[i] })) as T;
      latenciesMs[i] = performance.now() - sentAt;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, send));
  return { replies, latenciesMs, tookMs: performance.now() - startedAt };
}

/** `n rounds of m requests: mean … s, longest … s; a request p50 … ms, p99 … ms, longest … ms`. */
export function figuresOf(rushes: readonly Rush<unknown>[]): string {
  const took = rushes.map((one) => one.tookMs);
  const all = rushes.flatMap((one) => one.latenciesMs).sort((a, b) => a - b);
  const at = (share: number) => `${Math.round(all[Math.ceil(all.length * share) - 1] ?? 0)} ms`;
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`;
  const mean = took.reduce((sum, ms) => sum + ms, 0) / took.length;
  return (
    `${rushes.length} rounds, ${all.length} requests: a round ${seconds(mean)}, longest ${seconds(Math.max(...took))}; ` +
    `a request p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`
  );
}

function countFrom(name: string, inSuite: number): number {
  const count = Number(process.env[name] ?? inSuite);
  if (!Number.isInteger(count) || count < 1) throw new Error(`${name} must be a whole number from 1.`);
  return count;
}
