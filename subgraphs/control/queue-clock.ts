/**
 * Time passes in the queue of exceptions: what is open is ranked anew, and what is due and not settled is escalated.
 *
 * The stored priority may be a minute old and never falls by waiting. Reads what is open in pages by its key, and locks
 * only what has changed. Any number of replicas may do so: the later one finds nothing left to do.
 */
import type { Clock } from "../../shared/clock.ts";
import type { Committed } from "../../shared/command.ts";
import type { Database, Transaction } from "../../shared/db/database.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { createRounds, type Part } from "../../shared/lifecycle.ts";
import { limits } from "../../shared/limits.ts";
import type { Logger } from "../../shared/logging.ts";
import { type Cause, createRecorder, ownCause } from "../../shared/recorder.ts";
import type { ExceptionRow } from "./entities.ts";
import { ranked } from "./exception-policy.ts";
import { tellException } from "./exceptions.ts";
import { lockOpen, openAfter, saveExceptions } from "./store/exceptions.ts";

export interface QueueClock extends Part {
  /** One round; how many exceptions changed. */
  rank(): Promise<number>;
}

interface ClockDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly committed: Committed;
}

export function createQueueClock({ db, clock, log, committed }: ClockDeps): QueueClock {
  async function rank(): Promise<number> {
    let count = 0;
    for (let after = ""; ; ) {
      const page = await openAfter(db, after, limits.queueClockPageMax);
      const keys = changes(page, await ranked(db, page, clock.now())).map(({ openKey }) => openKey as string);
      if (keys.length > 0) {
        count += keys.length;
        committed(await db.transaction((tx) => rankAgain(tx, keys)));
      }
      if (page.length < limits.queueClockPageMax) return count;
      after = page.at(-1)?.openKey as string;
    }
  }

  /** They may have been raised again or settled since they were read. */
  async function rankAgain(tx: Transaction, keys: readonly string[]): Promise<readonly AnyEvent[]> {
    const nowMs = clock.now();
    const recorder = createRecorder("control", clock, ownCause("control", nowMs));
    const open = await lockOpen(tx, keys);
    const changed = changes([...open.values()], await ranked(tx, [...open.values()], nowMs));
    await saveExceptions(tx, changed);
    for (const row of changed) {
      const { escalationLevel, priority } = row;
      if (escalationLevel <= (open.get(row.openKey as string)?.escalationLevel ?? 0)) continue;
      // The story it belongs to goes on.
      const cause: Cause = { ...recorder.cause, correlationId: row.correlationId };
      const detail = { escalationLevel, priority, dueAtMs: row.dueAtMs };
      recorder.audit({ subject: `exception:${row.id}`, action: "escalateException", detail }, cause);
      tellException(recorder, "exception.escalated", row, cause);
    }
    return recorder.flush(tx);
  }

  const rounds = createRounds({ name: "queue-clock", everyMs: limits.queueClockEveryMs, log, round: rank });
  return { ...rounds, rank };
}

/** Those that are not as they were, each a version further. */
function changes(before: readonly ExceptionRow[], after: readonly ExceptionRow[]): ExceptionRow[] {
  const keys = ["priority", "policyVersion", "dueAtMs", "escalationLevel"] as const;
  return after.flatMap((row, i) => {
    const old = before[i] as ExceptionRow;
    return keys.some((key) => row[key] !== old[key]) ? [{ ...row, version: row.version + 1 }] : [];
  });
}
