/**
 * What a report of the warehouse means: which buckets it moves, in base units, and when it makes no sense.
 */
import { describe, expect, it } from "vitest";
import { AppError, type ErrorCode } from "../../../../../shared/errors.ts";
import { buckets, noStock } from "../../../../../shared/events/canonical-event.ts";
import { limits } from "../../../../../shared/limits.ts";
import { type Rounding, toBaseUnits } from "../../../../../shared/quantity.ts";
import { assertFact, effectOf, type StockFact } from "../../../../../subgraphs/wms/domain/stock-fact.ts";

const fact = (more: Partial<StockFact>): StockFact => ({
  id: "e1",
  type: "RECEIPT",
  sku: "A",
  locationId: "L",
  quantity: 10,
  unit: null,
  occurredAtMs: 0,
  sourceSeq: null,
  documentRef: null,
  fromBucket: null,
  toBucket: null,
  reasonCode: null,
  note: null,
  buckets: null,
  ...more,
});

/** The deltas of a sound report, without the buckets it leaves alone. */
function deltasOf(more: Partial<StockFact>, toBase = (quantity: number, _rounding: Rounding) => quantity) {
  const reported = fact(more);
  assertFact(reported);
  const effect = effectOf(reported, toBase);
  if (effect.kind !== "move") throw new Error("not a move");
  return Object.fromEntries(Object.entries(effect.deltas).filter(([, quantity]) => quantity !== 0));
}

function codeOf(more: Partial<StockFact>): ErrorCode | null {
  try {
    assertFact(fact(more));
    return null;
  } catch (error) {
    return error instanceof AppError ? error.code : "INTERNAL";
  }
}

const thirds = (quantity: number, rounding: Rounding) =>
  toBaseUnits(quantity, { unit: "THIRD", numerator: 1, denominator: 3 }, rounding);

describe("where a report moves stock", () => {
  it.each<[string, Partial<StockFact>, Record<string, number>]>([
    ["a receipt comes onto the dock", { type: "RECEIPT" }, { dock: 10 }],
    ["a receipt may go straight to a shelf", { type: "RECEIPT", toBucket: "unrestricted" }, { unrestricted: 10 }],
    ["a receipt may arrive damaged", { type: "RECEIPT", toBucket: "damaged" }, { damaged: 10 }],
    ["a putaway clears the dock", { type: "PUTAWAY" }, { dock: -10, unrestricted: 10 }],
    [
      "a restock clears quarantine",
      { type: "PUTAWAY", fromBucket: "quarantine" },
      { quarantine: -10, unrestricted: 10 },
    ],
    ["a putaway may go on hold", { type: "PUTAWAY", toBucket: "hold" }, { dock: -10, hold: 10 }],
    ["a pick takes from the shelf", { type: "PICK" }, { unrestricted: -10, picked: 10 }],
    ["a shipment leaves with what was picked", { type: "SHIPMENT" }, { picked: -10 }],
    ["a shipment may leave from the dock", { type: "SHIPMENT", fromBucket: "dock" }, { dock: -10 }],
    ["a void brings it back", { type: "SHIPMENT_VOID" }, { picked: 10 }],
    ["a void may bring it back to the dock", { type: "SHIPMENT_VOID", toBucket: "dock" }, { dock: 10 }],
    [
      "a change of status moves between the buckets named",
      { type: "STATUS_CHANGE", fromBucket: "hold", toBucket: "expired" },
      { hold: -10, expired: 10 },
    ],
    ["an adjustment adds to the shelf", { type: "ADJUSTMENT" }, { unrestricted: 10 }],
    ["an adjustment takes away", { type: "ADJUSTMENT", quantity: -3 }, { unrestricted: -3 }],
    [
      "an adjustment may name its bucket as target",
      { type: "ADJUSTMENT", toBucket: "hold", quantity: -3 },
      { hold: -3 },
    ],
    ["or as source", { type: "ADJUSTMENT", fromBucket: "hold", quantity: 3 }, { hold: 3 }],
  ])("%s", (_, more, deltas) => {
    expect(deltasOf(more)).toEqual(deltas);
  });

  it.each<[string, Partial<StockFact>]>([
    ["a receipt of picked goods", { type: "RECEIPT", toBucket: "picked" }],
    ["a receipt out of a bucket", { type: "RECEIPT", fromBucket: "dock" }],
    ["a putaway from a shelf", { type: "PUTAWAY", fromBucket: "unrestricted" }],
    ["a putaway to where it is", { type: "PUTAWAY", fromBucket: "quarantine", toBucket: "quarantine" }],
    ["a putaway into picked goods", { type: "PUTAWAY", toBucket: "picked" }],
    ["a pick from the dock", { type: "PICK", fromBucket: "dock" }],
    ["a pick onto a shelf", { type: "PICK", toBucket: "unrestricted" }],
    ["a shipment into a bucket", { type: "SHIPMENT", toBucket: "dock" }],
    ["a void out of a bucket", { type: "SHIPMENT_VOID", fromBucket: "picked" }],
    ["a change of status from nowhere", { type: "STATUS_CHANGE", toBucket: "hold" }],
    ["a change of status to nowhere", { type: "STATUS_CHANGE", fromBucket: "hold" }],
    ["a change of status that changes nothing", { type: "STATUS_CHANGE", fromBucket: "hold", toBucket: "hold" }],
    ["an adjustment of two buckets", { type: "ADJUSTMENT", fromBucket: "hold", toBucket: "dock" }],
    ["a snapshot from a bucket", { type: "SNAPSHOT", quantity: 0, buckets: noStock, fromBucket: "dock" }],
  ])("refuses %s", (_, more) => {
    expect(codeOf(more)).toBe("BUCKET_INVALID");
  });
});

