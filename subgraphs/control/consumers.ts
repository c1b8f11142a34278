/**
 * What the other systems' facts do here: master data fills the replica, every fact goes into the journal, those of a
 * position move the figures that are reconciled, and those that somebody has to look at go into the queue of exceptions.
 *
 * A batch is one transaction. Nothing here answers another system.
 */
import type { Clock } from "../../shared/clock.ts";
import type { AnyEvent, EventType } from "../../shared/events/canonical-event.ts";
import { factTypes } from "../../shared/events/topics.ts";
import { applyMasterData } from "../../shared/master-data.ts";
import { type ConsumerSpec, causeOf } from "../../shared/messaging/consumer.ts";
import { takeCopies } from "./audit-copies.ts";
import { verdictOf } from "./domain/exception.ts";
import { applyToQueue, type Change } from "./exceptions.ts";
import { countFacts } from "./kpis.ts";
import { noteLetters } from "./letters.ts";
import { followPositions } from "./reconciliation.ts";
import { noteRehearsals } from "./replays.ts";
import type { SourceWatch } from "./source-watch.ts";
import { addEvents } from "./store/journal.ts";

const consumerName = "control";

/** What systems ask of each other: no facts. */
const requests: readonly EventType[] = ["snapshot.requested", "replay.requested", "letters.redrive.requested"];

export function createConsumers(clock: Clock, sources: Pick<SourceWatch, "hear">): ConsumerSpec[] {
  return [
    {
      name: consumerName,
      topic: "facts",
      types: factTypes.filter((type) => !requests.includes(type)),
      async handle(tx, events, recorder) {
        await applyMasterData(tx, events);
        await addEvents(
          tx,
          events.filter(({ type }) => type !== "replay.rehearsed"),
        );
        await noteRehearsals(tx, recorder, events, clock.now());
        const varied = await followPositions(tx, recorder, events, { consumer: consumerName, nowMs: clock.now() });
        const ofLetters = await noteLetters(tx, events);
        await applyToQueue(tx, recorder, [...events.flatMap(changesOf), ...ofLetters, ...varied], clock.now());
        await countFacts(tx, events);
      },
      heartbeat: async (_partition, heartbeats) => sources.hear(heartbeats),
    },
    {
      name: consumerName,
      topic: "audit",
      types: ["audit.sealed"],
      handle: (tx, events) => takeCopies(tx, events, clock.now()),
    },
  ];
}

function changesOf(event: AnyEvent): Change[] {
  const cause = causeOf(consumerName, event);
  const { raised, cleared } = verdictOf(event);
  return [
    ...raised.map((finding) => ({ kind: "raise" as const, finding, cause })),
    ...cleared.map((topic) => ({ kind: "clear" as const, topic, cause })),
  ];
}
