/**
 * Brings one subscriber who comes back from a cursor up to where the hub is, at the subscriber's own pace.
 *
 * Reads the log by itself, never past the position asked for, so that what the hub gives out from there on neither
 * repeats nor leaves out anything.
 */

import { AppError } from "../../shared/errors.ts";
import type { LoggedEvent, OperationResult } from "../../shared/graphql/execute.ts";
import { limits } from "../../shared/limits.ts";
import { compareEntryIds, hasReached, type LogPosition, noEntry, toCursor } from "../../shared/log-cursor.ts";
import type { EventLog } from "../../shared/messaging/bus.ts";
import { after, readableEntries } from "../../shared/messaging/log-follower.ts";
import type { Admission } from "./admission.ts";
import type { ChangeQueue } from "./change-queue.ts";
import { createVersionFilter } from "./version-filter.ts";

export interface ReplayParts {
  readonly log: EventLog;
  readonly admission: Admission;
  readonly queue: ChangeQueue;
  readonly execute: (change: LoggedEvent) => Promise<OperationResult>;
}

/** Goes on to a position, and says how many events that were. Fails with RESYNC_REQUIRED. */
export type Replay = (to: LogPosition) => Promise<number>;

export function createReplay({ log, admission, queue, execute }: ReplayParts, cursor: LogPosition): Replay {
  const isNew = createVersionFilter(limits.knownVersionsMax);
  let from = cursor;
  return async (to) => {
    let seen = 0;
    while (!hasReached(from, to)) {
      const entries = readableEntries(await log.read(from, limits.resumePageMax));
      // The log reaches further than `from`, and yet there is nothing: it is not the log it was.
      if (entries.length === 0) throw new AppError("RESYNC_REQUIRED");
      for (const entry of entries) {
        if (compareEntryIds(entry.id, to.ids[entry.partition] ?? noEntry) > 0) continue;
        from = after(from, entry);
        seen += 1;
        if (!admission.matches(entry.event) || !isNew(entry.event)) continue;
        if (!(await queue.room())) return seen;
        const result = execute({ cursor: toCursor(from), event: entry.event });
        queue.push({ position: entry.event.partitionKey, result });
      }
    }
    return seen;
  };
}
