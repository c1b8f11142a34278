/**
 * The channel policies of the demo: who may sell what, from where, and what is kept back for whom.
 *
 * Written by the planner, put in force by the manager. One rule of each kind per channel at least, so that every term
 * of an ATS explanation occurs somewhere.
 */
import type { SetChannelPolicyInput } from "./operations.ts";
import type { StockLevel } from "./stock.ts";

export function channelPolicies(
  levels: readonly StockLevel[],
  example: StockLevel,
  run: string,
): readonly SetChannelPolicyInput[] {
  const { item, locationId } = example;
  const here = { sku: item.sku, locationId };
  const byCase = levels.filter((level) => level.locationId === locationId && level.item.class === "A").slice(0, 8);
  const none = { eligibility: [], protections: [], safetyStocks: [], caps: [], sellMultiples: [] };
  return [
    {
      ...none,
      idempotencyKey: `${run}-policy-WEB`,
      channel: "WEB",
      note: "The web shop keeps ten of every class A item and sells on the last known figures.",
      protections: [{ class: "A", quantity: 10 }],
      degraded: [{ system: "wms", mode: "LAST_KNOWN_BUFFERED", staleBuffer: 2 }],
    },
    {
      ...none,
      idempotencyKey: `${run}-policy-B2B`,
      channel: "B2B",
      note: "Contract customers: two days of demand are theirs, popular goods go out in whole cases.",
      protections: [
        { class: "A", quantity: 24 },
        { ...here, quantity: 5 * item.caseSize },
      ],
      safetyStocks: [{ ...here, quantity: Math.ceil(item.safetyStock / 2) }],
      sellMultiples: byCase.map((level) => ({ sku: level.item.sku, multiple: level.item.caseSize })),
      degraded: [{ system: "erp", mode: "MIN_OF_SOURCES" }],
    },
    {
      ...none,
      idempotencyKey: `${run}-policy-MARKETPLACE`,
      channel: "MARKETPLACE",
      note: "The marketplace fines every cancelled order: small caps, no third party, closed when the warehouse is silent.",
      eligibility: [
        { locationId: "GDANSK", allowed: false },
        { class: "C", allowed: false },
      ],
      safetyStocks: [{ class: "B", quantity: 5 }],
      caps: [
        { class: "A", quantity: 40 },
        { class: "B", quantity: 15 },
      ],
      degraded: [{ system: "wms", mode: "FAIL_CLOSED" }],
    },
  ];
}
