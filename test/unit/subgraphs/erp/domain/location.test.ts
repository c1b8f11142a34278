/**
 * What a save makes of a location.
 */
import { describe, expect, it } from "vitest";
import { limits } from "../../../../../shared/limits.ts";
import { decideLocation, type LocationInput, locationChanged } from "../../../../../subgraphs/erp/domain/location.ts";

const input = (more: Partial<LocationInput> = {}): LocationInput => ({
  id: "WEST",
  name: "West",
  type: "WAREHOUSE",
  ...more,
});

describe("a location", () => {
  it("begins in UTC and for sale, unless it is on the road", () => {
    expect(decideLocation(input(), null)).toMatchObject({ timeZone: "UTC", sellable: true, version: 1 });
    expect(decideLocation(input({ type: "TRANSIT" }), null)).toMatchObject({ sellable: false });
    expect(decideLocation(input({ type: "TRANSIT", sellable: true }), null)).toMatchObject({ sellable: true });
  });

  it("is the very same when nothing differs, keeps what is left out and resets what is null", () => {
    const stored = decideLocation(input({ timeZone: "Europe/Berlin", sellable: false }), null);
    expect(decideLocation(input(), stored)).toBe(stored);
    expect(decideLocation(input({ timeZone: null, sellable: null }), stored)).toEqual({
      ...stored,
      timeZone: "UTC",
      sellable: true,
      version: 2,
    });
  });

  it.each<Partial<LocationInput>>([
    { id: "" },
    { name: "" },
    { timeZone: "Mars/Olympus" },
    { timeZone: "x".repeat(65) },
    { accounts: [""] },
    { accounts: ["x".repeat(limits.accountLengthMax + 1)] },
    { accounts: Array.from({ length: limits.locationAccountsMax + 1 }, (_, i) => `A${i}`) },
  ])("is refused with %j", (more) => {
    expect(() => decideLocation(input(more), null)).toThrow(expect.objectContaining({ code: "INVALID_INPUT" }));
  });

  it("tells the others what it is", () => {
    expect(locationChanged(decideLocation(input(), null))).toEqual({
      kind: "location",
      name: "West",
      type: "WAREHOUSE",
      timeZone: "UTC",
      sellable: true,
      accounts: [],
      version: 1,
    });
  });

  it("is there for accounts: each once, in order, until null says for none", () => {
    const stored = decideLocation(input({ accounts: ["BETA", "ACME", "BETA"] }), null);
    expect(stored.accounts).toEqual(["ACME", "BETA"]);
    expect(decideLocation(input({ accounts: ["ACME", "BETA"] }), stored)).toBe(stored);
    expect(decideLocation(input(), stored)).toBe(stored);
    expect(decideLocation(input({ accounts: ["A,B"] }), { ...stored, accounts: ["A", "B"] }).version).toBe(2);
    expect(decideLocation(input({ accounts: null }), stored)).toMatchObject({ accounts: [], version: 2 });
  });
});
