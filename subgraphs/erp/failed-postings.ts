/**
 * Postings that the books refused: told, kept as dead letters, and tried again for a bounded time.
 *
 * A refused posting changes no figure, so the offset that bridges it stays until the books have followed. A letter is
 * taken back in the transaction of the posting that succeeds, so the event counts once, whoever tries it again.
 */
import type { Clock } from "../../shared/clock.ts";
import type { Committed } from "../../shared/command.ts";
import type { Database, Transaction } from "../../shared/db/database.ts";
import { AppError } from "../../shared/errors.ts";
import type { AnyEvent, EventType } from "../../shared/events/canonical-event.ts";
import { createRounds, type Part } from "../../shared/lifecycle.ts";
import { limits } from "../../shared/limits.ts";
import type { Logger } from "../../shared/logging.ts";
import { causeOf, isTransient } from "../../shared/messaging/consumer.ts";
import { dueLetters, lockDueLetter, type RetryRule, setAside, takeBack } from "../../shared/messaging/dead-letters.ts";
import { createRecorder, type Recorder } from "../../shared/recorder.ts";
import { openBook, positionKeyOf } from "./domain/book.ts";
import { failedEvent } from "./domain/events.ts";
import { lockPositions, saveBook } from "./store/books.ts";

/** Posts events of the warehouse, or fails and has changed nothing that a savepoint does not undo. */
export type PostEvents = (
  tx: Transaction,
  events: readonly AnyEvent[],
  recorder: Recorder,
  nowMs: number,
) => Promise<void>;

/**
 * Posts one event; where the books refuse it, that is told and kept instead. Fails with what is no refusal: trouble
 * that passes, a defect, an event that names no position to tell it of.
 */
export async function postOrFail(
  tx: Transaction,
  event: AnyEvent,
  recorder: Recorder,
  { consumer, post, nowMs }: { readonly consumer: string; readonly post: PostEvents; readonly nowMs: number },
): Promise<void> {
  try {
    await tx.savepoint(() => post(tx, [event], recorder, nowMs));
  } catch (error) {
    const { sku, locationId } = event;
    if (!isRefusal(error) || sku === null || locationId === null) throw error;
    recorder.clear();
    const position = { sku, locationId };
    const book = openBook(await lockPositions(tx, [position]));
    recorder.event(failedEvent(event, position, error.code, book.nextVersion(position)));
    auditRefusal(recorder, event, error, 1);
    await saveBook(tx, book, () => recorder.cause, nowMs);
    // The queue of exceptions has the failed posting.
    await setAside(tx, recorder, { consumer, event, error, attempts: 1, nowMs, raises: false });
  }
}

interface RetryDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly committed: Committed;
  readonly consumer: string;
  readonly types: readonly EventType[];
  readonly post: PostEvents;
}

export interface PostingRetries extends Part {
  /** One round; how many postings were made after all. */
  sweep(): Promise<number>;
}

/** Letters of one round: the next round follows soon. */
const batchMax = 100;

export function createPostingRetries(deps: RetryDeps): PostingRetries {
  const { db, clock, log, consumer, types, post } = deps;
  const rule: RetryRule = {
    consumer,
    types,
    attemptsMax: limits.postingAttemptsMax,
    backoffMs: limits.postingRetryBackoffMs,
  };

  async function sweep(): Promise<number> {
    let posted = 0;
    for (const id of await dueLetters(db, rule, clock.now(), batchMax)) {
      const { done, told } = await db.transaction((tx) => retry(tx, id));
      if (done) posted++;
      if (told.length > 0) deps.committed(told);
    }
    return posted;
  }

  async function retry(tx: Transaction, id: string): Promise<{ done: boolean; told: readonly AnyEvent[] }> {
    const nowMs = clock.now();
    const letter = await lockDueLetter(tx, rule, id, nowMs);
    if (!letter) return { done: false, told: [] };
    const { event } = letter;
    const recorder = createRecorder(db.system, clock, causeOf(consumer, event));
    let done = true;
    try {
      await tx.savepoint(() => post(tx, [event], recorder, nowMs));
      await takeBack(tx, recorder, id, letter.attempts);
    } catch (error) {
      if (isTransient(error)) throw error;
      done = false;
      const attempts = letter.attempts + 1;
      recorder.clear();
      auditRefusal(recorder, event, error, attempts);
      await setAside(tx, recorder, { consumer, event, error, attempts, nowMs, raises: false });
      if (attempts >= rule.attemptsMax) log.error({ error, eventId: event.id }, "a posting is not tried again");
    }
    return { done, told: await recorder.flush(tx) };
  }

  const rounds = createRounds({ name: "posting-retries", everyMs: limits.postingRetryEveryMs, log, round: sweep });
  return { ...rounds, sweep };
}

/** What the error table names, and neither time nor a programmer has to put right. */
function isRefusal(error: unknown): error is AppError {
  return error instanceof AppError && !isTransient(error) && error.row.class !== "DEFECT";
}

function auditRefusal(recorder: Recorder, event: AnyEvent, error: unknown, attempts: number): void {
  const { sku, locationId, id, type } = event;
  const subject =
    sku === null || locationId === null ? `event:${id}` : `position:${positionKeyOf({ sku, locationId })}`;
  const outcome = error instanceof AppError ? error.code : "INTERNAL";
  recorder.audit({ subject, action: type, outcome, detail: { eventId: id, attempts } });
}
