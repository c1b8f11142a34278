/**
 * The main job: a distributor's facts go in through the public API, and the governed answer comes out with its reason.
 */
import { expect, it } from "vitest";
import { eachTarget } from "../helpers/target.ts";

const saveMaster = `mutation ($products: SaveProductsInput!, $locations: SaveLocationsInput!) {
  saveProducts(input: $products) { results { id status code } userErrors { code } replayed }
  saveLocations(input: $locations) { results { id status code } userErrors { code } replayed } }`;
const record = `mutation ($input: RecordStockEventsInput!) {
  recordStockEvents(input: $input) { results { id status code message } userErrors { code message } replayed } }`;
const ask = `query ($skus: [ID!]!, $locationIds: [ID!]) { availability(skus: $skus, locationIds: $locationIds) {
  sku locationId channel availableToSell net reason confidence asOf version policyVersion
  product { name } location { name }
  terms { name quantity source } sources { system asOf ageMs version status } } }`;

const products = {
  idempotencyKey: "fa-products",
  products: [
    {
      sku: "FA-1",
      name: "Cable drum",
      baseUnit: "EA",
      safetyStock: 4,
      unitCost: "12.50",
      units: [{ unit: "CASE", numerator: 12, denominator: 1 }],
    },
  ],
};
const locations = { idempotencyKey: "fa-locations", locations: [{ id: "FA-EAST", name: "East", type: "WAREHOUSE" }] };
const place = { sku: "FA-1", locationId: "FA-EAST" };
const received = {
  idempotencyKey: "fa-events",
  events: [
    { ...place, id: "fa-e1", type: "RECEIPT", quantity: 5, unit: "CASE", occurredAt: "2026-01-05T08:00:00Z" },
    { ...place, id: "fa-e2", type: "PUTAWAY", quantity: 58, occurredAt: "2026-01-05T09:00:00Z" },
  ],
};
const order = {
  idempotencyKey: "fa-order",
  orderId: "FA-O1",
  lines: [{ ...place, line: "1", quantity: 1, unit: "CASE" }],
};

eachTarget("the first answer", (target) => {
  it("begins with a product sold in cases, and a warehouse", async () => {
    expect(await target().connector.request(saveMaster, { products, locations })).toMatchObject({
      saveProducts: { results: [{ id: "FA-1", status: "CREATED" }], userErrors: [], replayed: false },
      saveLocations: { results: [{ id: "FA-EAST", status: "CREATED" }] },
    });
  });

  it("counts what the warehouse received and put away, once", async () => {
    const { connector } = target();
    expect(await connector.request(record, { input: received })).toMatchObject({
      recordStockEvents: {
        results: [
          { id: "fa-e1", status: "ACCEPTED" },
          { id: "fa-e2", status: "ACCEPTED" },
        ],
      },
    });
    expect(await connector.request(record, { input: received })).toMatchObject({
      recordStockEvents: { replayed: true, results: [{ status: "ACCEPTED" }, { status: "ACCEPTED" }] },
    });
  });

  it("leaves out what an order has been promised", async () => {
    const reply = await target().connector.request(
      `mutation ($input: AllocateOrderInput!) { allocateOrder(input: $input) {
        orderAllocation { orderId lines { line allocated open } } userErrors { code message field } } }`,
      { input: order },
    );
    expect(reply).toMatchObject({
      allocateOrder: { orderAllocation: { lines: [{ allocated: 12, open: 12 }] }, userErrors: [] },
    });
  });

  it("is given to anybody, with every term: 60 on hand, 2 on the dock, 12 committed, 4 for safety", async () => {
    const { client, eventually } = target();
    await eventually(async () => {
      const { availability } = await client().request<{ availability: unknown[] }>(ask, {
        skus: ["FA-1"],
        locationIds: ["FA-EAST"],
      });
      expect(availability).toMatchObject([
        {
          ...place,
          channel: "WEB",
          availableToSell: 42,
          net: 42,
          reason: null,
          confidence: "FRESH",
          product: { name: "Cable drum" },
          location: { name: "East" },
          terms: [
            { name: "onHand", quantity: 60, source: "wms" },
            { name: "dock", quantity: -2, source: "wms" },
            { name: "committed", quantity: -12, source: "erp" },
            { name: "safetyStock", quantity: -4 },
          ],
          sources: [
            { system: "erp", status: "FRESH" },
            { system: "wms", status: "FRESH" },
            { system: "returns", status: "FRESH" },
          ],
        },
      ]);
    });
  });

  it("can be followed down to every owner in one query", async () => {
    const { connector, eventually } = target();
    await eventually(async () => {
      const { stockPosition } = await connector.request<{
        stockPosition: unknown;
      }>(`{ stockPosition(sku: "FA-1", locationId: "FA-EAST") {
        product { name baseUnit unitCost units { unit numerator denominator } } location { name type sellable }
        book { onHand committed safetyStock } physical { onHand unrestricted dock } returns { quarantined }
        availability { availableToSell } } }`);
      expect(stockPosition).toMatchObject({
        product: { name: "Cable drum", baseUnit: "EA", unitCost: "12.50", units: [{ unit: "CASE", numerator: 12 }] },
        location: { name: "East", type: "WAREHOUSE", sellable: true },
        book: { onHand: 60, committed: 12, safetyStock: 4 },
        physical: { onHand: 60, unrestricted: 58, dock: 2 },
        returns: { quarantined: 0 },
        availability: { availableToSell: 42 },
      });
    });
  });
});
