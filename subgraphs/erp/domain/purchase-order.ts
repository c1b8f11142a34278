/**
 * Purchase orders and what is still to come of them.
 *
 * open = ordered - max(received per ERP, received per warehouse) while the order is PENDING or APPROVED, else 0: a
 * receipt that only one of the two knows is never promised again. Quantities are base units; supply rounds down.
 */
import { AppError } from "../../../shared/errors.ts";
import type { InboundLine } from "../../../shared/events/canonical-event.ts";
import { parseCode, parseDocumentId } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import { assertPositive } from "../../../shared/quantity.ts";
import type { PositionKey } from "./book.ts";
import { baseUnits, type Catalogue, knownLocation, knownProduct } from "./catalogue.ts";
import type { Product } from "./product.ts";
import { settle, type Totals } from "./settlement.ts";

export type PurchaseOrderStatus = "PENDING" | "APPROVED" | "REJECTED" | "COMPLETE" | "CANCELLED";

export interface PurchaseOrder {
  readonly id: string;
  readonly supplierId: string;
  readonly status: PurchaseOrderStatus;
  readonly orderedOn: string;
  readonly expectedOn: string | null;
  readonly version: number;
  /** Oldest first. */
  readonly lines: readonly PurchaseLine[];
}

export interface PurchaseLine extends PositionKey {
  readonly line: string;
  /** Its place in the order. */
  readonly lineNo: number;
  readonly ordered: number;
  /** As the ERP's people entered it, like `rejected`. */
  readonly received: number;
  readonly rejected: number;
  /** As the warehouse reported it, up to `ordered`. */
  readonly warehouseReceived: number;
  /** The line's own date; the order's counts where it has none. */
  readonly promisedOn: string | null;
  /** The day of the last receipt, as the warehouse reported it or the ERP's people entered it; null: nobody knows. */
  readonly receivedOn: string | null;
}

export interface PurchaseOrderInput {
  readonly id: string;
  readonly supplierId: string;
  readonly status: PurchaseOrderStatus;
  readonly orderedOn: string;
  readonly expectedOn?: string | null;
  readonly lines: readonly PurchaseLineInput[];
}

export interface PurchaseLineInput {
  /** The line's place in the request, counted from 1, where none is given. */
  readonly line?: string | null;
  readonly sku: string;
  readonly locationId: string;
  readonly ordered: number;
  readonly received?: number | null;
  readonly rejected?: number | null;
  readonly unit?: string | null;
  readonly promisedOn?: string | null;
  readonly receivedOn?: string | null;
}

export function isExpected(status: PurchaseOrderStatus): boolean {
  return status === "PENDING" || status === "APPROVED";
}

export function openQuantityOf(order: Pick<PurchaseOrder, "status">, line: PurchaseLine): number {
  if (!isExpected(order.status)) return 0;
  return Math.max(0, line.ordered - Math.max(line.received, line.warehouseReceived));
}

/** What a finished order still owes, rejects included; 0 while it is not finished. */
export function discrepancyOf(order: Pick<PurchaseOrder, "status">, line: PurchaseLine): number {
  return order.status === "COMPLETE" ? line.ordered - (line.received - line.rejected) : 0;
}

/**
 * The order as it should be: `stored` itself when nothing differs, else its next version, whose lines do not yet know
 * what the warehouse has received.
 * Fails with INVALID_INPUT, UNKNOWN_SKU, UNKNOWN_LOCATION, UOM_UNMAPPED, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE.
 */
