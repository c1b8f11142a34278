/**
 * What a reader could not take as it stands, in one table: every source row is imported or has a finding.
 *
 * `rejects` tells the two kinds apart: the row was left out, or it was taken and a person should know how.
 * A finding never carries a guessed value.
 */
export const findingTable = {
  // ---- rows left out
  ROW_MALFORMED: { rejects: true, hint: "The row does not have the columns of its table." },
  NUMBER_INVALID: { rejects: true, hint: "A whole number or plain decimal is needed here." },
  DATE_INVALID: { rejects: true, hint: "A date YYYY-MM-DD HH:MM:SS is needed here." },
  VALUE_MISSING: { rejects: true, hint: "This column must not be empty." },
  ID_REPEATED: { rejects: true, hint: "Another row above has this key." },
  UNKNOWN_PRODUCT: { rejects: true, hint: "The item master has no such product." },
  UNKNOWN_LOCATION: { rejects: true, hint: "There is no such location." },
  UNKNOWN_SUPPLIER: { rejects: true, hint: "There is no such vendor." },
  UNKNOWN_PURCHASE_ORDER: { rejects: true, hint: "The line's order has no header." },
  STATUS_UNKNOWN: { rejects: true, hint: "The order status must be 1, 2, 3 or 4." },
  RECEIVING_LOCATION_UNKNOWN: { rejects: true, hint: "The item is kept nowhere, so its receipt has no place." },
  NON_PRODUCT_CODE: { rejects: true, hint: "Postage, fees, vouchers and the like are not stock." },
  PRICE_NEGATIVE: { rejects: true, hint: "A correction of money, not of stock." },
  INVOICE_KIND_UNKNOWN: { rejects: true, hint: "The invoice number is neither digits nor C and digits." },
  QUANTITY_SIGN_UNEXPECTED: { rejects: true, hint: "A sale must be positive, a credit negative, a correction not 0." },

  // ---- rows taken, or parts that have no place in the system
  BOM_NOT_WHOLE_UNITS: {
    rejects: false,
    hint: "A component measured otherwise than in whole EA: the assembly gets no component list at all.",
  },
  PURCHASE_UNIT_WITHOUT_FACTOR: {
    rejects: false,
    hint: "The vendor sells in a unit without a factor to EA: no unit conversion was made up.",
  },
  FREE_LINE_AS_CORRECTION: {
    rejects: false,
    hint: "Price 0 but with a customer: posted as a correction like every price-0 line; the goods may have gone out.",
  },
} as const satisfies Record<string, { readonly rejects: boolean; readonly hint: string }>;

export type FindingCode = keyof typeof findingTable;

export interface Finding {
  readonly code: FindingCode;
  readonly file: string;
  /** 1 is the first line of the file. */
  readonly line: number;
  /** What the finding is about: a code, a column and its text. */
  readonly subject: string;
  readonly hint: string;
}

export function finding(code: FindingCode, at: { file: string; line: number }, subject: string): Finding {
  return { code, file: at.file, line: at.line, subject, hint: findingTable[code].hint };
}
