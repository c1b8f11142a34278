/**
 * Housekeeping: rows that have done their work leave after their time, a bounded number at once.
 *
 * Only idempotency keys, published outbox rows and inbox rows; movements and audit rows are never deleted.
 */
import type { Clock } from "../clock.ts";
import type { Database } from "../db/database.ts";
import { tupleMarks } from "../db/statements.ts";
import { createRounds, type Part } from "../lifecycle.ts";
import { limits } from "../limits.ts";
import type { Logger } from "../logging.ts";

/** Rows of one statement, and statements a table and round: few enough that nobody waits for them. */
const rowsMax = 1_000;
const statementsMax = 200;

interface Rule {
  readonly table: string;
  readonly key: readonly string[];
  /** Which rows have done their work, `?` being the time before which. */
  readonly old: string;
  /** Where to look for them, if not in the whole table. */
  readonly among?: string;
  readonly keptMs: number;
}

const rules: readonly Rule[] = [
  {
    table: "idempotency_keys",
    key: ["caller", "operation", "idempotency_key"],
    old: "created_at_ms < ?",
    keptMs: limits.idempotencyKeptMs,
  },
  {
    table: "outbox",
    key: ["id"],
    old: "state = 'done' AND created_at_ms < ?",
    // Those that were written first: no index has state and age, because every event would pay for it.
    among: `(SELECT id, state, created_at_ms FROM outbox WHERE state = 'done' ORDER BY id LIMIT ${rowsMax}) oldest`,
    keptMs: limits.publishedEventKeptMs,
  },
  { table: "inbox", key: ["consumer", "event_id", "source"], old: "received_at_ms < ?", keptMs: limits.inboxKeptMs },
];

export interface Housekeeping extends Part {
  /** One round; how many rows left. */
  sweep(): Promise<number>;
}

export function createHousekeeping({ db, clock, log }: { db: Database; clock: Clock; log: Logger }): Housekeeping {
  async function sweep(): Promise<number> {
    let left = 0;
    for (const rule of rules) {
      for (let statements = 0; statements < statementsMax; statements++) {
        const removed = await removeSome(db, rule, clock.now());
        left += removed;
        if (removed < rowsMax) break;
      }
    }
    return left;
  }

  const rounds = createRounds({
    name: `housekeeping:${db.system}`,
    everyMs: limits.housekeepingEveryMs,
    log,
    round: sweep,
  });
  return { ...rounds, sweep };
}

/**
 * The rows are found without locks and deleted by their keys: a DELETE that searched by age would read, and so wait
 * for, rows of commands that are under way. The second look at their age has a form that no index answers.
 */
async function removeSome(
  db: Database,
  { table, key, old, among = table, keptMs }: Rule,
  nowMs: number,
): Promise<number> {
  const columns = key.join(", ");
  const beforeMs = nowMs - keptMs;
  const rows = await db.query(`SELECT ${columns} FROM ${among} WHERE ${old} LIMIT ${rowsMax}`, [beforeMs]);
  if (rows.length === 0) return 0;
  const keys = rows.flatMap((row) => key.map((column) => row[column] ?? null));
  return db.transaction((tx) =>
    tx.run(
      `DELETE FROM ${table} WHERE (${columns}) IN ${tupleMarks(tx.dialect, rows.length, key.length)}
          AND CASE WHEN ${old} THEN 1 ELSE 0 END = 1`,
      [...keys, beforeMs],
    ),
  );
}
