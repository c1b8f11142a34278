/**
 * Which safety stock counts, and that it is subtracted once.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SafetyStockRule } from "../../../../../subgraphs/availability/domain/policy.ts";
import { indexPolicy } from "../../../../../subgraphs/availability/domain/policy-index.ts";
import { safetyStockOf } from "../../../../../subgraphs/availability/domain/safety-stock.ts";
import { ask, everything, itemClass, locationId, policyWith, safetyStockRules, sku } from "./fixtures.ts";

const rule = (scope: Partial<SafetyStockRule>, quantity: number): SafetyStockRule => ({
  ...everything,
  channel: null,
  ...scope,
  quantity,
});

function safetyStock(rules: readonly SafetyStockRule[], itemSays: number | null, channel = "WEB", fallback = 9) {
  const policy = indexPolicy(policyWith({}, { safetyStocks: rules, defaultSafetyStock: fallback }));
  return safetyStockOf(policy.channel(channel), fallback, { sku, class: itemClass, safetyStock: itemSays }, locationId);
}

describe("the most specific statement wins", () => {
  const forChannelHere = rule({ sku, locationId, channel: "WEB" }, 1);
  const here = rule({ sku, locationId }, 2);
  const forSku = rule({ sku }, 3);
  const itemSays = 4;
  const forClass = rule({ class: itemClass }, 5);

  it("a channel's rule for the SKU at the location is above all", () => {
    expect(safetyStock([forClass, forSku, here, forChannelHere], itemSays)).toEqual({ quantity: 1, source: "policy" });
  });

  it("which is not for another channel: there the rule for the SKU at the location counts", () => {
    expect(safetyStock([forClass, forSku, here, forChannelHere], itemSays, "B2B").quantity).toBe(2);
  });

  it("then the rule for the SKU", () => {
    expect(safetyStock([forClass, forSku], itemSays).quantity).toBe(3);
    expect(safetyStock([forSku, rule({ sku, locationId: "EAST" }, 77)], itemSays).quantity).toBe(3);
  });

  it("then the item master", () => {
    expect(safetyStock([forClass], itemSays)).toEqual({ quantity: 4, source: "erp" });
  });

  it("then the item class, if the item master says nothing or 0", () => {
    expect(safetyStock([forClass], 0)).toEqual({ quantity: 5, source: "policy" });
    expect(safetyStock([forClass], null).quantity).toBe(5);
  });

  it("then the default", () => {
    expect(safetyStock([rule({ class: "OTHER" }, 5), rule({ sku: "OTHER" }, 6)], null).quantity).toBe(9);
    expect(safetyStock([], null)).toEqual({ quantity: 9, source: "policy" });
  });

  it("a rule of 0 for the SKU switches the item's safety stock off", () => {
    expect(safetyStock([rule({ sku }, 0)], 4).quantity).toBe(0);
  });
});

describe("properties of safety stock", () => {
  const itemSays = fc.option(fc.nat(15));

  it("there is always an answer, and somebody said it", () => {
    fc.assert(
      fc.property(safetyStockRules, itemSays, fc.nat(15), (rules, item, fallback) => {
        const { quantity } = safetyStock(rules, item, "WEB", fallback);
        expect([...rules.map((r) => r.quantity), item, fallback]).toContain(quantity);
      }),
    );
  });

  it("raising one rule never lowers the safety stock of any channel", () => {
    fc.assert(
      fc.property(safetyStockRules, itemSays, fc.nat(3), fc.integer({ min: 1, max: 9 }), (rules, item, at, more) => {
        const raised = rules.map((r, i) => (i === at ? { ...r, quantity: r.quantity + more } : r));
        for (const channel of ["WEB", "B2B"]) {
          const before = safetyStock(rules, item, channel).quantity;
          expect(safetyStock(raised, item, channel).quantity).toBeGreaterThanOrEqual(before);
        }
      }),
    );
  });

  it("the order in which rules were written does not matter", () => {
    fc.assert(
      fc.property(safetyStockRules, itemSays, (rules, item) => {
        expect(safetyStock([...rules].reverse(), item)).toEqual(safetyStock(rules, item));
      }),
    );
  });

  it("it is subtracted in exactly one place: the item's, the class's and the default never add up", () => {
    const policy = policyWith({}, { safetyStocks: [rule({ class: itemClass }, 5)], defaultSafetyStock: 9 });
    const answer = ask({ wms: { unrestricted: 50 }, product: { safetyStock: 4 }, policy });
    expect(answer.terms.filter((term) => term.name === "safetyStock")).toEqual([
      { name: "safetyStock", quantity: -4, source: "erp" },
    ]);
    expect(answer).toMatchObject({ net: 46, availableToSell: 46 });
  });
});
