/**
 * Which locations a caller sees: with a token that names accounts, those that name one of them; with any other, all.
 *
 * To whoever does not see a location it is one that does not exist: the same null, the same UNKNOWN_LOCATION, after the
 * same wait. What names one that is not seen is not seen either. Most callers have no accounts, and for them nothing is
 * looked up. Decides nothing about channels or roles.
 */
import { AppError } from "./errors.ts";
import type { Page } from "./graphql/pagination.ts";
import type { Identity } from "./identity.ts";
import { limits } from "./limits.ts";

/** A location as far as this is concerned; absent: it names no account. */
export interface OfAccounts {
  readonly accounts?: readonly string[];
}

export type Caller = Pick<Identity, "accounts">;

type Locations = ReadonlyMap<string, OfAccounts>;

/** Nothing has to be looked up for this caller. */
export function seesEverywhere({ accounts }: Caller): boolean {
  return accounts === null;
}

/** Null: the location is not known. */
export function seesLocation({ accounts }: Caller, location: OfAccounts | null | undefined): boolean {
  if (accounts === null) return true;
  return location?.accounts?.some((account) => accounts.includes(account)) ?? false;
}

/** Of those that are known, what the caller sees. */
export function seenOf<V extends OfAccounts>(
  caller: Caller,
  locations: ReadonlyMap<string, V>,
): ReadonlyMap<string, V> {
  if (seesEverywhere(caller)) return locations;
  return new Map([...locations].filter(([, location]) => seesLocation(caller, location)));
}

/** What one operation's caller sees; each location is looked up once. */
export interface Sight {
  readonly everywhere: boolean;
  /** In their order; null in the place of what names a location that is not seen. */
  only<T>(rows: readonly T[], placesOf: (row: T & {}) => readonly string[]): Promise<readonly (T | null)[]>;
  /**
   * A page of what is seen: reads on until it is full. Fails with QUERY_TOO_COMPLEX: there is too much in between that
   * is not.
   */
  page<T extends object>(
    page: Page,
    read: (page: Page) => Promise<readonly T[]>,
    list: ListOf<T>,
  ): Promise<readonly T[]>;
}

export interface ListOf<T> {
  readonly placesOf: (row: T) => readonly string[];
  /** The key that the list is in order of. */
  readonly keyOf: (row: T) => readonly string[];
}

export function createSight(caller: Caller, find: (ids: readonly string[]) => Promise<Locations>): Sight {
  const known = new Map<string, boolean>();

  async function learn(ids: readonly string[]): Promise<void> {
    const unknown = [...new Set(ids)].filter((id) => !known.has(id));
    if (unknown.length === 0) return;
    const found = await find(unknown);
    for (const id of unknown) known.set(id, seesLocation(caller, found.get(id)));
  }

  const everywhere = seesEverywhere(caller);
  const only: Sight["only"] = async (rows, placesOf) => {
    if (everywhere) return rows;
    const places = rows.map((row) => (row == null ? [] : placesOf(row)));
    await learn(places.flat());
    return rows.map((row, i) => (places[i]?.every((id) => known.get(id)) ? row : null));
  };

  return {
    everywhere,
    only,
    async page(page, read, { placesOf, keyOf }) {
      if (everywhere) return read(page);
      const seen: Awaited<ReturnType<typeof read>>[number][] = [];
      let { after } = page;
      for (let pages = 0; pages < limits.unseenPagesMax; pages++) {
        const rows = await read({ size: limits.pageSizeMax, after });
        for (const row of await only(rows, placesOf)) if (row !== null) seen.push(row);
        const last = rows.at(-1);
        if (seen.length > page.size || rows.length <= limits.pageSizeMax || !last) return seen.slice(0, page.size + 1);
        after = keyOf(last);
      }
      throw new AppError("QUERY_TOO_COMPLEX", {
        message: "There is too much in this list that is not of the caller's accounts: ask for less of it.",
      });
    },
  };
}
