/**
 * Available-to-promise: what arrives, when it may be relied on, and what always holds.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "../../../../../shared/limits.ts";
import {
  arrivalsOf,
  type Expected,
  lookAheadMinimum,
  type Outlook,
  outlookOf,
} from "../../../../../subgraphs/availability/domain/atp.ts";
import { addDays, dateAt, daysBetween } from "../../../../../subgraphs/availability/domain/calendar.ts";
import type { SupplyLine } from "../../../../../subgraphs/availability/domain/inbound.ts";
import { kitOutlook } from "../../../../../subgraphs/availability/domain/kit.ts";
import { plainChannel } from "../../../../../subgraphs/availability/domain/policy.ts";
import {
  defaultPromising,
  latenessDays,
  type PromisingPolicy,
} from "../../../../../subgraphs/availability/domain/promising.ts";
import { channelIds, inputFor, nowMs, policyWith, protecting, situations, withReservation } from "./fixtures.ts";

const today = dateAt(nowMs);
const day = (n: number) => addDays(today, n);
const runs = { numRuns: 500 };

const line = (openQuantity: number, days: number | null, more: Partial<SupplyLine> = {}): SupplyLine => ({
  documentType: "PURCHASE_ORDER",
  documentId: "PO",
  line: `${openQuantity}/${days}`,
  openQuantity,
  promisedOn: days === null ? null : day(days),
  from: null,
  seq: 1,
  ...more,
});
const expecting = (...supply: readonly SupplyLine[]): Expected => ({ supply, latenessOf: () => [] });

describe("the calendar", () => {
  it("counts days in UTC, across months and leap days, and stays within four digits", () => {
    expect(addDays("2028-02-28", 2)).toBe("2028-03-01");
    expect(daysBetween("2028-03-01", "2028-02-28")).toBe(-2);
    expect(addDays("9999-12-30", 365)).toBe("9999-12-31");
    expect(dateAt(Date.UTC(2026, 0, 5, 23, 59))).toBe("2026-01-05");
  });
});

describe("what arrives", () => {
  const arrive = (supply: readonly SupplyLine[], promising: Partial<PromisingPolicy> = {}) =>
    arrivalsOf(
      inputFor({ policy: policyWith({ WEB: { promising: { ...defaultPromising, ...promising } } }) }),
      expecting(...supply),
    );

  it("is cut down by kind, in whole units", () => {
    const transfer = line(15, 3, { documentType: "TRANSFER" });
    expect(arrive([line(15, 2), transfer], { purchaseOrderPercent: 50, transferPercent: 90 })).toEqual([
      { on: day(2), basis: "INBOUND", quantity: 7 },
      { on: day(3), basis: "TRANSFER", quantity: 13 },
    ]);
  });

  it("is not there without a date, is there today when promised for today, and tomorrow when it should have been here", () => {
    expect(arrive([line(1, null), line(2, 0), line(3, -1)])).toEqual([
      { on: today, basis: "INBOUND", quantity: 2 },
      { on: day(1), basis: "INBOUND", quantity: 3 },
    ]);
  });

  it("is as late as its supplier mostly is", () => {
    const history = [
      { daysLate: 0, lines: 89 },
      { daysLate: 3, lines: 1 },
      { daysLate: 30, lines: 10 },
    ];
    expect([0, 50, 89, 90, 91, 100].map((percentile) => latenessDays(history, percentile))).toEqual([
      0, 0, 0, 3, 30, 30,
    ]);
    expect(latenessDays([], 90)).toBe(0);
    const expected = { supply: [line(5, 2, { from: "ACME" })], latenessOf: () => history };
    expect(arrivalsOf(inputFor({}), expected)).toMatchObject([{ on: day(5), quantity: 5 }]);
  });

  it("does not make a promise larger than a quantity can be", () => {
    const outlook = outlookOf(inputFor({ wms: { unrestricted: 9 } }), expecting(line(limits.quantityMax, 1)));
    expect(outlook.atp(day(1))).toBe(limits.quantityMax);
  });
});

describe("the look-ahead minimum", () => {
  it("keeps for a later demand what only earlier supply can cover", () => {
    const moves = [
      { on: day(1), quantity: 10 },
      { on: day(3), quantity: -12 },
      { on: day(5), quantity: 4 },
    ];
    expect([0, 1, 2, 3, 5].map((n) => lookAheadMinimum(5, moves, day(n)))).toEqual([3, 3, 3, 3, 7]);
  });
});

describe("what the backlog owes comes off supply first", () => {
  it("40 missing and 50 on their way promise 10", () => {
    const input = inputFor({ wms: { unrestricted: 10 }, position: { erp: { book: 10, committed: 50 } } });
    const outlook = outlookOf(input, expecting(line(50, 4)));
    expect([outlook.answer.availableToSell, outlook.atp(day(3)), outlook.atp(day(4))]).toEqual([0, 0, 10]);
  });

  it("what is protected for another channel is protected of what arrives, too", () => {
    const input = inputFor({ wms: { unrestricted: 10 }, policy: protecting({ B2B: 30 }) }, "WEB");
    const outlook = outlookOf(input, expecting(line(50, 4)));
    expect([outlook.answer.availableToSell, outlook.atp(day(4))]).toEqual([0, 30]);
  });
});

const supplies = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 80 }), fc.option(fc.integer({ min: -5, max: 12 }), { freq: 6 }), fc.boolean())
    .map(([units, days, transfer]) => line(units, days, transfer ? { documentType: "TRANSFER" } : {})),
  { maxLength: 5 },
);
const percents = fc.integer({ min: 0, max: 100 });
const promisings = fc.record({
  purchaseOrderPercent: percents,
  transferPercent: percents,
  restockPercent: percents,
  latenessPercentile: percents,
  restockDays: fc.nat(6),
});
const days = Array.from({ length: 16 }, (_, n) => n - 1);

describe("always", () => {
  it("0 ≤ ATS ≤ ATP(t1) ≤ ATP(t2), or all of them are unknown", () => {
    fc.assert(
      fc.property(situations, supplies, promisings, (input, supply, promising) => {
        const channels = input.policy.channels.map((one) => ({ ...one, policy: { ...one.policy, promising } }));
        const channel = (id: string | null | undefined) => ({
          ...input.policy.channel(id),
          policy: { ...input.policy.channel(id).policy, promising },
        });
        const outlook = outlookOf({ ...input, policy: { ...input.policy, channels, channel } }, expecting(...supply));
        rises(outlook);
      }),
      runs,
    );
  });

  it("supply that is cancelled never raises a promise", () => {
    fc.assert(
      fc.property(situations, supplies, (input, supply) => {
        const [more, less] = [supply, supply.slice(1)].map((lines) => outlookOf(input, expecting(...lines)));
        for (const n of days) expect(promisedOn(less, n)).toBeLessThanOrEqual(promisedOn(more, n));
      }),
      runs,
    );
  });

  it("a reservation of n lowers what is projected by n and raises nobody's promise", () => {
    const reserving = fc.tuple(fc.constantFrom(...channelIds), fc.integer({ min: 1, max: 60 }));
    fc.assert(
      fc.property(situations, supplies, reserving, (input, supply, [by, n]) => {
        const position = withReservation(input.position, by, n);
        for (const channel of channelIds) {
          const before = outlookOf({ ...input, channel }, expecting(...supply));
          const after = outlookOf({ ...input, channel, position }, expecting(...supply));
          if (before.answer.net === null || after.answer.net === null) continue;
          expect(after.answer.net).toBe(before.answer.net - n);
          for (const on of days) expect(promisedOn(after, on)).toBeLessThanOrEqual(promisedOn(before, on));
        }
      }),
      runs,
    );
  });

  it("nothing reported is 0 promised; FAIL_CLOSED promises nothing, ERROR null", () => {
    const silent = { wms: { asOfMs: nowMs - 86_400_000, gap: false, version: 3 } };
    for (const [mode, promised] of [
      ["FAIL_CLOSED", 0],
      ["ERROR", null],
    ] as const) {
      const { degraded } = plainChannel("WEB", "Web shop", 1);
      const policy = policyWith({ WEB: { degraded: { ...degraded, wms: { ...degraded.wms, mode } } } });
      const outlook = outlookOf(
        inputFor({ wms: { unrestricted: 10 }, policy, freshness: silent }),
        expecting(line(50, 1)),
      );
      expect([outlook.answer.availableToSell, outlook.atp(day(9))]).toEqual([promised, promised]);
    }
  });

  it("a kit's promise rises too, and never passes what any component allows", () => {
    const part = fc.tuple(situations, supplies, fc.integer({ min: 1, max: 4 }));
    fc.assert(
      fc.property(situations, fc.array(part, { minLength: 1, maxLength: 3 }), (own, parts) => {
        // Sold as it comes: what is assembled already, demand, and rules of the kit itself are not what is looked at here.
        const kit = { ...inputFor({}, own.channel), position: { ...inputFor({}).position, version: 0 } as never };
        const components = parts.map(([input, supply, required]) => ({
          required,
          outlook: outlookOf(input, expecting(...supply)),
        }));
        const outlook = kitOutlook(kit, expecting(), components);
        const { answer } = outlook;
        expect(answer.terms.reduce((sum, term) => sum + term.quantity, 0)).toBe(answer.net ?? 0);
        for (const { required, outlook: one } of components) {
          const allows = Math.floor((one.answer.availableToSell ?? 0) / required);
          if (answer.availableToSell !== null) expect(answer.availableToSell).toBeLessThanOrEqual(allows);
        }
        if (components.every(({ outlook: one }) => one.answer.availableToSell !== null)) rises(outlook);
      }),
      runs,
    );
  });
});

function rises(outlook: Outlook): void {
  const ats = outlook.answer.availableToSell;
  const promised = days.map((n) => outlook.atp(day(n)));
  if (ats === null) expect(promised.every((units) => units === null)).toBe(true);
  else {
    const rising = [0, ats, ...promised.map(Number)];
    expect(rising).toEqual(rising.toSorted((a, b) => a - b));
  }
}

function promisedOn(outlook: Outlook | undefined, n: number): number {
  return outlook?.atp(day(n)) ?? -1;
}
