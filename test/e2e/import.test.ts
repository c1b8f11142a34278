/**
 * Real input through the public API: AdventureWorks (a manufacturer's ERP) and one month of a UK wholesaler's ledger.
 *
 * What was loaded is compared with the files, counted here a second time and in another way, both by the API and by
 * plain SQL. Skipped by name where the data sets are missing.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runImport } from "../../cli/import/run.ts";
import { adventureWorksDir, isAbsent, ledgerMonth, onlineRetailDir } from "../helpers/data-sets.ts";
import { ledgerSums } from "../helpers/ledger-sums.ts";
import { openPlain } from "../helpers/plain-sql.ts";
import { eachTarget, type Target, type TargetKind } from "../helpers/target.ts";

type Summary = Readonly<Record<string, unknown>> & {
  readonly positions: number;
  readonly onHand: number;
  readonly rejected: number;
  readonly alreadyThere: Readonly<Record<string, number>>;
};

async function importInto(target: Target, ...args: string[]): Promise<Summary> {
  const token = await target.token("importer", ["connector-erp", "connector-wms", "returns-desk", "planner"]);
  const stdout: string[] = [];
  const stderr: string[] = [];
  const exitCode = await runImport([...args, "--url", target.url, "--token", token], {
    stdout: { write: (text) => stdout.push(text) },
    stderr: { write: (text) => stderr.push(text) },
  });
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return JSON.parse(stdout.join("")) as Summary;
}

/** Sums over all positions by plain SQL, of the warehouse's balances and of its journal. */
async function sumsByPlainSql({ config }: Target) {
  const plain = await openPlain(config, "wms");
  const buckets = ["unrestricted", "picked", "dock", "damaged", "hold", "expired", "quarantine"];
  const [balance] = await plain.query(
    `SELECT COUNT(*) AS positions, SUM(${buckets.join(" + ")}) AS onHand FROM stock_balances`,
  );
  await plain.close();
  return { positions: Number(balance?.["positions"]), onHand: Number(balance?.["onHand"]) };
}

/** At one location: the shelf less safety stock, and the same with what is open on purchase orders; both at least 0. */
async function promisedByPlainSql({ config }: Target, locationId: string) {
  const wms = await openPlain(config, "wms");
  const shelf = await wms.query(`SELECT sku, unrestricted FROM stock_balances WHERE location_id = '${locationId}'`);
  await wms.close();
  const erp = await openPlain(config, "erp");
  const items = await erp.query("SELECT sku, safety_stock, active FROM products");
  const lines = await erp.query(`SELECT sku, ordered, received, warehouse_received FROM purchase_order_lines l
    JOIN purchase_orders o ON o.id = l.purchase_order_id
    WHERE location_id = '${locationId}' AND status IN ('PENDING', 'APPROVED')`);
  await erp.close();
  const item = new Map(items.map((row) => [row["sku"] as string, row]));
  const open = new Map<string, number>();
  for (const { sku, ordered, received, warehouse_received: seen } of lines) {
    const rest = Number(ordered) - Math.max(Number(received), Number(seen));
    open.set(sku as string, (open.get(sku as string) ?? 0) + Math.max(0, rest));
  }
  return new Map(
    shelf.map(({ sku, unrestricted }) => {
      const { safety_stock: safety, active } = item.get(sku as string) ?? {};
      const units = (more: number) =>
        Number(active) === 1 ? Math.max(0, Number(unrestricted) - Number(safety) + more) : 0;
      return [sku as string, { availableToSell: units(0), availableToPromise: units(open.get(sku as string) ?? 0) }];
    }),
  );
}

type Discrepancy = "SHORT_RECEIPT" | "SUPPLIER_DISCREPANCY";

/** Units by order and line, straight from the file. */
function discrepanciesOf(file: string): Readonly<Record<Discrepancy, ReadonlyMap<string, number>>> {
  const found = { SHORT_RECEIPT: new Map<string, number>(), SUPPLIER_DISCREPANCY: new Map<string, number>() };
  for (const row of readFileSync(file, "utf8").split("\n")) {
    const [order, line, , ordered, , , , received, rejected] = row.split("\t");
    const subject = `purchase-order:${order}|${line}`;
    if (Number(received) < Number(ordered)) found.SHORT_RECEIPT.set(subject, Number(ordered) - Number(received));
    if (Number(rejected) > 0) found.SUPPLIER_DISCREPANCY.set(subject, Number(rejected));
  }
  return found;
}

async function openExceptions(target: Target, type: Discrepancy): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  const client = target.client(await target.token("petra", ["planner"]));
  for (let after: string | null = null, more = true; more; ) {
    type Page = {
      nodes: { subject: string; quantity: number }[];
      pageInfo: { hasNextPage: boolean; endCursor: string };
    };
    const { exceptions }: { exceptions: Page } = await client.request(
      `query ($type: ExceptionType, $after: String) { exceptions(type: $type, first: 200, after: $after) {
        nodes { subject quantity } pageInfo { hasNextPage endCursor } } }`,
      { type, after },
    );
    for (const { subject, quantity } of exceptions.nodes) found.set(subject, quantity);
    after = exceptions.pageInfo.endCursor;
    more = exceptions.pageInfo.hasNextPage;
  }
  return found;
}

