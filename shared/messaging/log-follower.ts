/**
 * A reader of the log of changes: page after page, from where it stood when it began.
 *
 * A page is given out without a pause, so that position and subscribers agree at any moment; the next one is read when
 * the page has been dealt with, so that what is under way is bounded. A log that cannot be read is tried again; one that
 * has moved on without its reader is begun anew at its end, and whoever listens is told.
 */
import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { isKnownVersion, readable } from "../events/upcasters.ts";
import type { Part } from "../lifecycle.ts";
import { limits } from "../limits.ts";
import { hasReached, type LogPosition } from "../log-cursor.ts";
import type { Logger } from "../logging.ts";
import type { EventLog, LogEntry } from "./bus.ts";

export interface LogFollower extends Part {
  /** Everything up to here has been given out; null while that is not known. */
  position(): LogPosition | null;
  /** Everything published before this moment has been given out; milliseconds since the epoch, 0 while not known. */
  knownUpToMs(): number;
  /** Resolves when it is so, or when the follower has stopped. */
  until(condition: () => boolean): Promise<void>;
  /** Resolves when everything that is in the log now has been dealt with. */
  caughtUp(): Promise<void>;
}

export interface LogFollowerParts {
  readonly name: string;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Gives an entry out, at once; the promises are of what that leaves to be done. `at`: the position after it. */
  readonly give: (entry: LogEntry, at: LogPosition) => readonly Promise<unknown>[];
  /** The log has moved on without its reader: what was known from it is not to be relied on. */
  readonly lost: (error: AppError) => void;
}

export function createLogFollower(parts: LogFollowerParts): LogFollower {
  const { name, log, clock, logger, give, lost } = parts;
  let position: LogPosition | null = null;
  let knownUpToMs = 0;
  let isGiving = false;
  let stopped = false;
  const { moved, next: movement } = createMovement();

  async function until(condition: () => boolean): Promise<void> {
    while (!condition() && !stopped) await movement();
  }

  async function followOn(from: LogPosition): Promise<void> {
    const beganMs = clock.now();
    const entries = readableEntries(await log.next(from, limits.changePageMax));
    // A log that is closed answers at once: without a pause nobody else would ever have a turn.
    if (entries.length === 0) {
      knownUpToMs = clock.now();
      return nextTurn();
    }
    if (stopped) return;
    isGiving = true;
    const { work, at } = passOn(entries, from, give);
    position = at;
    // A page that is full says nothing of what follows on it.
    if (!hasFullPage(entries)) knownUpToMs = beganMs;
    await Promise.all(work);
    isGiving = false;
    moved();
  }

  async function recover(error: unknown): Promise<void> {
    const isLost = error instanceof AppError && error.code === "RESYNC_REQUIRED";
    logger.warn({ error }, isLost ? "the log of changes has moved on without its reader" : "the log cannot be read");
    if (isLost) {
      position = null;
      knownUpToMs = 0;
      lost(error);
    }
    await wait(limits.consumerBackoffMs * 4);
  }

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        position ??= await log.end();
        moved();
        await followOn(position);
      } catch (error) {
        if (!stopped) await recover(error);
      }
    }
  }

  return {
    name,
    position: () => position,
    knownUpToMs: () => knownUpToMs,
    until,
    start: async () => void run(),
    async stop() {
      stopped = true;
      moved();
    },
    async caughtUp() {
      const end = await log.end();
      await until(() => position !== null && hasReached(position, end) && !isGiving);
    },
  };
}

/** Fails with RESYNC_REQUIRED where one is of a version that is not known here: what it says would be a gap. */
export function readableEntries(entries: readonly LogEntry[]): readonly LogEntry[] {
  if (!entries.every(({ event }) => isKnownVersion(event))) throw new AppError("RESYNC_REQUIRED");
  return entries.map((entry) => {
    const event = readable(entry.event);
    return event === entry.event ? entry : { ...entry, event };
  });
}

/** Gives each entry out with the position after it. */
function passOn(entries: readonly LogEntry[], from: LogPosition, give: LogFollowerParts["give"]) {
  let at = from;
  const work = entries.flatMap((entry) => {
    at = after(at, entry);
    return give(entry, at);
  });
  return { work, at };
}

function createMovement() {
  let waiting: (() => void)[] = [];
  return {
    moved(): void {
      const woken = waiting;
      waiting = [];
      for (const resolve of woken) resolve();
    },
    next: () => new Promise<void>((resolve) => waiting.push(resolve)),
  };
}

function hasFullPage(entries: readonly LogEntry[]): boolean {
  const counts = new Map<number, number>();
  for (const { partition } of entries) counts.set(partition, (counts.get(partition) ?? 0) + 1);
  return Math.max(...counts.values()) >= limits.changePageMax;
}

/** The position after `entry`. */
export function after({ epoch, ids }: LogPosition, { partition, id }: LogEntry): LogPosition {
  return { epoch, ids: ids.with(partition, id) };
}
