/**
 * An item on a shelf, as the connectors of ERP and warehouse would report it: what many stories begin with.
 */
import type { Target } from "./target.ts";

export interface Opening {
  readonly sku: string;
  readonly locationId: string;
  readonly onHand: number;
}

/** A new item of class B, worth 2.50, with `onHand` in books and on the shelf. */
export async function openStock({ connector }: Pick<Target, "connector">, opening: Opening): Promise<void> {
  const { onHand, ...place } = opening;
  const { sku, locationId } = place;
  const snapshot = { id: `${sku}-opening`, type: "SNAPSHOT", occurredAt: "2026-01-05T06:00:00Z" };
  await connector.request(
    `mutation ($p: SaveProductsInput!, $l: SaveLocationsInput!, $b: SaveBookBalancesInput!, $e: RecordStockEventsInput!) {
      saveProducts(input: $p) { userErrors { code } } saveLocations(input: $l) { userErrors { code } }
      saveBookBalances(input: $b) { userErrors { code } } recordStockEvents(input: $e) { results { status } } }`,
    {
      p: { idempotencyKey: `${sku}-p`, products: [{ sku, name: sku, baseUnit: "EA", class: "B", unitCost: "2.50" }] },
      l: { idempotencyKey: `${sku}-l`, locations: [{ id: locationId, name: locationId, type: "WAREHOUSE" }] },
      b: { idempotencyKey: `${sku}-b`, balances: [opening] },
      e: {
        idempotencyKey: `${sku}-e`,
        events: [{ ...snapshot, ...place, quantity: onHand, buckets: { unrestricted: onHand } }],
      },
    },
  );
}
