/**
 * What every reader of an outside format gives: messages, each a whole unit of what a partner said, or rejections.
 *
 * A message becomes commands of the public API, all of them or none; codes of the partner stay as they are, with the
 * partner's id beside them. A rejection names the place, a code of the table below and what to do about it, and never
 * carries a guessed value. Knows no format.
 */
import { limits } from "../shared/limits.ts";

export const rejectionTable = {
  // ---- the document
  FORMAT_UNKNOWN: "This is none of the formats that are read: name the format, or look whether the file is damaged.",
  JSON_MALFORMED: "The text is not JSON.",
  DOCUMENT_TRUNCATED: "The document ends in the middle of a unit: what came before it counts; send the whole again.",
  DOCUMENT_UNSUPPORTED: "The document has no list of events where this format keeps it.",
  CONTEXT_LATE: "In a long document the context has to stand before the list of events.",
  MESSAGE_TOO_LARGE: "One message holds more than is taken as a unit: send it as several.",
  // ---- envelopes
  INTERCHANGE_MALFORMED: "The interchange header does not have the fixed layout of the standard.",
  SEPARATORS_AMBIGUOUS: "Two separators are the same, or one of them is a letter, a digit or in a plain element.",
  SEGMENT_MISPLACED: "This segment does not belong here: an envelope is missing, or is closed twice.",
  TRAILER_MISSING: "The message is not closed before the next one begins.",
  COUNT_MISMATCH: "The trailer counts another number than arrived: something was lost or added on the way.",
  CONTROL_NUMBER_MISMATCH: "Header and trailer carry different control numbers.",
  CHARACTER_SET: "There are characters that the declared syntax level does not have, or the level is unknown.",
  // ---- one message
  MESSAGE_TYPE_UNKNOWN: "Messages of this type are not read here.",
  VERSION_UNSUPPORTED: "This version of the format is not read here.",
  PARTNER_MISSING: "Nobody is named as the sender: name the partner beside the document.",
  IDENTITY_REUSED: "Another message of this sender had the same number and other content.",
  PURPOSE_UNSUPPORTED:
    "A message with this purpose cannot be applied on its own: send the whole document as it is now.",
  CORRECTION_UNSUPPORTED: "What is declared in error here has no reverse: send what is true now.",
  TEST_INDICATOR_INVALID: "The usage indicator must be P (production), I (information) or T (test).",
  VALUE_MISSING: "A value is needed here.",
  VALUE_INVALID: "This value is not one of those the format has here.",
  CODE_INVALID: "A code must be printable, without | and not longer than the system keeps.",
  LINES_MISSING: "The message has no lines.",
  LOCATION_MISSING: "The message does not say at which location.",
  ORDER_REFERENCE_MISSING: "The message does not say for which order.",
  DATE_INVALID: "This is no date, or no date with a time, of the form that its qualifier names.",
  QUANTITY_INVALID: "This is no number.",
  QUANTITY_NOT_WHOLE: "Stock is counted in whole units: send a unit in which the quantity is whole.",
  QUANTITY_OUT_OF_RANGE: "The quantity is not positive, or beyond 2147483647.",
  TOTAL_MISMATCH: "The message's own total is not the sum of its lines.",
  // ---- rows
  COLUMN_MISSING: "The header does not have a column that the mapping names.",
  ROW_MALFORMED: "The row does not have the columns of the header, or its quotes are broken.",
} as const satisfies Readonly<Record<string, string>>;

export type RejectionCode = keyof typeof rejectionTable;

/** Where in the document, counted from 1 as a person would. */
export interface Place {
  readonly line: number;
  /** The segment's tag and number, or the path of a JSON value, or the column. */
  readonly segment: string | null;
}

export interface Rejection extends Place {
  /** Which message is left out, e.g. `X12 846 4711/1/0001`; null where it is not known, or an envelope. */
  readonly message: string | null;
  readonly code: string;
  /** What it is about: a value, or a code. */
  readonly subject: string;
  readonly hint: string;
}

/** One unit: all of it counts, or nothing. */
export interface IntakeMessage {
  /** E.g. `X12 846`, `EPCIS ObjectEvent`. */
  readonly type: string;
  /** Who says so, in the words of the document; null: whoever sends it to us. */
  readonly partner: string | null;
  /** The same for the same message however often and in whatever notation it comes; unique for the partner. */
  readonly identity: string;
  readonly place: Place;
  /** Empty: recognised, and nothing to apply. */
  readonly commands: readonly IntakeCommand[];
}

