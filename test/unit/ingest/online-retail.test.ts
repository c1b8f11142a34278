/**
 * Ledger rows, one by one: sale, credit, correction, or a finding that says why not.
 */
import { describe, expect, it } from "vitest";
import { createLedgerReader, isProductCode } from "../../../ingest/online-retail.ts";

const sale = ["536365", "85123A", "WHITE HANGING HEART ", "6", "2010-12-01 08:26:00", "2.55", "17850.0", "Norway"];

/** The row of a sale with other columns at the given places. */
function read(changes: Readonly<Record<number, string>> = {}) {
  const columns = sale.map((column, i) => changes[i] ?? column);
  return createLedgerReader()({ file: "ledger.csv", line: 2, columns });
}

describe("a ledger row", () => {
  it("with a price and a quantity is a sale", () => {
    expect(read()).toEqual({
      line: {
        kind: "sale",
        invoiceNo: "536365",
        invoiceLine: 1,
        sku: "85123A",
        description: "WHITE HANGING HEART",
        quantity: 6,
        day: "2010-12-01",
        occurredAt: "2010-12-01T08:26:00Z",
      },
      findings: [],
    });
  });

  it("of an invoice that begins with C is a credit of a positive quantity", () => {
    expect(read({ 0: "C536365", 3: "-6" }).line).toMatchObject({ kind: "credit", quantity: 6 });
  });

  it("at price 0 is a correction with its sign", () => {
    expect(read({ 3: "-38", 5: "0.0", 6: "" })).toMatchObject({
      line: { kind: "correction", quantity: -38 },
      findings: [],
    });
    expect(read({ 3: "19", 5: "0.0", 6: "" }).line).toMatchObject({ kind: "correction", quantity: 19 });
  });

  it("at price 0 with a customer is a correction that somebody should look at", () => {
    const { line, findings } = read({ 5: "0.0" });
    expect(line).toMatchObject({ kind: "correction", quantity: 6 });
    expect(findings.map(({ code }) => code)).toEqual(["FREE_LINE_AS_CORRECTION"]);
  });

  it("at a tenth of a penny is a sale still", () => {
    expect(read({ 5: "0.001" }).line?.kind).toBe("sale");
  });

  it.each([
    ["postage", { 1: "POST" }, "NON_PRODUCT_CODE"],
    ["a quantity in words", { 3: "six" }, "NUMBER_INVALID"],
    ["half a piece", { 3: "0.5" }, "NUMBER_INVALID"],
    ["no price", { 5: "" }, "NUMBER_INVALID"],
    ["a day that is not in the calendar", { 4: "2011-02-30 10:00:00" }, "DATE_INVALID"],
    ["a price below nothing", { 5: "-11062.06" }, "PRICE_NEGATIVE"],
    ["an invoice of another kind", { 0: "A563185" }, "INVOICE_KIND_UNKNOWN"],
    ["a sale of nothing", { 3: "0" }, "QUANTITY_SIGN_UNEXPECTED"],
    ["a sale that takes back", { 3: "-6" }, "QUANTITY_SIGN_UNEXPECTED"],
    ["a credit that gives", { 0: "C536365" }, "QUANTITY_SIGN_UNEXPECTED"],
    ["a correction of nothing", { 3: "0", 5: "0.0" }, "QUANTITY_SIGN_UNEXPECTED"],
  ])("with %s is left out and said so", (_, changes, code) => {
    const { line, findings } = read(changes);
    expect(line).toBeUndefined();
    expect(findings).toEqual([expect.objectContaining({ code, file: "ledger.csv", line: 2 })]);
  });

  it("with a missing column is left out and said so", () => {
    const { line, findings } = createLedgerReader()({ file: "ledger.csv", line: 2, columns: sale.slice(1) });
    expect(line).toBeUndefined();
    expect(findings.map(({ code }) => code)).toEqual(["ROW_MALFORMED"]);
  });
});

describe("lines of an invoice", () => {
  it("are numbered over all its rows, so that an exact duplicate is a line of its own", () => {
    const reader = createLedgerReader();
    const numbered = [sale, ["536366", ...sale.slice(1)], sale, ["536365", "POST", ...sale.slice(2)], sale].map(
      (columns) => reader({ file: "ledger.csv", line: 2, columns }).line?.invoiceLine,
    );
    expect(numbered).toEqual([1, 1, 2, undefined, 4]);
  });
});

describe("a product code", () => {
  it.each(["22423", "85123A", "85123a", "15056BL", "79323LP", "DCGS0003", "DCGSSBOY"])("%s", (code) => {
    expect(isProductCode(code)).toBe(true);
  });

  it.each(["POST", "DOT", "M", "m", "D", "C2", "S", "B", "PADS", "CRUK", "BANK CHARGES", "AMAZONFEE", "gift_0001_20"])(
    "not %s",
    (code) => {
      expect(isProductCode(code)).toBe(false);
    },
  );
});
