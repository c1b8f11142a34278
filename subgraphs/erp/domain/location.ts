/**
 * Locations: what a location is, and what a save makes of it.
 *
 * A member that a save leaves out stays as it is; null sets it back to its default. Goods on the road (TRANSIT) are
 * not for sale unless somebody says so.
 */
import { AppError } from "../../../shared/errors.ts";
import type { LocationChanged } from "../../../shared/events/canonical-event.ts";
import { parseLocationId } from "../../../shared/ids.ts";
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
  readonly version: number;
}

export interface LocationInput {
  readonly id: string;
  readonly name: string;
  readonly type: LocationType;
  readonly timeZone?: string | null;
  readonly sellable?: boolean | null;
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
    version: stored?.version ?? 0,
  };
  const members = ["name", "type", "timeZone", "sellable"] as const;
  if (stored && members.every((member) => stored[member] === next[member])) return stored;
  return { ...next, version: next.version + 1 };
}

export function locationChanged({ id: _, ...shown }: Location): LocationChanged {
  return { kind: "location", ...shown };
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
