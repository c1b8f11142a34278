/**
 * The item master: what a product is, and what a save makes of it.
 *
 * Unit factors are exact fractions, and the base unit has none. A member that a save leaves out stays as it is; null
 * sets it back to its default. Whether components exist and form no cycle is `kit.ts`.
 */
import { AppError } from "../../../shared/errors.ts";
import type { ProductChanged } from "../../../shared/events/canonical-event.ts";
import { parseCode, parseSku, parseUnit } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import { assertFactor, assertPositive, assertQuantity, type UnitFactor } from "../../../shared/quantity.ts";

export interface KitComponent {
  readonly sku: string;
  /** Base units of the component in one base unit of the kit. */
  readonly quantity: number;
}

export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly baseUnit: string;
  /** In order of the unit. */
  readonly units: readonly UnitFactor[];
  readonly class: string | null;
  /** Exact decimal, as it was given. */
  readonly unitCost: string | null;
  readonly safetyStock: number;
  readonly sellMultiple: number;
  readonly active: boolean;
  /** In order of the SKU; empty for what consists of nothing else. */
  readonly components: readonly KitComponent[];
  /** False: its components are a bill of materials only; it is built beforehand and sold from its own stock. */
  readonly kit: boolean;
  readonly version: number;
}

export interface ProductInput {
  readonly sku: string;
  readonly name: string;
  readonly baseUnit: string;
  readonly units?: readonly UnitFactor[] | null;
  readonly class?: string | null;
  readonly unitCost?: string | null;
  readonly safetyStock?: number | null;
  readonly sellMultiple?: number | null;
  readonly active?: boolean | null;
  readonly components?: readonly KitComponent[] | null;
  readonly kit?: boolean | null;
}

/** What a save may leave out. */
type Optional = Omit<Product, "sku" | "name" | "baseUnit" | "version">;

const defaults: Optional = {
  units: [],
  class: null,
  unitCost: null,
  safetyStock: 0,
  sellMultiple: 1,
  active: true,
  components: [],
  kit: true,
};

/**
 * The product after the save: `stored` itself when nothing differs, else the next version.
 * Fails with INVALID_INPUT, UOM_INVALID_FACTOR, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE.
 */
export function decideProduct(input: ProductInput, stored: Product | null): Product {
  const former: Optional = stored ?? defaults;
  const kept = <K extends keyof Optional>(member: K): Optional[K] => {
    const given = input[member] as Optional[K] | null | undefined;
    return given === undefined ? former[member] : (given ?? defaults[member]);
  };
  const next: Product = {
    sku: parseSku(input.sku, ["sku"]),
    name: parseName(input.name),
    baseUnit: parseUnit(input.baseUnit, ["baseUnit"]),
    units: parseUnits(kept("units"), input.baseUnit),
    class: parseClass(kept("class")),
    unitCost: parseCost(kept("unitCost")),
    safetyStock: notNegative(kept("safetyStock"), "safetyStock"),
    sellMultiple: assertPositive(kept("sellMultiple"), ["sellMultiple"]),
    active: kept("active"),
    components: parseComponents(kept("components"), input.sku),
    kit: kept("kit"),
    version: stored?.version ?? 0,
  };
  // The same members in the same order: equal products have equal texts.
  if (stored && JSON.stringify(next) === JSON.stringify({ ...next, ...stored })) return stored;
  return { ...next, version: next.version + 1 };
}

export function productChanged(product: Product): ProductChanged {
  const { sku: _, ...shown } = product;
  return { kind: "product", ...shown };
}

/** What is between spaces and signs, in lower case, each once; of a long word its beginning. */
export function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return [...new Set(words.map((word) => [...word].slice(0, limits.searchWordLengthMax).join("")))];
}

/** The words of a search, as `wordsOf` has them; null for no search. Fails with BAD_USER_INPUT. */
export function searchWordsOf(search: string | null): string[] | null {
  if (search !== null && search.length > limits.searchLengthMax) {
    const message = `search must not be longer than ${limits.searchLengthMax} characters.`;
    throw new AppError("BAD_USER_INPUT", { message });
  }
  return search === null || search.trim() === "" ? null : wordsOf(search);
}

/** Fails with INVALID_INPUT. */
export function parseName(name: string): string {
  if (name.trim() === "") throw invalid("name must not be empty.", "name");
  if (name.length > limits.nameLengthMax) {
    throw invalid(`name must not be longer than ${limits.nameLengthMax} characters.`, "name");
  }
  return name;
}

function parseUnits(units: readonly UnitFactor[], baseUnit: string): UnitFactor[] {
  if (units.length > limits.unitsPerProductMax) {
    throw invalid(`A product has at most ${limits.unitsPerProductMax} units.`, "units");
  }
  const seen = new Set([baseUnit]);
  const parsed = units.map(({ unit, numerator, denominator }) => {
    const factor = { unit: parseUnit(unit, ["unit"]), numerator, denominator };
    assertFactor(factor);
    if (unit === baseUnit) throw invalid(`${unit} is the base unit: it has no factor.`, "units");
    if (seen.has(unit)) throw invalid(`The unit ${unit} is given more than once.`, "units");
    seen.add(unit);
    return factor;
  });
  return parsed.sort((a, b) => (a.unit < b.unit ? -1 : 1));
}

function parseComponents(components: readonly KitComponent[], kit: string): KitComponent[] {
  if (components.length > limits.componentsPerProductMax) {
    throw invalid(`A kit has at most ${limits.componentsPerProductMax} components.`, "components");
  }
  const seen = new Set<string>();
  const parsed = components.map(({ sku, quantity }) => {
    if (seen.has(sku)) throw invalid(`The component ${sku} is given more than once.`, "components");
    seen.add(sku);
    if (sku === kit) throw new AppError("COMPONENT_CYCLE", { field: ["components"] });
    return { sku: parseSku(sku, ["components"]), quantity: assertPositive(quantity, ["components"]) };
  });
  return parsed.sort((a, b) => (a.sku < b.sku ? -1 : 1));
}

function parseClass(value: string | null): string | null {
  return value === null ? null : parseCode(value, limits.productClassLengthMax, ["class"]);
}

function parseCost(value: string | null): string | null {
  if (value?.startsWith("-")) throw invalid("unitCost must not be negative.", "unitCost");
  return value;
}

function notNegative(value: number, field: string): number {
  if (value < 0) throw invalid(`${field} must not be negative.`, field);
  return assertQuantity(value, [field]);
}

function invalid(message: string, field: string): AppError {
  return new AppError("INVALID_INPUT", { message, field: [field] });
}
