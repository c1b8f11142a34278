/**
 * British wall-clock time: the clock that stamped the ledger.
 *
 * Compared with the time zone database of the runtime over the years of the rule.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { londonToUtc } from "../../../ingest/london-time.ts";

describe("London time", () => {
  it("is UTC in winter and one hour ahead of it in summer", () => {
    expect(londonToUtc("2010-12-01 08:26:00")).toBe("2010-12-01T08:26:00Z");
    expect(londonToUtc("2011-05-01 10:51:00")).toBe("2011-05-01T09:51:00Z");
  });

  it("changes on the last Sundays of March and October", () => {
    expect(londonToUtc("2011-03-27 00:59:59")).toBe("2011-03-27T00:59:59Z");
    expect(londonToUtc("2011-03-27 02:00:00")).toBe("2011-03-27T01:00:00Z");
    expect(londonToUtc("2011-10-30 01:30:00")).toBe("2011-10-30T00:30:00Z");
    expect(londonToUtc("2011-10-30 02:00:00")).toBe("2011-10-30T02:00:00Z");
  });

  it("refuses what is no time of any day", () => {
    for (const text of ["2011-02-29 10:00:00", "2011-13-01 10:00:00", "2011-01-01 24:00:00", "01/12/2010 8:26", ""]) {
      expect(londonToUtc(text)).toBeUndefined();
    }
  });

  it("agrees with the time zone database, whatever the moment", () => {
    const wallClock = new Intl.DateTimeFormat("sv-SE", {
      timeZone: "Europe/London",
      dateStyle: "short",
      timeStyle: "medium",
    });
    const seconds = fc.integer({ min: Date.UTC(1997, 0) / 1000, max: Date.UTC(2030, 0) / 1000 });
    fc.assert(
      fc.property(seconds, (second) => {
        const local = wallClock.format(second * 1000);
        const back = londonToUtc(local);
        // The repeated hour of October has two UTC times; both show the same wall clock.
        expect(wallClock.format(Date.parse(back ?? ""))).toBe(local);
      }),
      { numRuns: 500 },
    );
  });
});
