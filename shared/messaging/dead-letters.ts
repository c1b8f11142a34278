/**
 * Dead letters: events that could not be applied, kept with what a person needs to put them right.
 *
 * The event's id goes into the inbox as well, so that it does not come again by itself. A letter is set aside again
 * with each further attempt, under the same id; whoever applies its event takes it back in the same transaction.
 */
import type { Reader, Transaction } from "../db/database.ts";
import { forUpdate, insertMissing, marks, upsertRows } from "../db/statements.ts";
import { AppError, errorTable } from "../errors.ts";
import type { AnyEvent, EventType } from "../events/canonical-event.ts";
import { isKnownVersion, readable } from "../events/upcasters.ts";
import { failpoint } from "../failpoints.ts";
import { newId } from "../ids.ts";

export interface DeadLetter {
  readonly consumer: string;
  readonly event: AnyEvent;
  readonly error: unknown;
  readonly attempts: number;
  readonly nowMs: number;
}

export async function setAside(tx: Transaction, letter: DeadLetter): Promise<void> {
  const { consumer, event, error, attempts, nowMs } = letter;
  const known = error instanceof AppError;
  await insertMissing(tx, "inbox", [{ consumer, source: event.source, event_id: event.id, received_at_ms: nowMs }]);
  await failpoint("dead_letter");
  const [before] = await tx.query<{ id: string; first_seen_at_ms: number | string }>(
    "SELECT id, first_seen_at_ms FROM dead_letters WHERE consumer = ? AND source = ? AND event_id = ?",
    [consumer, event.source, event.id],
  );
  await upsertRows(
    tx,
    "dead_letters",
    ["consumer", "source", "event_id"],
    [
      {
        id: before?.id ?? newId(nowMs),
        consumer,
        source: event.source,
        event_id: event.id,
        type: event.type,
        class: known ? error.row.class : "DEFECT",
        code: known ? error.code : "INTERNAL",
        hint: (error instanceof Error ? error.message : String(error)).slice(0, 500),
        body: JSON.stringify(event),
        attempts,
        first_seen_at_ms: Number(before?.first_seen_at_ms ?? nowMs),
        last_seen_at_ms: nowMs,
      },
    ],
  );
}

/** What a letter's class can be. */
const letterClasses = [...new Set(Object.values(errorTable).map((row) => row.class))].sort();

/** Of each class of the error table, and of defects, so many letters up to `lettersMax`. */
export async function countLetters(reader: Reader, lettersMax: number): Promise<ReadonlyMap<string, number>> {
  const one = (name: string) =>
    `SELECT '${name}' AS class, COUNT(*) AS n
       FROM (SELECT class FROM dead_letters WHERE class = '${name}' LIMIT ${lettersMax}) ${name}_letters`;
  const rows = await reader.query<{ class: string; n: number | string }>(letterClasses.map(one).join(" UNION ALL "));
  return new Map(rows.map((row) => [row.class, Number(row.n)]));
}

/** Which letters may be tried again, and when. */
export interface RetryRule {
  readonly consumer: string;
  readonly types: readonly EventType[];
  readonly attemptsMax: number;
  /** After the first attempt; twice as long after each further one. */
  readonly backoffMs: number;
}

export interface KeptLetter {
  readonly event: AnyEvent;
  readonly attempts: number;
}

/** Letters whose next attempt is due, by id, the longest untried first. */
export async function dueLetters(reader: Reader, rule: RetryRule, nowMs: number, countMax: number): Promise<string[]> {
  const rows = await reader.query<{ id: string }>(
    `SELECT id FROM dead_letters WHERE ${dueCondition(rule)} ORDER BY last_seen_at_ms, id LIMIT ${countMax}`,
    dueValues(rule, nowMs),
  );
  return rows.map(({ id }) => id);
}

/**
 * The letter, locked until the transaction ends; null where it has been tried or taken back meanwhile, or waits for a
 * version of the code that can read it.
 */
export async function lockDueLetter(
  tx: Transaction,
  rule: RetryRule,
  id: string,
  nowMs: number,
): Promise<KeptLetter | null> {
  const [row] = await tx.query<{ body: string; attempts: number }>(
    `SELECT body, attempts FROM dead_letters WHERE id = ? AND ${dueCondition(rule)}${forUpdate(tx.dialect)}`,
    [id, ...dueValues(rule, nowMs)],
  );
  if (!row) return null;
  const event = readable(JSON.parse(row.body) as AnyEvent);
  return isKnownVersion(event) ? { event, attempts: row.attempts } : null;
}

/** The event has been applied after all. */
export async function takeBack(tx: Transaction, id: string): Promise<void> {
  await tx.run("DELETE FROM dead_letters WHERE id = ?", [id]);
}

function dueCondition({ types }: RetryRule): string {
  return `consumer = ? AND type IN (${marks(types.length)}) AND attempts < ?
          AND last_seen_at_ms + ? * (1 << (attempts - 1)) <= ?`;
}

function dueValues({ consumer, types, attemptsMax, backoffMs }: RetryRule, nowMs: number) {
  return [consumer, ...types, attemptsMax, backoffMs, nowMs];
}
