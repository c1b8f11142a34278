/**
 * Story 9 through the public API: 100 are announced, 92 come, 3 of them damaged. What is expected is recalculated, what is
 * on the shelf can be sold, the receipt says what is wrong with it, and somebody is to look at it.
 */
import { expect, it } from "vitest";
import { eachTarget, type Target } from "../helpers/target.ts";

const sku = "RC-1";
const locationId = "RC-L1";
const place = { sku, locationId };
const order = {
  id: "RC-PO",
  supplierId: "S1",
  status: "APPROVED",
  orderedOn: "2026-01-02",
  expectedOn: "2026-02-01",
  lines: [{ line: "1", ...place, ordered: 100 }],
};

function run(target: Target, mutation: string, type: string, input: object, selection: string): Promise<unknown> {
  return target.connector.request(`mutation ($input: ${type}!) { ${mutation}(input: $input) { ${selection} } }`, {
    input,
  });
}

async function record(target: Target, id: string, ...events: readonly object[]): Promise<void> {
  const common = { ...place, occurredAt: "2026-01-05T08:00:00Z" };
  const documentRef = { type: "PURCHASE_ORDER", id: order.id, line: "1" };
  const input = {
    idempotencyKey: id,
    events: events.map((event, i) => ({ id: `${id}-${i}`, ...common, documentRef, ...event })),
  };
  const reply = await run(target, "recordStockEvents", "RecordStockEventsInput", input, "results { status }");
  expect(reply).toEqual({ recordStockEvents: { results: events.map(() => ({ status: "ACCEPTED" })) } });
}

async function receiptAndStock(target: Target): Promise<unknown> {
  const { receipts, stockPosition } = await target.connector.request<{
    receipts: { nodes: { lines: object[] }[] };
    stockPosition: { book: { onHand: number; inbound: { quantity: number }[] }; availability: object };
  }>(
    `query ($sku: ID!, $locationId: ID!) {
       receipts(locationId: $locationId) { nodes {
         status location { name } lines { expected received damaged putaway posted discrepancies { type quantity } } } }
       stockPosition(sku: $sku, locationId: $locationId) {
         book { onHand inbound { quantity } } availability(channel: "WEB") { availableToSell } } }`,
    place,
  );
  const { book, availability } = stockPosition;
  return { receipts: receipts.nodes, onHand: book.onHand, inbound: book.inbound, ...availability };
}

/** What is open about the order, with its quantity. */
async function exceptionsOf(target: Target): Promise<unknown> {
  const { exceptions } = await target
    .client(await target.token("petra", ["planner"]))
    .request<{ exceptions: { nodes: { type: string; quantity: number; document: { id: string } }[] } }>(
      `query ($sku: ID, $locationId: ID) { exceptions(sku: $sku, locationId: $locationId) {
        nodes { type quantity document { id } } } }`,
      place,
    );
  return exceptions.nodes.map(({ type, quantity, document }) => `${document.id} ${type} ${quantity}`).sort();
}

eachTarget("a delivery of 92 of 100, 3 of them damaged", (target) => {
  it("is told as short and damaged, and only what is sound and put away can be sold", async () => {
    const products = [{ sku, name: "Tap", baseUnit: "EA", class: "B", unitCost: "2.50" }];
    await run(target(), "saveProducts", "SaveProductsInput", { idempotencyKey: "rc-p", products }, "replayed");
    const locations = [{ id: locationId, name: "Reading", type: "WAREHOUSE" }];
    await run(target(), "saveLocations", "SaveLocationsInput", { idempotencyKey: "rc-l", locations }, "replayed");
    await run(target(), "savePurchaseOrder", "SavePurchaseOrderInput", { idempotencyKey: "rc-o1", ...order }, "status");
    const step = { purchaseOrderId: order.id, locationId };
    const progress = (name: string) =>
      run(
        target(),
        "recordReceiptProgress",
        "RecordReceiptProgressInput",
        { idempotencyKey: `rc-${name}`, ...step, step: name },
        "receipt { status } userErrors { code }",
      );
    await target().eventually(async () => {
      expect(await receiptAndStock(target())).toMatchObject({
        receipts: [{ status: "EXPECTED", location: { name: "Reading" }, lines: [{ expected: 100, received: 0 }] }],
        inbound: [{ quantity: 100 }],
      });
    });
    await progress("SHIPPED");
    await progress("ARRIVED");
    await record(
      target(),
      "rc-in",
      { type: "RECEIPT", quantity: 89 },
      { type: "RECEIPT", quantity: 3, toBucket: "DAMAGED" },
    );
    expect(await progress("UNLOADED")).toEqual({
      recordReceiptProgress: { receipt: { status: "DAMAGED" }, userErrors: [] },
    });
    const wrong = [
      { type: "SHORT", quantity: 8 },
      { type: "DAMAGED", quantity: 3 },
    ];
    await target().eventually(async () => {
      expect(await receiptAndStock(target())).toMatchObject({
        receipts: [{ lines: [{ expected: 100, received: 92, damaged: 3, posted: 92, discrepancies: wrong }] }],
        onHand: 92,
        inbound: [{ quantity: 8 }],
        availableToSell: 0,
      });
      expect(await exceptionsOf(target())).toEqual(["RC-PO SHORT_RECEIPT 8", "RC-PO SUPPLIER_DISCREPANCY 3"]);
    });

    await record(target(), "rc-up", { type: "PUTAWAY", quantity: 89 });
    const done = { ...order, status: "COMPLETE", lines: [{ ...order.lines[0], received: 92 }] };
    await run(target(), "savePurchaseOrder", "SavePurchaseOrderInput", { idempotencyKey: "rc-o2", ...done }, "status");
    await target().eventually(async () => {
      expect(await receiptAndStock(target())).toMatchObject({
        receipts: [{ status: "CLOSED", lines: [{ putaway: 92, posted: 92, discrepancies: wrong }] }],
        onHand: 92,
        inbound: [],
        availableToSell: 89,
      });
      // The books say the same, and it is one case.
      expect(await exceptionsOf(target())).toEqual(["RC-PO SHORT_RECEIPT 8", "RC-PO SUPPLIER_DISCREPANCY 3"]);
    });
  });
});