/** Processes hear of so many facts that it takes minutes: when somebody asks for a month, too. */
const kinds: readonly TargetKind[] = ledgerMonth === null ? ["embedded"] : ["embedded", "processes"];

describe.skipIf(isAbsent(adventureWorksDir))("AdventureWorks (needs ../shared/data)", () => {
  eachTarget(
    "an import",
    (target) => {
      it("brings 504 products, 14 locations, 1,069 positions and 335,974 units, by the API and by plain SQL", async () => {
        const summary = await importInto(target(), "adventureworks", adventureWorksDir);
        expect(summary).toMatchObject({
          products: 504,
          locations: 14,
          positions: 1_069,
          onHand: 335_974,
          purchaseOrders: 2_820,
          rejected: 0,
        });
        expect(await sumsByPlainSql(target())).toEqual({ positions: 1_069, onHand: 335_974 });
      }, 180_000);

      it("run again finds everything there and changes no number", async () => {
        const summary = await importInto(target(), "adventureworks", adventureWorksDir);
        expect(summary).toMatchObject({
          positions: 1_069,
          onHand: 335_974,
          rejected: 0,
          alreadyThere: { products: 504, locations: 14, purchaseOrders: 2_820, events: 1_069, bookBalances: 1_069 },
        });
        expect(await sumsByPlainSql(target())).toEqual({ positions: 1_069, onHand: 335_974 });
      }, 180_000);

      it("leaves what is open of the purchase orders as inbound: 290 units, all of order 4001", async () => {
        const { connector, eventually } = target();
        await eventually(async () => {
          const { stockPosition } = await connector.request<{ stockPosition: unknown }>(
            `{ stockPosition(sku: "HL-U509-B", locationId: "7") { book { inbound { purchaseOrderId quantity } } } }`,
          );
          expect(stockPosition).toEqual({ book: { inbound: [{ purchaseOrderId: "4001", quantity: 280 }] } });
        });
      });

      it("has an exception for each of 269 short lines and 423 with rejects, with the quantities of the file", async () => {
        const expected = discrepanciesOf(join(adventureWorksDir, "PurchaseOrderDetail.csv"));
        expect([expected.SHORT_RECEIPT.size, expected.SUPPLIER_DISCREPANCY.size]).toEqual([269, 423]);
        await target().eventually(async () => {
          for (const type of ["SHORT_RECEIPT", "SUPPLIER_DISCREPANCY"] as const) {
            expect([type, await openExceptions(target(), type)]).toEqual([type, expected[type]]);
          }
        });
      }, 120_000);

      it("sells and promises at Finished Goods Storage what plain SQL says, assemblies from their own stock", async () => {
        const expected = await promisedByPlainSql(target(), "7");
        const skus = [...expected.keys()];
        expect(skus.length).toBeGreaterThan(100);
        await target().eventually(async () => {
          const { availability } = await target().connector.request<{ availability: Record<string, unknown>[] }>(
            `query ($skus: [ID!]!) { availability(skus: $skus, locationIds: ["7"]) {
            sku availableToSell availableToPromise(on: "2099-12-31") limitingComponent } }`,
            { skus },
          );
          expect(availability).toEqual(
            [...expected].map(([sku, units]) => ({ sku, ...units, limitingComponent: null })),
          );
        });
        const raised = [...expected].filter(([, units]) => units.availableToPromise > units.availableToSell);
        expect(raised.map(([sku]) => sku).sort()).toEqual(["HL-U509", "HL-U509-B", "HL-U509-R"]);
      });
    },
    kinds,
  );
});

describe.skipIf(isAbsent(onlineRetailDir) || ledgerMonth === null)(
  "Online Retail (needs ../shared/data, and MONTH)",
  () => {
    eachTarget(
      "one month of the ledger",
      (target) => {
        it("ends per SKU at opening − sales + credits + corrections, and every order is posted", async () => {
          const month = ledgerMonth ?? "";
          const summary = await importInto(target(), "uci-online-retail", onlineRetailDir, "--months", month);
          const expected = ledgerSums([join(onlineRetailDir, `online-retail-${month}.csv.gz`)]);
          expect(summary.positions).toBe(expected.size);
          await target().eventually(async () => {
            const wms = await openPlain(target().config, "wms");
            const journal =
              await wms.query(`SELECT sku, SUM(unrestricted_delta + picked_delta) AS shelf, SUM(quarantine_delta) AS quarantine
            FROM stock_movements WHERE status = 'ACCEPTED' GROUP BY sku`);
            await wms.close();
            const moved = new Map(
              journal.map((row) => [row["sku"], [Number(row["shelf"]), Number(row["quarantine"])]]),
            );
            expect(moved).toEqual(new Map([...expected].map(([sku, sums]) => [sku, [sums.shelf, sums.credits]])));
            const erp = await openPlain(target().config, "erp");
            const [books] = await erp.query(
              "SELECT SUM(on_hand) AS onHand, SUM(committed) AS committed FROM book_positions",
            );
            await erp.close();
            expect({ onHand: Number(books?.["onHand"]), committed: Number(books?.["committed"]) }).toEqual({
              onHand: summary.onHand,
              committed: 0,
            });
          });
        }, 300_000);
      },
      ["embedded"],
    );
  },
);
