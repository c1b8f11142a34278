/**
 * What may be asked to be moved, and when it is worth a second pair of eyes.
 */
import { describe, expect, it } from "vitest";
import { type AppError, isUserError } from "../../../../../shared/errors.ts";
import { limits } from "../../../../../shared/limits.ts";
import type { Catalogue } from "../../../../../subgraphs/erp/domain/catalogue.ts";
import type { Product } from "../../../../../subgraphs/erp/domain/product.ts";
import {
  isAboveSelfApproval,
  parseTransferLines,
  type TransferLineInput,
} from "../../../../../subgraphs/erp/domain/transfer-request.ts";

function product(sku: string, more: Partial<Product> = {}): Product {
  const units = [
    { unit: "CASE", numerator: 12, denominator: 1 },
    { unit: "THIRD", numerator: 1, denominator: 3 },
  ];
  return { sku, baseUnit: "EA", units, active: true, unitCost: "0.10", ...more } as Product;
}

const catalogue: Catalogue = {
  products: new Map([
    ["A", product("A")],
    ["OLD", product("OLD", { active: false })],
  ]),
  locationIds: new Set(),
};

function refusal(lines: readonly TransferLineInput[]): Pick<AppError, "code"> & { readonly field: unknown } {
  try {
    parseTransferLines(lines, catalogue);
  } catch (error) {
    if (isUserError(error)) return { code: error.code, field: error.details.field };
  }
  throw new Error("it was accepted");
}

describe("the lines of a request", () => {
  it("of one SKU are one line, summed before they are converted, so that rounding up happens once a unit", () => {
    const lines = [
      { sku: "A", quantity: 1, unit: "CASE" },
      { sku: "A", quantity: 1, unit: "THIRD" },
      { sku: "A", quantity: 1, unit: "THIRD" },
      { sku: "A", quantity: 2 },
    ];
    expect(parseTransferLines(lines, catalogue)).toEqual([{ sku: "A", quantity: 12 + 1 + 2 }]);
  });

  it("are refused where the item is unknown, no longer dealt in, or not countable", () => {
    expect(refusal([])).toEqual({ code: "INVALID_INPUT", field: ["input", "lines"] });
    expect(refusal([{ sku: "X", quantity: 1 }])).toEqual({
      code: "UNKNOWN_SKU",
      field: ["input", "lines", "0", "sku"],
    });
    expect(refusal([{ sku: "OLD", quantity: 1 }]).code).toBe("SKU_INACTIVE");
    expect(refusal([{ sku: "A", quantity: 0 }]).code).toBe("QUANTITY_NOT_POSITIVE");
    expect(refusal([{ sku: "A", quantity: 1, unit: "PALLET" }]).code).toBe("UOM_UNMAPPED");
    const most = { sku: "A", quantity: limits.quantityMax };
    expect(refusal([most, { sku: "A", quantity: 1 }]).code).toBe("QUANTITY_OUT_OF_RANGE");
  });
});

describe("the limit of what one person may both ask for and approve", () => {
  const above = (...lines: readonly { sku: string; requested: number; unitCost: string | null }[]) =>
    isAboveSelfApproval(lines, new Map(lines.map(({ sku, unitCost }) => [sku, { unitCost }])));
  const max = limits.transferSelfApprovalValueMax;

  it("is exact to the last digit, over all lines", () => {
    const nearly = { sku: "A", requested: max * 10 - 1, unitCost: "0.10" };
    expect(above(nearly, { sku: "B", requested: 1, unitCost: "0.1" })).toBe(false);
    expect(above(nearly, { sku: "B", requested: 1, unitCost: "0.1000000001" })).toBe(true);
  });

  it("is passed by whatever nobody knows the cost of", () => {
    expect(above({ sku: "A", requested: 1, unitCost: null })).toBe(true);
    expect(isAboveSelfApproval([{ sku: "A", requested: 1 }], new Map())).toBe(true);
    expect(above({ sku: "NOT-ASKED-FOR", requested: 0, unitCost: null })).toBe(false);
  });
});
