/**
 * Locations: what a location is, and what a save makes of it.
 *
 * A member that a save leaves out stays as it is; null sets it back to its default. Goods on the road (TRANSIT) are
 * not for sale unless somebody says so.
 */
import { AppError } from "../../../shared/errors.ts";
import type { LocationChanged } from "../../../shared/events/canonical-event.ts";
import { parseCode, parseLocationId } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import { parseName } from "./product.ts";

export type LocationType = "WAREHOUSE" | "STORE" | "CROSS_DOCK" | "THIRD_PARTY" | "PRODUCTION" | "TRANSIT";

export interface Location {
  readonly id: string;
  readonly name: string;
  readonly type: LocationType;
  /** IANA name. */
  readonly timeZone: string;
  readonly sellable: boolean;
  /** Business accounts it is there for, in order; none: the company's own. */
  readonly accounts: readonly string[];
  readonly version: number;
}

export interface LocationInput {
  readonly id: string;
  readonly name: string;
  readonly type: LocationType;
  readonly timeZone?: string | null;
  readonly sellable?: boolean | null;
  readonly accounts?: readonly string[] | null;
}

/** The location after the save: `stored` itself when nothing differs, else the next version. Fails with INVALID_INPUT. */
export function decideLocation(input: LocationInput, stored: Location | null): Location {
  const { type } = input;
  const sellableByDefault = type !== "TRANSIT";
  const next: Location = {
    id: parseLocationId(input.id, ["id"]),
    name: parseName(input.name),
    type,
    timeZone: parseTimeZone((input.timeZone === undefined ? stored?.timeZone : input.timeZone) ?? "UTC"),
    sellable: (input.sellable === undefined ? stored?.sellable : input.sellable) ?? sellableByDefault,
    accounts: parseAccounts((input.accounts === undefined ? stored?.accounts : input.accounts) ?? []),
    version: stored?.version ?? 0,
  };
  const members = ["name", "type", "timeZone", "sellable"] as const;
  const same = JSON.stringify(stored?.accounts) === JSON.stringify(next.accounts);
  if (stored && same && members.every((member) => stored[member] === next[member])) return stored;
  return { ...next, version: next.version + 1 };
}

export function locationChanged({ id: _, ...shown }: Location): LocationChanged {
  return { kind: "location", ...shown };
}

function parseAccounts(accounts: readonly string[]): string[] {
  const field = ["accounts"];
  if (accounts.length > limits.locationAccountsMax) {
    const message = `A location is there for at most ${limits.locationAccountsMax} accounts.`;
    throw new AppError("INVALID_INPUT", { message, field });
  }
  return [...new Set(accounts.map((account) => parseCode(account, limits.accountLengthMax, field)))].sort();
}

function parseTimeZone(name: string): string {
  try {
    if (name.length <= limits.timeZoneLengthMax) {
      new Intl.DateTimeFormat("en", { timeZone: name });
      return name;
    }
  } catch {
    // Falls through to the one refusal.
  }
  throw new AppError("INVALID_INPUT", { message: "timeZone is not an IANA time zone.", field: ["timeZone"] });
}