export type IntakeCommand =
  | { readonly kind: "stockEvents"; readonly events: readonly PartnerStockEvent[] }
  | { readonly kind: "purchaseOrder"; readonly order: PartnerOrder }
  | { readonly kind: "receiptProgress"; readonly progress: PartnerProgress }
  | { readonly kind: "allocation"; readonly allocation: PartnerAllocation }
  | { readonly kind: "deallocation"; readonly orderId: string }
  | { readonly kind: "returnAuthorization"; readonly authorization: PartnerReturn };

export type IntakeItem =
  | { readonly kind: "message"; readonly message: IntakeMessage }
  /** It was in this document before, word for word or in another notation. */
  | { readonly kind: "duplicate"; readonly identity: string; readonly place: Place }
  | { readonly kind: "rejected"; readonly rejection: Rejection }
  /** 997, 999 or CONTRL, where it was asked for. */
  | { readonly kind: "acknowledgement"; readonly text: string };

/** Bytes in, items out, as soon as they are certain. Holds one message at a time, whatever the document's length. */
export interface IntakeReader {
  push(bytes: Uint8Array): readonly IntakeItem[];
  end(): readonly IntakeItem[];
}

export type StockEventType =
  | "RECEIPT"
  | "PUTAWAY"
  | "PICK"
  | "SHIPMENT"
  | "SHIPMENT_VOID"
  | "STATUS_CHANGE"
  | "ADJUSTMENT"
  | "SNAPSHOT";

export type BucketName = "UNRESTRICTED" | "PICKED" | "DOCK" | "DAMAGED" | "HOLD" | "EXPIRED" | "QUARANTINE";

/** An input of `recordStockEvents`, in the partner's codes. */
export interface PartnerStockEvent {
  readonly id: string;
  readonly type: StockEventType;
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
  readonly unit?: string;
  /** RFC 3339, UTC. */
  readonly occurredAt: string;
  /** The source's own count of events of this position, where it counts. */
  readonly sourceSeq?: number;
  readonly documentRef?: { readonly type: string; readonly id: string; readonly line?: string };
  readonly fromBucket?: BucketName;
  readonly toBucket?: BucketName;
  readonly reasonCode?: string;
  readonly note?: string;
  readonly buckets?: Readonly<Record<string, number>>;
}

export interface PartnerOrder {
  readonly id: string;
  readonly supplierId: string;
  readonly status: "PENDING" | "APPROVED" | "REJECTED" | "CANCELLED";
  /** RFC 3339 dates. */
  readonly orderedOn: string;
  readonly expectedOn?: string;
  readonly lines: readonly PartnerOrderLine[];
}

export interface PartnerOrderLine {
  readonly line: string;
  readonly sku: string;
  readonly locationId: string;
  readonly ordered: number;
  readonly unit?: string;
  readonly promisedOn?: string;
}

export interface PartnerProgress {
  readonly purchaseOrderId: string;
  readonly locationId: string;
  readonly step: "SHIPPED" | "ARRIVED" | "UNLOADED";
  readonly occurredAt: string;
}

export interface PartnerAllocation {
  readonly orderId: string;
  readonly lines: readonly {
    readonly line: string;
    readonly sku: string;
    readonly locationId: string;
    readonly quantity: number;
    readonly unit?: string;
  }[];
}

export interface PartnerReturn {
  readonly id: string;
  readonly orderId: string;
  readonly locationId: string;
  readonly lines: readonly {
    readonly sku: string;
    readonly quantity: number;
    readonly unit?: string;
    readonly reasonCode: string;
  }[];
}

/** Why a message cannot be taken; caught by its reader, which knows the message and where it began. */
export class Refusal extends Error {
  readonly code: RejectionCode;
  readonly subject: string;
  /** Where a reader knows better than the message's beginning. */
  readonly place: Partial<Place>;

  constructor(code: RejectionCode, subject: string, place: Partial<Place> = {}) {
    super(`${code}: ${subject}`);
    this.code = code;
    this.subject = subject;
    this.place = place;
  }
}

