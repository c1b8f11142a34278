/**
 * A wholesale distributor's sales ledger → sales, credits and stock corrections, or findings.
 *
 * Every row becomes exactly one line or one rejecting finding. Codes are case-sensitive as written, exact duplicate
 * rows are rows of their own, and which codes are not products is decided by their form alone. Knows neither stock
 * nor the API; see `opening-stock.ts` and `online-retail-day.ts`.
 */
import { type Finding, finding } from "./finding.ts";
import { londonToUtc } from "./london-time.ts";

export const onlineRetailHeader = [
  "InvoiceNo",
  "StockCode",
  "Description",
  "Quantity",
  "InvoiceDate",
  "UnitPrice",
  "CustomerID",
  "Country",
] as const;

export interface LedgerLine {
  /** Goods that left, goods that a credit note brings back, or a count put right (price 0). */
  readonly kind: "sale" | "credit" | "correction";
  readonly invoiceNo: string;
  /** 1, 2, 3, …: the row's place among all rows of its invoice. */
  readonly invoiceLine: number;
  readonly sku: string;
  /** As typed, trimmed; a correction's is the warehouse's note. */
  readonly description: string;
  /** Positive; a correction's is signed. */
  readonly quantity: number;
  /** The ledger's own calendar day, YYYY-MM-DD. */
  readonly day: string;
  /** RFC 3339, UTC. */
  readonly occurredAt: string;
}

export interface LedgerRow {
  readonly file: string;
  readonly line: number;
  readonly columns: readonly string[];
}

export interface LedgerReading {
  /** Absent when a finding rejects the row. */
  readonly line?: LedgerLine;
  readonly findings: readonly Finding[];
}

/** Reads rows in the order of the ledger; remembers how many rows each invoice had so far, and nothing else. */
export function createLedgerReader(): (row: LedgerRow) => LedgerReading {
  const rowsOfInvoice = new Map<string, number>();
  return (row) => {
    const invoiceNo = row.columns[0] ?? "";
    const invoiceLine = (rowsOfInvoice.get(invoiceNo) ?? 0) + 1;
    rowsOfInvoice.set(invoiceNo, invoiceLine);
    return readRow(row, invoiceLine);
  };
}

/**
 * Products have five digits and perhaps letters (`22423`, `85123A`, `15056BL`), or belong to the web shop's own range
 * (`DCGS…`). Everything else (POST, DOT, M, D, C2, BANK CHARGES, gift vouchers, …) is not stock.
 */
export function isProductCode(stockCode: string): boolean {
  return /^\d{5}[A-Za-z]*$/.test(stockCode) || /^DCGS/.test(stockCode);
}

function readRow(row: LedgerRow, invoiceLine: number): LedgerReading {
  const reject = (code: Finding["code"], subject: string) => ({ findings: [finding(code, row, subject)] });
  if (row.columns.length !== onlineRetailHeader.length) {
    return reject("ROW_MALFORMED", `${row.columns.length} columns instead of ${onlineRetailHeader.length}`);
  }
  const [invoiceNo, sku, description, quantityText, invoiceDate, priceText, customerId] = row.columns as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  if (!isProductCode(sku)) return reject("NON_PRODUCT_CODE", sku);
  if (!/^-?\d+$/.test(quantityText)) return reject("NUMBER_INVALID", `Quantity "${quantityText}"`);
  if (!/^-?\d+(\.\d+)?$/.test(priceText)) return reject("NUMBER_INVALID", `UnitPrice "${priceText}"`);
  const occurredAt = londonToUtc(invoiceDate);
  if (!occurredAt) return reject("DATE_INVALID", `InvoiceDate "${invoiceDate}"`);
  // Only the sign of the price is used, so a double is exact enough.
  const price = Number(priceText);
  if (price < 0) return reject("PRICE_NEGATIVE", `${invoiceNo} ${sku} ${priceText}`);
  const kind = kindOf(invoiceNo, price);
  if (!kind) return reject("INVOICE_KIND_UNKNOWN", invoiceNo);
  const signed = Number(quantityText);
  const signFits = kind === "sale" ? signed > 0 : kind === "credit" ? signed < 0 : signed !== 0;
  if (!signFits) return reject("QUANTITY_SIGN_UNEXPECTED", `${invoiceNo} ${sku} ${quantityText}`);

  const free = kind === "correction" && customerId !== "";
  return {
    line: {
      kind,
      invoiceNo,
      invoiceLine,
      sku,
      description: description.trim(),
      quantity: kind === "credit" ? -signed : signed,
      day: invoiceDate.slice(0, 10),
      occurredAt,
    },
    findings: free ? [finding("FREE_LINE_AS_CORRECTION", row, `${invoiceNo} ${sku} ${quantityText}`)] : [],
  };
}

function kindOf(invoiceNo: string, price: number): LedgerLine["kind"] | undefined {
  if (/^C\d+$/.test(invoiceNo)) return "credit";
  if (!/^\d+$/.test(invoiceNo)) return undefined;
  return price === 0 ? "correction" : "sale";
}
