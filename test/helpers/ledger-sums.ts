/**
 * The plain sums of the UK wholesaler's ledger, straight from its files: a second reading, with nothing of ours in it.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";

export interface LedgerSums {
  readonly shelf: number;
  readonly credits: number;
}

/** Per SKU: the smallest opening stock that never runs out, less sales, plus corrections; and credits. */
export function ledgerSums(files: readonly string[], days: ReadonlySet<string> | null = null): Map<string, LedgerSums> {
  const bySku = new Map<string, { running: number; lowest: number; credits: number }>();
  for (const file of files) {
    for (const row of parse(gunzipSync(readFileSync(file)), { columns: true }) as Record<string, string>[]) {
      const { InvoiceNo = "", StockCode: sku = "", InvoiceDate = "", UnitPrice, Quantity } = row;
      if (!/^(\d{5}[A-Za-z]*|DCGS.*)$/.test(sku) || (days && !days.has(InvoiceDate.slice(0, 10)))) continue;
      const sums = bySku.get(sku) ?? { running: 0, lowest: 0, credits: 0 };
      const quantity = Number(Quantity);
      if (InvoiceNo.startsWith("C")) sums.credits -= quantity;
      else sums.running += Number(UnitPrice) === 0 ? quantity : -quantity;
      sums.lowest = Math.min(sums.lowest, sums.running);
      bySku.set(sku, sums);
    }
  }
  return new Map([...bySku].map(([sku, { running, lowest, credits }]) => [sku, { shelf: running - lowest, credits }]));
}
