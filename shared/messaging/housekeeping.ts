/**
 * Housekeeping: rows that have done their work leave after their time, a bounded number at once.
 *
 * Only idempotency keys, published outbox rows and inbox rows; movements and audit rows are never deleted.
 */
import type { Clock } from "../clock.ts";
import type { Database } from "../db/database.ts";
import type { Part } from "../lifecycle.ts";
import { limits } from "../limits.ts";
import type { Logger } from "../logging.ts";

const rowsMax = 5_000;

/** Per table: the key, and which rows are old. */
const rules = [
  {
    table: "idempotency_keys",
    key: "caller, operation, idempotency_key",
    old: "created_at_ms < ?",
    keptMs: limits.idempotencyKeptMs,
  },
  { table: "outbox", key: "id", old: "state = 'done' AND created_at_ms < ?", keptMs: limits.publishedEventKeptMs },
  { table: "inbox", key: "consumer, source, event_id", old: "received_at_ms < ?", keptMs: limits.inboxKeptMs },
] as const;

export interface Housekeeping extends Part {
  /** One round; how many rows left. */
  sweep(): Promise<number>;
}

export function createHousekeeping({ db, clock, log }: { db: Database; clock: Clock; log: Logger }): Housekeeping {
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<unknown> = Promise.resolve();

  async function sweep(): Promise<number> {
    let left = 0;
    for (const { table, key, old, keptMs } of rules) {
      left += await db.transaction((tx) =>
        tx.run(
          `DELETE FROM ${table} WHERE (${key}) IN
             (SELECT * FROM (SELECT ${key} FROM ${table} WHERE ${old} LIMIT ${rowsMax}) AS leaving)`,
          [clock.now() - keptMs],
        ),
      );
    }
    return left;
  }

  return {
    name: `housekeeping:${db.system}`,
    async start() {
      timer = setInterval(() => {
        sweeping = sweep().catch((error) => log.warn({ error }, "housekeeping failed; it is tried again"));
      }, limits.housekeepingEveryMs);
    },
    async stop() {
      clearInterval(timer);
      await sweeping;
    },
    sweep,
  };
}
