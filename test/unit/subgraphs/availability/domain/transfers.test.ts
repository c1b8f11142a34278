/**
 * A transfer as `availability` sees it at both ends: in whatever order the owners' events come, the units end where they
 * are, and nothing stays bridged.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { SystemName } from "../../../../../shared/config.ts";
import type { AnyEvent, EventData, EventType } from "../../../../../shared/events/canonical-event.ts";
import { applyFact, emptyProjection } from "../../../../../subgraphs/availability/domain/projection.ts";
import { canonicalEvent } from "../../../../helpers/events.ts";

function at(locationId: string) {
  const sequences = new Map<string, number>();
  return <T extends EventType>(source: SystemName, type: T, quantity: number, data: EventData[T]): AnyEvent => {
    const seq = (sequences.get(source) ?? 0) + 1;
    sequences.set(source, seq);
    return canonicalEvent<T>(source, type, `A|${locationId}`, seq, { sku: "A", locationId, quantity, data });
  };
}

const acknowledged = (
  bookDelta: number,
  committedDelta: number,
  offset: "shipped" | "received",
  offsetDelta: number,
) => ({
  postedEventId: "e",
  bookDelta,
  committedDelta,
  offset,
  offsetDelta,
});

/** 10 approved, 12 shipped by a connector, 2 put back, the rest received. */
function story() {
  const west = at("WEST");
  const east = at("EAST");
  const origin = [
    west("erp", "transfer.approved", 10, { transferId: "T", committedDelta: 10 }),
    west("wms", "transfer.shipped", 12, { deltas: { unrestricted: -12 }, bridged: 10 }),
    west("erp", "erp.posting.acknowledged", 12, acknowledged(-12, -10, "shipped", -10)),
    west("erp", "transfer.resolved", 2, { transferId: "T", resolution: "NOT_SHIPPED" }),
    west("wms", "shipment.voided", 2, { deltas: { unrestricted: 2 }, settled: -2 }),
    west("erp", "erp.posting.acknowledged", 2, { ...acknowledged(2, 0, "shipped", 0), offset: "none" }),
  ];
  const destination = [
    east("wms", "transfer.received", 10, { deltas: { dock: 10 }, settled: 12 }),
    east("erp", "erp.posting.acknowledged", 10, acknowledged(10, 0, "received", -10)),
    east("erp", "transfer.discrepancy", 2, { transferId: "T", missing: 2 }),
  ];
  return { origin, destination };
}

function figures(locationId: string, events: readonly AnyEvent[]) {
  const end = events.reduce((position, event) => applyFact(position, event, 0), emptyProjection("A", locationId));
  const { shippedNotPosted, receivedNotPosted, adjustedNotPosted } = end;
  return {
    ...{ unrestricted: end.wms.unrestricted, dock: end.wms.dock, book: end.erp.book, committed: end.erp.committed },
    bridged: [shippedNotPosted, receivedNotPosted, adjustedNotPosted],
    gaps: Object.values(end.progress).filter(({ gapSinceMs }) => gapSinceMs !== null).length,
  };
}

it("ends the same in every order, with every offset cleared and no number missing", () => {
  const { origin, destination } = story();
  const settled = { bridged: [0, 0, 0], gaps: 0, committed: 0 };
  fc.assert(
    fc.property(
      fc.shuffledSubarray(origin, { minLength: origin.length }),
      fc.shuffledSubarray(destination, { minLength: destination.length }),
      (west, east) => {
        expect(figures("WEST", west)).toEqual({ ...settled, unrestricted: -10, dock: 0, book: -10 });
        expect(figures("EAST", east)).toEqual({ ...settled, unrestricted: 0, dock: 10, book: 10 });
      },
    ),
  );
});