export function decidePurchaseOrder(
  input: PurchaseOrderInput,
  stored: PurchaseOrder | null,
  catalogue: Catalogue,
): PurchaseOrder {
  const seen = new Set<string>();
  const receivedOn = new Map(stored?.lines.map((line) => [line.line, line.receivedOn]));
  const lines = input.lines.map((lineInput, index) => {
    const path = ["input", "lines", String(index)];
    const parsed = parseLine(lineInput, index + 1, catalogue, path);
    const line = { ...parsed, receivedOn: parsed.receivedOn ?? receivedOn.get(parsed.line) ?? null };
    if (seen.has(line.line)) {
      const message = `The line ${line.line} is in this request more than once.`;
      throw new AppError("INVALID_INPUT", { message, field: [...path, "line"] });
    }
    seen.add(line.line);
    return line;
  });
  const next: PurchaseOrder = {
    id: parseDocumentId(input.id, ["input", "id"]),
    supplierId: parseCode(input.supplierId, limits.supplierIdLengthMax, ["input", "supplierId"]),
    status: input.status,
    orderedOn: input.orderedOn,
    expectedOn: input.expectedOn ?? null,
    version: stored?.version ?? 0,
    lines,
  };
  if (stored && textOf(stored) === textOf(next)) return stored;
  return { ...next, version: next.version + 1 };
}

/**
 * With what the warehouse reported spread over the lines; `at`: only those there. `on`: the day of the receipt that
 * was reported just now, for the lines it changes; the later of several days stays.
 */
export function withReceipts(
  order: PurchaseOrder,
  totals: Totals,
  at: PositionKey | null,
  on: string | null = null,
): PurchaseOrder {
  const places = at ? [at] : order.lines;
  const received = new Map<string, number>();
  for (const place of places) {
    const group = order.lines.filter((line) => isSamePlace(line, place));
    const capacities = group.map(({ line, ordered }) => ({ line, capacity: ordered }));
    const settled = settle(capacities, totals.of("PURCHASE_ORDER", order.id, place.sku, place.locationId));
    for (const [line, quantity] of settled) received.set(line, quantity);
  }
  const lines = order.lines.map((line) => {
    const warehouseReceived = received.get(line.line) ?? line.warehouseReceived;
    if (warehouseReceived === line.warehouseReceived) return line;
    const receivedOn = on !== null && on > (line.receivedOn ?? "") ? on : line.receivedOn;
    return { ...line, warehouseReceived, receivedOn };
  });
  return { ...order, lines };
}

export function inboundOf(order: PurchaseOrder, line: PurchaseLine): InboundLine {
  return {
    documentType: "PURCHASE_ORDER",
    documentId: order.id,
    line: line.line,
    openQuantity: openQuantityOf(order, line),
    orderedQuantity: line.ordered,
    promisedOn: line.promisedOn ?? order.expectedOn,
    from: order.supplierId,
    arrivedOn: arrivedOnOf(order, line),
    closed: !isExpected(order.status),
  };
}

/** A line has arrived when nothing of it is open any more, and not because somebody called it off. */
function arrivedOnOf(order: Pick<PurchaseOrder, "status">, line: PurchaseLine): string | null {
  const whole = Math.max(line.received, line.warehouseReceived) >= line.ordered;
  return openQuantityOf(order, line) === 0 && (whole || order.status === "COMPLETE") ? line.receivedOn : null;
}

export interface InboundChange extends PositionKey {
  readonly inbound: InboundLine;
}

/** How the expected supply differs between two states of an order; of what stays closed only its arrival is news. */
export function inboundChanges(before: PurchaseOrder | null, after: PurchaseOrder): InboundChange[] {
  const linesBefore = new Map(before?.lines.map((line) => [line.line, line]));
  const changes: InboundChange[] = [];
  for (const line of after.lines) {
    const former = linesBefore.get(line.line);
    const stays = former !== undefined && isSamePlace(former, line);
    if (stays) linesBefore.delete(line.line);
    const inbound = inboundOf(after, line);
    const known = before && stays ? inboundOf(before, former) : null;
    const arrival = inbound.arrivedOn !== null && (known?.arrivedOn ?? null) === null;
    // What is expected is news also when all of it has come already: the warehouse compares its receipt with it.
    if (inbound.closed && (known?.closed ?? true) && !arrival) continue;
    if (known === null || JSON.stringify(known) !== JSON.stringify(inbound))
      changes.push({ ...placeOf(line), inbound });
  }
  // What is left has gone, or gone elsewhere.
  for (const line of linesBefore.values()) {
    if (!before || openQuantityOf(before, line) === 0) continue;
    const gone = { ...inboundOf(before, line), openQuantity: 0, orderedQuantity: 0, closed: true };
    changes.unshift({ ...placeOf(line), inbound: gone });
  }
  return changes;
}

