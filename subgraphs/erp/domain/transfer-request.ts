/**
 * What a request for a transfer must be, in base units, and what it is worth.
 *
 * The same SKU twice is one line: quantities of one unit are summed before they are converted, so that rounding happens
 * once. An unknown cost counts as above every limit.
 */
import { addDecimals, type Decimal, isAbove, worthOf } from "../../../shared/decimal.ts";
import { AppError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import { assertPositive, assertQuantity } from "../../../shared/quantity.ts";
import { baseUnits, type Catalogue, knownProduct } from "./catalogue.ts";
import type { Product } from "./product.ts";
import type { LineQuantity } from "./transfer.ts";

export interface TransferLineInput {
  readonly sku: string;
  readonly quantity: number;
  readonly unit?: string | null;
}

/** Fails with INVALID_INPUT, UNKNOWN_SKU, SKU_INACTIVE, UOM_UNMAPPED, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE. */
export function parseTransferLines(inputs: readonly TransferLineInput[], catalogue: Catalogue): LineQuantity[] {
  if (inputs.length === 0) {
    throw new AppError("INVALID_INPUT", { message: "There is no line to transfer.", field: ["input", "lines"] });
  }
  const entered = new Map<string, { input: TransferLineInput; path: string[]; product: Product }>();
  for (const [index, input] of inputs.entries()) {
    const path = ["input", "lines", String(index)];
    const product = knownProduct(catalogue, input.sku, [...path, "sku"]);
    if (!product.active) {
      throw new AppError("SKU_INACTIVE", {
        message: `${input.sku} is no longer dealt in.`,
        field: [...path, "sku"],
      });
    }
    assertPositive(input.quantity, [...path, "quantity"]);
    const key = JSON.stringify([input.sku, input.unit ?? product.baseUnit]);
    const known = entered.get(key);
    const quantity = assertQuantity((known?.input.quantity ?? 0) + input.quantity, [...path, "quantity"]);
    entered.set(key, { input: { ...input, quantity }, path: known?.path ?? path, product });
  }
  const lines = new Map<string, number>();
  for (const { input, path, product } of entered.values()) {
    const sum = (lines.get(input.sku) ?? 0) + baseUnits(input, product, "demand", path);
    lines.set(input.sku, assertQuantity(sum, [...path, "quantity"]));
  }
  return [...lines].map(([sku, quantity]) => ({ sku, quantity }));
}

/** Is it worth more than one person may both ask for and approve? */
export function isAboveSelfApproval(
  lines: readonly { readonly sku: string; readonly requested: number }[],
  products: ReadonlyMap<string, Pick<Product, "unitCost">>,
  valueMax: number = limits.transferSelfApprovalValueMax,
): boolean {
  let total: Decimal = { digits: 0n, scale: 0 };
  for (const { sku, requested } of lines.filter((line) => line.requested > 0)) {
    const unitCost = products.get(sku)?.unitCost ?? null;
    if (unitCost === null) return true;
    total = addDecimals(total, worthOf(unitCost, requested));
  }
  return isAbove(total, valueMax);
}
