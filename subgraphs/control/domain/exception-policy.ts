/**
 * The policy of exceptions: what makes one urgent, how long each type may take, and who sees to it first.
 *
 * Versioned and never edited; version 0 is the one below. Weights are whole points and add up to 100, and those of
 * waiting (SLA and AGE) are at least half of them: so whatever waits long enough overtakes whatever has just come.
 */
import { AppError } from "../../../shared/errors.ts";
import type { Role } from "../../../shared/identity.ts";
import { type ExceptionType, exceptionTypes } from "./exception.ts";

export const termNames = ["SLA", "VALUE", "CUSTOMER_CLASS", "MARGIN", "RISK", "AGE"] as const;
export type TermName = (typeof termNames)[number];

export type Weights = Readonly<Record<TermName, number>>;

export interface TypeRule {
  readonly responsibleRole: ResponsibleRole;
  readonly slaMinutes: number;
  /** 0 to 1: what may follow if nobody looks. */
  readonly risk: number;
}

export const responsibleRoles = [
  "planner",
  "warehouse",
  "returns-desk",
  "supervisor",
  "manager",
  "controller",
] as const satisfies readonly Role[];
export type ResponsibleRole = (typeof responsibleRoles)[number];

export interface ExceptionPolicy {
  readonly version: number;
  readonly weights: Weights;
  /** At cost, in whole units of the company's currency: what is worth this counts half. */
  readonly halfValue: number;
  /** What has waited this long counts in full. */
  readonly fullAgeMinutes: number;
  readonly types: Readonly<Record<ExceptionType, TypeRule>>;
}

export interface PolicyChange {
  readonly weights?: readonly { readonly name: TermName; readonly weight: number }[] | null;
  readonly halfValue?: number | null;
  readonly fullAgeMinutes?: number | null;
  readonly types?:
    | readonly {
        readonly type: ExceptionType;
        readonly responsibleRole?: string | null;
        readonly slaMinutes?: number | null;
        readonly risk?: number | null;
      }[]
    | null;
}

const rule = (responsibleRole: ResponsibleRole, slaMinutes: number, risk: number): TypeRule => ({
  responsibleRole,
  slaMinutes,
  risk,
});

const day = 24 * 60;
const minutesMax = 365 * day;

export const defaultExceptionPolicy: ExceptionPolicy = {
  version: 0,
  weights: { SLA: 30, VALUE: 20, CUSTOMER_CLASS: 10, MARGIN: 5, RISK: 15, AGE: 20 },
  halfValue: 1_000,
  fullAgeMinutes: 7 * day,
  types: {
    DEAD_LETTER: rule("planner", 240, 0.6),
    VARIANCE: rule("supervisor", 480, 0.7),
    SHORT_RECEIPT: rule("planner", day, 0.4),
    SUPPLIER_DISCREPANCY: rule("planner", 2 * day, 0.3),
    NEGATIVE_STOCK: rule("warehouse", 120, 0.9),
    STALE_SOURCE: rule("supervisor", 30, 1),
    TRANSFER_DISCREPANCY: rule("warehouse", day, 0.5),
    FAILED_POSTING: rule("controller", 240, 0.8),
    ORPHAN_RETURN: rule("returns-desk", day, 0.3),
  },
};

/** As a version was written down; the default where there is none. */
export function policyOf(stored: { readonly body: string } | undefined): ExceptionPolicy {
  return stored ? (JSON.parse(stored.body) as ExceptionPolicy) : defaultExceptionPolicy;
}

/** The next version; what is left out stays as it was. Fails with INVALID_INPUT. */
export function changePolicy(before: ExceptionPolicy, change: PolicyChange, version: number): ExceptionPolicy {
  const weights: Record<TermName, number> = { ...before.weights };
  for (const { name, weight } of change.weights ?? []) weights[name] = whole(weight, 0, 100, ["weights"]);
  const sum = termNames.reduce((points, name) => points + weights[name], 0);
  if (sum !== 100) throw invalid(`Weights add up to 100 points, not ${sum}.`, ["weights"]);
  if (weights.AGE < 1 || weights.SLA + weights.AGE < 50) {
    throw invalid("AGE weighs something, and SLA and AGE at least 50: nothing may wait for ever.", ["weights"]);
  }
  const types: Record<ExceptionType, TypeRule> = { ...before.types };
  for (const [i, { type, responsibleRole, slaMinutes, risk }] of (change.types ?? []).entries()) {
    const path = ["types", String(i)];
    const old = types[type];
    types[type] = {
      responsibleRole: responsibleRole == null ? old.responsibleRole : roleOf(responsibleRole, path),
      slaMinutes: slaMinutes == null ? old.slaMinutes : whole(slaMinutes, 1, minutesMax, [...path, "slaMinutes"]),
      risk: risk == null ? old.risk : fraction(risk, [...path, "risk"]),
    };
  }
  return {
    version,
    weights,
    halfValue: whole(change.halfValue ?? before.halfValue, 1, 1_000_000_000, ["halfValue"]),
    fullAgeMinutes: whole(change.fullAgeMinutes ?? before.fullAgeMinutes, 1, minutesMax, ["fullAgeMinutes"]),
    types,
  };
}

/** The rules in the order of the types. */
export function rulesOf({ types }: ExceptionPolicy) {
  return exceptionTypes.map((type) => ({ type, ...types[type] }));
}

function whole(value: number, min: number, max: number, path: readonly string[]): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalid(`${path.at(-1)} is a whole number from ${min} to ${max}.`, path);
}

function fraction(value: number, path: readonly string[]): number {
  if (value >= 0 && value <= 1) return value;
  throw invalid("risk is a number from 0 to 1.", path);
}

function roleOf(value: string, path: readonly string[]): ResponsibleRole {
  const role = responsibleRoles.find((known) => known === value);
  if (role) return role;
  throw invalid(`responsibleRole is one of ${responsibleRoles.join(", ")}.`, [...path, "responsibleRole"]);
}

function invalid(message: string, path: readonly string[]): AppError {
  return new AppError("INVALID_INPUT", { message, field: ["input", ...path] });
}
