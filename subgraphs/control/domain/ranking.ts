/**
 * How urgent an exception is: 100 × the weighted sum of six terms, each 0 to 1 and each one on record beside the sum.
 *
 * Grows with every term and never falls with time. Waiting counts at least as much as all the rest together
 * (`exception-policy.ts`), so nothing waits for ever. Decides nothing about who does the work.
 */

import type { ExceptionType } from "./exception.ts";
import type { ExceptionPolicy, TermName } from "./exception-policy.ts";

export interface RankingTerm {
  readonly name: TermName;
  /** Points it gives at most. */
  readonly weight: number;
  /** 0 to 1. */
  readonly value: number;
  readonly points: number;
  /** Why it is what it is, for a person. */
  readonly reason: string;
}

export interface Ranking {
  readonly policyVersion: number;
  /** 0 to 100, the points rounded. */
  readonly priority: number;
  readonly dueAtMs: number;
  readonly terms: readonly RankingTerm[];
}

export interface Ranked {
  readonly type: ExceptionType;
  /** Base units concerned; null where it is not about a quantity. */
  readonly quantity: number | null;
  readonly raisedAtMs: number;
}

/** What the item master says of the item concerned. */
export interface KnownItem {
  /** Exact decimal, of one base unit. */
  readonly unitCost: string | null;
  readonly class: string | null;
}

const minuteMs = 60_000;

export function rank(policy: ExceptionPolicy, about: Ranked, item: KnownItem | null, nowMs: number): Ranking {
  const { slaMinutes, risk } = policy.types[about.type];
  const waitedMs = Math.max(0, nowMs - about.raisedAtMs);
  const found: Readonly<Record<TermName, readonly [value: number, reason: string]>> = {
    SLA: [Math.min(1, waitedMs / (slaMinutes * minuteMs)), `of ${slaMinutes} minutes that it may take`],
    VALUE: valueTerm(about.quantity, item, policy.halfValue),
    CUSTOMER_CLASS: classTerm(item),
    // The same for all, so that it moves none past another.
    MARGIN: [0.5, "not known: counts half"],
    RISK: [risk, `what the policy says of ${about.type}`],
    AGE: [Math.min(1, waitedMs / (policy.fullAgeMinutes * minuteMs)), `of ${policy.fullAgeMinutes} minutes`],
  };
  const terms = (Object.keys(found) as TermName[]).map((name): RankingTerm => {
    const [value, reason] = found[name];
    const weight = policy.weights[name];
    return { name, weight, value, points: weight * value, reason };
  });
  return {
    policyVersion: policy.version,
    priority: Math.round(terms.reduce((sum, { points }) => sum + points, 0)),
    dueAtMs: about.raisedAtMs + slaMinutes * minuteMs,
    terms,
  };
}

/** An estimate to order by, not an amount of money: so it may be a float. */
function valueTerm(quantity: number | null, item: KnownItem | null, halfValue: number): readonly [number, string] {
  if (quantity === null) return [0, "not about a quantity"];
  if (item?.unitCost == null) return [0, "unit cost not known"];
  const worth = Math.abs(quantity) * Number(item.unitCost);
  return [worth / (worth + halfValue), `${worth.toFixed(2)} at cost; ${halfValue} counts half`];
}

const classValues: Readonly<Record<string, number>> = { A: 1, B: 0.5, C: 0.2 };

/** No customer is known behind most exceptions: how much its buyers depend on the item stands for it. */
function classTerm(item: KnownItem | null): readonly [number, string] {
  const value = classValues[item?.class ?? ""];
  return value === undefined ? [0, "item class not known"] : [value, `item of class ${item?.class}`];
}

/** Who is called when what is due is not done, one more with every time that has passed again. */
const escalation = ["supervisor", "manager", "controller"] as const;
export const escalationLevelMax = escalation.length;

/** 0 until it is due, then one more for each time that it may take, never less than it was. */
export function escalationLevelOf(
  policy: ExceptionPolicy,
  { type, raisedAtMs, escalationLevel }: Ranked & { readonly escalationLevel: number },
  nowMs: number,
): number {
  const passed = Math.floor((nowMs - raisedAtMs) / (policy.types[type].slaMinutes * minuteMs));
  return Math.max(escalationLevel, Math.min(escalationLevelMax, passed));
}

/** Who is to see to it. */
export function responsibleRoleOf(policy: ExceptionPolicy, type: ExceptionType, escalationLevel: number): string {
  return escalation[Math.min(escalationLevel, escalationLevelMax) - 1] ?? policy.types[type].responsibleRole;
}