export interface DiscrepancyChange extends PositionKey {
  readonly line: string;
  readonly short: number;
  readonly rejected: number;
}

/** Lines of which something else is wrong than before, as far as the ERP's people say it. */
export function discrepancyChanges(before: PurchaseOrder | null, after: PurchaseOrder): DiscrepancyChange[] {
  const told = new Map(before?.lines.map((line) => [line.line, wrongWith(before, line)]));
  const changes = after.lines.map((line) => ({ ...placeOf(line), line: line.line, ...wrongWith(after, line) }));
  const kept = new Set(after.lines.map(({ line }) => line));
  const gone = (before?.lines ?? []).filter(({ line }) => !kept.has(line));
  return [...gone.map((line) => ({ ...placeOf(line), line: line.line, ...nothingWrong })), ...changes].filter(
    ({ line, short, rejected }) => {
      const known = told.get(line) ?? nothingWrong;
      return known.short !== short || known.rejected !== rejected;
    },
  );
}

const nothingWrong = { short: 0, rejected: 0 } as const;

/** Where the warehouse has received it, the warehouse says what was wrong: it is not told twice. */
function wrongWith({ status }: PurchaseOrder, { ordered, received, rejected, warehouseReceived }: PurchaseLine) {
  if (warehouseReceived > 0) return nothingWrong;
  // Nothing has come of an order that is under way: it is not short, it is to come.
  const short = received > 0 || status === "COMPLETE" ? Math.max(0, ordered - received) : 0;
  return { short, rejected };
}

export function placesOfOrder({ lines }: PurchaseOrder): string[] {
  return lines.map(({ locationId }) => locationId);
}

/** The positions whose expected supply may differ between the two states. */
export function placesConcerned(before: PurchaseOrder | null, after: PurchaseOrder): PositionKey[] {
  const expectedBefore = before && isExpected(before.status) ? before.lines : [];
  const expectedOrArrived = after.lines.filter((line) => isExpected(after.status) || line.receivedOn !== null);
  return [...expectedBefore, ...expectedOrArrived].map(placeOf);
}

function parseLine(
  input: PurchaseLineInput,
  lineNo: number,
  catalogue: Catalogue,
  path: readonly string[],
): PurchaseLine {
  const line = parseDocumentId(input.line ?? String(lineNo), [...path, "line"]);
  const product = knownProduct(catalogue, input.sku, [...path, "sku"]);
  const locationId = knownLocation(catalogue, input.locationId, [...path, "locationId"]);
  assertPositive(input.ordered, [...path, "ordered"]);
  const supply = (member: "ordered" | "received" | "rejected") =>
    parseSupply(input[member] ?? 0, input.unit, product, path, member);
  return {
    line,
    lineNo,
    sku: product.sku,
    locationId,
    ordered: supply("ordered"),
    received: supply("received"),
    rejected: supply("rejected"),
    warehouseReceived: 0,
    promisedOn: input.promisedOn ?? null,
    receivedOn: input.receivedOn ?? null,
  };
}

function parseSupply(
  quantity: number,
  unit: string | null | undefined,
  product: Product,
  path: readonly string[],
  member: string,
): number {
  if (quantity < 0) {
    throw new AppError("INVALID_INPUT", { message: `${member} must not be negative.`, field: [...path, member] });
  }
  return baseUnits({ quantity, unit }, product, "supply", path);
}

function isSamePlace(a: PositionKey, b: PositionKey): boolean {
  return a.sku === b.sku && a.locationId === b.locationId;
}

function placeOf({ sku, locationId }: PositionKey): PositionKey {
  return { sku, locationId };
}

/** Both are built member by member in one order: equal orders have equal texts. */
function textOf({ id, supplierId, status, orderedOn, expectedOn, lines }: PurchaseOrder): string {
  const shown = lines.map((l) => [
    ...[l.line, l.sku, l.locationId, l.ordered, l.received, l.rejected],
    ...[l.promisedOn, l.receivedOn],
  ]);
  return JSON.stringify([id, supplierId, status, orderedOn, expectedOn, shown]);
}
