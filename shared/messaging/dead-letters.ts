/**
 * Dead letters: events and messages that could not be applied, kept with what a person needs to put them right.
 *
 * An event's id goes into the inbox as well, so that it does not come again by itself. A letter is set aside again with
 * each further attempt, under the same id; whoever applies it takes it back in the same transaction. Both are told, so
 * that somebody hears of it.
 */
import { isoTime } from "../clock.ts";
import type { Reader, Transaction } from "../db/database.ts";
import { forUpdate, insertMissing, marks, upsertRows } from "../db/statements.ts";
import { AppError, errorTable } from "../errors.ts";
import type { AnyEvent, EventType } from "../events/canonical-event.ts";
import { isKnownVersion, readable } from "../events/upcasters.ts";
import { failpoint } from "../failpoints.ts";
import { newId } from "../ids.ts";
import { limits } from "../limits.ts";
import type { NewEvent, Recorder } from "../recorder.ts";
import { nextAttemptMs, topicOfLetter, type Waiting, waitingFor } from "./letter-rules.ts";

export interface DeadLetter {
  readonly consumer: string;
  readonly event: AnyEvent;
  readonly error: unknown;
  readonly attempts: number;
  readonly nowMs: number;
  /** False: somebody is told of it in another way. Default true. */
  readonly raises?: boolean;
}

/** What could not be applied, as it is kept: a fact of a system, or a message of a partner. */
export interface Kept {
  readonly stage: "INTAKE" | "APPLY";
  readonly consumer: string;
  readonly sender: string;
  readonly messageId: string;
  readonly messageType: string;
  readonly body: string;
  /** The code of the partner that it waits for, `KIND|code`. */
  readonly waitsForCode: string | null;
  readonly about: Pick<NewEvent, "sku" | "locationId" | "documentRef">;
  readonly error: unknown;
  readonly attempts: number;
  readonly nowMs: number;
  readonly raises: boolean;
}

export async function setAside(tx: Transaction, recorder: Recorder, letter: DeadLetter): Promise<void> {
  const { consumer, event, error, attempts, nowMs, raises = true } = letter;
  await insertMissing(tx, "inbox", [{ consumer, source: event.source, event_id: event.id, received_at_ms: nowMs }]);
  await failpoint("dead_letter");
  const { sku, locationId, documentRef } = event;
  await keepLetter(tx, recorder, {
    stage: "APPLY",
    consumer,
    sender: event.source,
    messageId: event.id,
    messageType: event.type,
    body: JSON.stringify(event),
    waitsForCode: null,
    about: { sku, locationId, documentRef },
    ...{ error, attempts, nowMs, raises },
  });
}

/** Under the id that it has already, where it was kept before; `attempts` is how many there were by now. */
export async function keepLetter(tx: Transaction, recorder: Recorder, kept: Kept): Promise<void> {
  const { consumer, sender, messageId, messageType, error, attempts, nowMs } = kept;
  const [before] = await tx.query<{ id: string; first_seen_at_ms: number | string }>(
    "SELECT id, first_seen_at_ms FROM dead_letters WHERE consumer = ? AND source = ? AND event_id = ?",
    [consumer, sender, messageId],
  );
  const known = error instanceof AppError;
  const letter = {
    id: before?.id ?? newId(nowMs),
    class: known ? error.row.class : "DEFECT",
    code: known ? error.code : "INTERNAL",
    hint: (error instanceof Error ? error.message : String(error)).slice(0, 500),
    firstSeenAtMs: Number(before?.first_seen_at_ms ?? nowMs),
  };
  const waiting = waitingFor(error, kept.waitsForCode);
  await upsertRows(
    tx,
    "dead_letters",
    ["consumer", "source", "event_id"],
    [
      {
        id: letter.id,
        consumer,
        source: sender,
        event_id: messageId,
        type: messageType,
        class: letter.class,
        code: letter.code,
        hint: letter.hint,
        body: kept.body,
        attempts,
        first_seen_at_ms: letter.firstSeenAtMs,
        last_seen_at_ms: nowMs,
        due_at_ms: nextAttemptMs(letter.class, attempts, nowMs),
        waits_for: waiting.waitsFor,
        waits_for_code: waiting.waitsForCode,
      },
    ],
  );
  tell(recorder, kept, letter, waiting);
}

/** Of an event about letters nothing is told: who cannot apply that would be told of it for ever. */
function tell(
  recorder: Recorder,
  { stage, consumer, sender, messageId, messageType, attempts, body, about, nowMs, raises }: Kept,
  { id: letterId, class: name, code, hint, firstSeenAtMs }: Readonly<LetterRow>,
  waiting: Waiting,
): void {
  if (messageType.startsWith("letter.")) return;
  recorder.event({
    type: "letter.set.aside",
    sourceSeq: attempts,
    partitionKey: `letter:${letterId}`,
    ...about,
    data: {
      ...{ letterId, consumer, sender, messageId, messageType, class: name, code, stage, attempts, hint, raises },
      topic: topicOfLetter(letterId, sender, waiting),
      payload: body.slice(0, limits.letterPayloadLengthMax),
      firstSeenAt: isoTime(firstSeenAtMs),
      lastSeenAt: isoTime(nowMs),
    },
  });
}

interface LetterRow {
  id: string;
  class: string;
  code: string;
  hint: string;
  firstSeenAtMs: number;
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

/** What it says has been applied after all, at the next attempt after so many. */
export async function takeBack(tx: Transaction, recorder: Recorder, id: string, attempts: number): Promise<void> {
  await tx.run("DELETE FROM dead_letters WHERE id = ?", [id]);
  recorder.event({
    type: "letter.settled",
    sourceSeq: attempts + 1,
    partitionKey: `letter:${id}`,
    data: { letterId: id },
  });
}

function dueCondition({ types }: RetryRule): string {
  return `consumer = ? AND type IN (${marks(types.length)}) AND attempts < ?
          AND last_seen_at_ms + ? * (1 << (attempts - 1)) <= ?`;
}

function dueValues({ consumer, types, attemptsMax, backoffMs }: RetryRule, nowMs: number) {
  return [consumer, ...types, attemptsMax, backoffMs, nowMs];
}
