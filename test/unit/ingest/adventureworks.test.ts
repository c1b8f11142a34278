/**
 * AdventureWorks tables, a few rows each: what becomes of every row, good or bad.
 *
 * The real tables are read in `adventureworks-data.test.ts`.
 */
import { describe, expect, it } from "vitest";
import { readAdventureWorks } from "../../../ingest/adventureworks.ts";
import { type AdventureWorksTexts, adventureWorksTables } from "../../../ingest/adventureworks-tables.ts";

type Cells = Readonly<Record<number, string>>;

/** A row with the given columns filled and the others empty. */
function row(table: keyof AdventureWorksTexts, cells: Cells): string {
  return Array.from({ length: adventureWorksTables[table] }, (_, i) => cells[i] ?? "").join("\t");
}

const at = "2025-08-07 00:00:00.000";
const product = (id: string, sku: string, cells: Cells = {}) =>
  row("Product.csv", { 0: id, 1: `Name of ${sku}`, 2: sku, 4: "1", 6: "4", 8: "1.5000", ...cells });
const location = (id: string, name: string, costRate = ".0000") => row("Location.csv", { 0: id, 1: name, 2: costRate });
const stock = (productId: string, locationId: string, quantity: string) =>
  row("ProductInventory.csv", { 0: productId, 1: locationId, 4: quantity, 6: at });
const component = (assembly: string, part: string, quantity = "1.00", unit = "EA ", ended = "") =>
  row("BillOfMaterials.csv", { 1: assembly, 2: part, 4: ended, 5: unit, 7: quantity });
const header = (id: string, status: string, vendor = "1580") =>
  row("PurchaseOrderHeader.csv", { 0: id, 2: status, 4: vendor, 6: at });
const line = (order: string, number: string, productId: string, cells: Cells = {}) =>
  row("PurchaseOrderDetail.csv", {
    0: order,
    1: number,
    2: at,
    3: "25",
    4: productId,
    7: "20.00",
    8: "3.00",
    ...cells,
  });

const tables = {
  "Product.csv": [product("1", "BIKE", { 18: "1" }), product("2", "WHEEL"), product("3", "PAINT", { 4: "0" })],
  "ProductCategory.csv": [row("ProductCategory.csv", { 0: "9", 1: "Bikes" })],
  "ProductSubcategory.csv": [row("ProductSubcategory.csv", { 0: "1", 1: "9", 2: "Road Bikes" })],
  "ProductVendor.csv": [row("ProductVendor.csv", { 0: "2", 9: "CTN" }), row("ProductVendor.csv", { 0: "1", 9: "EA " })],
  "ProductInventory.csv": [stock("1", "7", "5"), stock("1", "60", "8"), stock("2", "6", "0"), stock("3", "6", "2")],
  "Location.csv": [
    location("6", "Miscellaneous Storage"),
    location("7", "Finished Goods Storage"),
    location("60", "Final Assembly", "12.2500"),
  ],
  "BillOfMaterials.csv": [component("1", "2", "2.00"), component("", "1")],
  "Vendor.csv": [row("Vendor.csv", { 0: "1580", 1: "LITWARE0001" })],
  "PurchaseOrderHeader.csv": [header("10", "2")],
  "PurchaseOrderDetail.csv": [line("10", "77", "1")],
} satisfies Record<keyof AdventureWorksTexts, string[]>;

function read(changes: Partial<Record<keyof AdventureWorksTexts, string[]>> = {}) {
  const texts = Object.entries({ ...tables, ...changes }).map(([name, rows]) => [name, `${rows.join("\n")}\n`]);
  return readAdventureWorks(Object.fromEntries(texts) as AdventureWorksTexts);
}

const codesOf = ({ findings }: ReturnType<typeof read>) => findings.map(({ code, line }) => `${code} ${line}`);

describe("products", () => {
  it("carry safety stock, cost, class and base unit, and come after their components", () => {
    expect(read().products).toEqual([
      { sku: "WHEEL", name: "Name of WHEEL", baseUnit: "EA", unitCost: "1.5000", safetyStock: 4, active: true },
      {
        sku: "BIKE",
        name: "Name of BIKE",
        baseUnit: "EA",
        class: "Bikes",
        unitCost: "1.5000",
        safetyStock: 4,
        active: true,
        components: [{ sku: "WHEEL", quantity: 2 }],
        kit: false,
      },
      { sku: "PAINT", name: "Name of PAINT", baseUnit: "EA", unitCost: "1.5000", safetyStock: 4, active: true },
    ]);
  });

  it("are not active once their sale has ended or they are discontinued", () => {
    const rows = [product("1", "A", { 21: at }), product("2", "B", { 22: at }), product("3", "C")];
    expect(read({ "Product.csv": rows, "BillOfMaterials.csv": [] }).products.map(({ active }) => active)).toEqual([
      false,
      false,
      true,
    ]);
  });

  it("with a number or SKU that is taken are reported", () => {
    const again = [...tables["Product.csv"], product("1", "OTHER"), product("4", "BIKE")];
    expect(codesOf(read({ "Product.csv": again }))).toContain("ID_REPEATED 4");
    expect(codesOf(read({ "Product.csv": again }))).toContain("ID_REPEATED 5");
  });

  it("get no unit from a vendor who names one without a factor", () => {
    expect(codesOf(read())).toEqual(["PURCHASE_UNIT_WITHOUT_FACTOR 1"]);
  });
});

