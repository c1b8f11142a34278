/**
 * The projection: whatever order the facts come in, the position ends the same.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { manualClock } from "../../../../../shared/clock.ts";
import type { AnyEvent } from "../../../../../shared/events/canonical-event.ts";
import { hasGap } from "../../../../../shared/events/owner-progress.ts";
import { limits } from "../../../../../shared/limits.ts";
import {
  applyFact,
  emptyProjection,
  figuresOf,
  formerFiguresOf,
  type Projected,
} from "../../../../../subgraphs/availability/domain/projection.ts";
import { createFacts } from "../../../../helpers/facts.ts";

const clock = manualClock();

function project(events: readonly AnyEvent[], nowMs = clock.now()): Projected {
  return events.reduce((position, event) => applyFact(position, event, nowMs), emptyProjection("A", "L"));
}

/** What a reader of the position sees; versions count arrivals and may differ. */
function figures({ wms, erp, returns, progress, ...position }: Projected) {
  const { shippedNotPosted, receivedNotPosted, adjustedNotPosted } = position;
  const complete = Object.fromEntries(Object.entries(progress).map(([name, p]) => [name, [p.seq, p.ahead.length]]));
  return { wms, erp, returns, shippedNotPosted, receivedNotPosted, adjustedNotPosted, complete };
}

/** A day at location L: receipts, picks and shipments of orders, their postings, a return, a stock-take. */
function aDay(steps: readonly number[]): AnyEvent[] {
  const facts = createFacts(clock);
  let shelf = 0;
  return steps.flatMap((n): AnyEvent[] => {
    if (n % 7 === 0) return [facts.snapshot({ unrestricted: shelf })];
    if (n % 3 === 0) return [facts.returned(n)];
    if (n % 2 === 0 || shelf < n) {
      shelf += n;
      return [facts.moved("receipt.recorded", n, { unrestricted: n })];
    }
    shelf -= n;
    const allocated = facts.allocated(n, `O${n}`);
    const shipped = facts.moved("shipment.confirmed", n, { unrestricted: -n }, `O${n}`);
    return [allocated, shipped, facts.posted(shipped, n)];
  });
}

const steps = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 25 });

describe("a position", () => {
  it("ends the same for every order of the facts", () => {
    fc.assert(
      fc.property(
        steps.chain((day) => {
          const events = aDay(day);
          return fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length }));
        }),
        ([inOrder, shuffled]) => {
          expect(figures(project(shuffled))).toEqual(figures(project(inOrder)));
        },
      ),
    );
  });

  it("is told as it was by what has changed, beside what it is", () => {
    fc.assert(
      fc.property(steps, steps, (day, next) => {
        const before = project(aDay(day));
        const after = aDay(next).reduce((position, event) => applyFact(position, event, clock.now()), before);
        expect({ ...figuresOf(after), ...formerFiguresOf(before, after) }).toEqual(figuresOf(before));
      }),
    );
    const before = project([]);
    const claimed = { ...before, version: 1, reserved: 3 };
    expect(formerFiguresOf(before, claimed)).toEqual({ version: 0, reserved: 0 });
  });

  it("has no posting offsets left once the ERP has posted everything that was shipped", () => {
    const facts = createFacts(clock);
    const allocated = facts.allocated(40);
    const shipped = facts.moved("shipment.confirmed", 40, { unrestricted: -40 }, "O1");
    const before = project([allocated, shipped]);
    expect(before).toMatchObject({ shippedNotPosted: 40, erp: { committed: 40 } });
    expect(project([allocated, shipped, facts.posted(shipped, 40)])).toMatchObject({
      shippedNotPosted: 0,
      erp: { committed: 0, book: -40 },
    });
  });

  it("bridges only shipments against an order: others were never committed in the ERP", () => {
    const shipped = createFacts(clock).moved("shipment.confirmed", 40, { unrestricted: -40 });
    expect(project([shipped])).toMatchObject({ shippedNotPosted: 0 });
  });

  it("takes a snapshot as the truth up to its number and keeps what came after it", () => {
    const facts = createFacts(clock);
    const receipt = facts.moved("receipt.recorded", 10, { unrestricted: 10 });
    const stocktake = facts.snapshot({ unrestricted: 7 });
    const later = facts.moved("receipt.recorded", 5, { unrestricted: 5 });
    const end = { wms: { unrestricted: 12 } };
    expect(project([receipt, stocktake, later])).toMatchObject(end);
    expect(project([later, stocktake, receipt])).toMatchObject(end);
    expect(project([later, receipt, stocktake])).toMatchObject(end);
  });

  it("knows that a fact is missing, once it has been missing for longer than facts take", () => {
    const facts = createFacts(clock);
    facts.moved("receipt.recorded", 10, { unrestricted: 10 });
    const second = facts.moved("receipt.recorded", 5, { unrestricted: 5 });
    const { progress } = project([second], 1_000);
    expect(hasGap(progress.wms, 1_000 + limits.gapHoldMs)).toBe(false);
    expect(hasGap(progress.wms, 1_001 + limits.gapHoldMs)).toBe(true);
  });

  it("stays bounded behind a hole that never closes, and heals only by a snapshot that covers what was let go", () => {
    const facts = createFacts(clock);
    facts.moved("receipt.recorded", 1, { unrestricted: 1 });
    const behind = Array.from({ length: limits.aheadMax + 50 }, () =>
      facts.moved("receipt.recorded", 1, { unrestricted: 1 }),
    );
    const stuck = project(behind);
    expect(stuck.progress.wms.ahead).toHaveLength(limits.aheadMax);
    const tooOld = { ...facts.snapshot({ unrestricted: 2 }), data: { asOfSeq: 2, wms: stuck.wms } } as AnyEvent;
    expect(applyFact(stuck, tooOld, 0).progress.wms.seq).toBe(0);
    const total = limits.aheadMax + 51;
    const healed = applyFact(stuck, facts.snapshot({ unrestricted: total }), 0);
    expect(healed).toMatchObject({ wms: { unrestricted: total }, progress: { wms: { ahead: [], gapSinceMs: null } } });
  });
});
