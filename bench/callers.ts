/**
 * Many callers at once in this process: each calls again as soon as it has its answer.
 *
 * For work below HTTP, where no load generator can reach. Counts what succeeded; a call that fails ends the run.
 */
export interface CallResult {
  readonly calls: number;
  readonly callsPerSecond: number;
}

/** `call` is given a number of its own, from 0; runs for `seconds`, then waits for the calls under way. */
export async function callFor(
  callers: number,
  seconds: number,
  call: (number: number) => Promise<unknown>,
): Promise<CallResult> {
  const startedMs = performance.now();
  const untilMs = startedMs + seconds * 1_000;
  let next = 0;
  const caller = async () => {
    while (performance.now() < untilMs) await call(next++);
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { calls: next, callsPerSecond: (next * 1_000) / (performance.now() - startedMs) };
}