const subjectLengthMax = 120;

export function rejected(
  code: RejectionCode,
  subject: string,
  place: Place,
  message: string | null = null,
): IntakeItem & { kind: "rejected" } {
  const rejection = {
    ...place,
    message,
    code,
    subject: subject.slice(0, subjectLengthMax),
    hint: rejectionTable[code],
  };
  return { kind: "rejected", rejection };
}

/** `make`, and a refusal in it as a rejection at its place. Everything else that is thrown is a defect and goes on. */
export function orRejected(place: Place, message: string | null, make: () => readonly IntakeItem[]) {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return [rejected(error.code, error.subject, { ...place, ...error.place }, message)];
  }
}

/** A code as the system keeps one, white space around it taken off. Fails with VALUE_MISSING, CODE_INVALID. */
export function codeOf(value: string | undefined, name: string, lengthMax: number, place: Partial<Place> = {}): string {
  const code = value?.trim() ?? "";
  if (code === "") throw new Refusal("VALUE_MISSING", name, place);
  if (code.length > lengthMax || /[\p{Cc}\p{Zl}\p{Zp}|]/u.test(code)) {
    throw new Refusal("CODE_INVALID", `${name} ${code}`, place);
  }
  return code;
}

export const skuOf = (value: string | undefined, place?: Partial<Place>) =>
  codeOf(value, "item", limits.skuLengthMax, place);
export const locationOf = (value: string | undefined, place?: Partial<Place>) => {
  if ((value?.trim() ?? "") === "") throw new Refusal("LOCATION_MISSING", "", place);
  return codeOf(value, "location", limits.locationIdLengthMax, place);
};
export const orderIdOf = (value: string | undefined, place?: Partial<Place>) => {
  if ((value?.trim() ?? "") === "") throw new Refusal("ORDER_REFERENCE_MISSING", "", place);
  return codeOf(value, "order", limits.documentIdLengthMax, place);
};

/** An absent or empty unit is the base unit. Fails with CODE_INVALID. */
export function unitOf(value: string | undefined, place?: Partial<Place>): { readonly unit?: string } {
  return (value?.trim() ?? "") === "" ? {} : { unit: codeOf(value, "unit", limits.unitLengthMax, place) };
}

/**
 * A whole number of what is written as a plain decimal; negative where `signed`, zero where `zero`.
 * Fails with QUANTITY_INVALID, QUANTITY_NOT_WHOLE, QUANTITY_OUT_OF_RANGE.
 */
export function wholeOf(
  value: string | undefined,
  place: Partial<Place> = {},
  { signed = false, zero = false } = {},
): number {
  const text = value?.trim() ?? "";
  if (text === "") throw new Refusal("VALUE_MISSING", "quantity", place);
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(text)) throw new Refusal("QUANTITY_INVALID", text, place);
  const quantity = Number(text);
  if (!Number.isInteger(quantity)) throw new Refusal("QUANTITY_NOT_WHOLE", text, place);
  const inRange = Math.abs(quantity) <= limits.quantityMax && (signed || quantity >= 0) && (zero || quantity !== 0);
  if (!inRange) throw new Refusal("QUANTITY_OUT_OF_RANGE", text, place);
  return quantity === 0 ? 0 : quantity;
}

/** Fails with MESSAGE_TOO_LARGE, LINES_MISSING. */
export function assertLines(lines: readonly unknown[], lengthMax: number = limits.commandItemsMax): void {
  if (lines.length === 0) throw new Refusal("LINES_MISSING", "");
  if (lines.length > lengthMax) throw new Refusal("MESSAGE_TOO_LARGE", `${lines.length} lines, at most ${lengthMax}`);
}

/** `2024`, `02`, `29`, `13`, `05`, `00` in UTC → RFC 3339. Fails with DATE_INVALID. */
export function utcOf(parts: readonly string[], text: string, place: Partial<Place> = {}): string {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map(Number);
  const at = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // Date.UTC carries over: 31 February would become 2 March.
  const same = at.getUTCMonth() === month - 1 && at.getUTCDate() === day && at.getUTCHours() === hour;
  if (!same || at.getUTCMinutes() !== minute || !(year >= 1900)) throw new Refusal("DATE_INVALID", text, place);
  return at.toISOString().replace(".000Z", "Z");
}
