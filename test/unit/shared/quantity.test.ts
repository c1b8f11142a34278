/**
 * Quantities are exact: conversion rounds in the direction that never promises a unit that is not there.
 *
 * The properties compare with big integers, where nothing can be lost.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "../../../shared/limits.ts";
import { assertFactor, assertPositive, assertQuantity, factorFor, toBaseUnits } from "../../../shared/quantity.ts";

const max = limits.quantityMax;
const coded = (code: string, details: object = {}) =>
  expect.objectContaining({ code, details: expect.objectContaining(details) });
const factor = (numerator: number, denominator: number) => ({ unit: "CASE", numerator, denominator });

const anyQuantity = fc.integer({ min: -max, max });
const anyPart = fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max }));

/** The result, or undefined where it does not fit. */
function converted(quantity: number, numerator: number, denominator: number, rounding: "supply" | "demand") {
  try {
    return toBaseUnits(quantity, factor(numerator, denominator), rounding);
  } catch (error) {
    expect(error).toEqual(coded("QUANTITY_OUT_OF_RANGE"));
    return undefined;
  }
}

describe("a quantity", () => {
  it.each([0, 1, -1, max, -max])("may be %i", (value) => {
    expect(assertQuantity(value)).toBe(value);
  });

  it.each([max + 1, -max - 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])("may not be %d", (value) => {
    expect(() => assertQuantity(value, ["input", "quantity"])).toThrow(
      coded("QUANTITY_OUT_OF_RANGE", { field: ["input", "quantity"] }),
    );
  });

  it.each([0, -1, -max])("to be moved may not be %i", (value) => {
    expect(() => assertPositive(value, ["input"])).toThrow(coded("QUANTITY_NOT_POSITIVE", { field: ["input"] }));
  });

  it("to be moved may be 1 to the limit", () => {
    expect(assertPositive(1)).toBe(1);
    expect(assertPositive(max)).toBe(max);
    expect(() => assertPositive(max + 1)).toThrow(coded("QUANTITY_OUT_OF_RANGE"));
    expect(() => assertPositive(1.5)).toThrow(coded("QUANTITY_OUT_OF_RANGE"));
    expect(() => assertPositive(Number.NaN)).toThrow(coded("QUANTITY_OUT_OF_RANGE"));
  });
});

describe("conversion into base units", () => {
  it.each([
    [3, 12, 1, 36, 36],
    [5, 1, 2, 2, 3],
    [-5, 1, 2, -3, -2],
    [1, 1, 3, 0, 1],
    [0, 7, 5, 0, 0],
    [10, 1, 10, 1, 1],
    [max, 1, 1, max, max],
    [max, max, max, max, max],
  ])("of %i × %i/%i gives %i as supply and %i as demand", (quantity, numerator, denominator, supply, demand) => {
    expect(toBaseUnits(quantity, factor(numerator, denominator), "supply")).toBe(supply);
    expect(toBaseUnits(quantity, factor(numerator, denominator), "demand")).toBe(demand);
  });

  it("is exact: supply is the greatest whole number not above it, demand the smallest not below", () => {
    fc.assert(
      fc.property(anyQuantity, anyPart, anyPart, (quantity, numerator, denominator) => {
        const product = BigInt(quantity) * BigInt(numerator);
        const supply = converted(quantity, numerator, denominator, "supply");
        const demand = converted(quantity, numerator, denominator, "demand");
        if (supply !== undefined) {
          expect(BigInt(supply) * BigInt(denominator) <= product).toBe(true);
          expect(BigInt(supply + 1) * BigInt(denominator) > product).toBe(true);
        }
        if (demand !== undefined) {
          expect(BigInt(demand) * BigInt(denominator) >= product).toBe(true);
          expect(BigInt(demand - 1) * BigInt(denominator) < product).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("refuses what does not fit, and nothing else", () => {
    fc.assert(
      fc.property(anyQuantity, anyPart, anyPart, (quantity, numerator, denominator) => {
        const exact = (BigInt(quantity) * BigInt(numerator)) / BigInt(denominator);
        const inside = exact > -BigInt(max) && exact < BigInt(max);
        if (inside) expect(converted(quantity, numerator, denominator, "supply")).toBeDefined();
        if (exact > BigInt(max) || exact < -BigInt(max)) {
          expect(converted(quantity, numerator, denominator, "demand")).toBeUndefined();
        }
      }),
      { numRuns: 500 },
    );
  });

  it("never makes more of the parts than of the whole as supply, nor less as demand", () => {
    const small = fc.integer({ min: 0, max: 1_000_000 });
    const part = fc.integer({ min: 1, max: 1_000 });
    fc.assert(
      fc.property(small, small, part, part, (a, b, numerator, denominator) => {
        const of = (quantity: number, rounding: "supply" | "demand") =>
          toBaseUnits(quantity, factor(numerator, denominator), rounding);
        expect(of(a, "supply") + of(b, "supply")).toBeLessThanOrEqual(of(a + b, "supply"));
        expect(of(a, "demand") + of(b, "demand")).toBeGreaterThanOrEqual(of(a + b, "demand"));
      }),
    );
  });
});

describe("a factor", () => {
  it.each([
    [0, 1],
    [1, 0],
    [-12, 1],
    [12, -1],
    [0.5, 1],
    [1, Number.NaN],
    [max + 1, 1],
    [1, max + 1],
  ])("may not be %d/%d", (numerator, denominator) => {
    expect(() => assertFactor(factor(numerator, denominator))).toThrow(coded("UOM_INVALID_FACTOR", { unit: "CASE" }));
    expect(() => toBaseUnits(1, factor(numerator, denominator), "supply")).toThrow(coded("UOM_INVALID_FACTOR"));
  });

  const units = [factor(12, 1), { unit: "PALLET", numerator: 480, denominator: 1 }];

  it("is 1/1 for the base unit and where no unit is given", () => {
    for (const unit of ["EA", null, undefined]) {
      expect(factorFor(unit, "EA", units)).toEqual({ unit: "EA", numerator: 1, denominator: 1 });
    }
  });

  it("is the item's own for another unit", () => {
    expect(factorFor("PALLET", "EA", units)).toEqual({ unit: "PALLET", numerator: 480, denominator: 1 });
  });

  it.each(["BOX", "case", "CASE ", ""])("is never guessed: %j is unmapped", (unit) => {
    expect(() => factorFor(unit, "EA", units)).toThrow(coded("UOM_UNMAPPED", { unit }));
  });
});
