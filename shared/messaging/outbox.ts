/**
 * The outbox as relays see it: rows are claimed, read, and marked as published or given back.
 *
 * Rows are claimed by their state with a fenced UPDATE, never by "id greater than the last": row numbers are given
 * before COMMIT, so a transaction may commit a lower number later. From then on they are named by number and claim:
 * what somebody else has claimed since is never touched. Publishes nothing itself.
 */
import type { Clock } from "../clock.ts";
import type { Database, Dialect, Transaction } from "../db/database.ts";
import { byIndex, marks, numberOrNull } from "../db/statements.ts";
import type { AnyEvent } from "../events/canonical-event.ts";
import { limits } from "../limits.ts";
import type { Recent } from "../recent.ts";

/** Since when something waits: rows are numbered as they are written, so the oldest is among the first of each state. */
function oldestWaiting(dialect: Dialect): string {
  const first = (state: string) =>
    `SELECT created_at_ms FROM (SELECT created_at_ms FROM outbox${byIndex(dialect, "outbox_state")}
       WHERE state = '${state}' ORDER BY id LIMIT 1000) ${state}_rows`;
  return `SELECT MIN(created_at_ms) AS since FROM (${first("new")} UNION ALL ${first("claimed")}) waiting`;
}

/** How many wait, up to `rowsMax`. */
export async function countWaiting(db: Database, rowsMax: number): Promise<number> {
  const some = (state: string) =>
    `SELECT id FROM (SELECT id FROM outbox${byIndex(db.dialect, "outbox_state")}
       WHERE state = '${state}' ORDER BY id LIMIT ${rowsMax}) ${state}_rows`;
  const [counted] = await db.query<{ n: number | string }>(
    `SELECT COUNT(*) AS n FROM (${some("new")} UNION ALL ${some("claimed")}) waiting`,
  );
  return Math.min(rowsMax, Number(counted?.n ?? 0));
}

/** Since when the oldest waits, milliseconds since the epoch; null: none does. */
export async function waitingSince(db: Database): Promise<number | null> {
  const [waiting] = await db.query<{ since: number | string | null }>(oldestWaiting(db.dialect));
  return numberOrNull(waiting?.since ?? null);
}

/** Events that this process has just committed, by id. */
export type OwnEvents = Recent<string, AnyEvent>;

export interface ClaimedRow {
  readonly id: number;
  readonly event_id: string;
}

export interface Claim {
  readonly rows: readonly ClaimedRow[];
  /** There were no more than this. */
  readonly isLast: boolean;
}

/**
 * Claims the oldest new rows. They are named by number: a condition on `state` that an index answers would wait for
 * rows that are not committed yet. The second look at it, in a form no index answers, leaves alone what another relay
 * has claimed in between.
 */
export async function claimRows(db: Database, clock: Clock, claim: string): Promise<Claim> {
  const found = await db.query<ClaimedRow>(
    `SELECT id, event_id FROM outbox${byIndex(db.dialect, "outbox_state")}
      WHERE state = 'new' ORDER BY id LIMIT ${limits.relayBatchMax}`,
  );
  const isLast = found.length < limits.relayBatchMax;
  if (found.length === 0) return { rows: [], isLast };
  const ids = found.map((row) => row.id);
  return db.transaction(async (tx) => {
    const claimed = await tx.run(
      `UPDATE outbox SET state = 'claimed', claim = ?, claimed_at_ms = ?
        WHERE id IN (${marks(ids.length)}) AND COALESCE(state, '') = 'new'`,
      [claim, clock.now(), ...ids],
    );
    const waiting = await leaveToOthers(tx, claim, ids);
    if (claimed === ids.length && waiting === 0) return { rows: found, isLast };
    const rows = await tx.query<ClaimedRow>(
      `SELECT id, event_id FROM outbox WHERE id IN (${marks(ids.length)}) AND claim = ? ORDER BY id`,
      [...ids, claim],
    );
    return { rows, isLast: isLast && waiting === 0 };
  });
}

/**
 * Gives back what follows on rows that another relay is publishing right now: of one partition key a later event never
 * overtakes an earlier one. How many rows that were; they are new again, and soon claimed by somebody.
 */
async function leaveToOthers(tx: Transaction, claim: string, ids: readonly number[]): Promise<number> {
  const busy = await tx.query<{ partition_key: string }>(
    `SELECT DISTINCT partition_key FROM outbox${byIndex(tx.dialect, "outbox_state")}
      WHERE state = 'claimed' AND claim <> ?`,
    [claim],
  );
  if (busy.length === 0) return 0;
  return tx.run(
    `UPDATE outbox SET state = 'new', claim = NULL
      WHERE id IN (${marks(ids.length)}) AND claim = ? AND partition_key IN (${marks(busy.length)})`,
    [...ids, claim, ...busy.map((row) => row.partition_key)],
  );
}

/** In the order of the rows; read are only those that another process has committed, or this one long ago. */
export async function eventsOf(db: Database, rows: readonly ClaimedRow[], own: OwnEvents): Promise<AnyEvent[]> {
  const others = rows.filter((row) => !own.get(row.event_id)).map((row) => row.id);
  const read = new Map<string, AnyEvent>();
  if (others.length > 0) {
    const bodies = await db.query<{ event_id: string; body: string }>(
      `SELECT event_id, body FROM outbox WHERE id IN (${marks(others.length)})`,
      others,
    );
    for (const { event_id, body } of bodies) read.set(event_id, JSON.parse(body) as AnyEvent);
  }
  return rows.flatMap(({ event_id }) => own.get(event_id) ?? read.get(event_id) ?? []);
}

/** Those of the rows that are still this claim's. */
export async function release(
  db: Database,
  claim: string,
  ids: readonly number[],
  state: "new" | "done",
): Promise<void> {
  await db.transaction((tx) =>
    tx.run(`UPDATE outbox SET state = ?, claim = NULL WHERE id IN (${marks(ids.length)}) AND claim = ?`, [
      state,
      ...ids,
      claim,
    ]),
  );
}

export async function reopenStaleClaims(db: Database, clock: Clock): Promise<void> {
  const before = clock.now() - limits.relayClaimMs;
  const [stale] = await db.query(
    `SELECT 1 AS one FROM outbox${byIndex(db.dialect, "outbox_state")} WHERE state = 'claimed' AND claimed_at_ms < ? LIMIT 1`,
    [before],
  );
  if (!stale) return;
  await db.transaction((tx) =>
    tx.run("UPDATE outbox SET state = 'new', claim = NULL WHERE state = 'claimed' AND claimed_at_ms < ?", [before]),
  );
}
