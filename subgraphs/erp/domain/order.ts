/**
 * Sales orders: what is allocated to their lines, what of it was shipped, and what is still open.
 *
 * open = allocated - shipped, and a position's committed demand is the sum of what is open there. A shipment counts for
 * its order also when it was reported first. Whether there is enough stock is not asked here.
 */
import { AppError } from "../../../shared/errors.ts";
import { parseDocumentId, positionText } from "../../../shared/ids.ts";
import { assertPositive, assertQuantity } from "../../../shared/quantity.ts";
import type { PositionKey } from "./book.ts";
import { baseUnits, type Catalogue, knownLocation, knownProduct } from "./catalogue.ts";
import { settle, type Totals } from "./settlement.ts";

export interface OrderLine extends PositionKey {
  readonly orderId: string;
  readonly line: string;
  /** Grows with the age of the order: the oldest line is settled first. */
  readonly lineNo: number;
  readonly allocated: number;
  readonly shipped: number;
}

export interface AllocationLineInput {
  /** The line's place in the request, counted from 1, where none is given. */
  readonly line?: string | null;
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
  readonly unit?: string | null;
}

export interface DeallocationLineInput {
  readonly line: string;
  readonly quantity?: number | null;
}

/** A line to allocate, in base units and as it was entered. */
export interface AllocationLine extends PositionKey {
  readonly line: string;
  readonly quantity: number;
  readonly uom: string;
  readonly entered: number;
  /** Where it stands in the input. */
  readonly path: readonly string[];
}

export interface Orders {
  lines(orderId: string): OrderLine[];
  /** Adds a line; by how much committed demand rises. Fails with ORDER_LINE_EXISTS. */
  allocate(orderId: string, line: AllocationLine): number;
  /** Gives back part of a line, or nothing where nothing is open. Fails with ALLOCATION_EXCEEDED. */
  deallocate(orderId: string, wish: Deallocation): Released | null;
  /** After the totals of an order at a position moved: by how much committed demand moves. */
  settle(orderId: string, key: PositionKey): number;
  changed(): OrderLine[];
}

export interface Released extends PositionKey {
  readonly line: string;
  readonly quantity: number;
  readonly committedDelta: number;
}

export function openQuantityOf(line: OrderLine): number {
  return line.allocated - line.shipped;
}

/** Fails with INVALID_INPUT, UNKNOWN_SKU, UNKNOWN_LOCATION, UOM_UNMAPPED, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE. */
export function parseAllocation(lines: readonly AllocationLineInput[], catalogue: Catalogue): AllocationLine[] {
  const seen = new Set<string>();
  return lines.map((input, index) => {
    const path = ["input", "lines", String(index)];
    const line = parseDocumentId(input.line ?? String(index + 1), [...path, "line"]);
    if (seen.has(line)) {
      const message = `The line ${line} is in this request more than once.`;
      throw new AppError("INVALID_INPUT", { message, field: [...path, "line"] });
    }
    seen.add(line);
    const product = knownProduct(catalogue, input.sku, [...path, "sku"]);
    const locationId = knownLocation(catalogue, input.locationId, [...path, "locationId"]);
    assertPositive(input.quantity, [...path, "quantity"]);
    const quantity = baseUnits(input, product, "demand", path);
    return {
      line,
      sku: product.sku,
      locationId,
      quantity,
      uom: input.unit ?? product.baseUnit,
      entered: input.quantity,
      path,
    };
  });
}

export interface Deallocation {
  readonly line: string;
  /** Null: whatever is open. */
  readonly quantity: number | null;
  readonly path: readonly string[];
}

/** `inputs` absent: everything that is open. Fails with UNKNOWN_DOCUMENT, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE. */
export function planDeallocation(
  lines: readonly OrderLine[],
  inputs: readonly DeallocationLineInput[] | null | undefined,
): Deallocation[] {
  if (!inputs) return lines.map(({ line }) => ({ line, quantity: null, path: ["input", "orderId"] }));
  const known = new Set(lines.map(({ line }) => line));
  return inputs.map(({ line, quantity }, index) => {
    const path = ["input", "lines", String(index)];
    if (!known.has(line)) {
      throw new AppError("UNKNOWN_DOCUMENT", { message: `The order has no line ${line}.`, field: [...path, "line"] });
    }
    return { line, quantity: quantity == null ? null : assertPositive(quantity, [...path, "quantity"]), path };
  });
}

