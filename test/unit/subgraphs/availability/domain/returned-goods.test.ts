/**
 * Story 2 at the projection: whatever the order in which the facts of a return arrive, nothing of it can be sold before
 * the warehouse has put it away, and afterwards nothing of it is held back.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SystemName } from "../../../../../shared/config.ts";
import type { AnyEvent, EventData, EventType } from "../../../../../shared/events/canonical-event.ts";
import { applyFact, emptyProjection, type Projected } from "../../../../../subgraphs/availability/domain/projection.ts";
import { canonicalEvent } from "../../../../helpers/events.ts";
import { atsOf, locationId, nowMs, sku } from "./fixtures.ts";

const shelf = 20;
const returned = 6;

function fact<T extends EventType>(source: SystemName, sourceSeq: number, type: T, data: EventData[T]): AnyEvent {
  const place = { sku, locationId, quantity: returned, data };
  return canonicalEvent<T>(source, type, `${sku}|${locationId}`, sourceSeq, place as never);
}

const moved = (quarantined: number, inInspection: number, restockApproved: number) => ({
  returnId: "R1",
  quarantinedDelta: quarantined,
  inInspectionDelta: inInspection,
  restockApprovedDelta: restockApproved,
});

const opening = fact("wms", 1, "receipt.recorded", { deltas: { unrestricted: shelf } });
const received = [
  fact("returns", 1, "return.received", { returnId: "R1", quarantinedDelta: returned }),
  fact("wms", 2, "receipt.recorded", { deltas: { quarantine: returned } }),
];
const inspected = fact("returns", 2, "return.inspected", { ...moved(-returned, returned, 0), condition: "GOOD" });
const verdict = { disposition: "RESTOCKED" };
const proposed = fact("returns", 3, "return.dispositioned", { ...moved(0, 0, 0), ...verdict, step: "PROPOSED" });
const approved = fact("returns", 4, "return.dispositioned", { ...moved(0, 0, returned), ...verdict, step: "APPROVED" });
const putaway = fact("wms", 3, "putaway.completed", { deltas: { quarantine: -returned, unrestricted: returned } });
const restocked = fact("returns", 5, "return.restocked", moved(0, -returned, -returned));

const story = [...received, inspected, proposed, approved, putaway, restocked];
const start = applyFact(emptyProjection(sku, locationId), opening, nowMs);
const ats = (position: Projected) => atsOf({ wms: position.wms, position: { returns: position.returns } });

function follow(events: readonly AnyEvent[]): Projected {
  return events.reduce((position, event) => applyFact(position, event, nowMs), start);
}

describe("a return that is inspected, approved and put away", () => {
  it("can be sold from the putaway on, and no decision before makes a difference", () => {
    const answers = story.map((_, i) => ats(follow(story.slice(0, i + 1))));
    // Until the warehouse has heard of it the desk's word alone holds back; of the putaway, until the desk has heard.
    expect(answers).toEqual([14, 20, 20, 20, 20, 20, 26]);
  });

  it("is never sold before the putaway, and is free of every hold at the end, in any order of the facts", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(story, { minLength: story.length }), (order) => {
        for (let n = 1; n <= order.length; n++) {
          const known = order.slice(0, n);
          if (!known.includes(putaway)) expect(ats(follow(known))).toBeLessThanOrEqual(shelf);
        }
        const end = follow(order);
        expect(ats(end)).toBe(shelf + returned);
        expect(end.returns).toEqual({ quarantined: 0, inInspection: 0, restockApproved: 0 });
        expect(end.progress.returns).toMatchObject({ seq: 5, ahead: [], gapSinceMs: null });
      }),
    );
  });
});