describe("how much it moves", () => {
  it("is positive, except where stock is corrected", () => {
    expect(codeOf({ quantity: 0 })).toBe("QUANTITY_NOT_POSITIVE");
    expect(codeOf({ quantity: -1 })).toBe("QUANTITY_NOT_POSITIVE");
    expect(codeOf({ type: "ADJUSTMENT", quantity: -1 })).toBeNull();
    expect(codeOf({ type: "ADJUSTMENT", quantity: 0 })).toBe("QUANTITY_NOT_POSITIVE");
  });

  it("fits 32 bits", () => {
    expect(codeOf({ quantity: limits.quantityMax })).toBeNull();
    expect(codeOf({ quantity: limits.quantityMax + 1 })).toBe("QUANTITY_OUT_OF_RANGE");
    expect(codeOf({ type: "ADJUSTMENT", quantity: -limits.quantityMax - 1 })).toBe("QUANTITY_OUT_OF_RANGE");
  });

  it("rounds what comes in down and what goes out up; a void gives back what the shipment took", () => {
    expect(deltasOf({ type: "RECEIPT", quantity: 5 }, thirds)).toEqual({ dock: 1 });
    expect(deltasOf({ type: "PICK", quantity: 5 }, thirds)).toEqual({ unrestricted: -2, picked: 2 });
    expect(deltasOf({ type: "SHIPMENT", quantity: 5 }, thirds)).toEqual({ picked: -2 });
    expect(deltasOf({ type: "SHIPMENT_VOID", quantity: 5 }, thirds)).toEqual({ picked: 2 });
    expect(deltasOf({ type: "ADJUSTMENT", quantity: -5 }, thirds)).toEqual({ unrestricted: -2 });
  });

  it("is at least one base unit", () => {
    expect(() => deltasOf({ type: "RECEIPT", quantity: 2 }, thirds)).toThrow("less than one base unit");
  });
});

describe("a snapshot", () => {
  const counted = { ...noStock, unrestricted: 7, damaged: -2 };

  it("says what is there, in base units, below zero too", () => {
    const reported = fact({ type: "SNAPSHOT", quantity: 5, buckets: counted });
    assertFact(reported);
    expect(effectOf(reported, (quantity) => quantity * 12)).toEqual({
      kind: "count",
      quantity: 60,
      stock: { ...noStock, unrestricted: 84, damaged: -24 },
    });
  });

  it("may say that nothing is there", () => {
    expect(codeOf({ type: "SNAPSHOT", quantity: 0, buckets: noStock })).toBeNull();
  });

  it("has the sum of its buckets as quantity", () => {
    expect(codeOf({ type: "SNAPSHOT", quantity: 7, buckets: counted })).toBe("SNAPSHOT_MISMATCH");
  });

  it("carries buckets, and nothing else does", () => {
    expect(codeOf({ type: "SNAPSHOT", quantity: 0 })).toBe("INVALID_INPUT");
    expect(codeOf({ type: "RECEIPT", buckets: counted })).toBe("INVALID_INPUT");
  });

  it("fits 32 bits, bucket by bucket and in sum", () => {
    const half = Math.ceil(limits.quantityMax / 2) + 1;
    const tooMuch = { ...noStock, unrestricted: half, dock: half };
    expect(codeOf({ type: "SNAPSHOT", quantity: 2 * half, buckets: tooMuch })).toBe("QUANTITY_OUT_OF_RANGE");
    const inOne = { ...noStock, hold: limits.quantityMax + 1, dock: -1 };
    expect(codeOf({ type: "SNAPSHOT", quantity: limits.quantityMax, buckets: inOne })).toBe("QUANTITY_OUT_OF_RANGE");
  });
});

it("no move makes or loses stock inside the building", () => {
  for (const from of buckets) {
    for (const to of buckets) {
      if (from === to) continue;
      const deltas = deltasOf({ type: "STATUS_CHANGE", fromBucket: from, toBucket: to });
      expect(Object.values(deltas).reduce((sum, quantity) => sum + quantity, 0)).toBe(0);
    }
  }
});
