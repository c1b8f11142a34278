/**
 * The one reader of the log of changes in this process: page after page, from where it stood when it began.
 *
 * A page is given out without a pause, so that position and subscribers agree at any moment; the next one is read when
 * the page has been dealt with, so that what is under way is bounded. A log that cannot be read is tried again; one that
 * has moved on without its reader is begun anew at its end, and whoever listens is told.
 */
import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";
import { AppError } from "../../shared/errors.ts";
import type { Part } from "../../shared/lifecycle.ts";
import { limits } from "../../shared/limits.ts";
import { hasReached, type LogPosition } from "../../shared/log-cursor.ts";
import type { Logger } from "../../shared/logging.ts";
import type { EventLog, LogEntry } from "../../shared/messaging/bus.ts";

export interface Follower extends Part {
  /** Everything up to here has been given out; null while that is not known. */
  position(): LogPosition | null;
  /** Resolves when it is so, or when the follower has stopped. */
  until(condition: () => boolean): Promise<void>;
  /** Resolves when everything that is in the log now has been dealt with. */
  caughtUp(): Promise<void>;
}

export interface FollowerParts {
  readonly log: EventLog;
  readonly logger: Logger;
  /** Gives an entry out, at once; the promises are of what that leaves to be done. `at`: the position after it. */
  readonly give: (entry: LogEntry, at: LogPosition) => readonly Promise<unknown>[];
  readonly lost: (error: AppError) => void;
  /** Is the log being read? Told again and again. */
  readonly live?: (isLive: boolean) => void;
}

export function createFollower({ log, logger, give, lost, live = () => {} }: FollowerParts): Follower {
  let position: LogPosition | null = null;
  let isGiving = false;
  let stopped = false;
  const { moved, until } = createMovement(() => stopped);

  async function beginning(): Promise<LogPosition> {
    const end = await log.end();
    live(true);
    return end;
  }

  async function followOn(from: LogPosition): Promise<void> {
    const entries = await log.next(from, limits.changePageMax);
    // A log that is closed answers at once: without a pause nobody else would ever have a turn.
    if (entries.length === 0) await nextTurn();
    if (!stopped) live(true);
    if (stopped || entries.length === 0) return;
    isGiving = true;
    let at = from;
    const work = entries.flatMap((entry) => {
      at = after(at, entry);
      return give(entry, at);
    });
    position = at;
    await Promise.all(work);
    isGiving = false;
    moved();
  }

  async function recover(error: unknown): Promise<void> {
    live(false);
    if (isLost(error, logger)) {
      position = null;
      lost(error);
    }
    await wait(limits.consumerBackoffMs * 4);
  }

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        position ??= await beginning();
        moved();
        await followOn(position);
      } catch (error) {
        if (!stopped) await recover(error);
      }
    }
  }

  return {
    name: "subscriptions",
    position: () => position,
    until,
    async start() {
      run();
    },
    async stop() {
      stopped = true;
      live(false);
      moved();
    },
    async caughtUp() {
      const end = await log.end();
      await until(() => position !== null && hasReached(position, end) && !isGiving);
    },
  };
}

function isLost(error: unknown, logger: Logger): error is AppError {
  if (error instanceof AppError && error.code === "RESYNC_REQUIRED") {
    logger.warn({ error }, "the log of changes has moved on without its reader: subscribers must begin again");
    return true;
  }
  logger.warn({ error }, "the log of changes cannot be read; it is tried again");
  return false;
}

function createMovement(isOver: () => boolean) {
  let waiting: (() => void)[] = [];
  return {
    moved(): void {
      const woken = waiting;
      waiting = [];
      for (const resolve of woken) resolve();
    },
    async until(condition: () => boolean): Promise<void> {
      while (!condition() && !isOver()) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}

/** The position after `entry`. */
export function after({ epoch, ids }: LogPosition, { partition, id }: LogEntry): LogPosition {
  return { epoch, ids: ids.with(partition, id) };
}
