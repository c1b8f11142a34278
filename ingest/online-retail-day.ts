/**
 * The ledger's opening and one day of its lines → inputs of the public API.
 *
 * Ids are made from invoice and line, so the same ledger always gives the same events and orders. A sale is one
 * allocation, one pick and one shipment; a credit note is one return; a correction is one adjustment with its note.
 */
import { reasonCodeOf } from "./adjustment-reasons.ts";
import type {
  BookBalanceInput,
  LocationInput,
  OrderInput,
  OrderLineInput,
  ProductInput,
  ReturnInput,
  StockEventInput,
} from "./api-inputs.ts";
import type { LedgerLine } from "./online-retail.ts";
import type { OpeningPosition } from "./opening-stock.ts";

/** The ledger names no place; it is read as one distribution centre. */
export const onlineRetailLocation = {
  id: "UK-DC",
  name: "UK distribution centre",
  type: "WAREHOUSE",
  timeZone: "Europe/London",
  sellable: true,
} as const satisfies LocationInput;

const locationId = onlineRetailLocation.id;
const orderLinesMax = 500;

export interface Opening {
  readonly products: readonly ProductInput[];
  readonly bookBalances: readonly BookBalanceInput[];
  readonly stockEvents: readonly StockEventInput[];
}

export interface Day {
  readonly orders: readonly OrderInput[];
  /** In the order of the ledger, each pick before its shipment. */
  readonly stockEvents: readonly StockEventInput[];
  readonly returns: readonly ReturnInput[];
}

/** `occurredAt`: before the first line of the ledger. */
export function toOpening(positions: readonly OpeningPosition[], occurredAt: string): Opening {
  return {
    products: positions.map(({ sku, name }) => ({ sku, name, baseUnit: "EA", active: true })),
    bookBalances: positions.map(({ sku, openingStock }) => ({ sku, locationId, onHand: openingStock })),
    stockEvents: positions.map(({ sku, openingStock }) => ({
      id: `uci-online-retail:opening:${sku}`,
      type: "SNAPSHOT",
      sku,
      locationId,
      quantity: openingStock,
      occurredAt,
      buckets: { unrestricted: openingStock },
    })),
  };
}

export function toDay(lines: readonly LedgerLine[]): Day {
  return {
    orders: toOrders(lines.filter(({ kind }) => kind === "sale")),
    stockEvents: lines.flatMap(stockEventsOf),
    returns: toReturns(lines.filter(({ kind }) => kind === "credit")),
  };
}

/** What the warehouse reports of a line; a credit is for the returns desk to report. */
export function stockEventsOf(line: LedgerLine): readonly StockEventInput[] {
  if (line.kind === "sale") return toPickAndShipment(line);
  return line.kind === "correction" ? [toAdjustment(line)] : [];
}

/** An order of very many lines is allocated in parts. */
function toOrders(sales: readonly LedgerLine[]): readonly OrderInput[] {
  const orders: OrderInput[] = [];
  for (const [orderId, lines] of groupBy(sales, ({ invoiceNo }) => invoiceNo)) {
    const orderLines = lines.map(toOrderLine);
    for (let first = 0; first < orderLines.length; first += orderLinesMax) {
      orders.push({ orderId, lines: orderLines.slice(first, first + orderLinesMax) });
    }
  }
  return orders;
}

function toOrderLine({ invoiceLine, sku, quantity }: LedgerLine): OrderLineInput {
  return { line: String(invoiceLine), sku, locationId, quantity };
}

function toPickAndShipment(line: LedgerLine): readonly StockEventInput[] {
  const { invoiceNo, invoiceLine, sku, quantity, occurredAt } = line;
  const documentRef = { type: "ORDER", id: invoiceNo, line: String(invoiceLine) };
  const event = { sku, locationId, quantity, occurredAt, documentRef };
  const id = eventIdOf(line);
  return [
    { id: `${id}:pick`, type: "PICK", ...event },
    { id: `${id}:shipment`, type: "SHIPMENT", ...event },
  ];
}

function toAdjustment(line: LedgerLine): StockEventInput {
  return {
    id: `${eventIdOf(line)}:adjustment`,
    type: "ADJUSTMENT",
    sku: line.sku,
    locationId,
    quantity: line.quantity,
    occurredAt: line.occurredAt,
    reasonCode: reasonCodeOf(line.description),
    ...(line.description === "" ? {} : { note: line.description }),
  };
}

function eventIdOf({ invoiceNo, invoiceLine }: LedgerLine): string {
  return `uci-online-retail:${invoiceNo}:${invoiceLine}`;
}

/** The ledger does not say which order a credit note belongs to, so the note stands in for it. */
function toReturns(credits: readonly LedgerLine[]): readonly ReturnInput[] {
  return [...groupBy(credits, ({ invoiceNo }) => invoiceNo)].map(([id, lines]) => ({
    id,
    orderId: id,
    locationId,
    // A return counts units per SKU: two lines of one SKU become one.
    lines: [...groupBy(lines, ({ sku }) => sku)].map(([sku, ofSku]) => ({
      sku,
      quantity: ofSku.reduce((sum, { quantity }) => sum + quantity, 0),
      reasonCode: "CREDIT_NOTE",
    })),
  }));
}

/** Groups in the order in which they first appear. */
function groupBy(lines: readonly LedgerLine[], keyOf: (line: LedgerLine) => string): Map<string, LedgerLine[]> {
  const groups = new Map<string, LedgerLine[]>();
  for (const line of lines) {
    const key = keyOf(line);
    const group = groups.get(key);
    if (group) group.push(line);
    else groups.set(key, [line]);
  }
  return groups;
}
