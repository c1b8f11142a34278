/**
 * One line of a transfer as the warehouses know it: paper and facts in any order, and what a person may do.
 */
import { describe, expect, it } from "vitest";
import { noStock } from "../../../../../shared/events/canonical-event.ts";
import type { Effect, StockEventType } from "../../../../../subgraphs/wms/domain/stock-fact.ts";
import {
  assertMayReceive,
  assertMayShip,
  countMovement,
  inTransitOf,
  noTransferLine,
  openToShip,
  type Paper,
  type TransferLine,
  toPutBack,
  withPaper,
} from "../../../../../subgraphs/wms/domain/transfer.ts";

const approval: Paper = { type: "approved", line: "1", originId: "WEST", destinationId: "EAST", quantity: 100 };
const empty = noTransferLine("T1", "A");
const line = withPaper(empty, approval);

function move(
  before: TransferLine,
  type: StockEventType,
  quantity: number,
  more: { final?: boolean; at?: string } = {},
) {
  const picked = type === "PICK" ? quantity : 0;
  const effect: Effect = { kind: "move", quantity, from: null, to: null, deltas: { ...noStock, picked } };
  const locationId = more.at ?? (type === "RECEIPT" ? "EAST" : "WEST");
  return countMovement(before, { type, locationId }, effect, more.final ?? false);
}

function moved(before: TransferLine, ...moves: readonly Parameters<typeof move>[1][]): TransferLine {
  return moves.reduce((state, type) => move(state, type, 10)?.line ?? state, before);
}

describe("a movement of a transfer", () => {
  it("bridges what the ERP has committed and no more", () => {
    expect(move(line, "SHIPMENT", 60)).toMatchObject({ bridged: 60, line: { shipped: 60 } });
    expect(move({ ...line, shipped: 60 }, "SHIPMENT", 60)).toMatchObject({ bridged: 40, line: { shipped: 120 } });
    expect(move(empty, "SHIPMENT", 60)).toMatchObject({ bridged: 0, destinationId: null });
  });

  it("settles what was shipped so far when it is the last, and unsettles what is voided", () => {
    const shipped = { ...line, shipped: 100 };
    expect(move(shipped, "RECEIPT", 50)).toMatchObject({ settled: 0 });
    const short = move({ ...shipped, received: 50 }, "RECEIPT", 47, { final: true });
    expect(short).toMatchObject({ settled: 100, line: { received: 97 } });
    expect(move({ ...shipped, received: 97, settled: 100 }, "SHIPMENT_VOID", 3)).toMatchObject({
      settled: -3,
      line: { shipped: 97, settled: 97 },
    });
  });

  it("at a place that is not its end, or of another kind, is none", () => {
    expect(move(line, "SHIPMENT", 1, { at: "NORTH" })).toBeNull();
    expect(move(line, "RECEIPT", 1, { at: "WEST" })).toBeNull();
    expect(move(line, "PUTAWAY", 1)).toBeNull();
    const count: Effect = { kind: "count", quantity: 0, stock: noStock };
    expect(countMovement(line, { type: "SNAPSHOT", locationId: "WEST" }, count, false)).toBeNull();
  });

  it("counts the same before and after its paper", () => {
    expect(withPaper(moved(empty, "PICK", "SHIPMENT", "RECEIPT"), approval)).toEqual(
      moved(line, "PICK", "SHIPMENT", "RECEIPT"),
    );
    const cancelled: Paper = { type: "cancelled", quantity: 100 };
    expect(withPaper(withPaper(empty, cancelled), approval)).toEqual(withPaper(line, cancelled));
  });
});

describe("a person", () => {
  const field = ["input"];

  it("ships what is approved and not yet shipped", () => {
    const partly = { ...line, shipped: 60 };
    expect(openToShip(partly)).toBe(40);
    expect(() => assertMayShip(partly, 40, field)).not.toThrow();
    expect(() => assertMayShip(partly, 41, field)).toThrow(
      expect.objectContaining({ code: "TRANSFER_EXCEEDED", details: expect.objectContaining({ available: 40 }) }),
    );
  });

  it("ships nothing of a transfer that was called off, or never approved", () => {
    const off = withPaper(line, { type: "cancelled", quantity: 100 });
    expect(openToShip(off)).toBe(0);
    expect(() => assertMayShip(off, 1, field)).toThrow(expect.objectContaining({ code: "ILLEGAL_TRANSITION" }));
    expect(() => assertMayShip(empty, 1, field)).toThrow(expect.objectContaining({ code: "ILLEGAL_TRANSITION" }));
  });

  it("receives what is in transit: what was written off is not", () => {
    const lost = withPaper(
      { ...line, shipped: 100, received: 97 },
      {
        type: "resolved",
        resolution: "WRITTEN_OFF",
        quantity: 3,
      },
    );
    expect(inTransitOf(lost)).toBe(0);
    expect(() => assertMayReceive(lost, 1, field)).toThrow(expect.objectContaining({ code: "TRANSFER_EXCEEDED" }));
  });
});

it("what never left is put back, but not what was found in the meantime", () => {
  const missing = { ...line, shipped: 100, received: 97 };
  expect(toPutBack(missing, 3)).toBe(3);
  expect(toPutBack({ ...missing, received: 99 }, 3)).toBe(1);
  expect(toPutBack({ ...missing, received: 100 }, 3)).toBe(0);
  const told: Paper = { type: "resolved", resolution: "NOT_SHIPPED", quantity: 3 };
  expect(withPaper(missing, told)).toEqual(missing);
});
