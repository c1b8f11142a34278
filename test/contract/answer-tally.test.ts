/**
 * What availability counts of its answers and of the events that come to it, and tells once a minute.
 */
import { expect, it } from "vitest";
import { manualClock } from "../../shared/clock.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { silentLogger } from "../../shared/logging.ts";
import { ageBoundsMs, createAnswerTally, lateAmong } from "../../subgraphs/availability/answer-tally.ts";
import type { AvailabilityResult } from "../../subgraphs/availability/domain/ats.ts";
import { createAvailability } from "../../subgraphs/availability/subgraph.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";

eachDatabase("the tally of answers", (makeKernel) => {
  it("says how many were how good and how old, and how events came; then it begins again", async () => {
    const clock = manualClock();
    const { db } = await createAvailability(await makeKernel({ clock }));
    const told: AnyEvent[] = [];
    const tally = createAnswerTally({ db, clock, log: silentLogger, committed: (events) => told.push(...events) });
    await tally.tell();
    expect(told).toEqual([]);
    const answer = (confidence: string, ageMs: number) =>
      ({ confidence, asOfMs: clock.now() - ageMs }) as AvailabilityResult;
    tally.answered([answer("FRESH", 0), answer("FRESH", 100), answer("DEGRADED", 400 * 86_400_000)], clock.now());
    tally.answered([answer("STALE", 3_000), answer("UNKNOWN", 0)], clock.now());
    tally.received(5, 3);
    tally.late(1);
    await tally.tell();
    await tally.tell();
    expect(told).toMatchObject([
      {
        type: "answers.tallied",
        data: {
          answers: { FRESH: 2, STALE: 1, DEGRADED: 1, UNKNOWN: 1 },
          ages: [
            { upToMs: 100, answers: 2 },
            { upToMs: 5_000, answers: 1 },
            { upToMs: ageBoundsMs.at(-1), answers: 1 },
          ],
          events: { received: 5, duplicate: 2, late: 1 },
        },
      },
    ]);
  });
});

it("an event is late after a later one of its owner, not of another one", () => {
  const event = (source: "wms" | "erp", seq: number) =>
    canonicalEvent(source, "inventory.snapshot", "A|L", seq, { data: { asOfSeq: seq } });
  const facts = [event("wms", 5), event("wms", 4), event("erp", 1), event("wms", 7), event("wms", 6)];
  expect(lateAmong(facts, new Map([["wms", 3]])).map(({ sourceSeq }) => sourceSeq)).toEqual([4, 6]);
  expect(lateAmong(facts, new Map([["wms", 9]])).map(({ sourceSeq }) => sourceSeq)).toEqual([5, 4, 7, 6]);
});
