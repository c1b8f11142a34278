/**
 * Is there too much to do already? Then who comes is told at once, and who is inside is answered in time.
 *
 * Three readings: operations under way; how late the event loop is, which also sees work that nobody counts; and, while
 * this process has no time to spare, how many operations it finishes, because what is under way divided by that is how
 * long the next one waits (Little's law). Health is not behind this gate. Our own instead of @fastify/under-pressure,
 * because operations on sockets pass it too, and because that plugin knows no bound on what is under way.
 */
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { AppError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";

export interface LoadGate {
  readonly overloaded: boolean;
  readonly underWay: number;
  /** One operation more is under way until its work is done. */
  within<T>(work: Promise<T>): Promise<T>;
  /** What who comes is told meanwhile. */
  refusal(): AppError;
  stop(): void;
}

export interface LoadGateParts {
  /** How late the event loop is; measured here unless given. */
  readonly delayMs?: () => number;
  /** How much is done, and is there time for more; measured here unless given. */
  readonly pace?: () => Pace;
  readonly operationsMax?: number;
  readonly delayMsMax?: number;
  /** Told of everybody who is refused. */
  readonly refused?: () => void;
}

/** Of the last second. */
export interface Pace {
  /** Operations that ended, a second. */
  readonly finished: number;
  /** Share of the time in which this process had something to do, 0 to 1. */
  readonly busy: number;
}

const unhurried: Pace = { finished: 0, busy: 0 };

export function createLoadGate(parts: LoadGateParts = {}): LoadGate {
  const { operationsMax = limits.operationsAtOnceMax, delayMsMax = limits.eventLoopDelayMsMax } = parts;
  let underWay = 0;
  let finished = 0;
  const watch = parts.delayMs ? null : watchEventLoop(() => finished);
  const delayMs = parts.delayMs ?? (() => watch?.delayMs() ?? 0);
  const pace = parts.pace ?? (() => watch?.pace() ?? unhurried);
  const leave = () => {
    underWay -= 1;
    finished += 1;
  };
  return {
    get overloaded() {
      return underWay >= Math.min(operationsMax, mostInTime(pace())) || delayMs() > delayMsMax;
    },
    get underWay() {
      return underWay;
    },
    within(work) {
      underWay += 1;
      work.then(leave, leave);
      return work;
    },
    refusal() {
      parts.refused?.();
      return new AppError("OVERLOADED", { retryAfterS: limits.overloadRetryS });
    },
    stop: () => watch?.stop(),
  };
}

/** How many may be under way so that the last of them does not wait longer than it should. */
function mostInTime({ finished, busy }: Pace): number {
  if (busy < limits.processBusyShare) return Number.POSITIVE_INFINITY;
  return Math.max(limits.operationsAlwaysMax, finished * limits.operationWaitS);
}

export interface EventLoopWatch {
  /** Of the last stretch that was measured. */
  delayMs(): number;
  pace(): Pace;
  /** Ends a stretch; otherwise it ends by itself. */
  measure(): void;
  stop(): void;
}

/**
 * The median, so that one long turn (a collection of garbage, a first plan) refuses nobody. `finished`: operations that
 * have ended since the start.
 */
export function watchEventLoop(finished: () => number = () => 0): EventLoopWatch {
  const histogram = monitorEventLoopDelay({ resolution: 10 });
  histogram.enable();
  let delayMs = 0;
  let pace = unhurried;
  let before = { finished: finished(), atMs: performance.now(), use: performance.eventLoopUtilization() };
  function measure(): void {
    const now = { finished: finished(), atMs: performance.now(), use: performance.eventLoopUtilization() };
    const seconds = (now.atMs - before.atMs) / 1_000;
    const { utilization } = performance.eventLoopUtilization(now.use, before.use);
    if (seconds > 0) pace = { finished: (now.finished - before.finished) / seconds, busy: utilization };
    before = now;
    // Nothing was measured: the loop has not turned once since the last look.
    if (histogram.count > 0) delayMs = histogram.percentile(50) / 1e6;
    histogram.reset();
  }
  const timer = setInterval(measure, limits.eventLoopMeasureMs).unref();
  return {
    delayMs: () => delayMs,
    pace: () => pace,
    measure,
    stop() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}
