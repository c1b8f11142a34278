/**
 * The receipt of a purchase order at one location: what is known of it, and the status and discrepancies that follow.
 *
 * The status is a function of what is known, so facts may come late, twice and in any order. Paper never takes it back
 * (`transitions`); goods that come after all, or an order that changes, may open it again. An expectation counts by
 * its sequence number; everything else adds up, so whoever passes it on sees to it that it comes once.
 */
import type { Bucket } from "../../../shared/events/canonical-event.ts";

/** From the least to the worst, as the status names them. */
export const discrepancyTypes = ["SHORT", "OVER", "DAMAGED", "WRONG_ITEM"] as const;
export type DiscrepancyType = (typeof discrepancyTypes)[number];

export const receiptStatuses = [
  "EXPECTED",
  "SHIPPED",
  "ARRIVED",
  "RECEIVING",
  "RECEIVED",
  ...discrepancyTypes,
  "PUTAWAY",
  "ERP_POSTED",
  "MATCHED",
  "CLOSED",
] as const;
export type ReceiptStatus = (typeof receiptStatuses)[number];

/** What may follow next. Facts overtake each other, so steps may be passed over, but only along these ways. */
export const transitions: Readonly<Record<ReceiptStatus, readonly ReceiptStatus[]>> = {
  EXPECTED: ["SHIPPED", "CLOSED"],
  SHIPPED: ["ARRIVED", "CLOSED"],
  ARRIVED: ["RECEIVING", "SHORT", "CLOSED"],
  RECEIVING: ["RECEIVED", ...discrepancyTypes],
  RECEIVED: ["OVER", "DAMAGED", "WRONG_ITEM", "PUTAWAY"],
  SHORT: ["RECEIVED", "OVER", "DAMAGED", "WRONG_ITEM", "PUTAWAY", "CLOSED"],
  OVER: ["DAMAGED", "WRONG_ITEM", "PUTAWAY"],
  DAMAGED: ["WRONG_ITEM", "PUTAWAY"],
  WRONG_ITEM: ["PUTAWAY"],
  PUTAWAY: ["ERP_POSTED"],
  ERP_POSTED: ["MATCHED", "CLOSED"],
  MATCHED: ["CLOSED"],
  CLOSED: [],
};

/** What one line of the order is to bring, as the ERP said it last. */
export interface Expectation {
  readonly line: string;
  /** Base units. */
  readonly ordered: number;
  /** Nothing more will come of it. */
  readonly closed: boolean;
  /** The ERP's sequence number: the greatest counts. */
  readonly seq: number;
}

/** One item of a receipt. Quantities are base units. */
export interface ReceiptLine {
  readonly sku: string;
  readonly expectations: readonly Expectation[];
  readonly received: number;
  /** Received onto the dock and still there. Below zero while a receipt is on its way. */
  readonly onDock: number;
  /** Of what was received: into DAMAGED at once, or from the dock. */
  readonly damaged: number;
  /** What the books have taken over of it. */
  readonly posted: number;
}

export interface Receipt {
  /** The supplier has sent it. */
  readonly shippedAtMs: number | null;
  readonly arrivedAtMs: number | null;
  /** Everything has been taken off: what has not been received by then is missing. */
  readonly unloadedAtMs: number | null;
  /** By SKU. */
  readonly lines: readonly ReceiptLine[];
}

export type ReceiptStep = "SHIPPED" | "ARRIVED" | "UNLOADED";

export type ReceiptFact =
  | { readonly type: "expected"; readonly sku: string; readonly expectation: Expectation }
  | { readonly type: "progressed"; readonly step: ReceiptStep; readonly atMs: number }
  | { readonly type: "received"; readonly sku: string; readonly quantity: number; readonly to: Bucket }
  | { readonly type: "leftDock"; readonly sku: string; readonly quantity: number; readonly to: Bucket | null }
  | { readonly type: "posted"; readonly sku: string; readonly quantity: number };

export interface Discrepancy {
  readonly type: DiscrepancyType;
  /** Base units that are missing, too many, damaged or not ordered. */
  readonly quantity: number;
}

export const unknownReceipt: Receipt = { shippedAtMs: null, arrivedAtMs: null, unloadedAtMs: null, lines: [] };

/** What is known after `fact`; `receipt` itself where the fact says nothing new. */
export function learn(receipt: Receipt, fact: ReceiptFact): Receipt {
  switch (fact.type) {
    case "progressed":
      return progressed(receipt, fact.step, fact.atMs);
    case "expected":
      return expected(receipt, fact.sku, fact.expectation);
    case "received": {
      const { quantity, to } = fact;
      const onDock = to === "dock" ? quantity : 0;
      return added(receipt, fact.sku, { received: quantity, onDock, damaged: to === "damaged" ? quantity : 0 });
    }
    case "leftDock": {
      const { quantity, to } = fact;
      return added(receipt, fact.sku, { onDock: -quantity, damaged: to === "damaged" ? quantity : 0 });
    }
    case "posted":
      return added(receipt, fact.sku, { posted: fact.quantity });
  }
}

