/**
 * Promises over the network: the first day, the fewest locations, and never more than there is.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Arrival, Outlook } from "../../../../../subgraphs/availability/domain/atp.ts";
import { addDays } from "../../../../../subgraphs/availability/domain/calendar.ts";
import {
  type PromiseRequest,
  type PromiseResult,
  parsePromise,
  promise,
} from "../../../../../subgraphs/availability/domain/promise.ts";
import { ask } from "./fixtures.ts";

const today = "2026-01-05";
const day = (n: number) => addDays(today, n);

/** A location with `onHand` now and the arrivals as they come. */
function place(
  locationId: string,
  onHand: number | null,
  arrivals: readonly Arrival[] = [],
  sellMultiple = 1,
): Outlook {
  const floor = (units: number) => units - (units % sellMultiple);
  const answer = {
    ...ask({}),
    locationId,
    sellMultiple,
    net: onHand,
    availableToSell: onHand === null ? null : floor(onHand),
  };
  const atp = (on: string) =>
    onHand === null
      ? null
      : floor(arrivals.filter((arrival) => arrival.on <= on).reduce((sum, { quantity }) => sum + quantity, onHand));
  return { answer, arrivals, atp };
}

const inbound = (days: number, quantity: number): Arrival => ({ on: day(days), basis: "INBOUND", quantity });
const want = (quantity: number, more: Partial<PromiseRequest> = {}): PromiseRequest => ({
  quantity,
  needBy: null,
  maxSplits: null,
  ...more,
});

describe("a promise", () => {
  it("comes from the one location that has enough, however many others could help", () => {
    const network = [place("L", 30), place("M", 50), place("N", 40)];
    expect(promise(network, want(50), today)).toEqual({
      confirmedQuantity: 50,
      fullDate: today,
      lines: [{ locationId: "M", quantity: 50, date: today, basis: "ON_HAND" }],
    });
  });

  it("takes the largest first where one is not enough", () => {
    const { lines, fullDate } = promise([place("L", 30), place("M", 50), place("N", 40)], want(80), today);
    expect(fullDate).toBe(today);
    expect(lines.map(({ locationId, quantity }) => [locationId, quantity])).toEqual([
      ["M", 50],
      ["N", 30],
    ]);
  });

  it("waits for what arrives, and says what is there now and what is not", () => {
    const network = [place("L", 30, [inbound(14, 60)]), place("M", 20)];
    expect(promise(network, want(100), today)).toEqual({
      confirmedQuantity: 100,
      fullDate: day(14),
      lines: [
        { locationId: "L", quantity: 30, date: today, basis: "ON_HAND" },
        { locationId: "L", quantity: 60, date: day(14), basis: "INBOUND" },
        { locationId: "M", quantity: 10, date: today, basis: "ON_HAND" },
      ],
    });
  });

  it("confirms in time what can be, and says when the rest would be there", () => {
    const network = [place("L", 30, [inbound(14, 60)]), place("M", 20)];
    expect(promise(network, want(80, { needBy: day(13) }), today)).toMatchObject({
      confirmedQuantity: 50,
      fullDate: day(14),
    });
    expect(promise(network, want(500), today)).toMatchObject({ confirmedQuantity: 110, fullDate: null });
  });

  it("keeps to the number of locations it is given, and waits longer for it", () => {
    const network = [place("L", 30, [inbound(14, 60)]), place("M", 50)];
    expect(promise(network, want(80), today)).toMatchObject({ fullDate: today });
    expect(promise(network, want(80, { maxSplits: 1 }), today)).toMatchObject({
      fullDate: day(14),
      lines: [{ locationId: "L" }, { locationId: "L", quantity: 50 }],
    });
  });

  it("of a location of which nothing is known it promises nothing, and only whole multiples", () => {
    const network = [place("L", null), place("M", 50, [], 6)];
    expect(promise(network, want(20), today)).toMatchObject({ confirmedQuantity: 18, fullDate: null });
  });

  it.each([
    ["quantity", { sku: "A", quantity: 0 }],
    ["quantity", { sku: "A", quantity: -1 }],
    ["maxSplits", { sku: "A", quantity: 1, maxSplits: 0 }],
  ])("refuses an impossible %s", (field, input) => {
    const refusal = expect.objectContaining({
      code: "BAD_USER_INPUT",
      details: expect.objectContaining({ field: ["input", field] }),
    });
    expect(() => parsePromise(input)).toThrowError(refusal);
  });
});

