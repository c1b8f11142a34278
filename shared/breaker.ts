/**
 * A circuit breaker: an owner that has failed several times in a row is left alone for a moment.
 *
 * While it is open, one call goes through every `retryMs`, and the first that succeeds closes it, so recovery takes no
 * longer than that. Pure: the time is an argument. Does not know what a failure is.
 */
export interface Breaker {
  /** May a call be made now? */
  allows(nowMs: number): boolean;
  /** Is it left alone? */
  readonly isOpen: boolean;
  succeeded(): void;
  failed(nowMs: number): void;
}

export interface BreakerLimits {
  readonly failuresMax: number;
  readonly retryMs: number;
}

export function createBreaker({ failuresMax, retryMs }: BreakerLimits): Breaker {
  let failuresInARow = 0;
  let nextCallMs = 0;
  return {
    get isOpen() {
      return failuresInARow >= failuresMax;
    },
    allows(nowMs) {
      if (failuresInARow < failuresMax) return true;
      if (nowMs < nextCallMs) return false;
      // A call that hangs must not keep the others out for as long as it hangs.
      nextCallMs = nowMs + retryMs;
      return true;
    },
    succeeded() {
      failuresInARow = 0;
    },
    failed(nowMs) {
      failuresInARow += 1;
      // Late failures of calls that were under way do not put off the next attempt.
      if (failuresInARow === failuresMax) nextCallMs = nowMs + retryMs;
    },
  };
}