export function statusOf(receipt: Receipt): ReceiptStatus {
  const { lines } = receipt;
  const closed = lines.some(isOrdered) && lines.every(isClosed);
  const worst = worstOf(lines.flatMap((line) => discrepanciesOf(receipt, line)));
  if (lines.every(({ received }) => received === 0)) {
    if (closed) return "CLOSED";
    if (receipt.unloadedAtMs !== null && worst !== null) return worst;
    if (receipt.arrivedAtMs !== null || receipt.unloadedAtMs !== null) return "ARRIVED";
    return receipt.shippedAtMs !== null ? "SHIPPED" : "EXPECTED";
  }
  if (!lines.every((line) => isComplete(receipt, line))) return "RECEIVING";
  if (lines.some(({ onDock }) => onDock > 0)) return worst ?? "RECEIVED";
  if (lines.some(({ posted, received }) => posted < received)) return "PUTAWAY";
  if (closed) return "CLOSED";
  return worst === null ? "MATCHED" : "ERP_POSTED";
}

/** What is wrong with a line as far as it is known; a shortage only once nothing more is to come. */
export function discrepanciesOf(receipt: Receipt, line: ReceiptLine): Discrepancy[] {
  const { received, damaged } = line;
  const found: Discrepancy[] = [];
  const ordered = expectedOf(line);
  if (ordered === null) {
    const known = receipt.unloadedAtMs !== null || receipt.lines.some(isOrdered);
    if (known && received > 0) found.push({ type: "WRONG_ITEM", quantity: received });
  } else if (received > ordered) {
    found.push({ type: "OVER", quantity: received - ordered });
  } else if (received < ordered && isComplete(receipt, line) && !isWithdrawn(line)) {
    found.push({ type: "SHORT", quantity: ordered - received });
  }
  if (damaged > 0) found.push({ type: "DAMAGED", quantity: damaged });
  return found;
}

export function worstOf(discrepancies: readonly Discrepancy[]): DiscrepancyType | null {
  return discrepancyTypes.findLast((type) => discrepancies.some((found) => found.type === type)) ?? null;
}

/** Base units; null where the order is not known to ask for the item here. */
export function expectedOf({ expectations }: ReceiptLine): number | null {
  return expectations.length === 0 ? null : expectations.reduce((sum, { ordered }) => sum + ordered, 0);
}

function isOrdered({ expectations }: ReceiptLine): boolean {
  return expectations.length > 0;
}

function isClosed({ expectations }: ReceiptLine): boolean {
  return expectations.every(({ closed }) => closed);
}

/** Is nothing more to come of it? What nobody ordered waits for what was. */
function isComplete(receipt: Receipt, line: ReceiptLine): boolean {
  if (receipt.unloadedAtMs !== null) return true;
  const ordered = expectedOf(line);
  return ordered === null ? receipt.lines.some(isOrdered) : isClosed(line) || line.received >= ordered;
}

/** Given up with nothing of it received: nobody misses it. */
function isWithdrawn(line: ReceiptLine): boolean {
  return line.received === 0 && isClosed(line);
}

function progressed(receipt: Receipt, step: ReceiptStep, atMs: number): Receipt {
  const member = ({ SHIPPED: "shippedAtMs", ARRIVED: "arrivedAtMs", UNLOADED: "unloadedAtMs" } as const)[step];
  const known = receipt[member];
  // Whoever said it first: then it does not matter who is heard first.
  return known !== null && known <= atMs ? receipt : { ...receipt, [member]: atMs };
}

function expected(receipt: Receipt, sku: string, expectation: Expectation): Receipt {
  const line = lineOf(receipt, sku);
  const known = line.expectations.find((other) => other.line === expectation.line);
  if (known && known.seq >= expectation.seq) return receipt;
  const others = line.expectations.filter((other) => other !== known);
  const expectations = [...others, expectation].sort((a, b) => (a.line < b.line ? -1 : 1));
  return withLine(receipt, { ...line, expectations });
}

type Quantities = Pick<ReceiptLine, "received" | "onDock" | "damaged" | "posted">;

function added(receipt: Receipt, sku: string, more: Partial<Quantities>): Receipt {
  const line = lineOf(receipt, sku);
  return withLine(receipt, {
    ...line,
    received: line.received + (more.received ?? 0),
    onDock: line.onDock + (more.onDock ?? 0),
    damaged: line.damaged + (more.damaged ?? 0),
    posted: line.posted + (more.posted ?? 0),
  });
}

function lineOf({ lines }: Receipt, sku: string): ReceiptLine {
  const nothing = { sku, expectations: [], received: 0, onDock: 0, damaged: 0, posted: 0 };
  return lines.find((line) => line.sku === sku) ?? nothing;
}

function withLine(receipt: Receipt, line: ReceiptLine): Receipt {
  const others = receipt.lines.filter(({ sku }) => sku !== line.sku);
  return { ...receipt, lines: [...others, line].sort((a, b) => (a.sku < b.sku ? -1 : 1)) };
}
