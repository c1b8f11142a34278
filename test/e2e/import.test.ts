/**
 * Real input through the public API: AdventureWorks (a manufacturer's ERP) and one month of a UK wholesaler's ledger.
 *
 * What was loaded is compared with the files, counted here a second time and in another way, both by the API and by
 * plain SQL. Skipped by name where the data sets are missing.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { runImport } from "../../cli/import/run.ts";
import { adventureWorksDir, isAbsent, onlineRetailDir } from "../helpers/data-sets.ts";
import { openPlain } from "../helpers/plain-sql.ts";
import { eachTarget, type Target } from "../helpers/target.ts";

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

describe.skipIf(isAbsent(adventureWorksDir))("AdventureWorks (needs ../shared/data)", () => {
  eachTarget("an import", (target) => {
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
  });
});

describe.skipIf(isAbsent(onlineRetailDir))("Online Retail (needs ../shared/data)", () => {
  eachTarget(
    "one month of the ledger",
    (target) => {
      it("ends per SKU at opening − sales + credits + corrections, and every order is posted", async () => {
        const month = "2011-02";
        const summary = await importInto(target(), "uci-online-retail", onlineRetailDir, "--months", month);
        const expected = ledgerOf(join(onlineRetailDir, `online-retail-${month}.csv.gz`));
        expect(summary.positions).toBe(expected.size);
        await target().eventually(async () => {
          const wms = await openPlain(target().config, "wms");
          const journal =
            await wms.query(`SELECT sku, SUM(unrestricted_delta + picked_delta) AS shelf, SUM(quarantine_delta) AS quarantine
            FROM stock_movements WHERE status = 'ACCEPTED' GROUP BY sku`);
          await wms.close();
          const moved = new Map(journal.map((row) => [row["sku"], [Number(row["shelf"]), Number(row["quarantine"])]]));
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
});

interface LedgerSums {
  readonly shelf: number;
  readonly credits: number;
}

/** Straight from the file: the smallest opening stock that never runs out, less sales, plus corrections; and credits. */
function ledgerOf(file: string): Map<string, LedgerSums> {
  const rows = parse(gunzipSync(readFileSync(file)), { columns: true }) as Record<string, string>[];
  const bySku = new Map<string, { running: number; lowest: number; credits: number }>();
  for (const row of rows) {
    const { InvoiceNo = "", StockCode: sku = "", UnitPrice, Quantity } = row;
    if (!/^(\d{5}[A-Za-z]*|DCGS.*)$/.test(sku)) continue;
    const sums = bySku.get(sku) ?? { running: 0, lowest: 0, credits: 0 };
    const quantity = Number(Quantity);
    if (InvoiceNo.startsWith("C")) sums.credits -= quantity;
    else sums.running += Number(UnitPrice) === 0 ? quantity : -quantity;
    sums.lowest = Math.min(sums.lowest, sums.running);
    bySku.set(sku, sums);
  }
  return new Map([...bySku].map(([sku, { running, lowest, credits }]) => [sku, { shelf: running - lowest, credits }]));
}
