/**
 * Is there too much to do already? Then who comes is told at once, and who is inside is answered in time.
 *
 * Two readings: operations under way, which bounds how long an accepted one waits, and how late the event loop is,
 * which also sees work that nobody counts. Health is not behind this gate. Our own instead of @fastify/under-pressure,
 * because operations on sockets pass it too, and because that plugin knows no bound on what is under way.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
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
  readonly operationsMax?: number;
  readonly delayMsMax?: number;
  /** Told of everybody who is refused. */
  readonly refused?: () => void;
}

export function createLoadGate(parts: LoadGateParts = {}): LoadGate {
  const { operationsMax = limits.operationsAtOnceMax, delayMsMax = limits.eventLoopDelayMsMax } = parts;
  const watch = parts.delayMs ? null : watchEventLoop();
  const delayMs = parts.delayMs ?? (() => watch?.delayMs() ?? 0);
  let underWay = 0;
  const leave = () => {
    underWay -= 1;
  };
  return {
    get overloaded() {
      return underWay >= operationsMax || delayMs() > delayMsMax;
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

export interface EventLoopWatch {
  /** Of the last stretch that was measured. */
  delayMs(): number;
  /** Ends a stretch; otherwise it ends by itself. */
  measure(): void;
  stop(): void;
}

/** The median, so that one long turn (a collection of garbage, a first plan) refuses nobody. */
export function watchEventLoop(): EventLoopWatch {
  const histogram = monitorEventLoopDelay({ resolution: 10 });
  histogram.enable();
  let delayMs = 0;
  function measure(): void {
    // Nothing was measured: the loop has not turned once since the last look.
    if (histogram.count > 0) delayMs = histogram.percentile(50) / 1e6;
    histogram.reset();
  }
  const timer = setInterval(measure, limits.eventLoopMeasureMs).unref();
  return {
    delayMs: () => delayMs,
    measure,
    stop() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}
