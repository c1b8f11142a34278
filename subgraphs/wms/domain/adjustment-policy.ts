/**
 * How large a correction may be before a second person has to look at it, and what each reason has to be shown with.
 *
 * Every limit holds at once, and for what the same person asked for in the last 30 days together: who splits a
 * correction gains nothing. An unknown cost is never small. Says nothing about who decides, or when.
 */
import { type Tier, tierOf } from "../../../shared/approval-tiers.ts";
import { decimalText, isAbove, worthOf } from "../../../shared/decimal.ts";
import { AppError } from "../../../shared/errors.ts";

/** Why nobody but a person may approve it. */
export const referralReasons = [
  "QUANTITY",
  "PERCENT",
  "VALUE",
  "UNKNOWN_COST",
  "EVIDENCE_INCOMPLETE",
  "ROLLING_TOTAL",
] as const;
export type ReferralReason = (typeof referralReasons)[number];

export const rollingWindowMs = 30 * 24 * 3_600_000;

export interface Tolerance {
  /** Base units. */
  readonly quantity: number;
  /** Of what the bucket holds. */
  readonly percent: number;
  /** Whole units of the company's currency. */
  readonly value: number;
}

/** By item class; every other class, and none, is corrected as a B item. */
export type Tolerances = Readonly<Record<"A" | "B" | "C", Tolerance>>;

/** Those in force. */
export const tolerancesInForce: Tolerances = {
  A: { quantity: 2, percent: 1, value: 100 },
  B: { quantity: 5, percent: 2, value: 100 },
  C: { quantity: 20, percent: 5, value: 50 },
};

/** The kinds of evidence that each reason needs, as they stand before the colon: `photo:IMG-4711`. */
export const evidenceOf: Readonly<Record<string, readonly string[]>> = {
  COUNTED: ["count"],
  FOUND: ["count"],
  LOST: ["count", "search"],
  DAMAGED: ["photo"],
  SCRAPPED: ["photo"],
  MISCODED: ["photo"],
  STOLEN: ["count", "report"],
  SAMPLE: ["document"],
  CORRECTION: ["document"],
};

export interface Proposal {
  /** Base units, signed. */
  readonly delta: number;
  /** What the bucket holds before. */
  readonly bucketQuantity: number;
  readonly reasonCode: string;
  readonly evidence: readonly string[];
  readonly itemClass: string | null;
  /** Exact decimal; null: nobody knows. */
  readonly unitCost: string | null;
  /** Σ |delta| of what the same person asked for here in the window, this one not included. */
  readonly earlierQuantity: number;
}

export interface Assessment {
  /** Nobody has to decide where this is null. */
  readonly tier: Tier | null;
  /** Empty where nobody has to decide. */
  readonly reasons: readonly ReferralReason[];
  /** Of this proposal alone: an exact decimal. */
  readonly value: string | null;
}

export function toleranceOf(itemClass: string | null, tolerances = tolerancesInForce): Tolerance {
  return itemClass === "A" || itemClass === "C" ? tolerances[itemClass] : tolerances.B;
}

/** May it be approved without a person, and if not: by whom, and why? Fails with INVALID_INPUT. */
export function assess(proposal: Proposal, tolerances = tolerancesInForce): Assessment {
  const { unitCost, earlierQuantity } = proposal;
  const quantity = Math.abs(proposal.delta);
  const tolerance = toleranceOf(proposal.itemClass, tolerances);
  const missing = missingEvidence(proposal.reasonCode, proposal.evidence).length > 0;
  const alone = exceeded(tolerance, proposal, quantity);
  const together = earlierQuantity > 0 ? exceeded(tolerance, proposal, quantity + earlierQuantity) : [];
  const reasons: ReferralReason[] = [
    ...alone,
    ...(unitCost === null ? (["UNKNOWN_COST"] as const) : []),
    ...(missing ? (["EVIDENCE_INCOMPLETE"] as const) : []),
    ...(together.some((reason) => !alone.includes(reason)) ? (["ROLLING_TOTAL"] as const) : []),
  ];
  const value = unitCost === null ? null : decimalText(worthOf(unitCost, quantity));
  return { tier: reasons.length === 0 ? null : tierOf(unitCost, quantity + earlierQuantity), reasons, value };
}

/** Kinds of evidence that the reason asks for and nobody gave. Fails with INVALID_INPUT: an unknown reason. */
export function missingEvidence(reasonCode: string, evidence: readonly string[]): string[] {
  const needed = Object.hasOwn(evidenceOf, reasonCode) ? evidenceOf[reasonCode] : undefined;
  if (!needed) {
    const message = `No such reason: ${reasonCode}. Known: ${Object.keys(evidenceOf).join(", ")}.`;
    throw new AppError("INVALID_INPUT", { field: ["input", "reasonCode"], message });
  }
  return needed.filter(
    (kind) => !evidence.some((item) => item.startsWith(`${kind}:`) && item.length > kind.length + 1),
  );
}

function exceeded(tolerance: Tolerance, { bucketQuantity, unitCost }: Proposal, quantity: number): ReferralReason[] {
  const reasons: ReferralReason[] = [];
  if (quantity > tolerance.quantity) reasons.push("QUANTITY");
  // Anything is more than any part of nothing.
  if (quantity * 100 > tolerance.percent * Math.max(0, bucketQuantity)) reasons.push("PERCENT");
  if (unitCost !== null && isAbove(worthOf(unitCost, quantity), tolerance.value)) reasons.push("VALUE");
  return reasons;
}