/** `stored`: every line of the orders concerned. */
export function openOrders(stored: readonly OrderLine[], totals: Totals): Orders {
  const orders = new Map<string, OpenOrder>();
  const changed = new Map<string, OrderLine>();
  const orderOf = (orderId: string): OpenOrder => {
    const order = orders.get(orderId) ?? { lines: new Map(), places: new Map(), newest: 0 };
    orders.set(orderId, order);
    return order;
  };
  for (const line of stored) put(orderOf(line.orderId), line);

  function change(line: OrderLine): void {
    put(orderOf(line.orderId), line);
    changed.set(JSON.stringify([line.orderId, line.line]), line);
  }

  /** By how much more of the order at the position is shipped than before. */
  function resettle(orderId: string, place: PositionKey): number {
    const order = orderOf(orderId);
    const group = [...(order.places.get(positionText(place)) ?? [])]
      .flatMap((line) => order.lines.get(line) ?? [])
      .sort(byAge);
    const capacities = group.map(({ line, allocated }) => ({ line, capacity: allocated }));
    const settled = settle(capacities, totals.of("ORDER", orderId, place.sku, place.locationId));
    let moved = 0;
    for (const line of group) {
      const shipped = settled.get(line.line) ?? 0;
      if (shipped === line.shipped) continue;
      moved += shipped - line.shipped;
      change({ ...line, shipped });
    }
    return moved;
  }

  return {
    lines: (orderId) => [...orderOf(orderId).lines.values()].sort(byAge),
    allocate(orderId, { line, sku, locationId, quantity, path }) {
      const order = orderOf(orderId);
      // A line that was given back completely is free again.
      if ((order.lines.get(line)?.allocated ?? 0) > 0) {
        const message = `The line ${line} of order ${orderId} is already allocated.`;
        throw new AppError("ORDER_LINE_EXISTS", { message, field: [...path, "line"] });
      }
      const lineNo = order.newest + 1;
      change({ orderId, line, lineNo, sku, locationId, allocated: assertQuantity(quantity), shipped: 0 });
      return quantity - resettle(orderId, { sku, locationId });
    },
    deallocate(orderId, { line: number, quantity: wanted, path }) {
      const line = orderOf(orderId).lines.get(number);
      const open = line ? openQuantityOf(line) : 0;
      const quantity = wanted ?? open;
      if (quantity > open) {
        const message = `Of line ${number} only ${open} are still allocated.`;
        throw new AppError("ALLOCATION_EXCEEDED", { message, line: number, open, field: [...path, "quantity"] });
      }
      if (!line || quantity === 0) return null;
      const { sku, locationId } = line;
      change({ ...line, allocated: line.allocated - quantity });
      return { line: number, sku, locationId, quantity, committedDelta: -quantity - resettle(orderId, line) };
    },
    settle: (orderId, place) => -resettle(orderId, place),
    changed: () => [...changed.values()],
  };
}

interface OpenOrder {
  readonly lines: Map<string, OrderLine>;
  /** The lines at each position. */
  readonly places: Map<string, Set<string>>;
  newest: number;
}

function put(order: OpenOrder, line: OrderLine): void {
  const former = order.lines.get(line.line);
  if (former) order.places.get(positionText(former))?.delete(line.line);
  const there = order.places.get(positionText(line)) ?? new Set<string>();
  order.places.set(positionText(line), there.add(line.line));
  order.lines.set(line.line, line);
  order.newest = Math.max(order.newest, line.lineNo);
}

function byAge(a: OrderLine, b: OrderLine): number {
  return a.lineNo - b.lineNo;
}

/** What a caller sees of an order. */
export interface OrderAllocation {
  readonly orderId: string;
  readonly channel: string | null;
  readonly lines: readonly (OrderLine & { readonly open: number })[];
}

export function allocationOf(orderId: string, channel: string | null, lines: readonly OrderLine[]): OrderAllocation {
  return { orderId, channel, lines: lines.map((line) => ({ ...line, open: openQuantityOf(line) })) };
}
