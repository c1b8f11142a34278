/**
 * Safety stock: the units that nobody is promised, so that a wrong count does not become a broken promise.
 *
 * The most specific statement wins: SKU at location (a channel's own rule before the one for all), SKU by rule,
 * the item master, item class, default. Total: there is always an answer. Subtracted in `ats.ts` and nowhere else.
 */
import type { IndexedChannel } from "./policy-index.ts";
import type { ProductFacts } from "./position.ts";

export interface SafetyStock {
  /** Base units, never negative. */
  readonly quantity: number;
  /** Who says so: the item master or the policy. */
  readonly source: "erp" | "policy";
}

export function safetyStockOf(
  channel: IndexedChannel,
  defaultSafetyStock: number,
  product: Pick<ProductFacts, "sku" | "class" | "safetyStock">,
  locationId: string,
): SafetyStock {
  const rules = channel.safetyStocks;
  const forSku = rules.size === 0 ? undefined : rules.forSku(product.sku, locationId);
  if (forSku !== undefined) return { quantity: forSku, source: "policy" };
  // An ERP writes 0 where nobody entered anything: that must not silence the class rules.
  if (product.safetyStock !== null && product.safetyStock > 0) return { quantity: product.safetyStock, source: "erp" };
  const forOthers = rules.size === 0 ? undefined : rules.forAnySku(locationId, product.class);
  return { quantity: forOthers ?? defaultSafetyStock, source: "policy" };
}
