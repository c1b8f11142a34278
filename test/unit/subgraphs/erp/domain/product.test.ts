/**
 * What a save makes of a product.
 */
import { describe, expect, it } from "vitest";
import type { AppError } from "../../../../../shared/errors.ts";
import { limits } from "../../../../../shared/limits.ts";
import {
  decideProduct,
  type Product,
  type ProductInput,
  productChanged,
  searchWordsOf,
  wordsOf,
} from "../../../../../subgraphs/erp/domain/product.ts";

const input = (more: Partial<ProductInput> = {}): ProductInput => ({
  sku: "A",
  name: "Angle",
  baseUnit: "EA",
  ...more,
});
const unit = (name: string, numerator = 12, denominator = 1) => ({ unit: name, numerator, denominator });
const refusal = (more: Partial<ProductInput>, stored: Product | null = null): string => {
  try {
    decideProduct(input(more), stored);
    return "accepted";
  } catch (error) {
    return (error as AppError).code;
  }
};

describe("a product", () => {
  it("begins with version 1 and the defaults", () => {
    expect(decideProduct(input(), null)).toEqual({
      sku: "A",
      name: "Angle",
      baseUnit: "EA",
      units: [],
      class: null,
      unitCost: null,
      safetyStock: 0,
      sellMultiple: 1,
      active: true,
      components: [],
      kit: true,
      version: 1,
    });
  });

  it("is the very same when nothing differs, whatever the order of units and components", () => {
    const units = [unit("CASE"), unit("BOX", 6)];
    const components = [
      { sku: "X", quantity: 1 },
      { sku: "B", quantity: 2 },
    ];
    const stored = decideProduct(input({ units, components }), null);
    expect(decideProduct(input({ units: units.toReversed(), components: components.toReversed() }), stored)).toBe(
      stored,
    );
    expect(decideProduct(input(), stored)).toBe(stored);
  });

  it("takes the next version when something differs, and keeps what the save leaves out", () => {
    const stored = decideProduct(input({ class: "A", unitCost: "1.50", active: false }), null);
    const next = decideProduct(input({ class: null, safetyStock: 5 }), stored);
    expect(next).toEqual({ ...stored, class: null, safetyStock: 5, version: 2 });
  });

  it("tells the others all of it, what it costs included: corrections are approved by value", () => {
    const product = decideProduct(input({ unitCost: "1.50", sellMultiple: 6 }), null);
    const told = productChanged(product);
    expect(told).toMatchObject({ kind: "product", version: 1, name: "Angle", unitCost: "1.50", sellMultiple: 6 });
  });

  it.each<[Partial<ProductInput>, string]>([
    [{ sku: "" }, "INVALID_INPUT"],
    [{ sku: "A\u0007" }, "INVALID_INPUT"],
    [{ name: "  " }, "INVALID_INPUT"],
    [{ name: "x".repeat(limits.nameLengthMax + 1) }, "INVALID_INPUT"],
    [{ baseUnit: "x".repeat(limits.unitLengthMax + 1) }, "INVALID_INPUT"],
    [{ class: "x".repeat(limits.productClassLengthMax + 1) }, "INVALID_INPUT"],
    [{ unitCost: "-1" }, "INVALID_INPUT"],
    [{ safetyStock: -1 }, "INVALID_INPUT"],
    [{ sellMultiple: 0 }, "QUANTITY_NOT_POSITIVE"],
    [{ units: [unit("EA")] }, "INVALID_INPUT"],
    [{ units: [unit("BOX"), unit("BOX", 6)] }, "INVALID_INPUT"],
    [{ units: [unit("BOX", 0)] }, "UOM_INVALID_FACTOR"],
    [{ units: [unit("BOX", 1, -2)] }, "UOM_INVALID_FACTOR"],
    [{ units: Array.from({ length: limits.unitsPerProductMax + 1 }, (_, n) => unit(`U${n}`)) }, "INVALID_INPUT"],
    [{ components: [{ sku: "A", quantity: 1 }] }, "COMPONENT_CYCLE"],
    [{ components: [{ sku: "B", quantity: 0 }] }, "QUANTITY_NOT_POSITIVE"],
    [{ components: [{ sku: " B", quantity: 1 }] }, "INVALID_INPUT"],
    [
      {
        components: [
          { sku: "B", quantity: 1 },
          { sku: "B", quantity: 2 },
        ],
      },
      "INVALID_INPUT",
    ],
    [
      {
        components: Array.from({ length: limits.componentsPerProductMax + 1 }, (_, n) => ({
          sku: `C${n}`,
          quantity: 1,
        })),
      },
      "INVALID_INPUT",
    ],
  ])("is refused with %j", (more, code) => {
    expect(refusal(more)).toBe(code);
  });

  it("cannot make one of its units its base unit", () => {
    expect(refusal({ baseUnit: "BOX" }, decideProduct(input({ units: [unit("BOX")] }), null))).toBe("INVALID_INPUT");
  });
});

describe("the search", () => {
  it("splits at spaces and signs into words in lower case, each once", () => {
    expect(searchWordsOf("  Angle  BRACKET angle")).toEqual(["angle", "bracket"]);
    expect(wordsOf("AB-1 Wool 100% Äpfel_süß")).toEqual(["ab", "1", "wool", "100", "äpfel", "süß"]);
  });

  it("tells no search from one that has no word", () => {
    expect(searchWordsOf(null)).toBeNull();
    expect(searchWordsOf("  ")).toBeNull();
    expect(searchWordsOf("%")).toEqual([]);
  });

  it("looks at the beginning of a long word", () => {
    expect(wordsOf("x".repeat(limits.searchWordLengthMax + 1))).toEqual(["x".repeat(limits.searchWordLengthMax)]);
  });

  it("refuses a search that is too long", () => {
    expect(() => searchWordsOf("x".repeat(limits.searchLengthMax + 1))).toThrow("search must not be longer");
  });
});
