/**
 * Calls that come together are answered together, in the order they came.
 *
 * What is waiting at the end of a tick becomes one batch, up to a number of calls and to a total size; so many batches
 * are under way at once, and what comes meanwhile is the next. A call that is too large for any batch is one alone.
 * Does not try again and does not order batches among each other: that is for `run`.
 */
import { AppError } from "./errors.ts";

export interface BatchSpec<T, R> {
  readonly itemsMax: number;
  /** Of all items of a batch together. */
  readonly sizeMax: number;
  readonly sizeOf: (item: T) => number;
  readonly atOnceMax: number;
  readonly waitingMax: number;
  /** What the refusal says when too many wait. */
  readonly full: string;
  /** One outcome for each item, in their order; what it throws, every item fails with. */
  readonly run: (items: readonly T[]) => Promise<readonly PromiseSettledResult<R>[]>;
}

export interface Batches<T, R> {
  /** The outcome of the item. Fails with SOURCE_UNAVAILABLE: too many wait. */
  add(item: T): Promise<R>;
  /** How many wait for a batch. */
  readonly waiting: number;
}

interface Waiting<T, R> {
  readonly item: T;
  readonly size: number;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

export function createBatches<T, R>(spec: BatchSpec<T, R>): Batches<T, R> {
  const line: Waiting<T, R>[] = [];
  let running = 0;
  let isAwaited = false;

  /** At the end of the tick: who has just been answered may ask again, and everybody asks together. */
  function begin(): void {
    if (isAwaited || running >= spec.atOnceMax || line.length === 0) return;
    isAwaited = true;
    setImmediate(() => {
      isAwaited = false;
      void runNext(takeBatch(line, spec));
      begin();
    });
  }

  async function runNext(batch: readonly Waiting<T, R>[]): Promise<void> {
    running += 1;
    try {
      const outcomes = await spec.run(batch.map(({ item }) => item));
      batch.forEach(({ resolve, reject }, i) => {
        const outcome = outcomes[i] as PromiseSettledResult<R>;
        if (outcome.status === "fulfilled") resolve(outcome.value);
        else reject(outcome.reason);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      running -= 1;
      begin();
    }
  }

  return {
    get waiting() {
      return line.length;
    },
    add(item) {
      return new Promise((resolve, reject) => {
        if (line.length >= spec.waitingMax) throw new AppError("SOURCE_UNAVAILABLE", { message: spec.full });
        line.push({ item, size: spec.sizeOf(item), resolve, reject });
        begin();
      });
    },
  };
}

function takeBatch<T, R>(line: Waiting<T, R>[], { itemsMax, sizeMax }: BatchSpec<T, R>): Waiting<T, R>[] {
  let size = 0;
  let count = 0;
  for (const waiting of line) {
    size += waiting.size;
    if (count === itemsMax || (count > 0 && size > sizeMax)) break;
    count += 1;
  }
  return line.splice(0, count);
}
