/**
 * What a difference between books and warehouse is: nothing, timing, small enough to let go, or a case, and of which kind.
 *
 * Every limit of a tolerance holds at once. An unknown cost is never small, and what a count found above the warehouse's
 * own tolerance is never let go. Opens no case itself.
 */
import { greaterTier, type Tier, tierOf, tiers } from "../../../shared/approval-tiers.ts";
import { decimalText, isAbove, worthOf } from "../../../shared/decimal.ts";
import { AppError } from "../../../shared/errors.ts";
import type { UnitFactor } from "../../../shared/quantity.ts";
import { countedDeltaOf, differs, type ReconPosition, varianceOf } from "./recon-position.ts";

/** Where a difference comes from. TIMING: postings under way explain all of it. */
export const varianceClasses = ["TIMING", "UNIT_CONVERSION", "MASTER_DATA", "INTEGRATION", "PHYSICAL"] as const;
export type VarianceClass = (typeof varianceClasses)[number];

export interface VarianceTolerance {
  /** Class of items; null: all others. */
  readonly itemClass: string | null;
  /** Base units. */
  readonly quantity: number;
  /** Of what the books say. */
  readonly percent: number;
  /** Whole units of the company's currency. */
  readonly value: number;
}

export interface ReconciliationPolicy {
  /** 0: nobody has set one. */
  readonly version: number;
  /** How long a fresh difference may be one of facts under way. */
  readonly settleSeconds: number;
  /** Between two runs over all positions; 0: none by itself. */
  readonly everyHours: number;
  readonly tolerances: readonly VarianceTolerance[];
  readonly setBy: string | null;
  readonly setAtMs: number | null;
}

export const defaultPolicy: ReconciliationPolicy = {
  version: 0,
  settleSeconds: 900,
  everyHours: 24,
  tolerances: [
    { itemClass: "A", quantity: 2, percent: 1, value: 100 },
    { itemClass: "C", quantity: 20, percent: 5, value: 50 },
    { itemClass: null, quantity: 5, percent: 2, value: 100 },
  ],
  setBy: null,
  setAtMs: null,
};

type PolicyTerms = Pick<ReconciliationPolicy, "settleSeconds" | "everyHours" | "tolerances">;

/** Fails with INVALID_INPUT. */
export function checkedPolicy({ settleSeconds, everyHours, tolerances }: PolicyTerms): PolicyTerms {
  const whole = (n: number, max: number) => Number.isInteger(n) && n >= 0 && n <= max;
  const refuse = (member: string, message: string): never => {
    throw new AppError("INVALID_INPUT", { message, field: ["input", member] });
  };
  if (!whole(settleSeconds, 7 * 86_400)) refuse("settleSeconds", "A difference settles within 0 seconds to 7 days.");
  if (!whole(everyHours, 31 * 24)) refuse("everyHours", "A run comes every 1 to 744 hours, or by itself never: 0.");
  if (new Set(tolerances.map(({ itemClass }) => itemClass)).size !== tolerances.length) {
    refuse("tolerances", "A class of items has one tolerance.");
  }
  for (const { quantity, percent, value } of tolerances) {
    const sound = whole(quantity, 1_000_000) && whole(percent, 100) && whole(value, 1_000_000_000);
    if (!sound) refuse("tolerances", "Quantity, percent and value of a tolerance are whole and not below 0.");
  }
  return { settleSeconds, everyHours, tolerances };
}

/** What master data says of the item and the place. */
export interface ItemFacts {
  readonly productKnown: boolean;
  readonly locationKnown: boolean;
  readonly class: string | null;
  /** Exact decimal; null: nobody knows. */
  readonly unitCost: string | null;
  readonly units: readonly UnitFactor[];
}

export type Finding =
  | { readonly kind: "MATCHED" }
  | { readonly kind: "TIMING" }
  | {
      readonly kind: "SMALL" | "LARGE";
      readonly class: VarianceClass;
      readonly variance: number;
      readonly countedDelta: number;
      /** Exact decimal; null: nobody knows. */
      readonly value: string | null;
      /** Who has to decide about it. */
      readonly tier: Tier;
    };

export function judge(position: ReconPosition, item: ItemFacts, policy: PolicyTerms): Finding {
  if (!differs(position)) return position.onHand === position.book ? { kind: "MATCHED" } : { kind: "TIMING" };
  const variance = varianceOf(position);
  const countedDelta = countedDeltaOf(position);
  const units = Math.abs(variance) + position.pending.reduce((sum, { delta }) => sum + Math.abs(delta), 0);
  const { unitCost } = item;
  return {
    kind: position.pending.length === 0 && isSmall(position, variance, item, policy) ? "SMALL" : "LARGE",
    class: classOf(position, variance, item),
    variance,
    countedDelta,
    value: unitCost === null ? null : decimalText(worthOf(unitCost, units)),
    tier: position.pending.reduce(
      (tier, pending) => greaterTier(tier, tiers.find((known) => known === pending.tier) ?? null),
      tierOf(unitCost, units),
    ),
  };
}

function isSmall(position: ReconPosition, variance: number, item: ItemFacts, { tolerances }: PolicyTerms): boolean {
  const tolerance =
    tolerances.find(({ itemClass }) => itemClass !== null && itemClass === item.class) ??
    tolerances.find(({ itemClass }) => itemClass === null);
  if (!tolerance || item.unitCost === null) return false;
  const units = Math.abs(variance);
  const percentOf = Math.max(0, expectedOf(position, variance));
  return (
    units <= tolerance.quantity &&
    units * 100 <= tolerance.percent * percentOf &&
    !isAbove(worthOf(item.unitCost, units), tolerance.value)
  );
}

function classOf(position: ReconPosition, variance: number, item: ItemFacts): VarianceClass {
  const { wmsKnown, erpKnown, failed, onHand } = position;
  if (!item.productKnown || !item.locationKnown || !wmsKnown || !erpKnown) return "MASTER_DATA";
  if (variance === 0) return "PHYSICAL";
  if (failed.length > 0 && failed.reduce((sum, { bookDelta }) => sum + bookDelta, 0) === variance) return "INTEGRATION";
  const expected = expectedOf(position, variance);
  const isFactor = ({ numerator, denominator }: UnitFactor) =>
    numerator !== denominator &&
    (onHand * denominator === expected * numerator || onHand * numerator === expected * denominator);
  if (onHand !== 0 && expected !== 0 && item.units.some(isFactor)) return "UNIT_CONVERSION";
  return "PHYSICAL";
}

/** What the books will say once they have followed. */
export function expectedOf({ onHand }: Pick<ReconPosition, "onHand">, variance: number): number {
  return onHand - variance;
}
