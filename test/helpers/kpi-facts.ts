/**
 * Facts of every kind that a figure counts, as fast-check makes them: few documents and places, so that facts meet.
 *
 * Each has an id of its own. What they say need not be possible: counting has to come to the same whatever is told.
 */
import fc from "fast-check";
import type { AnyEvent, CanonicalEvent, EventType } from "../../shared/events/canonical-event.ts";
import { canonicalEvent } from "./events.ts";

interface Told {
  readonly kind: number;
  readonly document: string;
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
  readonly minutes: number;
  readonly flag: boolean;
}

const told: fc.Arbitrary<Told> = fc.record({
  kind: fc.nat(100),
  document: fc.constantFrom("D-1", "D-2"),
  sku: fc.constantFrom("A", "B"),
  locationId: fc.constantFrom("WEST", "EAST"),
  quantity: fc.integer({ min: 1, max: 20 }),
  minutes: fc.nat(300),
  flag: fc.boolean(),
});

type Make = (one: Told) => { type: EventType; source: "erp" | "wms" | "returns" | "availability"; more: object };

const ref = (type: string, { document }: Told) => ({ documentRef: { type, id: document } });
const moved = { deltas: {} };

const kinds: readonly Make[] = [
  (one) => ({
    type: "order.allocated",
    source: "erp",
    more: { ...ref("ORDER", one), data: { committedDelta: one.quantity } },
  }),
  (one) => ({
    type: "order.allocated",
    source: "erp",
    more: { ...ref("ORDER", one), data: { committedDelta: one.quantity } },
  }),
  (one) => ({
    type: "order.deallocated",
    source: "erp",
    more: { ...ref("ORDER", one), data: { committedDelta: 0 - one.quantity } },
  }),
  (one) => ({
    type: "order.oversold",
    source: "availability",
    more: { ...ref("ORDER", one), data: { allocatedEventId: "e" } },
  }),
  (one) => ({ type: "shipment.confirmed", source: "wms", more: { ...ref("ORDER", one), data: moved } }),
  (one) => ({ type: "shipment.confirmed", source: "wms", more: { ...ref("ORDER", one), data: moved } }),
  (one) => ({
    type: "shipment.voided",
    source: "wms",
    more: { ...ref(one.flag ? "ORDER" : "TRANSFER", one), data: moved },
  }),
  (one) => ({
    type: "transfer.shipped",
    source: "wms",
    more: { ...ref("TRANSFER", one), data: { ...moved, bridged: 0 } },
  }),
  (one) => ({
    type: "transfer.received",
    source: "wms",
    more: { ...ref("TRANSFER", one), data: { ...moved, settled: 0 } },
  }),
  (one) => ({
    type: "transfer.resolved",
    source: "erp",
    more: {
      ...ref("TRANSFER", one),
      data: { transferId: one.document, resolution: one.flag ? "WRITTEN_OFF" : "NOT_SHIPPED" },
    },
  }),
  (one) => ({
    type: "return.received",
    source: "returns",
    more: { data: { returnId: one.document, quarantinedDelta: one.quantity } },
  }),
  (one) => ({
    type: "return.restocked",
    source: "returns",
    more: { data: { returnId: one.document, quarantinedDelta: 0 } },
  }),
  (one) => ({
    type: "return.dispositioned",
    source: "returns",
    more: {
      data: {
        returnId: one.document,
        quarantinedDelta: 0,
        step: one.flag ? "CARRIED_OUT" : "PROPOSED",
        disposition: null,
      },
    },
  }),
  (one) => ({
    type: one.flag ? "adjustment.requested" : "adjustment.approved",
    source: "wms",
    more: { data: { adjustmentId: one.document, contentHash: "h", tier: "supervisor" } },
  }),
  (one) => ({ type: "adjustment.posted", source: "wms", more: { quantity: 0 - one.quantity, data: moved } }),
  (one) => ({
    type: "reservation.confirmed",
    source: "availability",
    more: {
      ...{ sku: null, locationId: null },
      data: {
        ...{ reservationId: "r", status: "CONFIRMED", channel: "web", orderId: one.document, expiresAt: "" },
        lines: [{ sku: one.sku, locationId: one.locationId, quantity: one.quantity, held: one.quantity }],
      },
    },
  }),
  (one) => ({
    type: "count.recorded",
    source: "wms",
    more: {
      data: {
        ...{ countId: one.document, countedBy: "c", recountOf: null },
        lines: [
          {
            sku: one.sku,
            bucket: "unrestricted",
            expected: one.quantity,
            counted: one.flag ? one.quantity : 3,
            adjustmentId: null,
          },
        ],
      },
    },
  }),
  (one) => ({
    type: one.flag ? "erp.posting.acknowledged" : "erp.posting.failed",
    source: "erp",
    more: {
      data: {
        ...{ postedEventId: "p", code: "c", bookDelta: 0, committedDelta: 0, offset: "none", offsetDelta: 0 },
        postedRecordedAt: "2026-01-05T07:59:00.000Z",
      },
    },
  }),
  (one) => ({
    type: "answers.tallied",
    source: "availability",
    more: {
      ...{ sku: null, locationId: null },
      data: {
        answers: { FRESH: one.quantity, STALE: 1, DEGRADED: one.flag ? 1 : 0, UNKNOWN: 0 },
        ages: [{ upToMs: one.flag ? 100 : 250, answers: one.quantity + 1 }],
        events: { received: one.quantity, duplicate: one.flag ? 1 : 0, late: 0 },
      },
    },
  }),
];

function fact(one: Told, seq: number): AnyEvent {
  const { type, source, more } = (kinds[one.kind % kinds.length] as Make)(one);
  const at = new Date(Date.parse("2026-01-05T08:00:00.000Z") + one.minutes * 60_000).toISOString();
  const { sku, locationId, quantity } = one;
  const event = { sku, locationId, quantity, time: at, recordedAt: at, toLocationId: "EAST", ...more };
  return canonicalEvent(
    source,
    type,
    `kpi:${source}`,
    seq,
    event as Partial<CanonicalEvent> & Pick<CanonicalEvent, "data">,
  );
}

export const anyFacts: fc.Arbitrary<AnyEvent[]> = fc
  .array(told, { minLength: 1, maxLength: 60 })
  .map((all) => all.map((one, i) => fact(one, i + 1)));
