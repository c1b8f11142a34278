/**
 * How good the answers of this process are, and how its events come: counted as they go by, told once a minute.
 *
 * An answer costs a few additions, and one that is served from kept bytes nothing at all: it counts once, when it was
 * made. Counts that were not told before the process ends are lost; nothing else rests on them.
 */
import type { Clock } from "../../shared/clock.ts";
import type { Committed } from "../../shared/command.ts";
import type { Database } from "../../shared/db/database.ts";
import type { AnyEvent, EventData } from "../../shared/events/canonical-event.ts";
import { newId } from "../../shared/ids.ts";
import { createRounds, type Part } from "../../shared/lifecycle.ts";
import { limits } from "../../shared/limits.ts";
import type { Logger } from "../../shared/logging.ts";
import { createRecorder, ownCause } from "../../shared/recorder.ts";
import type { AvailabilityResult } from "./domain/ats.ts";

/** Ages up to which answers are counted together, milliseconds; what is older is in the last one. */
export const ageBoundsMs = [
  ...[100, 250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000],
  ...[300_000, 900_000, 3_600_000, 86_400_000, 31_536_000_000],
] as const;

export interface AnswerTally extends Part {
  answered(answers: readonly AvailabilityResult[], nowMs: number): void;
  /** Of one batch: so many events came, so many of them for the first time. */
  received(events: number, fresh: number): void;
  /** These had their effect; how many of them came after a later one of their owner and position. */
  late(events: number): void;
  /** Tells what has been counted since the last time; is there nothing, it tells nothing. */
  tell(): Promise<void>;
}

interface TallyDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called after COMMIT: these are new in the outbox. */
  readonly committed: Committed;
}

function nothing() {
  return {
    answers: { FRESH: 0, STALE: 0, DEGRADED: 0, UNKNOWN: 0 },
    ages: new Array<number>(ageBoundsMs.length).fill(0),
    events: { received: 0, duplicate: 0, late: 0 },
  };
}

export function createAnswerTally({ db, clock, log, committed }: TallyDeps): AnswerTally {
  const process = newId(clock.now());
  let counts = nothing();
  let told = 0;

  async function tell(): Promise<void> {
    const { answers, ages, events } = counts;
    const answered = answers.FRESH + answers.STALE + answers.DEGRADED + answers.UNKNOWN;
    if (answered === 0 && events.received === 0) return;
    counts = nothing();
    told += 1;
    const data: EventData["answers.tallied"] = {
      answers,
      ages: ageBoundsMs.flatMap((upToMs, i) => (ages[i] ? [{ upToMs, answers: ages[i] }] : [])),
      events,
    };
    committed(
      await db.transaction(async (tx) => {
        const recorder = createRecorder(db.system, clock, ownCause(db.system, clock.now()));
        recorder.event({ type: "answers.tallied", sourceSeq: told, partitionKey: `answers:${process}`, data });
        return recorder.flush(tx);
      }),
    );
  }

  return {
    ...createRounds({ name: "answer-tally", everyMs: limits.answersToldEveryMs, log, round: tell }),
    answered(answers, nowMs) {
      for (const { confidence, asOfMs } of answers) {
        counts.answers[confidence] += 1;
        if (confidence === "UNKNOWN") continue;
        const ageMs = nowMs - asOfMs;
        let i = 0;
        while (i < ageBoundsMs.length - 1 && ageMs > (ageBoundsMs[i] as number)) i += 1;
        counts.ages[i] = (counts.ages[i] as number) + 1;
      }
    },
    received(events, fresh) {
      counts.events.received += events;
      counts.events.duplicate += events - fresh;
    },
    late(events) {
      counts.events.late += events;
    },
    tell,
  };
}

/** Which of these came after a later one of their owner and position; `highest`: the latest that had come, by owner. */
export function lateAmong(facts: readonly AnyEvent[], highest: Map<string, number>): AnyEvent[] {
  return facts.filter(({ source, sourceSeq }) => {
    const known = highest.get(source) ?? 0;
    if (sourceSeq < known) return true;
    highest.set(source, sourceSeq);
    return false;
  });
}
