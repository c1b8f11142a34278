/**
 * Products and locations through the ERP's own schema, on every database this machine has.
 *
 * The rules of one item are in `test/unit/subgraphs/erp/`; here it is what a request does to the database.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { eachDatabase } from "../helpers/databases.ts";
import { type Erp, openErp, sequences } from "./erp-fixture.ts";

eachDatabase("the master data", (makeKernel, kind) => {
  let erp: Erp;
  beforeAll(async () => {
    erp = await openErp(makeKernel);
  });

  const save = async (...items: Record<string, unknown>[]) =>
    (await erp.run("saveProducts", { products: items })).results;
  const item = (sku: string, more: Record<string, unknown> = {}) => ({
    sku,
    name: `Item ${sku}`,
    baseUnit: "EA",
    ...more,
  });

  describe("saveProducts", () => {
    it("creates, then finds nothing to do, then changes, and tells the others of the first and the last", async () => {
      expect(await save(item("P1"))).toEqual([{ id: "P1", status: "CREATED", code: null, message: null }]);
      expect(await save(item("P1"))).toMatchObject([{ id: "P1", status: "UNCHANGED" }]);
      expect(await save(item("P1", { safetyStock: 7, sellMultiple: 6 }))).toMatchObject([{ status: "UPDATED" }]);
      const told = (await erp.events("master.changed")).filter((event) => event.sku === "P1");
      expect(told.map(({ sourceSeq, partitionKey }) => ({ sourceSeq, partitionKey }))).toEqual([
        { sourceSeq: 1, partitionKey: "product:P1" },
        { sourceSeq: 2, partitionKey: "product:P1" },
      ]);
      expect(told[1]?.data).toMatchObject({ kind: "product", version: 2, safetyStock: 7, sellMultiple: 6, units: [] });
      const audits = await erp.db.query("SELECT outcome FROM audit_rows WHERE subject = 'product:P1'");
      expect(audits).toHaveLength(2);
    });

    it("keeps what a later save leaves out, and resets what it sets to null", async () => {
      await save(item("P2", { class: "A", unitCost: "9.50", safetyStock: 3 }));
      await save(item("P2", { class: null }));
      const { data } = await erp.ask('{ product(sku: "P2") { class unitCost safetyStock } }');
      expect(data["product"]).toEqual({ class: null, unitCost: "9.50", safetyStock: 3 });
    });

    it("rejects a bad item with its code and saves the others", async () => {
      const results = await save(
        item("OK"),
        item(" BAD"),
        item("UNIT", { units: [{ unit: "EA", numerator: 1, denominator: 1 }] }),
        item("FACTOR", { units: [{ unit: "BOX", numerator: 1, denominator: 0 }] }),
        item("OK", { name: "again" }),
        item("KIT", { components: [{ sku: "NOWHERE", quantity: 1 }] }),
      );
      expect(results.map(({ status, code }) => code ?? status)).toEqual([
        "CREATED",
        "INVALID_INPUT",
        "INVALID_INPUT",
        "UOM_INVALID_FACTOR",
        "INVALID_INPUT",
        "UNKNOWN_SKU",
      ]);
      const { data } = await erp.ask('{ product(sku: "OK") { name } kit: product(sku: "KIT") { sku } }');
      expect(data).toEqual({ product: { name: "Item OK" }, kit: null });
    });

    it("takes a kit and its components in one request, in any order", async () => {
      const kit = item("SET", { components: [{ sku: "PART", quantity: 2 }] });
      expect(await save(kit, item("PART"))).toMatchObject([{ status: "CREATED" }, { status: "CREATED" }]);
      const { data } = await erp.ask('{ product(sku: "SET") { components { sku quantity product { name } } } }');
      expect(data["product"]).toEqual({ components: [{ sku: "PART", quantity: 2, product: { name: "Item PART" } }] });
    });

    it("refuses a kit that would contain itself through a kit that is already there", async () => {
      await save(item("INNER"), item("OUTER", { components: [{ sku: "INNER", quantity: 1 }] }));
      expect(await save(item("INNER", { components: [{ sku: "OUTER", quantity: 1 }] }))).toMatchObject([
        { status: "REJECTED", code: "COMPONENT_CYCLE" },
      ]);
    });

    it("keeps the base unit of an item that the books know", async () => {
      await save(item("BOOKED"), item("FREE"));
      await erp.run("saveBookBalances", { balances: [{ sku: "BOOKED", locationId: "WEST", onHand: 5 }] });
      const results = await save(item("BOOKED", { baseUnit: "KG" }), item("FREE", { baseUnit: "KG" }));
      expect(results.map(({ status, code }) => code ?? status)).toEqual(["INVALID_INPUT", "UPDATED"]);
    });

    it("answers a copy of a request with the stored reply, and refuses another request under its key", async () => {
      const input = { idempotencyKey: "products-1", products: [item("ONCE")] };
      expect((await erp.run("saveProducts", input)).replayed).toBe(false);
      const copy = await erp.run("saveProducts", input);
      expect(copy).toMatchObject({ replayed: true, results: [{ id: "ONCE", status: "CREATED" }] });
      const other = await erp.run("saveProducts", { ...input, products: [item("TWICE")] });
      expect(other.userErrors).toMatchObject([{ code: "IDEMPOTENCY_KEY_REUSED", field: ["input", "idempotencyKey"] }]);
    });

    it("refuses more than 1,000 items as a whole", async () => {
      const many = Array.from({ length: 1_001 }, (_, n) => item(`M${n}`));
      expect(await erp.run("saveProducts", { products: many })).toMatchObject({
        results: [],
        userErrors: [{ code: "TOO_MANY_ITEMS", field: ["input", "products"] }],
      });
    });

    it("gives every version to one of the writers when many save the same item at once", async () => {
      const saves = Array.from({ length: 10 }, (_, n) => save(item("RACE", { safetyStock: n + 1 })));
      const statuses = (await Promise.all(saves)).map(([result]) => result?.status);
      expect(statuses.filter((status) => status === "CREATED")).toHaveLength(1);
      expect(statuses.filter((status) => status === "UPDATED")).toHaveLength(9);
      expect((await sequences(erp)).get("product:RACE")).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });

    it("closes no cycle when two kits are made of each other at once", async () => {
      await save(item("K1"), item("K2"));
      const results = await Promise.all([
        save(item("K1", { components: [{ sku: "K2", quantity: 1 }] })),
        save(item("K2", { components: [{ sku: "K1", quantity: 1 }] })),
      ]);
      expect(results.map(([result]) => result?.code ?? result?.status).sort()).toEqual(["COMPONENT_CYCLE", "UPDATED"]);
    });
  });

  describe("saveLocations", () => {
    it("creates, finds nothing to do, changes and rejects", async () => {
      const dock = { id: "DOCK", name: "Cross dock", type: "CROSS_DOCK", timeZone: "Europe/Berlin" };
      const locations = [dock, { ...dock, id: "MARS", timeZone: "Mars/Olympus" }];
      const first = await erp.run("saveLocations", { locations });
      expect(first.results.map(({ status, code }) => code ?? status)).toEqual(["CREATED", "INVALID_INPUT"]);
      const second = await erp.run("saveLocations", { locations: [dock] });
      expect(second.results).toMatchObject([{ status: "UNCHANGED" }]);
      const third = await erp.run("saveLocations", { locations: [{ ...dock, sellable: false, accounts: ["ACME"] }] });
      expect(third.results).toMatchObject([{ status: "UPDATED" }]);
      const told = (await erp.events("master.changed")).filter((event) => event.locationId === "DOCK");
      expect(told.map(({ sourceSeq, partitionKey, sku }) => [sourceSeq, partitionKey, sku])).toEqual([
        [1, "location:DOCK", null],
        [2, "location:DOCK", null],
      ]);
      expect(told[1]?.data).toEqual({
        kind: "location",
        version: 2,
        name: "Cross dock",
        type: "CROSS_DOCK",
        timeZone: "Europe/Berlin",
        sellable: false,
        accounts: ["ACME"],
      });
    });
  });

  describe("queries", () => {
    it("pages through the products by SKU without a gap", async () => {
      const seen: string[] = [];
      for (let after: string | null = null, pages = 0; pages < 100; pages++) {
        const { data }: { data: { products: ProductPage } } = await erp.ask(
          "query ($after: String) { products(first: 3, after: $after) { nodes { sku } pageInfo { hasNextPage endCursor } } }",
          { after },
        );
        seen.push(...data.products.nodes.map(({ sku }) => sku));
        after = data.products.pageInfo.endCursor;
        if (!data.products.pageInfo.hasNextPage) break;
      }
      const rows = await erp.db.query<{ sku: string }>("SELECT sku FROM products ORDER BY sku");
      expect(seen).toEqual(rows.map(({ sku }) => sku));
    });

    it.each([
      ["BRACKET", ["A"]],
      ["bolt b", ["B"]],
      ["angle bolt", []],
      ["bra", ["A"]],
      ["racket", []],
      ["100%", ["PERCENT"]],
      ["%", []],
    ])("finds what has words that begin like each of %j in its SKU or name", async (search, skus) => {
      await save(item("PERCENT", { name: "Wool 100%" }));
      const { data } = await erp.ask<{ products: ProductPage }>(
        "query ($search: String) { products(search: $search) { nodes { sku } } }",
        { search },
      );
      expect(data.products.nodes.map(({ sku }) => sku)).toEqual(skus);
    });

    it("pages through what a search finds, each product once, and forgets the words of a former name", async () => {
      const wicks = ["W1", "W2", "W3"].map((sku) => item(sku, { name: `Wick wicked ${sku}` }));
      await save(...wicks, item("W4", { name: "Wicket" }));
      await save(item("W2", { name: "Candle" }));
      const seen: string[] = [];
      for (let after: string | null = null, pages = 0; pages < 10; pages++) {
        const { data }: { data: { products: ProductPage } } = await erp.ask(
          `query ($after: String) { products(first: 1, after: $after, search: "wick") {
             nodes { sku } pageInfo { hasNextPage endCursor } } }`,
          { after },
        );
        seen.push(...data.products.nodes.map(({ sku }) => sku));
        after = data.products.pageInfo.endCursor;
        if (!data.products.pageInfo.hasNextPage) break;
      }
      expect(seen).toEqual(["W1", "W3", "W4"]);
    });

    it("resolves products and locations by their keys, and nothing for an unknown key", async () => {
      const { data } = await erp.ask(
        `query ($representations: [_Any!]!) {
           _entities(representations: $representations) { ... on Product { sku name baseUnit } ... on Location { id type } }
         }`,
        {
          representations: [
            { __typename: "Product", sku: "A" },
            { __typename: "Location", id: "WEST" },
            { __typename: "Product", sku: "NOWHERE" },
          ],
        },
      );
      expect(data["_entities"]).toEqual([
        { sku: "A", name: "Angle bracket", baseUnit: "EA" },
        { id: "WEST", type: "WAREHOUSE" },
        null,
      ]);
    });

    it("tells two codes apart that differ in case only", async () => {
      await save(item("case"), item("CASE"));
      const { data } = await erp.ask('{ a: product(sku: "case") { sku } b: product(sku: "CASE") { sku } }');
      expect(data).toEqual({ a: { sku: "case" }, b: { sku: "CASE" } });
    });
  });

  describe("access", () => {
    it("lets anybody read products and locations, but not what they cost or what is in the books", async () => {
      const { data, errors } = await erp.ask(
        '{ product(sku: "B") { name unitCost } locations { id } }',
        {},
        { roles: [] },
      );
      expect(data).toMatchObject({ product: { name: "Bolt", unitCost: null } });
      expect(errors?.map(({ path, extensions }) => [path, extensions?.["code"]])).toEqual([
        [["product", "unitCost"], "UNAUTHENTICATED"],
      ]);
      const book = await erp.ask(
        "query ($r: [_Any!]!) { _entities(representations: $r) { ... on StockPosition { book { onHand } } } }",
        { r: [{ __typename: "StockPosition", sku: "A", locationId: "WEST" }] },
        { roles: [] },
      );
      expect(book.errors?.[0]?.extensions?.["code"]).toBe("UNAUTHENTICATED");
      const orders = await erp.ask("{ purchaseOrders { nodes { id } } }", {}, { roles: [] });
      expect(orders.errors?.[0]?.extensions?.["code"]).toBe("UNAUTHENTICATED");
    });

    it("lets the auditor read the books and change nothing", async () => {
      const auditor = { roles: ["auditor"] as const };
      const { errors } = await erp.ask(
        '{ product(sku: "B") { unitCost } purchaseOrders { nodes { id } } }',
        {},
        auditor,
      );
      expect(errors).toBeUndefined();
      const before = await erp.count("outbox");
      const refused = await erp.ask(
        "mutation ($input: SaveProductsInput!) { saveProducts(input: $input) { replayed } }",
        { input: { idempotencyKey: "auditor-1", products: [item("SNEAKY")] } },
        auditor,
      );
      expect(refused.errors?.[0]?.extensions?.["code"]).toBe("FORBIDDEN");
      expect(await erp.count("outbox")).toBe(before);
    });
  });

  it(`reads every table through its entity on ${kind}`, async () => {
    for (const { name, tableName } of erp.db.manager.dataSource.entityMetadatas) {
      const rows = await erp.db.manager.find(name);
      expect(rows, tableName).toHaveLength(await erp.count(tableName));
    }
  });
});

interface ProductPage {
  readonly nodes: readonly { sku: string }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}
