/**
 * Kits: as many as the scarcest component allows.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type KitComponent, kitAvailability } from "../../../../../subgraphs/availability/domain/kit.ts";
import { networkAvailability } from "../../../../../subgraphs/availability/domain/network.ts";
import type { Confidence } from "../../../../../subgraphs/availability/domain/source-status.ts";

function part(
  sku: string,
  availableToSell: number | null,
  required = 1,
  confidence: Confidence = "FRESH",
): KitComponent {
  const reason = availableToSell === null ? "NO_POSITION" : null;
  return { required, availability: { sku, availableToSell, confidence, reason } };
}

describe("a kit can be sold as often as its scarcest component allows", () => {
  it("9 frames and 17 wheels make 8 bicycles; the wheels are the limit", () => {
    expect(kitAvailability([part("FRAME", 9), part("WHEEL", 17, 2)])).toEqual({
      availableToSell: 8,
      limitingSku: "WHEEL",
      confidence: "FRESH",
      reason: null,
    });
  });

  it("of several limits the first is named", () => {
    expect(kitAvailability([part("FRAME", 4), part("WHEEL", 8, 2)]).limitingSku).toBe("FRAME");
  });

  it("is as reliable as its least reliable component", () => {
    expect(kitAvailability([part("FRAME", 9), part("WHEEL", 99, 2, "STALE")]).confidence).toBe("STALE");
  });

  it("is unknown if a component is, and says which", () => {
    expect(kitAvailability([part("FRAME", 9), part("WHEEL", null, 2)])).toEqual({
      availableToSell: null,
      limitingSku: "WHEEL",
      confidence: "UNKNOWN",
      reason: "NO_POSITION",
    });
  });

  it("is 0 if one component is out, whatever is unknown about another", () => {
    const answer = kitAvailability([part("WHEEL", null, 2), part("FRAME", 0)]);
    expect(answer).toMatchObject({ availableToSell: 0, limitingSku: "FRAME", confidence: "FRESH" });
  });

  it("components in different places do not make a kit: 5 frames here and 10 wheels there make none", () => {
    const here = { locationId: "HERE", ...kitAvailability([part("FRAME", 5), part("WHEEL", 0, 2)]) };
    const there = { locationId: "THERE", ...kitAvailability([part("FRAME", 0), part("WHEEL", 10, 2)]) };
    expect(networkAvailability([here, there]).availableToSell).toBe(0);
  });

  it.each([
    ["no component", []],
    ["a component needed 0 times", [part("FRAME", 9, 0)]],
    ["a component needed one and a half times", [part("FRAME", 9, 1.5)]],
  ])("%s is no kit", (_case, components) => {
    expect(() => kitAvailability(components)).toThrowError(expect.objectContaining({ code: "INVALID_INPUT" }));
  });

  it("never promises more than any component allows, and one more would be too many", () => {
    const components = fc.array(
      fc.tuple(fc.nat(200), fc.integer({ min: 1, max: 7 })).map(([ats, required]) => part("PART", ats, required)),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(components, (parts) => {
        const kits = kitAvailability(parts).availableToSell ?? -1;
        const enoughFor = (n: number) => parts.every((p) => n * p.required <= (p.availability.availableToSell ?? 0));
        expect(kits).toBeGreaterThanOrEqual(0);
        expect(enoughFor(kits)).toBe(true);
        expect(enoughFor(kits + 1)).toBe(false);
      }),
    );
  });
});