describe("of every promise", () => {
  const arrivals = fc.array(
    fc.record({
      on: fc.integer({ min: 0, max: 9 }).map(day),
      basis: fc.constantFrom("INBOUND" as const, "TRANSFER" as const),
      quantity: fc.integer({ min: 1, max: 30 }),
    }),
    { maxLength: 4 },
  );
  const sorted = arrivals.map((list) => list.sort((a, b) => (a.on < b.on ? -1 : a.on > b.on ? 1 : 0)));
  const networks = (multiple: fc.Arbitrary<number>) =>
    fc
      .array(fc.tuple(fc.option(fc.nat(40), { freq: 9 }), sorted, multiple), { maxLength: 5 })
      .map((list) => list.map(([onHand, of, sellMultiple], i) => place(`P${i}`, onHand, of, sellMultiple)));
  const requests = fc.record({
    quantity: fc.integer({ min: 1, max: 150 }),
    needBy: fc.option(fc.integer({ min: -2, max: 12 }).map(day)),
    maxSplits: fc.option(fc.integer({ min: 1, max: 4 })),
  });
  const one = fc.constant(1);
  const runs = { numRuns: 500 };
  const placesIn = ({ lines }: PromiseResult) => new Set(lines.map(({ locationId }) => locationId));

  it("the lines add up to what is confirmed, in time, and never exceed a location's ATP on their day", () => {
    fc.assert(
      fc.property(networks(fc.integer({ min: 1, max: 7 })), requests, (network, request) => {
        const result = promise(network, request, today);
        expect(result.lines.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(result.confirmedQuantity);
        expect(result.confirmedQuantity).toBeLessThanOrEqual(request.quantity);
        expect(placesIn(result).size).toBeLessThanOrEqual(request.maxSplits ?? network.length);
        const last = request.needBy === null || request.needBy >= today ? request.needBy : today;
        for (const { locationId, date, quantity } of result.lines) {
          const outlook = network.find(({ answer }) => answer.locationId === locationId) as Outlook;
          const until = result.lines.filter((line) => line.locationId === locationId && line.date <= date);
          expect(until.reduce((sum, line) => sum + line.quantity, 0)).toBeLessThanOrEqual(outlook.atp(date) ?? 0);
          expect(quantity % outlook.answer.sellMultiple).toBe(0);
          if (last !== null) expect(date <= last).toBe(true);
        }
      }),
      runs,
    );
  });

  it("no smaller number of locations could have brought the whole on that day, nor any on an earlier one", () => {
    fc.assert(
      fc.property(networks(one), requests, (network, { quantity, maxSplits }) => {
        const result = promise(network, want(quantity, { maxSplits }), today);
        const brings = (on: string, atMost: number) =>
          subsets(network).some(
            (some) => some.length <= atMost && some.reduce((sum, { atp }) => sum + (atp(on) ?? 0), 0) >= quantity,
          );
        const most = maxSplits ?? network.length;
        const days = Array.from({ length: 12 }, (_, n) => day(n));
        expect(result.fullDate).toBe(days.find((on) => brings(on, most)) ?? null);
        if (result.fullDate !== null) expect(brings(result.fullDate, placesIn(result).size - 1)).toBe(false);
      }),
      runs,
    );
  });

  it("more time never confirms less, nor do more locations", () => {
    const later = fc.tuple(fc.nat(11), fc.nat(11)).map((pair) => pair.sort((a, b) => a - b));
    fc.assert(
      fc.property(
        networks(fc.integer({ min: 1, max: 7 })),
        requests,
        later,
        (network, request, [soon = 0, late = 0]) => {
          const confirmed = (needBy: string | null) =>
            promise(network, { ...request, needBy }, today).confirmedQuantity;
          expect(confirmed(day(soon))).toBeLessThanOrEqual(confirmed(day(late)));
          expect(confirmed(day(late))).toBeLessThanOrEqual(confirmed(null));
        },
      ),
      runs,
    );
  });
});

function subsets<T>(all: readonly T[]): T[][] {
  return Array.from({ length: 2 ** all.length }, (_, bits) => all.filter((__, i) => bits & (1 << i)));
}
