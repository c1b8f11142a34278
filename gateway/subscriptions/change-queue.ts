/**
 * Between the hub and one subscriber: results go in when they are begun, and come out in order, one when it is asked for.
 *
 * Whoever asks slowly gets changes coalesced (`pending-changes.ts`); whoever stays behind for too long, or at too many
 * positions, is given up. What is waiting is bounded in any case.
 */
import type { Clock } from "../../shared/clock.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { OperationResult } from "../../shared/graphql/execute.ts";
import { limits } from "../../shared/limits.ts";
import { createPendingChanges, type PendingChange, type PendingChanges } from "./pending-changes.ts";

/** The result is on its way and never fails. */
export type QueuedChange = PendingChange<Promise<OperationResult>>;

export interface ChangeQueue extends AsyncGenerator<OperationResult, void, void> {
  push(change: QueuedChange): void;
  /** What waits is forgotten, and the subscriber gets this error. */
  fail(error: unknown): void;
  /** Resolves when there is room for more; false if that takes too long, or nobody reads any more. */
  room(): Promise<boolean>;
  /** Nobody reads any more. */
  readonly ended: boolean;
  /** How many changes wait. */
  readonly waiting: number;
}

export interface QueueParts {
  readonly clock: Clock;
  /** Puts what was available before the oldest change into the result of the newest. */
  readonly withPrevious: (newest: OperationResult, oldest: OperationResult) => OperationResult;
  /** Called once, when nobody reads any more. */
  readonly onEnd: () => void;
  /** Called when the reader is given up. */
  readonly onTooSlow: () => void;
  readonly changesMax?: number;
  readonly positionsMax?: number;
  readonly behindMs?: number;
}

interface State {
  readonly parts: QueueParts;
  readonly pending: PendingChanges<Promise<OperationResult>>;
  readonly changesMax: number;
  readonly behindMs: number;
  failure: { readonly error: unknown } | null;
  ended: boolean;
  wakeReader: () => void;
  wakeWriter: (hasRoom: boolean) => void;
}

export function createChangeQueue(parts: QueueParts): ChangeQueue {
  const { changesMax = limits.pendingChangesMax, positionsMax = limits.pendingPositionsMax } = parts;
  const { clock, behindMs = limits.slowReaderMs } = parts;
  const pending = createPendingChanges<Promise<OperationResult>>(changesMax);
  const nobody = { wakeReader: () => {}, wakeWriter: () => {} };
  const state: State = { parts, pending, changesMax, behindMs, failure: null, ended: false, ...nobody };

  const queue: ChangeQueue = {
    get ended() {
      return state.ended;
    },
    get waiting() {
      return pending.size;
    },
    push(change) {
      if (state.ended || state.failure) return;
      pending.push(change, clock.now());
      const { behindSinceMs } = pending;
      const isLate = behindSinceMs !== null && clock.now() - behindSinceMs > behindMs;
      if (isLate || pending.size > positionsMax) parts.onTooSlow();
      state.wakeReader();
    },
    fail(error) {
      state.failure ??= { error };
      pending.clear();
      state.wakeReader();
      state.wakeWriter(false);
    },
    room: () => room(state),
    next: () => next(state),
    async return() {
      end(state);
      return { done: true, value: undefined };
    },
    async throw(error) {
      end(state);
      throw error;
    },
    [Symbol.asyncIterator]: () => queue,
  };
  return queue;
}

async function next(state: State): Promise<IteratorResult<OperationResult, void>> {
  const { pending, parts } = state;
  for (;;) {
    if (state.failure) {
      const { error } = state.failure;
      end(state);
      throw error;
    }
    if (state.ended) return { done: true, value: undefined };
    const change = pending.take();
    if (change) {
      if (pending.size < state.changesMax / 2) state.wakeWriter(true);
      const newest = await change.newest;
      if (isUnseen(newest)) continue;
      const isWhole = change.oldest === change.newest;
      return { done: false, value: isWhole ? newest : parts.withPrevious(newest, await change.oldest) };
    }
    await new Promise<void>((resolve) => {
      state.wakeReader = resolve;
    });
  }
}

/** The owner says that this is nothing for the caller: as if it had not happened. */
export function isUnseen({ errors }: OperationResult): boolean {
  return errors?.some(({ extensions }) => extensions?.["code"] === unseen) ?? false;
}

const unseen: ErrorCode = "UNSEEN";

async function room(state: State): Promise<boolean> {
  if (state.ended || state.failure) return false;
  if (state.pending.size < state.changesMax) return true;
  let late: NodeJS.Timeout | undefined;
  const hasRoom = await new Promise<boolean>((resolve) => {
    state.wakeWriter = resolve;
    late = setTimeout(() => {
      state.parts.onTooSlow();
      resolve(false);
    }, state.behindMs);
  });
  clearTimeout(late);
  return hasRoom;
}

function end(state: State): void {
  if (state.ended) return;
  state.ended = true;
  state.pending.clear();
  state.wakeReader();
  state.wakeWriter(false);
  state.parts.onEnd();
}
