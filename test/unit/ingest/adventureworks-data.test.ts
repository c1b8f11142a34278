/**
 * The real AdventureWorks tables, counted apart from the code under test: by splitting lines and adding columns.
 */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { type AdventureWorks, readAdventureWorks } from "../../../ingest/adventureworks.ts";
import { type AdventureWorksTexts, adventureWorksTables } from "../../../ingest/adventureworks-tables.ts";
import { adventureWorksDir, isAbsent } from "../../helpers/data-sets.ts";

const textOf = (table: string) => readFileSync(`${adventureWorksDir}/${table}`, "utf8");
const cellsOf = (table: string) =>
  textOf(table)
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function countBy<T>(items: readonly T[], keyOf: (item: T) => string | undefined): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) {
    const key = keyOf(item) ?? "none";
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

describe.skipIf(isAbsent(adventureWorksDir))("AdventureWorks as it is (needs ../shared/data)", () => {
  let works: AdventureWorks;
  beforeAll(() => {
    const names = Object.keys(adventureWorksTables) as (keyof AdventureWorksTexts)[];
    works = readAdventureWorks(Object.fromEntries(names.map((name) => [name, textOf(name)])) as AdventureWorksTexts);
  });

  it("has 504 products, 406 of them still sold, each with its own SKU and safety stock", () => {
    expect(works.products).toHaveLength(504);
    expect(new Set(works.products.map(({ sku }) => sku)).size).toBe(504);
    expect(works.products.filter(({ active }) => active)).toHaveLength(406);
    const safety = new Map(cellsOf("Product.csv").map((cells) => [cells[2], Number(cells[6])]));
    expect(works.products.every(({ sku, safetyStock }) => safety.get(sku) === safetyStock)).toBe(true);
    expect(countBy(works.products, (product) => product.class)).toEqual({
      Bikes: 97,
      Components: 134,
      Clothing: 35,
      Accessories: 29,
      none: 209,
    });
  });

  it("has 14 locations: seven work centres, seven storages, of which one holds salable items only", () => {
    expect(countBy(works.locations, ({ type }) => type)).toEqual({ WAREHOUSE: 7, PRODUCTION: 7 });
    expect(works.locations.filter(({ sellable }) => sellable).map(({ name }) => name)).toEqual([
      "Finished Goods Storage",
    ]);
  });

  it("has 1,069 stock rows with 335,974 units, the same in the warehouse and in the books", () => {
    expect(works.stockEvents).toHaveLength(1069);
    expect(sum(works.stockEvents.map(({ quantity }) => quantity))).toBe(335_974);
    expect(sum(works.bookBalances.map(({ onHand }) => onHand))).toBe(335_974);
    expect(new Set(works.bookBalances.map(({ sku, locationId }) => `${sku}|${locationId}`)).size).toBe(1069);
  });

  it("has 2,820 purchase orders with 6,281 lines, by the status of their header", () => {
    expect(countBy(works.purchaseOrders, ({ status }) => status)).toEqual({
      PENDING: 1,
      APPROVED: 8,
      REJECTED: 77,
      COMPLETE: 2734,
    });
    const lines = works.purchaseOrders.flatMap((order) => order.lines);
    expect(lines).toHaveLength(6281);
    expect(lines.filter(({ ordered, received }) => received < ordered)).toHaveLength(269);
    const cells = cellsOf("PurchaseOrderDetail.csv");
    expect(sum(lines.map(({ ordered }) => ordered))).toBe(sum(cells.map((cell) => Number(cell[3]))));
    expect(sum(lines.map(({ received }) => received))).toBe(sum(cells.map((cell) => Number(cell[7]))));
    expect(sum(lines.map(({ rejected }) => rejected))).toBe(sum(cells.map((cell) => Number(cell[8]))));
  });

  it("has 290 units still to come, on three lines of one approved order, at the place that sells", () => {
    const open = works.purchaseOrders
      .filter(({ status }) => status === "PENDING" || status === "APPROVED")
      .flatMap(({ id, lines }) => lines.map((line) => ({ ...line, id, open: line.ordered - line.received })))
      .filter((line) => line.open > 0);
    expect(open.map(({ id, sku, locationId, open: units }) => [id, sku, locationId, units])).toEqual([
      ["4001", "HL-U509-R", "7", 5],
      ["4001", "HL-U509", "7", 5],
      ["4001", "HL-U509-B", "7", 280],
    ]);
  });

  it("receives every item at a place where it is kept, so that no order makes a position", () => {
    const positions = new Set(works.bookBalances.map(({ sku, locationId }) => `${sku}|${locationId}`));
    const lines = works.purchaseOrders.flatMap((order) => order.lines);
    expect(lines.filter(({ sku, locationId }) => !positions.has(`${sku}|${locationId}`))).toEqual([]);
  });

  it("has 152 assemblies made of whole pieces, and each component stands before what is made of it", () => {
    const assemblies = works.products.filter(({ components }) => components);
    expect(assemblies).toHaveLength(152);
    const place = new Map(works.products.map(({ sku }, index) => [sku, index]));
    const early = assemblies.flatMap(({ sku, components = [] }) =>
      components.filter((component) => Number(place.get(component.sku)) > Number(place.get(sku))),
    );
    expect(early).toEqual([]);
  });

  it("has no component list for the 86 assemblies that need paint or wire", () => {
    const sku = new Map(cellsOf("Product.csv").map((cells) => [cells[0], cells[2]]));
    const measured = cellsOf("BillOfMaterials.csv").filter(
      (cells) => cells[1] !== "" && cells[4] === "" && cells[5]?.trim() !== "EA",
    );
    const without = new Set(measured.map((cells) => sku.get(cells[1] ?? "")));
    expect(without.size).toBe(86);
    expect(works.products.filter((product) => without.has(product.sku) && product.components)).toEqual([]);
  });

  it("has nothing that was left out without being a judgement", () => {
    expect(countBy(works.findings, ({ code }) => code)).toEqual({
      BOM_NOT_WHOLE_UNITS: 86,
      PURCHASE_UNIT_WITHOUT_FACTOR: 306,
    });
  });
});