describe("components", () => {
  it("that have ended are history", () => {
    const boms = [component("1", "2", "1.00", "EA ", at)];
    expect(read({ "BillOfMaterials.csv": boms }).products.flatMap(({ components }) => components ?? [])).toEqual([]);
  });

  it.each([
    ["ounces", component("1", "3", "8.00", "OZ ")],
    ["half pieces", component("1", "3", "1.50")],
  ])("in %s leave the assembly without a list, not with a shorter one", (_, bad) => {
    const result = read({ "BillOfMaterials.csv": [component("1", "2"), bad] });
    expect(result.products.flatMap(({ components }) => components ?? [])).toEqual([]);
    expect(codesOf(result)).toContain("BOM_NOT_WHOLE_UNITS 2");
  });

  it("that nobody knows leave the assembly without a list", () => {
    const result = read({ "BillOfMaterials.csv": [component("1", "2"), component("1", "99")] });
    expect(result.products.flatMap(({ components }) => components ?? [])).toEqual([]);
    expect(codesOf(result)).toContain("UNKNOWN_PRODUCT 2");
  });

  it("listed twice are needed twice", () => {
    const { products } = read({ "BillOfMaterials.csv": [component("1", "2"), component("1", "2", "3.00")] });
    expect(products.find(({ sku }) => sku === "BIKE")?.components).toEqual([{ sku: "WHEEL", quantity: 4 }]);
  });
});

describe("locations and stock", () => {
  it("a place with an hourly cost is production; a storage sells when all that is kept there is salable", () => {
    expect(read().locations.map(({ id, type, sellable }) => [id, type, sellable])).toEqual([
      ["6", "WAREHOUSE", false],
      ["7", "WAREHOUSE", true],
      ["60", "PRODUCTION", false],
    ]);
  });

  it("every stock row is a warehouse snapshot and a book balance of the same quantity, zero included", () => {
    const { stockEvents, bookBalances } = read();
    expect(stockEvents[0]).toEqual({
      id: "adventureworks:stock:BIKE:7:2025-08-07T00:00:00.000Z",
      type: "SNAPSHOT",
      sku: "BIKE",
      locationId: "7",
      quantity: 5,
      occurredAt: "2025-08-07T00:00:00.000Z",
      buckets: { unrestricted: 5 },
    });
    expect(bookBalances).toEqual(
      stockEvents.map(({ sku, locationId, quantity }) => ({ sku, locationId, onHand: quantity })),
    );
    expect(bookBalances).toContainEqual({ sku: "WHEEL", locationId: "6", onHand: 0 });
  });

  it("of an unknown product or place, or told twice, is reported", () => {
    const rows = [stock("9", "7", "1"), stock("1", "8", "1"), stock("1", "7", "1"), stock("1", "7", "2")];
    const result = read({ "ProductInventory.csv": rows });
    expect(result.stockEvents).toHaveLength(1);
    expect(codesOf(result).slice(0, 3)).toEqual(["UNKNOWN_PRODUCT 1", "UNKNOWN_LOCATION 2", "ID_REPEATED 4"]);
  });
});

describe("purchase orders", () => {
  it("say what was ordered, received and rejected, for when, and where it is received", () => {
    expect(read().purchaseOrders).toEqual([
      {
        id: "10",
        supplierId: "LITWARE0001",
        status: "APPROVED",
        orderedOn: "2025-08-07",
        lines: [
          {
            line: "77",
            sku: "BIKE",
            // Kept at 7, which sells, and at 60, a work centre.
            locationId: "7",
            ordered: 25,
            received: 20,
            rejected: 3,
            promisedOn: "2025-08-07",
          },
        ],
      },
    ]);
  });

  it("have the status of their header", () => {
    const headers = ["1", "2", "3", "4"].map((status) => header(`${status}0`, status));
    const { purchaseOrders } = read({ "PurchaseOrderHeader.csv": headers, "PurchaseOrderDetail.csv": [] });
    expect(purchaseOrders.map(({ status }) => status)).toEqual(["PENDING", "APPROVED", "REJECTED", "COMPLETE"]);
  });

  it("with an unknown status, vendor, order, product or place are reported and left out", () => {
    const headers = [header("10", "2"), header("11", "5"), header("12", "2", "1"), header("10", "2")];
    const lines = [
      line("11", "1", "1"),
      line("10", "2", "9"),
      line("10", "3", "1", { 3: "1.5" }),
      line("10", "4", "2"),
    ];
    const result = read({
      "PurchaseOrderHeader.csv": headers,
      "PurchaseOrderDetail.csv": lines,
      "ProductInventory.csv": [stock("1", "7", "5")],
    });
    expect(result.purchaseOrders).toEqual([expect.objectContaining({ id: "10", lines: [] })]);
    expect(codesOf(result).slice(1)).toEqual([
      "STATUS_UNKNOWN 2",
      "UNKNOWN_SUPPLIER 3",
      "ID_REPEATED 4",
      "UNKNOWN_PURCHASE_ORDER 1",
      "UNKNOWN_PRODUCT 2",
      "NUMBER_INVALID 3",
      "RECEIVING_LOCATION_UNKNOWN 4",
    ]);
  });
});
