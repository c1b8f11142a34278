/**
 * A SKU over all locations.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type LocationShare,
  networkAvailability,
  worseOf,
} from "../../../../../subgraphs/availability/domain/network.ts";
import type { Confidence } from "../../../../../subgraphs/availability/domain/source-status.ts";
import { ask } from "./fixtures.ts";

const at = (locationId: string, availableToSell: number | null, confidence: Confidence = "FRESH"): LocationShare => ({
  locationId,
  availableToSell,
  confidence: availableToSell === null ? "UNKNOWN" : confidence,
});

describe("the network's stock is the sum of what each location can sell", () => {
  it("a location with a shortfall does not eat another's stock", () => {
    const east = ask({ wms: { unrestricted: 30 }, location: { locationId: "EAST" } });
    const west = ask({ wms: { unrestricted: 10 }, position: { erp: { book: 10, committed: 35 } } });
    expect(west.net).toBe(-25);
    expect(networkAvailability([east, west]).availableToSell).toBe(30);
  });

  it("the confidence is that of the least reliable location", () => {
    expect(networkAvailability([at("A", 5), at("B", 3, "STALE")])).toMatchObject({ confidence: "STALE" });
    expect(networkAvailability([at("A", 5, "DEGRADED"), at("B", 3, "STALE")]).confidence).toBe("DEGRADED");
  });

  it("a location of which nothing is known is named and lowers the confidence", () => {
    expect(networkAvailability([at("A", 5), at("B", null)])).toEqual({
      availableToSell: 5,
      confidence: "DEGRADED",
      unknownLocationIds: ["B"],
    });
  });

  it("where nothing is known of any location, nothing is known", () => {
    expect(networkAvailability([at("A", null), at("B", null)]).confidence).toBe("UNKNOWN");
    expect(networkAvailability([])).toEqual({ availableToSell: 0, confidence: "UNKNOWN", unknownLocationIds: [] });
  });
});

describe("properties of the network's stock", () => {
  const shares = fc.array(
    fc.record({
      locationId: fc.string({ maxLength: 3 }),
      availableToSell: fc.option(fc.integer({ min: -20, max: 90 })),
      confidence: fc.constantFrom<Confidence>("FRESH", "STALE", "DEGRADED"),
    }),
    { maxLength: 6 },
  );

  it("is the sum of the known, clamped values, and no location can lower it", () => {
    fc.assert(
      fc.property(shares, shares, (some, others) => {
        const { availableToSell } = networkAvailability(some);
        expect(availableToSell).toBe(some.reduce((sum, s) => sum + Math.max(0, s.availableToSell ?? 0), 0));
        expect(networkAvailability([...some, ...others]).availableToSell).toBeGreaterThanOrEqual(availableToSell);
      }),
    );
  });

  it("is never more reliable than any location", () => {
    fc.assert(
      fc.property(shares, (some) => {
        const { confidence } = networkAvailability(some);
        for (const share of some) {
          if (share.availableToSell !== null) expect(worseOf(confidence, share.confidence)).toBe(confidence);
          else expect(["DEGRADED", "UNKNOWN"]).toContain(confidence);
        }
      }),
    );
  });
});
