/**
 * What becomes of a reservation: given one in some state, when something happens, then it is there or refused.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "../../../../../shared/limits.ts";
import {
  allocate,
  claim,
  confirm,
  expire,
  flagUnallocated,
  handOver,
  parseReserve,
  type Reservation,
  release,
  statusAt,
} from "../../../../../subgraphs/availability/domain/reservation.ts";
import { channelIds, nowMs, soundPositions } from "./fixtures.ts";

const active: Reservation = {
  reservationId: "R1",
  version: 1,
  status: "ACTIVE",
  channel: "WEB",
  owner: "web-shop",
  reference: null,
  orderId: null,
  createdAtMs: nowMs - 60_000,
  expiresAtMs: nowMs,
  dueAtMs: nowMs,
  unallocatedAtMs: null,
  lines: [{ sku: "A", locationId: "L", quantity: 5, held: 5 }],
};
const before = nowMs - 1;
const confirmed = confirm(active, "O1", before);
const released = release(active, false, before);
const expired = expire(active, nowMs) as Reservation;
const fails = (code: string) => expect.objectContaining({ code });

describe("a reservation", () => {
  it("is live until the very moment it expires", () => {
    expect(statusAt(active, before)).toBe("ACTIVE");
    expect(statusAt(active, nowMs)).toBe("EXPIRED");
    expect(expire(active, before)).toBeNull();
    expect(expired).toMatchObject({ status: "EXPIRED", version: 2, dueAtMs: null, lines: [{ held: 0 }] });
  });

  it("confirmed in time keeps its units past its expiry, and never expires", () => {
    expect(confirmed).toMatchObject({ status: "CONFIRMED", orderId: "O1", version: 2, lines: [{ held: 5 }] });
    expect(statusAt(confirmed, nowMs)).toBe("CONFIRMED");
    expect(expire(confirmed, nowMs)).toBeNull();
  });

  it("is confirmed or released only while it is live; a confirmed one is released only by who decides", () => {
    expect(() => confirm(active, "O1", nowMs)).toThrowError(fails("RESERVATION_EXPIRED"));
    expect(() => release(active, true, nowMs)).toThrowError(fails("RESERVATION_EXPIRED"));
    expect(() => confirm(expired, "O1", before)).toThrowError(fails("RESERVATION_EXPIRED"));
    for (const settled of [confirmed, released]) {
      expect(() => confirm(settled, "O2", before)).toThrowError(fails("ILLEGAL_TRANSITION"));
      expect(() => release(settled, false, before)).toThrowError(fails("ILLEGAL_TRANSITION"));
    }
    expect(() => release(released, true, before)).toThrowError(fails("ILLEGAL_TRANSITION"));
    expect(release(confirmed, true, nowMs)).toMatchObject({ status: "RELEASED", version: 3, lines: [{ held: 0 }] });
  });

  it("whose order the ERP does not commit is told of once, when its time is over and it still holds units", () => {
    const later = before + limits.reservationAllocationWaitMs;
    expect(flagUnallocated(confirmed, later - 1)).toBeNull();
    const flagged = flagUnallocated(confirmed, later) as Reservation;
    expect(flagged).toMatchObject({ status: "CONFIRMED", version: 3, unallocatedAtMs: later, dueAtMs: null });
    expect(flagUnallocated(flagged, later)).toBeNull();
    const handed = { ...confirmed, lines: confirmed.lines.map((line) => ({ ...line, held: 0 })) };
    expect(flagUnallocated(handed, later)).toBeNull();
    expect(flagUnallocated(active, later)).toBeNull();
  });
});

describe("a wish", () => {
  it("adds up the lines about one position and remembers the first of them", () => {
    const line = (sku: string, quantity: number) => ({ sku, locationId: "L", quantity });
    const { wishes, ttlMs } = parseReserve({ lines: [line("A", 6), line("B", 1), line("A", 5)] });
    expect(wishes.map(({ sku, quantity, field }) => [sku, quantity, field.at(-1)])).toEqual([
      ["A", 11, "0"],
      ["B", 1, "1"],
    ]);
    expect(ttlMs).toBe(limits.reservationTtlDefaultS * 1000);
  });
});

describe("claims", () => {
  it("taken and given back in any order leave the position as it was", () => {
    const changes = fc.array(fc.tuple(fc.constantFrom(...channelIds), fc.integer({ min: 1, max: 50 })), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(soundPositions, changes, (position, taken) => {
        const live = (byChannel: object) =>
          Object.entries(byChannel)
            .filter(([, n]) => n !== 0)
            .sort();
        const full = taken.reduce((p, [channel, n]) => claim(p, channel, n), position);
        expect(full.reserved - position.reserved).toBe(taken.reduce((sum, [, n]) => sum + n, 0));
        const back = taken.toReversed().reduce((p, [channel, n]) => claim(p, channel, -n), full);
        expect(back.reserved).toBe(position.reserved);
        expect(live(back.reservedByChannel)).toEqual(live(position.reservedByChannel));
      }),
    );
  });

  it("handed over never exceed what the order was allocated, nor what the lines hold, however it comes", () => {
    const moves = fc.array(fc.integer({ min: -20, max: 40 }), { maxLength: 8 });
    const helds = fc.array(fc.nat(20), { maxLength: 4 });
    fc.assert(
      fc.property(moves, helds, (quantities, held) => {
        let order = { allocated: 0, matched: 0 };
        let lines = held.map((units, i) => ({ i, held: units }));
        for (const quantity of quantities) {
          order = allocate(order, quantity);
          const handed = handOver(order, lines);
          const taken = handed.lines.reduce((sum, line) => sum + line.taken, 0);
          expect(handed.order.matched - order.matched).toBe(taken);
          expect(handed.order.matched).toBeLessThanOrEqual(handed.order.allocated);
          order = handed.order;
          lines = lines.map((line) => handed.lines.find((h) => h.line.i === line.i)?.line ?? line);
          expect(lines.every((line) => line.held >= 0)).toBe(true);
          // Nothing is left both unclaimed by the order and still held.
          expect(order.matched === order.allocated || lines.every((line) => line.held === 0)).toBe(true);
        }
      }),
    );
  });
});
