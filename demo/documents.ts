/**
 * The open documents of the demo: sales orders (some picked), purchase orders, returns.
 *
 * Orders take what is free, so demand stays within stock, except a few lines on sold-out positions: those are the
 * backlog that the next receipts absorb. Dates are counted from `nowMs`; quantities do not depend on it.
 */
import { isoTime } from "../shared/clock.ts";
import type {
  AllocateOrderInput,
  AuthorizeReturnInput,
  OrderLineInput,
  PurchaseOrderInput,
  PurchaseOrderLineInput,
  ReceiveReturnInput,
  StockEventInput,
} from "./operations.ts";
import type { Random } from "./random.ts";
import { returnsCentre, type StockLevel, warehouses } from "./stock.ts";

export interface SalesOrders {
  readonly orders: readonly AllocateOrderInput[];
  readonly picks: readonly StockEventInput[];
}

export interface DocumentContext {
  readonly random: Random;
  readonly nowMs: number;
  /** Starts every idempotency key and event id of this load. */
  readonly run: string;
}

/** Orders over all channels; the first three are on `example`, so that its terms have something to tell. */
export function salesOrders(levels: readonly StockLevel[], example: StockLevel, context: DocumentContext): SalesOrders {
  const { random, nowMs, run } = context;
  const free = new Map(levels.map((level) => [level, level.buckets.unrestricted]));
  const orders: AllocateOrderInput[] = [];
  const picks: StockEventInput[] = [];

  function add(channel: string, lines: readonly OrderLineInput[]): AllocateOrderInput {
    const orderId = `SO-${70_001 + orders.length}`;
    const order = { idempotencyKey: `${run}-${orderId}`, orderId, channel, lines };
    orders.push(order);
    return order;
  }
  function pick(order: AllocateOrderInput) {
    const occurredAt = isoTime(nowMs - random.integer(2, 14) * minuteMs);
    for (const { line, sku, locationId, quantity, unit } of order.lines) {
      const documentRef = { type: "ORDER", id: order.orderId, line };
      const id = `${run}-pick-${order.orderId}-${line}`;
      const units = unit ? { unit } : {};
      picks.push({ id, type: "PICK", sku, locationId, quantity, ...units, occurredAt, documentRef });
    }
  }

  for (const { channel, quantity, unit, picked } of exampleOrders) {
    const line = orderLine("1", example, quantity, unit);
    free.set(example, (free.get(example) ?? 0) - baseUnits(line, example));
    const order = add(channel, [line]);
    if (picked) pick(order);
  }
  while (orders.length < orderCount) {
    const channel = random.weighted(Object.keys(channelMix), (name) => channelMix[name] ?? 0);
    const lines = orderLines(channel, levels, free, random);
    if (lines.length === 0) continue;
    const order = add(channel, lines);
    if (orders.length % 3 === 0) pick(order);
  }
  for (const level of levels.filter(({ buckets }) => buckets.unrestricted === 0).slice(0, backlogLines)) {
    add("B2B", [orderLine("1", level, random.integer(1, 5))]);
  }
  return { orders, picks };
}

/** Orders at suppliers; the first one brings more of `example`. */
export function purchaseOrders(
  levels: readonly StockLevel[],
  example: StockLevel,
  context: DocumentContext,
): readonly PurchaseOrderInput[] {
  const { random, nowMs, run } = context;
  return Array.from({ length: purchaseOrderCount }, (_, index) => {
    const id = `PO-${48_001 + index}`;
    const locationId = index === 0 ? example.locationId : random.pick(warehouses).id;
    const here = levels.filter((level) => level.locationId === locationId);
    const status = purchaseOrderStatus(index);
    const orderedOn = isoDate(nowMs - random.integer(15, 40) * dayMs);
    const promisedMs = nowMs + promisedInDays(status, random) * dayMs;
    const needed = draws(random.integer(1, 5), () => random.weighted(here, needOf));
    const lines = distinct(index === 0 ? [example, ...needed] : needed).map((level, line) =>
      purchaseOrderLine(String(line + 1), level, status, isoDate(promisedMs + random.integer(0, 3) * dayMs), random),
    );
    const supplierId = random.pick(suppliers);
    return {
      idempotencyKey: `${run}-${id}`,
      id,
      supplierId,
      status,
      orderedOn,
      expectedOn: isoDate(promisedMs),
      lines,
    };
  });
}

export interface DemoReturn {
  /** Null: nobody announced it. */
  readonly authorize: AuthorizeReturnInput | null;
  /** Null: still on its way. */
  readonly receive: ReceiveReturnInput | null;
}

/**
 * Returns of orders shipped before the demo begins; two of three have arrived and wait in quarantine. The first one is
 * of `example`, where it was sold; most others are at the returns centre.
 */
export function customerReturns(
  levels: readonly StockLevel[],
  example: StockLevel,
  context: DocumentContext,
): readonly DemoReturn[] {
  const { random, run } = context;
  const announced = Array.from({ length: returnCount }, (_, index) => {
    const id = `RMA-${5_001 + index}`;
    const orderId = `SO-${61_001 + random.integer(0, 8_000)}`;
    const elsewhere = random.chance(0.7) ? returnsCentre.id : random.pick(warehouses).id;
    const locationId = index === 0 ? example.locationId : elsewhere;
    const bought = draws(random.integer(1, 2), () => random.weighted(levels, (level) => level.dailyDemand).item);
    const lines = distinct(index === 0 ? [example.item] : bought).map(({ sku }) => {
      return { sku, quantity: random.integer(2, 6), reasonCode: random.pick(returnReasons) };
    });
    const authorize = { idempotencyKey: `${run}-${id}`, id, orderId, locationId, lines };
    // Now and then fewer come back than were announced.
    const received = lines.map(({ sku, quantity }) => ({ sku, quantity: quantity - (random.chance(0.2) ? 1 : 0) }));
    const receive = { idempotencyKey: `${run}-${id}-received`, returnId: id, lines: received };
    return { authorize, receive: index % 3 === 2 ? null : receive };
  });
  const lines = [{ sku: random.pick(levels).item.sku, quantity: 2 }];
  const unannounced = { idempotencyKey: `${run}-unannounced`, locationId: returnsCentre.id, lines };
  return [...announced, { authorize: null, receive: unannounced }];
}

