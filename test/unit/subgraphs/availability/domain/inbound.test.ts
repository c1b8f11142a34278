/**
 * What is still to come: the same for every order of the events, and never a unit that stands on the dock.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AnyEvent, type InboundLine, noStock } from "../../../../../shared/events/canonical-event.ts";
import { limits } from "../../../../../shared/limits.ts";
import {
  applyInbound,
  arrivalOf,
  compacted,
  concernsInbound,
  type Inbound,
  noInbound,
  openSupply,
} from "../../../../../subgraphs/availability/domain/inbound.ts";
import { applyFact, emptyProjection } from "../../../../../subgraphs/availability/domain/projection.ts";
import { canonicalEvent } from "../../../../helpers/events.ts";

const place = { sku: "A", locationId: "L" };

function follow(events: readonly AnyEvent[]): Inbound {
  let position = emptyProjection("A", "L");
  let inbound = noInbound;
  for (const event of events) {
    if (concernsInbound(event)) inbound = applyInbound(inbound, event, position.progress.erp);
    position = applyFact(position, event, 0);
    inbound = compacted(inbound, position.progress.erp);
  }
  return inbound;
}

const told = (of: Partial<InboundLine>): InboundLine => ({
  documentType: "PURCHASE_ORDER",
  documentId: "PO",
  line: "1",
  openQuantity: 10,
  orderedQuantity: 10,
  promisedOn: "2026-02-01",
  from: "ACME",
  arrivedOn: null,
  ...of,
});
const supply = (seq: number, of: Partial<InboundLine>) =>
  canonicalEvent("erp", "supply.expected.changed", "A|L", seq, { ...place, data: told(of) });
const snapshot = (seq: number, inbound: readonly InboundLine[]) =>
  canonicalEvent("erp", "inventory.snapshot", "A|L", seq, {
    ...place,
    data: { asOfSeq: seq, erp: { book: 0, committed: 0, inbound } },
  });
const document = (line: string) => ({ type: "PURCHASE_ORDER", id: "PO", ...(line === "" ? {} : { line }) });
const receipt = (seq: number, quantity: number, line: string) =>
  canonicalEvent("wms", "receipt.recorded", "A|L", seq, {
    ...place,
    quantity,
    documentRef: document(line),
    data: { deltas: { ...noStock, dock: quantity } },
  });
const posted = (seq: number, quantity: number, line: string) =>
  canonicalEvent("erp", "erp.posting.acknowledged", "A|L", seq, {
    ...place,
    documentRef: document(line),
    data: {
      postedEventId: "E",
      bookDelta: quantity,
      committedDelta: 0,
      offset: "received",
      offsetDelta: -quantity,
    },
  });
const open = (inbound: Inbound) => openSupply(inbound).map(({ line, openQuantity }) => [line, openQuantity]);

describe("inbound supply", () => {
  it("ends the same for every order of the events", () => {
    const step = fc.record({
      kind: fc.constantFrom("supply", "supply", "snapshot", "receipt"),
      line: fc.constantFrom("1", "2", "3"),
      named: fc.boolean(),
      quantity: fc.integer({ min: 0, max: 9 }),
    });
    const stories = fc.array(step, { minLength: 1, maxLength: 20 }).map((steps) => {
      let [erp, wms] = [0, 0];
      const known = new Map<string, InboundLine>();
      return steps.flatMap(({ kind, line, named, quantity }): AnyEvent[] => {
        const document = named ? line : "";
        if (kind === "receipt") {
          wms += 1;
          erp += 1;
          return [receipt(wms, quantity, document), posted(erp, quantity, document)];
        }
        erp += 1;
        if (kind === "snapshot")
          return [
            snapshot(
              erp,
              [...known.values()].filter((of) => of.openQuantity > 0),
            ),
          ];
        known.set(line, told({ line, openQuantity: quantity }));
        return [supply(erp, { line, openQuantity: quantity })];
      });
    });
    const inAnyOrder = stories.chain((events) =>
      fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length })),
    );
    fc.assert(
      fc.property(inAnyOrder, ([inOrder, shuffled]) => {
        const [a, b] = [follow(inOrder), follow(shuffled)];
        expect(open(b)).toEqual(open(a));
        // In the end nothing is kept of what is closed, nor of what the ERP has posted.
        expect([...b.unposted]).toEqual([]);
        expect([...b.lines.values()].every(({ openQuantity }) => openQuantity > 0)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is less by what stands on the dock: of its line, else of the document from the earliest on", () => {
    const lines = [supply(1, {}), supply(2, { line: "2", promisedOn: "2026-01-20" }), supply(3, { line: "3" })];
    expect(open(follow([...lines, receipt(1, 4, "1")]))).toEqual([
      ["2", 10],
      ["1", 6],
      ["3", 10],
    ]);
    expect(open(follow([...lines, receipt(1, 13, "")]))).toEqual([
      ["1", 7],
      ["3", 10],
    ]);
  });

  it("too many on one line take nothing off another", () => {
    const lines = [supply(1, {}), supply(2, { line: "2" })];
    expect(open(follow([...lines, receipt(1, 25, "1")]))).toEqual([["2", 10]]);
  });

  it("a posting that comes before its receipt promises nothing twice and nothing more", () => {
    const early = [supply(1, {}), posted(2, 4, "1")];
    expect(open(follow(early))).toEqual([["1", 10]]);
    expect(open(follow([...early, supply(3, { openQuantity: 6 }), receipt(1, 4, "1")]))).toEqual([["1", 6]]);
  });
});

describe("an arrival", () => {
  const late = (arrivedOn: string | null, of: Partial<InboundLine> = {}) =>
    arrivalOf(supply(1, { openQuantity: 0, arrivedOn, ...of }))?.daysLate ?? null;

  it("is late by whole days, early is on time, and a year is as late as it gets", () => {
    expect(late("2026-02-05")).toBe(4);
    expect(late("2026-01-05")).toBe(0);
    expect(late("2036-01-05")).toBe(limits.latenessDaysMax);
  });

  it("says nothing while something is open, without a date, and of nobody", () => {
    expect(late(null)).toBeNull();
    expect(late("2026-02-05", { openQuantity: 1 })).toBeNull();
    expect(late("2026-02-05", { promisedOn: null })).toBeNull();
    expect(late("2026-02-05", { from: null })).toBeNull();
  });
});
