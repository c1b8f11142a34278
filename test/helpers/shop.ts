/**
 * A shop with stock: items, one location, opening balances, and the shipments and receipts that move them.
 */
import type { ApiClient } from "../../shared/graphql/client.ts";

export interface Shop {
  readonly skus: readonly string[];
  readonly locationId: string;
  /** One movement of one unit for each of these items, in one request; receipts and shipments by turns. */
  move(skus?: readonly string[]): Promise<void>;
}

const happened = "2026-01-05T09:00:00Z";
const record = `mutation ($input: RecordStockEventsInput!) {
  recordStockEvents(input: $input) { results { status code } userErrors { code } } }`;

/** `name`: tells this shop's codes and keys from others'. */
export async function openShop(connector: ApiClient, name: string, items: number, onHand: number): Promise<Shop> {
  const locationId = `${name}-L`;
  const skus = Array.from({ length: items }, (_, i) => `${name}-${i}`);
  await connector.request(
    `mutation ($p: SaveProductsInput!, $l: SaveLocationsInput!, $b: SaveBookBalancesInput!) {
      saveProducts(input: $p) { userErrors { code } } saveLocations(input: $l) { userErrors { code } }
      saveBookBalances(input: $b) { userErrors { code } } }`,
    {
      p: { idempotencyKey: `${name}-p`, products: skus.map((sku) => ({ sku, name: `Lamp ${sku}`, baseUnit: "EA" })) },
      l: { idempotencyKey: `${name}-l`, locations: [{ id: locationId, name: "Shop", type: "WAREHOUSE" }] },
      b: { idempotencyKey: `${name}-b`, balances: skus.map((sku) => ({ sku, locationId, onHand })) },
    },
  );
  const send = async (idempotencyKey: string, events: readonly object[]) => {
    type Reply = { recordStockEvents: { results: { status: string }[] } };
    const { recordStockEvents } = await connector.request<Reply>(record, { input: { idempotencyKey, events } });
    const wrong = recordStockEvents.results.filter(({ status }) => status !== "ACCEPTED");
    if (wrong.length > 0) throw new Error(`not accepted: ${JSON.stringify(wrong)}`);
  };
  const opening = { type: "SNAPSHOT", quantity: onHand, buckets: { unrestricted: onHand }, occurredAt: happened };
  await send(
    `${name}-opening`,
    skus.map((sku) => ({ ...opening, id: `${sku}-opening`, sku, locationId })),
  );
  let moves = 0;
  return {
    skus,
    locationId,
    async move(moved = skus) {
      moves += 1;
      const type = moves % 2 === 0 ? "SHIPMENT_VOID" : "SHIPMENT";
      const documentRef = { type: "ORDER", id: `${name}-O`, line: "1" };
      const event = { type, locationId, quantity: 1, documentRef, occurredAt: happened };
      await send(
        `${name}-move-${moves}`,
        moved.map((sku) => ({ ...event, sku, id: `${sku}-move-${moves}` })),
      );
    },
  };
}