/** A calendar date, UTC. */
export function isoDate(ms: number): string {
  return isoTime(ms).slice(0, 10);
}

export const minuteMs = 60_000;
export const dayMs = 24 * 60 * minuteMs;

const orderCount = 110;
const backlogLines = 4;
const purchaseOrderCount = 60;
const returnCount = 14;
const channelMix: Readonly<Record<string, number>> = { WEB: 45, B2B: 40, MARKETPLACE: 15 };
const suppliers = ["NORDKABEL", "HANSA-FASTENERS", "BRENTA-BEARINGS", "OKAFOR-SAFETY", "ALPINE-LIGHT", "CUISINOX"];
const returnReasons = ["WRONG_ITEM", "DAMAGED_IN_TRANSIT", "NOT_NEEDED", "DEFECTIVE"];
const exampleOrders = [
  { channel: "B2B", quantity: 4, unit: "CASE", picked: true },
  { channel: "B2B", quantity: 2, unit: "CASE", picked: false },
  { channel: "WEB", quantity: 5, unit: undefined, picked: false },
];

/** Up to four lines from one location, as a customer's order is shipped. Takes what it gives from `free`. */
function orderLines(
  channel: string,
  levels: readonly StockLevel[],
  free: Map<StockLevel, number>,
  random: Random,
): readonly OrderLineInput[] {
  const freeAt = (level: StockLevel) => free.get(level) ?? 0;
  const first = random.weighted(levels, (level) =>
    sellsTo(channel, level) && freeAt(level) > 0 ? level.dailyDemand : 0,
  );
  const here = levels.filter((level) => level.locationId === first.locationId && sellsTo(channel, level));
  const wanted = 1 + random.poisson(1.2);
  const chosen = draws(Math.min(wanted, 4), () => random.weighted(here, needOf));
  return distinct([first, ...chosen]).flatMap((level, index) => {
    const line = wantedLine(channel, String(index + 1), level, random);
    const taken = baseUnits(line, level);
    if (taken > freeAt(level)) return [];
    free.set(level, freeAt(level) - taken);
    return [line];
  });
}

/** The marketplace policy leaves out the third party's warehouse and class C; its orders do so too. */
function sellsTo(channel: string, { item, locationId }: StockLevel): boolean {
  return channel !== "MARKETPLACE" || (item.class !== "C" && locationId !== "GDANSK");
}

function wantedLine(channel: string, line: string, level: StockLevel, random: Random): OrderLineInput {
  if (channel === "B2B" && random.chance(0.8)) return orderLine(line, level, random.integer(1, 5), "CASE");
  const multiple = level.item.sellMultiple ?? 1;
  return orderLine(line, level, (channel === "MARKETPLACE" ? 1 : 1 + random.poisson(1.5)) * multiple);
}

function orderLine(line: string, { item, locationId }: StockLevel, quantity: number, unit?: string): OrderLineInput {
  return { line, sku: item.sku, locationId, quantity, ...(unit ? { unit } : {}) };
}

function baseUnits({ quantity, unit }: OrderLineInput, { item }: StockLevel): number {
  return unit === "CASE" ? quantity * item.caseSize : quantity;
}

function purchaseOrderLine(
  line: string,
  level: StockLevel,
  status: PurchaseOrderInput["status"],
  promisedOn: string,
  random: Random,
): PurchaseOrderLineInput {
  const { item, locationId } = level;
  const ordered = Math.max(1, Math.ceil((level.dailyDemand * random.integer(8, 20)) / item.caseSize));
  const terms = { line, sku: item.sku, locationId, ordered, unit: "CASE", promisedOn };
  if (status === "COMPLETE") {
    // One completed line in three came short: the supplier owes it, nobody waits for it.
    const received = random.chance(0.33) ? ordered - Math.min(ordered, random.integer(1, 2)) : ordered;
    return { ...terms, received, rejected: received > 1 && random.chance(0.1) ? 1 : 0 };
  }
  return status === "APPROVED" && random.chance(0.1) ? { ...terms, received: Math.floor(ordered / 2) } : terms;
}

/** Of every twenty: fourteen approved, three pending, two complete, one cancelled or rejected. */
function purchaseOrderStatus(index: number): PurchaseOrderInput["status"] {
  const slot = index % 20;
  if (slot === 19) return index % 40 === 19 ? "CANCELLED" : "REJECTED";
  if (slot >= 17) return "COMPLETE";
  return slot >= 14 ? "PENDING" : "APPROVED";
}

/** From today. What is complete was due already, and some suppliers are late with what is not. */
function promisedInDays(status: PurchaseOrderInput["status"], random: Random): number {
  if (status === "COMPLETE") return -random.integer(4, 12);
  return random.chance(0.08) ? -random.integer(4, 8) : random.integer(2, 42);
}

/** What sells much and lies there little is bought first. */
function needOf(level: StockLevel): number {
  return level.dailyDemand / (1 + level.buckets.unrestricted / (1 + 20 * level.dailyDemand));
}

function draws<T>(count: number, draw: () => T): readonly T[] {
  return Array.from({ length: count }, draw);
}

function distinct<T>(items: readonly T[]): readonly T[] {
  return [...new Set(items)];
}
