/**
 * On record: who tried to change something that is not theirs to change. Who, what, when; nothing of what they sent.
 *
 * Nobody floods the audit: of one person a bounded number of attempts a minute are rows of their own, and one more row
 * says how many were left out. Counted in each process by itself. A row that cannot be written costs the caller nothing:
 * the attempt is refused all the same.
 */
import type { Clock } from "../clock.ts";
import type { RequestContext } from "../command.ts";
import type { Database } from "../db/database.ts";
import { createRounds, type Part } from "../lifecycle.ts";
import { limits } from "../limits.ts";
import type { Logger } from "../logging.ts";
import { type AuditEntry, type Cause, createRecorder } from "../recorder.ts";

export interface RefusedAttempts extends Part {
  /** Resolves when it is on record, or counted. */
  note(operation: string, request: RequestContext): Promise<void>;
  /** Writes how many were left out in minutes that are over. */
  sweep(): Promise<void>;
}

/** One person's minute. */
interface Minute {
  readonly startedMs: number;
  readonly cause: Cause;
  attempts: number;
}

export function createRefusedAttempts({
  db,
  clock,
  log,
}: {
  db: Database;
  clock: Clock;
  log: Logger;
}): RefusedAttempts {
  const minutes = new Map<string, Minute>();

  async function write(entries: readonly { readonly entry: AuditEntry; readonly cause: Cause }[]): Promise<void> {
    const [first] = entries;
    if (!first) return;
    try {
      await db.transaction(async (tx) => {
        const recorder = createRecorder(db.system, clock, first.cause);
        for (const { entry, cause } of entries) recorder.audit(entry, cause);
        await recorder.flush(tx);
      });
    } catch (error) {
      log.warn({ error, attempts: entries.length }, "refused attempts are not on record");
    }
  }

  function close(over: (minute: Minute) => boolean) {
    const closed = [...minutes].filter(([, minute]) => over(minute));
    for (const [person] of closed) minutes.delete(person);
    return closed.flatMap(([, { attempts, startedMs, cause }]) => {
      const leftOut = attempts - limits.refusedAttemptsAuditedMax;
      return leftOut > 0 ? [{ cause, entry: refused("several", { leftOut, sinceMs: startedMs }) }] : [];
    });
  }

  const isOver = ({ startedMs }: Minute) => clock.now() - startedMs >= limits.refusedAttemptsWindowMs;
  const rounds = createRounds({
    name: `refused-attempts:${db.system}`,
    everyMs: limits.refusedAttemptsWindowMs,
    log,
    round: () => write(close(isOver)),
  });

  return {
    ...rounds,
    async stop() {
      await rounds.stop();
      await write(close(() => true));
    },
    sweep: () => write(close(isOver)),
    async note(operation, { identity, correlationId }) {
      const person = identity.person ?? "anonymous";
      const roles = [...identity.roles];
      const cause = { person, roles, correlationId, causationId: null, idempotencyKey: null };
      let minute = minutes.get(person);
      // Looked at when somebody's minute begins, so that those of others do not pile up.
      const closed = minute && !isOver(minute) ? [] : close(isOver);
      if (minute === undefined || isOver(minute)) {
        minute = { startedMs: clock.now(), cause, attempts: 0 };
        minutes.set(person, minute);
      }
      minute.attempts += 1;
      const isOne = minute.attempts <= limits.refusedAttemptsAuditedMax;
      await write([...closed, ...(isOne ? [{ cause, entry: refused(operation, {}) }] : [])]);
    },
  };
}

function refused(operation: string, detail: object): AuditEntry {
  return { subject: `command:${operation}`, action: operation, outcome: "FORBIDDEN", detail };
}
