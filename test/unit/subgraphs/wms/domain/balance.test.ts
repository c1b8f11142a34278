/**
 * The balance of a position: given what was reported, when something more is, then this is there.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bucket, type Buckets, buckets, noStock, onHandOf } from "../../../../../shared/events/canonical-event.ts";
import { limits } from "../../../../../shared/limits.ts";
import {
  type Applied,
  applyStockEvent,
  mayOutlive,
  noBalance,
  type Position,
  type StockEvent,
} from "../../../../../subgraphs/wms/domain/balance.ts";
import { addBuckets, mapBuckets } from "../../../../../subgraphs/wms/domain/stock-fact.ts";

const stockOf = (some: Partial<Buckets>): Buckets => ({ ...noStock, ...some });

/** The warehouse moved this much; `seq` and `hour` say when. */
function moved(deltas: Partial<Buckets>, seq: number | null = null, hour = 0, source = "wms"): StockEvent {
  const effect = { kind: "move", quantity: 1, from: null, to: null, deltas: stockOf(deltas) } as const;
  return { source, sourceSeq: seq, occurredAtMs: hour, effect };
}

function counted(stock: Partial<Buckets>, seq: number | null = null, hour = 0, source = "wms"): StockEvent {
  const whole = stockOf(stock);
  return {
    source,
    sourceSeq: seq,
    occurredAtMs: hour,
    effect: { kind: "count", quantity: onHandOf(whole), stock: whole },
  };
}

const nothing: Position = { balance: noBalance, moves: [] };

function given(...events: readonly StockEvent[]): Position {
  return events.reduce((position, event) => applyStockEvent(position, event).position, nothing);
}

function last(...events: readonly StockEvent[]): Applied {
  return applyStockEvent(given(...events.slice(0, -1)), events.at(-1) as StockEvent);
}

describe("moves", () => {
  it("given a receipt, when it is put away, then it is on the shelf and not on the dock", () => {
    const { balance } = given(moved({ dock: 10 }), moved({ dock: -10, unrestricted: 10 }));
    expect(balance.stock).toEqual(stockOf({ unrestricted: 10 }));
    expect(balance).toMatchObject({ version: 2, entries: 2 });
  });

  it("given nothing, when goods are picked, then the shelf is below zero until the putaway comes", () => {
    expect(given(moved({ unrestricted: -3, picked: 3 })).balance.stock.unrestricted).toBe(-3);
  });

  it("a bucket or the sum beyond 32 bits is refused", () => {
    const full = given(moved({ unrestricted: limits.quantityMax }));
    expect(() => applyStockEvent(full, moved({ unrestricted: 1 }))).toThrow("±2147483647");
    expect(() => applyStockEvent(full, moved({ dock: 1 }))).toThrow("±2147483647");
    expect(applyStockEvent(full, moved({ dock: 1, unrestricted: -1 })).outcome).toBe("ACCEPTED");
  });
});

describe("a snapshot", () => {
  it("given moves, when the shelves are counted, then the count holds and the movement is the difference", () => {
    const { position, outcome, deltas } = last(
      moved({ unrestricted: 10 }, 1),
      counted({ unrestricted: 8, damaged: 1 }, 2),
    );
    expect(outcome).toBe("ACCEPTED");
    expect(position.balance.stock).toEqual(stockOf({ unrestricted: 8, damaged: 1 }));
    expect(deltas).toEqual(stockOf({ unrestricted: -2, damaged: 1 }));
  });

  it("given a snapshot as of 10, when move 10 arrives late, then it is superseded and changes nothing", () => {
    const { position, outcome } = last(counted({ dock: 5 }, 10), moved({ dock: 3 }, 10));
    expect(outcome).toBe("SUPERSEDED");
    expect(position.balance).toMatchObject({ stock: stockOf({ dock: 5 }), version: 1, entries: 2 });
  });

  it("given a snapshot as of 10, when move 11 arrives, then it counts", () => {
    const { position, outcome } = last(counted({ dock: 5 }, 10), moved({ dock: 3 }, 11));
    expect(outcome).toBe("ACCEPTED");
    expect(position.balance.stock.dock).toBe(8);
  });

  it("given moves 9, 11 and 12, when the snapshot as of 10 arrives, then 11 and 12 survive it", () => {
    const { balance } = given(
      moved({ dock: 1 }, 9),
      moved({ dock: 2 }, 11),
      moved({ dock: 4 }, 12),
      counted({ dock: 100 }, 10),
    );
    expect(balance.stock.dock).toBe(106);
  });

  it("what survives in the journal is given by whoever has it", () => {
    const { position, deltas } = applyStockEvent(
      given(moved({ dock: 4 }, 12)),
      counted({ dock: 100 }, 10),
      stockOf({ hold: 7 }),
    );
    expect(position.balance.stock).toEqual(stockOf({ dock: 104, hold: 7 }));
    expect(deltas).toEqual(stockOf({ dock: 100, hold: 7 }));
  });

  it("without a sequence number on either side the time decides: only what was strictly earlier is covered", () => {
    expect(given(counted({ dock: 5 }, null, 9), moved({ dock: 1 }, null, 8)).balance.stock.dock).toBe(5);
    expect(given(counted({ dock: 5 }, null, 9), moved({ dock: 1 }, null, 9)).balance.stock.dock).toBe(6);
    expect(given(counted({ dock: 5 }, 10, 9), moved({ dock: 1 }, null, 8)).balance.stock.dock).toBe(5);
    expect(given(counted({ dock: 5 }, null, 9), moved({ dock: 1 }, 99, 8)).balance.stock.dock).toBe(5);
    expect(given(moved({ dock: 1 }, null, 9), counted({ dock: 5 }, 10, 9)).balance.stock.dock).toBe(6);
  });

  it("two sources count each for itself: between them the time decides", () => {
    expect(given(counted({ dock: 5 }, 10, 9), moved({ dock: 1 }, 3, 10, "other")).balance.stock.dock).toBe(6);
    expect(given(counted({ dock: 5 }, 10, 9), moved({ dock: 1 }, 30, 8, "other")).balance.stock.dock).toBe(5);
  });

  it("an older snapshot loses; of two of the same moment the one that comes later counts", () => {
    expect(last(counted({ dock: 5 }, 10), counted({ dock: 9 }, 9))).toMatchObject({
      outcome: "SUPERSEDED",
      deltas: noStock,
      position: { balance: { stock: { dock: 5 }, version: 1, entries: 2 } },
    });
    expect(last(counted({ dock: 5 }, null, 9), counted({ dock: 9 }, null, 8)).outcome).toBe("SUPERSEDED");
    expect(last(counted({ dock: 5 }, 10, 8), counted({ dock: 9 }, 10, 8)).outcome).toBe("ACCEPTED");
    expect(last(counted({ dock: 5 }, 10, 8), counted({ dock: 9 }, 10, 7)).outcome).toBe("SUPERSEDED");
  });

  it("that would leave the range together with what survives it is refused", () => {
    const position = given(moved({ dock: 10 }, 11));
    expect(() => applyStockEvent(position, counted({ dock: limits.quantityMax - 9 }, 10))).toThrow("±2147483647");
    expect(applyStockEvent(position, counted({ dock: limits.quantityMax - 10 }, 10)).outcome).toBe("ACCEPTED");
  });
});

