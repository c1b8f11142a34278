/**
 * Dead letters that are tried again: because time has passed, because what they waited for is there, or because somebody
 * asked.
 *
 * Each is a transaction of its own: what it says and its settling commit together, so it counts once, whoever tries it.
 * What fails again stays a letter. Nothing is tried again that nobody asked for and time does not mend.
 */
import type { Clock } from "../clock.ts";
import type { Committed } from "../command.ts";
import type { SystemName } from "../config.ts";
import type { Database, Transaction } from "../db/database.ts";
import { AppError } from "../errors.ts";
import type { AnyEvent } from "../events/canonical-event.ts";
import { upToDate } from "../events/upcasters.ts";
import { createRounds, type Part } from "../lifecycle.ts";
import { limits } from "../limits.ts";
import type { Logger } from "../logging.ts";
import { createRecorder, type Recorder } from "../recorder.ts";
import { type ConsumerSpec, causeOf, isTransient } from "./consumer.ts";
import { setAside, takeBack } from "./dead-letters.ts";
import { remediesOf } from "./letter-rules.ts";
import { dueNow, lockDue, makeDue, type OpenLetter, wakeWaiting } from "./letter-store.ts";

/** How messages of partners are tried again: theirs are no events, and each command keeps its own. */
export interface MessageRedrive {
  /** Who set them aside. */
  readonly consumer: string;
  /** The recorder of whoever sent it. */
  recorderOf(letter: OpenLetter): Recorder;
  /** Fails with why it cannot be applied. */
  apply(tx: Transaction, letter: OpenLetter, recorder: Recorder): Promise<void>;
  keep(tx: Transaction, letter: OpenLetter, recorder: Recorder, error: unknown): Promise<void>;
}

export interface RedriveDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly committed: Committed;
  readonly consumers: readonly ConsumerSpec[];
  readonly messages?: MessageRedrive | undefined;
}

export interface Redrives extends Part {
  /** One round; how many were tried. */
  sweep(): Promise<number>;
}

/** Letters of one round: the next round follows soon. */
const batchMax = 100;

export function createRedrives({ db, clock, log, committed, consumers, messages }: RedriveDeps): Redrives {
  const ways = [...consumers.map((spec) => ofConsumer(db, clock, spec)), ...(messages ? [messages] : [])];

  async function sweep(): Promise<number> {
    const due = await dueNow(db, clock.now(), batchMax);
    for (const id of due) {
      const told = await db.transaction((tx) => tryAgain(tx, id));
      if (told.length > 0) committed(told);
    }
    return due.length;
  }

  async function tryAgain(tx: Transaction, id: string): Promise<readonly AnyEvent[]> {
    const letter = await lockDue(tx, id, clock.now());
    if (!letter) return [];
    const way = ways.find(({ consumer }) => consumer === letter.consumer);
    if (!way) {
      log.error({ letterId: id, consumer: letter.consumer }, "a dead letter of nobody");
      await makeDue(tx, [id], null);
      return [];
    }
    const recorder = way.recorderOf(letter);
    const audit = (outcome: string) =>
      recorder.audit({
        subject: `letter:${id}`,
        action: "redrive",
        outcome,
        detail: { attempts: letter.attempts + 1 },
      });
    try {
      await tx.savepoint(() => way.apply(tx, letter, recorder));
      await takeBack(tx, recorder, id, letter.attempts);
      audit("done");
    } catch (error) {
      // Trouble of the database itself: the whole round is tried again.
      if (!(error instanceof AppError) && isTransient(error)) throw error;
      recorder.clear();
      await way.keep(tx, letter, recorder, error);
      audit(error instanceof AppError ? error.code : "INTERNAL");
    }
    return recorder.flush(tx);
  }

  const rounds = createRounds({
    name: `redrives:${db.system}`,
    everyMs: limits.letterRedriveEveryMs,
    log,
    round: sweep,
  });
  return { ...rounds, sweep };
}

function ofConsumer(db: Database, clock: Clock, spec: ConsumerSpec): MessageRedrive {
  const eventOf = ({ body }: OpenLetter) => JSON.parse(body) as AnyEvent;
  const apply = spec.redrive ?? spec.handle;
  return {
    consumer: spec.name,
    recorderOf: (letter) => createRecorder(db.system, clock, causeOf(spec.name, eventOf(letter))),
    apply: (tx, letter, recorder) => apply.call(spec, tx, [upToDate(eventOf(letter))], recorder),
    keep: (tx, letter, recorder, error) =>
      setAside(tx, recorder, {
        ...{ consumer: spec.name, event: eventOf(letter), error },
        ...{ attempts: letter.attempts + 1, nowMs: clock.now(), raises: spec.redrive === undefined },
      }),
  };
}

/** The consumer, which also hears who wants letters tried again, and what has come that some of them wait for. */
export function withRedriving(system: SystemName, clock: Clock, consumer: ConsumerSpec): ConsumerSpec {
  const { concerns } = consumer;
  return {
    ...consumer,
    types: [...consumer.types.filter((type) => type !== "letters.redrive.requested"), "letters.redrive.requested"],
    concerns: (event) =>
      (event.type === "letters.redrive.requested" && event.data.system === system) ||
      (consumer.types.includes(event.type) && (concerns?.call(consumer, event) ?? true)),
    async handle(tx, events, recorder) {
      const own = events.filter(({ type }) => consumer.types.includes(type));
      if (own.length > 0) await consumer.handle(tx, own, recorder);
      const nowMs = clock.now();
      const asked = events.flatMap((event) =>
        event.type === "letters.redrive.requested" && event.data.system === system ? event.data.letterIds : [],
      );
      await makeDue(tx, asked, nowMs);
      await wakeWaiting(tx, remediesOf(events), nowMs);
    },
  };
}
