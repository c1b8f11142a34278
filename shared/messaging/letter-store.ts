/**
 * Statements of the dead letters that are to be tried again.
 *
 * What is due is found by when it is due, what waits by what it waits for; nothing here reads the others.
 */
import type { Reader, Transaction } from "../db/database.ts";
import { forUpdate, marks } from "../db/statements.ts";

export interface OpenLetter {
  readonly id: string;
  readonly consumer: string;
  readonly sender: string;
  readonly messageId: string;
  readonly body: string;
  readonly attempts: number;
}

/** By id, the longest due first. */
export async function dueNow(db: Reader, nowMs: number, countMax: number): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `SELECT id FROM dead_letters WHERE due_at_ms <= ? ORDER BY due_at_ms, id LIMIT ${countMax}`,
    [nowMs],
  );
  return rows.map(({ id }) => id);
}

/** The letter, locked until the transaction ends; null where it has been tried or taken back meanwhile. */
export async function lockDue(tx: Transaction, id: string, nowMs: number): Promise<OpenLetter | null> {
  const [row] = await tx.query<OpenLetter & { readonly due: number | string | null }>(
    `SELECT id, consumer, source AS sender, event_id AS "messageId", body, attempts, due_at_ms AS due
       FROM dead_letters WHERE id = ?${forUpdate(tx.dialect)}`,
    [id],
  );
  if (!row || row.due === null || Number(row.due) > nowMs) return null;
  return row;
}

/** Null: not by itself. */
export async function makeDue(tx: Transaction, ids: readonly string[], atMs: number | null): Promise<void> {
  if (ids.length === 0) return;
  await tx.run(`UPDATE dead_letters SET due_at_ms = ? WHERE id IN (${marks(ids.length)})`, [atMs, ...ids]);
}

export interface Remedies {
  readonly masterData: readonly string[];
  readonly codes: readonly { readonly sender: string; readonly code: string }[];
}

/** What waited for this is due now. */
export async function wakeWaiting(tx: Transaction, { masterData, codes }: Remedies, nowMs: number): Promise<void> {
  if (masterData.length > 0) {
    await tx.run(`UPDATE dead_letters SET due_at_ms = ? WHERE waits_for IN (${marks(masterData.length)})`, [
      nowMs,
      ...masterData,
    ]);
  }
  for (const { sender, code } of codes) {
    await tx.run("UPDATE dead_letters SET due_at_ms = ? WHERE waits_for_code = ? AND source = ?", [
      nowMs,
      code,
      sender,
    ]);
  }
}

/** Letters of these messages of one sender, with how often they were tried. */
export async function lettersOf(
  db: Reader,
  consumer: string,
  sender: string,
  messageIds: readonly string[],
): Promise<{ readonly id: string; readonly messageId: string; readonly attempts: number }[]> {
  if (messageIds.length === 0) return [];
  return db.query(
    `SELECT id, event_id AS "messageId", attempts FROM dead_letters
      WHERE consumer = ? AND source = ? AND event_id IN (${marks(messageIds.length)})`,
    [consumer, sender, ...messageIds],
  );
}
