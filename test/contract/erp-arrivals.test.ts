/**
 * What the ERP tells of supply that has arrived, and of products that are kits, on every database.
 */
import { expect, it } from "vitest";
import { eachDatabase } from "../helpers/databases.ts";
import { type Erp, openErp, warehouseFact } from "./erp-fixture.ts";

const line = (more: object = {}) => ({ sku: "A", locationId: "WEST", ordered: 10, ...more });
const order = (id: string, lines: readonly object[], more: object = {}) => ({
  id,
  supplierId: "ACME",
  status: "APPROVED",
  orderedOn: "2026-01-01",
  expectedOn: "2026-01-10",
  lines,
  ...more,
});
const received = (quantity: number, document: string, on: string) =>
  warehouseFact("receipt.recorded", quantity, document, { time: `${on}T15:00:00.000Z` });

/** Of one order: line, what is open, and when it arrived, as told. */
async function told(erp: Erp, id: string) {
  const events = await erp.events("supply.expected.changed");
  return events
    .filter(({ data }) => data.documentId === id)
    .map(({ data }) => [data.line, data.openQuantity, data.arrivedOn]);
}

eachDatabase("the arrival of a purchase order line", (makeKernel) => {
  it("is the day of the receipt that completed it, whatever day the others came on", async () => {
    const erp = await openErp(makeKernel);
    await erp.run("savePurchaseOrder", order("P1", [line(), line({ ordered: 5 })]));
    await erp.deliver(
      received(6, "PURCHASE_ORDER P1/1", "2026-01-14"),
      received(4, "PURCHASE_ORDER P1/1", "2026-01-12"),
    );
    await erp.deliver(received(5, "PURCHASE_ORDER P1", "2026-01-09"));
    expect(await told(erp, "P1")).toEqual([
      ["1", 10, null],
      ["2", 5, null],
      ["1", 4, null],
      ["1", 0, "2026-01-14"],
      ["2", 0, "2026-01-09"],
    ]);
    // Finishing the order, and saving it as it is, are no news of an arrival.
    await erp.run("savePurchaseOrder", order("P1", [line(), line({ ordered: 5 })], { status: "COMPLETE" }));
    expect(await told(erp, "P1")).toHaveLength(5);
  });

  it("is none of what was called off", async () => {
    const erp = await openErp(makeKernel);
    await erp.run("savePurchaseOrder", order("P2", [line()]));
    await erp.deliver(received(6, "PURCHASE_ORDER P2", "2026-01-14"));
    await erp.run("savePurchaseOrder", order("P2", [line()], { status: "CANCELLED" }));
    expect((await told(erp, "P2")).at(-1)).toEqual(["1", 0, null]);
  });

  it("can be entered with an order that was finished long ago, and is told once", async () => {
    const erp = await openErp(makeKernel);
    const finished = order("P3", [line({ received: 10, receivedOn: "2025-03-20" }), line({ received: 10 })], {
      status: "COMPLETE",
    });
    await erp.run("savePurchaseOrder", finished);
    expect(await erp.run("savePurchaseOrder", finished)).toMatchObject({ status: "UNCHANGED" });
    await erp.run("savePurchaseOrder", { ...finished, orderedOn: "2025-03-01" });
    expect(await told(erp, "P3")).toEqual([["1", 0, "2025-03-20"]]);
  });
});

eachDatabase("a product with components", (makeKernel) => {
  it("is a kit unless it is called an assembly, and says so to the others", async () => {
    const erp = await openErp(makeKernel);
    const components = [{ sku: "B", quantity: 2 }];
    const of = (sku: string, more: object = {}) => ({ sku, name: sku, baseUnit: "EA", components, ...more });
    await erp.run("saveProducts", { products: [of("KIT"), of("ASM", { kit: false })] });
    const kits = async () => {
      const fields = "{ kit components { sku } }";
      const { data } = await erp.ask(
        `{ k: product(sku: "KIT") ${fields} a: product(sku: "ASM") ${fields} b: product(sku: "B") { kit } }`,
      );
      return data;
    };
    expect(await kits()).toEqual({
      k: { kit: true, components: [{ sku: "B" }] },
      a: { kit: false, components: [{ sku: "B" }] },
      b: { kit: false },
    });
    const changes = (await erp.events("master.changed")).filter(({ sku }) => sku === "KIT" || sku === "ASM");
    expect(changes.map(({ sku, data }) => [sku, data.kind === "product" && data.kit])).toEqual([
      ["KIT", true],
      ["ASM", false],
    ]);
    // Left out, it stays; null sets it back.
    await erp.run("saveProducts", { products: [of("ASM", { name: "Assembly" })] });
    expect(await kits()).toMatchObject({ a: { kit: false } });
    await erp.run("saveProducts", { products: [of("ASM", { kit: null })] });
    expect(await kits()).toMatchObject({ a: { kit: true } });
  });
});
