/**
 * stockChanged as a client sees it: what changed, why, for whom, from where on, with fields of every system.
 */
import { expect, it } from "vitest";
import { openSocket } from "../helpers/subscriptions.ts";
import { eachTarget, type Target } from "../helpers/target.ts";

const place = { sku: "SC-1", locationId: "SC-L" };

async function openShop(target: Target, onHand: number) {
  await target.connector.request(
    `mutation ($p: SaveProductsInput!, $l: SaveLocationsInput!, $b: SaveBookBalancesInput!, $e: RecordStockEventsInput!) {
      saveProducts(input: $p) { userErrors { code } } saveLocations(input: $l) { userErrors { code } }
      saveBookBalances(input: $b) { userErrors { code } } recordStockEvents(input: $e) { results { status } } }`,
    {
      p: { idempotencyKey: "sc-p", products: [{ sku: place.sku, name: "Lamp", baseUnit: "EA" }] },
      l: { idempotencyKey: "sc-l", locations: [{ id: place.locationId, name: "Shop store", type: "WAREHOUSE" }] },
      b: { idempotencyKey: "sc-b", balances: [{ ...place, onHand }] },
      e: {
        idempotencyKey: "sc-e",
        events: [
          {
            ...place,
            id: "sc-opening",
            type: "SNAPSHOT",
            quantity: onHand,
            buckets: { unrestricted: onHand },
            occurredAt: "2026-01-05T06:00:00Z",
          },
        ],
      },
    },
  );
}

eachTarget("stockChanged", (target) => {
  async function left(): Promise<number> {
    const { availability } = await target()
      .client()
      .request<{ availability: { availableToSell: number }[] }>(
        `query ($sku: ID!, $locationId: ID!) { availability(skus: [$sku], locationIds: [$locationId]) { availableToSell } }`,
        place,
      );
    return availability[0]?.availableToSell ?? -1;
  }

  it("tells of a change with its figures, its cause, and fields of the ERP and the warehouse", async () => {
    await openShop(target(), 10);
    await target().eventually(async () => expect(await left()).toBe(10));
    const cursor = (await target().client().request<{ stockCursor: string }>("{ stockCursor }")).stockCursor;
    const socket = openSocket(target().url, await target().token("paul", ["planner"]));
    const stream = socket.subscribe(
      `subscription ($after: String) { stockChanged(skus: ["SC-1"], after: $after) {
         cursor previousAvailableToSell availability { availableToSell channel version }
         position { sku locationId product { name } physical { onHand } book { onHand } }
         cause { eventId type source occurredAt correlationId document { type id line } } } }`,
      { after: cursor },
    );
    const event = {
      ...place,
      id: "sc-ship",
      type: "SHIPMENT",
      quantity: 3,
      documentRef: { type: "ORDER", id: "SC-O", line: "1" },
      occurredAt: "2026-01-05T09:00:00Z",
    };
    await target().connector.request(
      "mutation ($input: RecordStockEventsInput!) { recordStockEvents(input: $input) { results { status } } }",
      { input: { idempotencyKey: "sc-ship", events: [event] } },
    );
    const change = await stream.find(({ stockChanged }) => stockChanged.cause.type === "shipment.confirmed");
    expect(change).toMatchObject({
      data: {
        stockChanged: {
          cursor: expect.any(String),
          previousAvailableToSell: 10,
          availability: { availableToSell: 7 },
          position: {
            ...place,
            product: { name: "Lamp" },
            physical: { onHand: 7 },
            book: { onHand: expect.any(Number) },
          },
          cause: {
            type: "shipment.confirmed",
            source: "wms",
            occurredAt: "2026-01-05T09:00:00.000Z",
            document: { type: "ORDER", id: "SC-O", line: "1" },
          },
        },
      },
    });
    expect(change.errors).toBeUndefined();
    await socket.client.dispose();
  });
});