describe("properties", () => {
  const bucketsOf = fc
    .record(
      Object.fromEntries(buckets.map((b) => [b, fc.integer({ min: -99, max: 99 })])) as Record<
        Bucket,
        fc.Arbitrary<number>
      >,
    )
    .map((stock): Buckets => stock);

  it("moves in any order leave the same balance", () => {
    fc.assert(
      fc.property(fc.array(bucketsOf, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (deltas, dice) => {
        const moves = deltas.map((delta, i) => moved(delta, i));
        expect(given(...shuffle(moves, dice)).balance.stock).toEqual(deltas.reduce(addBuckets, noStock));
      }),
    );
  });

  const story = fc.array(fc.record({ isCount: fc.boolean(), stock: bucketsOf, counts: fc.boolean() }), {
    minLength: 1,
    maxLength: 12,
  });

  it("snapshots and moves in any order leave what a run in order leaves", () => {
    fc.assert(
      fc.property(story, fc.infiniteStream(fc.nat()), (happened, dice) => {
        const events = happened.map(({ isCount, stock, counts }, i) =>
          (isCount ? counted : moved)(stock, counts ? i : null, i),
        );
        const inOrder = happened.reduce((sum, e) => (e.isCount ? e.stock : addBuckets(sum, e.stock)), noStock);
        expect(given(...shuffle(events, dice)).balance.stock).toEqual(inOrder);
      }),
    );
  });

  it("the deltas of the accepted events add up to the balance, and each of them is one version", () => {
    fc.assert(
      fc.property(story, fc.infiniteStream(fc.nat()), (happened, dice) => {
        const events = happened.map(({ isCount, stock, counts }, i) =>
          (isCount ? counted : moved)(stock, counts ? i : null, i),
        );
        let position = nothing;
        let sum = noStock;
        let effective = 0;
        for (const event of shuffle(events, dice)) {
          const applied = applyStockEvent(position, event);
          position = applied.position;
          if (applied.outcome === "SUPERSEDED") continue;
          sum = addBuckets(sum, applied.deltas);
          effective += 1;
        }
        expect(position.balance.stock).toEqual(sum);
        expect(position.balance).toMatchObject({ version: effective, entries: events.length });
      }),
    );
  });

  it("where no move can outlive a snapshot, none does", () => {
    fc.assert(
      fc.property(story, fc.infiniteStream(fc.nat()), fc.nat(14), fc.boolean(), (happened, dice, when, counts) => {
        const events = happened.map((e, i) => (e.isCount ? counted : moved)(e.stock, e.counts ? i : null, i));
        const position = given(...shuffle(events, dice));
        const snapshot = counted({ dock: 1 }, counts ? when : null, when);
        fc.pre(!mayOutlive(position.balance, snapshot));
        const { balance } = applyStockEvent(position, snapshot).position;
        expect(balance.stock).toEqual(mapBuckets((bucket) => (bucket === "dock" ? 1 : 0)));
      }),
    );
  });
});

function shuffle<T>(items: readonly T[], dice: Iterator<number>): T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(dice.next().value % left.length, 1));
}
