/**
 * Purchase orders and expected supply through the ERP's own schema, on every database this machine has.
 *
 * What is open is never more than what neither the ERP nor the warehouse has received yet.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { eachDatabase } from "../helpers/databases.ts";
import { type Erp, openErp, sequences, unexplainedPositions, untouched, warehouseFact } from "./erp-fixture.ts";

eachDatabase("purchase orders", (makeKernel) => {
  let erp: Erp;
  beforeAll(async () => {
    erp = await openErp(makeKernel);
  });

  let items = 0;
  async function newItem(): Promise<string> {
    const sku = `I${++items}`;
    const units = [{ unit: "THIRD", numerator: 1, denominator: 3 }];
    await erp.run("saveProducts", { products: [{ sku, name: sku, baseUnit: "EA", units }] });
    return sku;
  }
  const line = (sku: string, ordered: number, more: object = {}) => ({
    line: "1",
    sku,
    locationId: "WEST",
    ordered,
    ...more,
  });
  const save = (id: string, lines: object[], more: object = {}) =>
    erp.run("savePurchaseOrder", { id, supplierId: "S1", status: "APPROVED", orderedOn: "2026-01-02", lines, ...more });
  const told = async (sku: string) =>
    (await erp.events("supply.expected.changed"))
      .filter((event) => event.sku === sku)
      .map(({ locationId, data }) => [locationId, data.openQuantity, data.promisedOn]);
  const inbound = async (sku: string, locationId = "WEST") => (await erp.book(sku, locationId))?.inbound;

  it("creates an order, finds nothing to do, and tells only what differs", async () => {
    const sku = await newItem();
    const lines = [line(sku, 100, { promisedOn: "2026-02-01" }), line(sku, 50, { line: "2" })];
    const first = await save("PO-1", lines, { expectedOn: "2026-03-01" });
    expect(first).toMatchObject({ status: "CREATED", userErrors: [], purchaseOrder: { id: "PO-1", version: 1 } });
    expect(first.purchaseOrder?.lines).toMatchObject([
      { line: "1", sku, locationId: "WEST", ordered: 100, received: 0, open: 100, promisedOn: "2026-02-01" },
      { line: "2", ordered: 50, open: 50, promisedOn: "2026-03-01" },
    ]);
    expect(await inbound(sku)).toEqual([
      { purchaseOrderId: "PO-1", line: "1", quantity: 100, promisedOn: "2026-02-01" },
      { purchaseOrderId: "PO-1", line: "2", quantity: 50, promisedOn: "2026-03-01" },
    ]);
    expect(await save("PO-1", lines, { expectedOn: "2026-03-01" })).toMatchObject({ status: "UNCHANGED" });
    expect(await save("PO-1", lines, { expectedOn: "2026-03-05" })).toMatchObject({
      status: "UPDATED",
      purchaseOrder: { version: 2 },
    });
    expect(await told(sku)).toEqual([
      ["WEST", 100, "2026-02-01"],
      ["WEST", 50, "2026-03-01"],
      ["WEST", 50, "2026-03-05"],
    ]);
    expect((await sequences(erp)).get(`${sku}|WEST`)).toEqual([1, 2, 3]);
    expect(await erp.book(sku)).toMatchObject({ onHand: 0, version: 3 });
    expect(await erp.db.query("SELECT outcome FROM audit_rows WHERE subject = 'purchase-order:PO-1'")).toHaveLength(2);
  });

  it.each(["REJECTED", "COMPLETE", "CANCELLED"])("expects nothing of an order that is %s", async (status) => {
    const sku = await newItem();
    const id = `PO-2-${status}`;
    await save(id, [line(sku, 10)], { status });
    expect(await told(sku)).toEqual([]);
    expect(await erp.book(sku)).toMatchObject(untouched);
    await save(id, [line(sku, 10)], { status: "PENDING" });
    await save(id, [line(sku, 10)], { status });
    expect(await told(sku)).toEqual([
      ["WEST", 10, null],
      ["WEST", 0, null],
    ]);
    expect(await inbound(sku)).toEqual([]);
  });

  it("says what a complete order still owes, rejects included", async () => {
    const sku = await newItem();
    const lines = [line(sku, 100, { received: 92, rejected: 3 })];
    expect((await save("PO-3", lines)).purchaseOrder?.lines).toMatchObject([{ open: 8, discrepancy: 0 }]);
    const { purchaseOrder } = await save("PO-3", lines, { status: "COMPLETE" });
    expect(purchaseOrder?.lines).toMatchObject([{ open: 0, discrepancy: 11 }]);
  });

  it("counts other units down to whole base units, because supply must not be too large", async () => {
    const sku = await newItem();
    const { purchaseOrder } = await save("PO-4", [line(sku, 8, { unit: "THIRD", received: 4 })]);
    expect(purchaseOrder?.lines).toMatchObject([{ ordered: 2, received: 1, open: 1 }]);
  });

  it("closes a line that is no longer there, and one that went elsewhere where it was", async () => {
    const sku = await newItem();
    await save("PO-5", [line(sku, 10), line(sku, 20, { line: "2" }), line(sku, 30, { line: "3" })]);
    await save("PO-5", [line(sku, 10), line(sku, 20, { line: "2", locationId: "EAST" })]);
    expect((await told(sku)).slice(3).sort()).toEqual([
      ["EAST", 20, null],
      ["WEST", 0, null],
      ["WEST", 0, null],
    ]);
    expect(await inbound(sku)).toMatchObject([{ line: "1", quantity: 10 }]);
    expect(await inbound(sku, "EAST")).toMatchObject([{ line: "2", quantity: 20 }]);
  });

  it.each([
    [{ sku: "NOWHERE" }, "UNKNOWN_SKU", "sku"],
    [{ locationId: "NOWHERE" }, "UNKNOWN_LOCATION", "locationId"],
    [{ unit: "PALLET" }, "UOM_UNMAPPED", "unit"],
    [{ ordered: 0 }, "QUANTITY_NOT_POSITIVE", "ordered"],
    [{ received: -1 }, "INVALID_INPUT", "received"],
    [{ line: "1" }, "INVALID_INPUT", "line"],
  ])("refuses %j and names the place", async (bad, code, member) => {
    const sku = await newItem();
    const reply = await save("PO-6", [line(sku, 1), line(sku, 1, { line: "2", ...bad })]);
    expect(reply).toMatchObject({
      purchaseOrder: null,
      status: "REJECTED",
      userErrors: [{ code, field: ["input", "lines", "1", member] }],
    });
    expect(await told(sku)).toEqual([]);
  });

  it("refuses more than 1,000 lines, and an id that is no code", async () => {
    const many = Array.from({ length: 1_001 }, (_, n) => line("A", 1, { line: String(n) }));
    expect((await save("PO-7", many)).userErrors).toMatchObject([{ code: "TOO_MANY_ITEMS" }]);
    expect((await save("", [])).userErrors).toMatchObject([{ code: "INVALID_INPUT", field: ["input", "id"] }]);
    for (const supplierId of ["", "x".repeat(65)]) {
      const { userErrors } = await save("PO-7", [], { supplierId });
      expect(userErrors).toMatchObject([{ code: "INVALID_INPUT", field: ["input", "supplierId"] }]);
    }
  });

  describe("with the warehouse", () => {
    it("expects less with every receipt, whether it names the line or not", async () => {
      const sku = await newItem();
      await save("PO-8", [line(sku, 10), line(sku, 20, { line: "2" })]);
      await erp.deliver(
        warehouseFact("receipt.recorded", 5, "PURCHASE_ORDER PO-8/2", { sku }),
        warehouseFact("receipt.recorded", 12, "PURCHASE_ORDER PO-8", { sku }),
      );
      expect(await inbound(sku)).toEqual([{ purchaseOrderId: "PO-8", line: "2", quantity: 13, promisedOn: null }]);
      expect(await erp.book(sku)).toMatchObject({ onHand: 17 });
      expect((await told(sku)).slice(2)).toEqual([
        ["WEST", 15, null],
        ["WEST", 0, null],
        ["WEST", 13, null],
      ]);
      expect((await sequences(erp)).get(`${sku}|WEST`)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    });

    it("takes the larger of what the two have received: the later ERP entry of the same goods changes nothing", async () => {
      const sku = await newItem();
      await save("PO-9", [line(sku, 10)]);
      await erp.deliver(warehouseFact("receipt.recorded", 6, "PURCHASE_ORDER PO-9/1", { sku }));
      const events = (await told(sku)).length;
      const { purchaseOrder } = await save("PO-9", [line(sku, 10, { received: 6 })]);
      expect(purchaseOrder?.lines).toMatchObject([{ received: 6, open: 4 }]);
      expect(await told(sku)).toHaveLength(events);
      expect((await save("PO-9", [line(sku, 10, { received: 8 })])).purchaseOrder?.lines).toMatchObject([{ open: 2 }]);
    });

    it("remembers a receipt for an order that it does not know yet", async () => {
      const sku = await newItem();
      await erp.deliver(warehouseFact("receipt.recorded", 6, "PURCHASE_ORDER PO-10/1", { sku }));
      await save("PO-10", [line(sku, 10)]);
      expect(await inbound(sku)).toMatchObject([{ quantity: 4 }]);
    });

    it("tells of an order what the warehouse compares its receipts with, also when nothing is open any more", async () => {
      const sku = await newItem();
      await erp.deliver(warehouseFact("receipt.recorded", 12, "PURCHASE_ORDER PO-12/1", { sku }));
      await save("PO-12", [line(sku, 10)]);
      await save("PO-12", [line(sku, 12)]);
      await save("PO-12", [line(sku, 12)], { status: "COMPLETE" });
      await save("PO-12", [line(sku, 12)], { status: "CANCELLED" });
      const events = (await erp.events("supply.expected.changed")).filter((event) => event.sku === sku);
      expect(events.map(({ data }) => [data.orderedQuantity, data.openQuantity, data.closed])).toEqual([
        [10, 0, false],
        [12, 0, false],
        [12, 0, true],
      ]);
    });

    it("ends the same when saves and receipts come at once", async () => {
      const sku = await newItem();
      await save("PO-11", [line(sku, 100)]);
      await Promise.all([
        ...[100, 90, 80].map((ordered) => save("PO-11", [line(sku, ordered)])),
        ...[1, 2, 3, 4].map((quantity) =>
          erp.deliver(warehouseFact("receipt.recorded", quantity, "PURCHASE_ORDER PO-11/1", { sku })),
        ),
      ]);
      await save("PO-11", [line(sku, 50)]);
      expect(await inbound(sku)).toMatchObject([{ quantity: 40 }]);
      expect(await unexplainedPositions(erp.db)).toEqual([]);
      const seqs = (await sequences(erp)).get(`${sku}|WEST`) ?? [];
      expect(seqs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: seqs.length }, (_, n) => n + 1));
    });
  });

  it("lists orders by status and by item, page by page", async () => {
    const [a, b] = [await newItem(), await newItem()];
    await save("L-1", [line(a, 1)], { supplierId: "LIST", status: "PENDING" });
    await save("L-2", [line(b, 1)], { supplierId: "LIST", status: "PENDING" });
    await save("L-3", [line(a, 1), line(b, 1, { line: "2" })], { supplierId: "LIST" });
    const list = async (args: string) => {
      const { data } = await erp.ask<{ purchaseOrders: { nodes: { id: string }[] } }>(
        `{ purchaseOrders(${args}) { nodes { id supplierId orderedOn lines { product { name } location { name } } } pageInfo { endCursor } } }`,
      );
      return data.purchaseOrders.nodes.map(({ id }) => id);
    };
    expect(await list(`sku: "${a}"`)).toEqual(["L-1", "L-3"]);
    expect(await list(`sku: "${b}", status: APPROVED`)).toEqual(["L-3"]);
    expect(await list(`sku: "${a}", first: 1`)).toEqual(["L-1"]);
    const cursor = Buffer.from(JSON.stringify(["L-1"])).toString("base64url");
    expect(await list(`sku: "${a}", after: "${cursor}"`)).toEqual(["L-3"]);
    const one = await erp.ask(
      '{ purchaseOrder(id: "L-3") { id lines { sku product { sku } location { id } } } none: purchaseOrder(id: "L-9") { id } }',
    );
    expect(one.data).toEqual({
      purchaseOrder: {
        id: "L-3",
        lines: [
          { sku: a, product: { sku: a }, location: { id: "WEST" } },
          { sku: b, product: { sku: b }, location: { id: "WEST" } },
        ],
      },
      none: null,
    });
  });
});
