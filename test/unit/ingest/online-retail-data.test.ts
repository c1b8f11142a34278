/**
 * The real ledger of nine months, added up apart from the code under test: from the columns of the files.
 */
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { beforeAll, describe, expect, it } from "vitest";
import { reasonCodeOf, unclassified } from "../../../ingest/adjustment-reasons.ts";
import { createLedgerReader, type LedgerLine } from "../../../ingest/online-retail.ts";
import { toDay } from "../../../ingest/online-retail-day.ts";
import { createOpeningStock, type OpeningPosition } from "../../../ingest/opening-stock.ts";
import { isAbsent, onlineRetailDir } from "../../helpers/data-sets.ts";

interface Sums {
  sold: number;
  credited: number;
  corrected: number;
  lowest: number;
}

describe.skipIf(isAbsent(onlineRetailDir))("the ledger as it is (needs ../shared/data)", () => {
  const files = () =>
    readdirSync(onlineRetailDir)
      .filter((name) => name.endsWith(".csv.gz"))
      .sort();
  const kinds: Record<LedgerLine["kind"], number> = { sale: 0, credit: 0, correction: 0 };
  const findings: Record<string, number> = {};
  const nonProducts: Record<string, number> = {};
  const names = new Set<string>();
  const reasons = new Set<string>();
  /** From the columns of the files. */
  const sums = new Map<string, Sums>();
  /** From what would be sent. */
  const moved = new Map<string, number>();
  const sent = { orderLines: 0, distinctOrderLines: 0, events: 0, distinctEvents: 0 };
  let rowCount = 0;
  let exactDuplicates = 0;
  let positions: readonly OpeningPosition[] = [];

  beforeAll(() => {
    const read = createLedgerReader();
    const opening = createOpeningStock();
    for (const file of files()) {
      const rows = (parse(gunzipSync(readFileSync(`${onlineRetailDir}/${file}`))) as string[][]).slice(1);
      const lines: LedgerLine[] = [];
      for (const columns of rows) {
        const { line, findings: found } = read({ file, line: 0, columns });
        for (const { code, subject } of found) {
          count(findings, code);
          if (code === "NON_PRODUCT_CODE") count(nonProducts, subject);
        }
        addUp(columns);
        if (!line) continue;
        lines.push(line);
        opening.add(line);
        kinds[line.kind] += 1;
        if (line.kind === "correction") reasons.add(reasonCodeOf(line.description));
        else names.add(line.description);
      }
      rowCount += rows.length;
      exactDuplicates += rows.length - new Set(rows.map((row) => row.join("\t"))).size;
      addUpSent(lines);
    }
    positions = opening.positions();
  }, 120_000);

  function addUp([invoice = "", sku = "", , quantity = "", , price = ""]: string[]): void {
    if (nonProducts[sku]) return;
    const own = sums.get(sku) ?? { sold: 0, credited: 0, corrected: 0, lowest: 0 };
    const units = Number(quantity);
    if (invoice.startsWith("C")) own.credited -= units;
    else if (Number(price) === 0) own.corrected += units;
    else own.sold += units;
    own.lowest = Math.min(own.lowest, own.corrected - own.sold);
    sums.set(sku, own);
  }

  /** No invoice spans two months, so what is distinct in a month is distinct. */
  function addUpSent(lines: readonly LedgerLine[]): void {
    const { orders, stockEvents, returns } = toDay(lines);
    const add = (sku: string, quantity: number) => moved.set(sku, (moved.get(sku) ?? 0) + quantity);
    for (const { type, sku, quantity } of stockEvents)
      add(sku, type === "SHIPMENT" ? -quantity : type === "PICK" ? 0 : quantity);
    for (const { sku, quantity } of returns.flatMap((credit) => credit.lines)) add(sku, quantity);
    const orderLines = orders.flatMap(({ orderId, lines: own }) => own.map(({ line }) => `${orderId}:${line}`));
    sent.orderLines += orderLines.length;
    sent.distinctOrderLines += new Set(orderLines).size;
    sent.events += stockEvents.length;
    sent.distinctEvents += new Set(stockEvents.map(({ id }) => id)).size;
  }

  it("gives a line or a rejecting finding for each of its 320,705 rows", () => {
    const { sale, credit, correction } = kinds;
    expect(rowCount).toBe(320_705);
    expect(sale + credit + correction + (findings["NON_PRODUCT_CODE"] ?? 0)).toBe(320_705);
    expect(findings).toEqual({ NON_PRODUCT_CODE: 1951, FREE_LINE_AS_CORRECTION: 20 });
  });

  it("has 311,511 sales, 5,454 credits and 1,789 corrections of products", () => {
    expect(kinds).toEqual({ sale: 311_511, credit: 5_454, correction: 1_789 });
  });

  it("names 17 codes that are not products", () => {
    expect(nonProducts).toEqual({
      POST: 750,
      DOT: 556,
      M: 366,
      m: 1,
      C2: 84,
      S: 55,
      D: 54,
      AMAZONFEE: 25,
      "BANK CHARGES": 23,
      B: 3,
      PADS: 2,
      CRUK: 1,
      gift_0001_10: 8,
      gift_0001_20: 9,
      gift_0001_30: 7,
      gift_0001_40: 3,
      gift_0001_50: 4,
    });
  });

  it("has 3,757 products, of which codes that differ by case are two", () => {
    expect(positions).toHaveLength(3757);
    expect(positions.filter(({ sku }) => sku.toUpperCase() === "85123A").map(({ sku }) => sku)).toEqual([
      "85123A",
      "85123a",
    ]);
    expect(positions.find(({ sku }) => sku === "85123A")?.name).toBe("WHITE HANGING HEART T-LIGHT HOLDER");
  });

  it("opens each SKU with the least that its sales and corrections need", () => {
    const needed = new Map([...sums].map(([sku, { lowest }]) => [sku, Math.abs(lowest)]));
    expect(new Map(positions.map(({ sku, openingStock }) => [sku, openingStock]))).toEqual(needed);
  });

  it("moves per SKU, after the opening, − sales + credits + corrections: in what is sent as in the columns", () => {
    const expected = [...sums].map(([sku, own]) => [sku, own.credited + own.corrected - own.sold] as const);
    expect(moved).toEqual(new Map(expected));
  });

  it("is sent line by line, its 2,483 exact duplicates included", () => {
    expect(exactDuplicates).toBe(2_483);
    expect(sent).toEqual({
      orderLines: 311_511,
      distinctOrderLines: 311_511,
      events: 2 * 311_511 + 1_789,
      distinctEvents: 2 * 311_511 + 1_789,
    });
  });

  it("gives 13 reasons and the unclassified, and no product's name is taken for a note", () => {
    expect(reasons.size).toBe(14);
    expect([...names].filter((name) => reasonCodeOf(name) !== unclassified)).toEqual([]);
  });
});

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
