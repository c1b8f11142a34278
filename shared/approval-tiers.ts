/**
 * Who has to decide about what stock is worth: three tiers by value, the same for every correction.
 *
 * An unknown cost may be any, so the greatest tier decides about it. Says nothing about who asked.
 */
import { isAbove, worthOf } from "./decimal.ts";
import type { Role } from "./identity.ts";

/** From the least to the greatest. */
export const tiers = ["SUPERVISOR", "MANAGER", "CONTROLLER"] as const;
export type Tier = (typeof tiers)[number];

/** Up to this value the tier decides; above the last, the next one. Whole units of the company's currency. */
const tierLimits: readonly (readonly [Tier, number])[] = [
  ["SUPERVISOR", 1_000],
  ["MANAGER", 10_000],
];

/** Of so many base units at this cost. */
export function tierOf(unitCost: string | null, quantity: number): Tier {
  if (unitCost === null) return "CONTROLLER";
  const value = worthOf(unitCost, quantity);
  return tierLimits.find(([, limit]) => !isAbove(value, limit))?.[0] ?? "CONTROLLER";
}

/** The greater of the two; null needs nobody. */
export function greaterTier(a: Tier, b: Tier | null): Tier {
  return b !== null && tiers.indexOf(b) > tiers.indexOf(a) ? b : a;
}

/** May who has these roles decide what this tier decides? An administrator may do what every role may. */
export function holdsTier(roles: readonly Role[], tier: Tier): boolean {
  const needed = tiers.indexOf(tier);
  const held = (role: Role) => tiers.indexOf(role.toUpperCase() as Tier);
  return roles.some((role) => role === "admin" || held(role) >= needed);
}
