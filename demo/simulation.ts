/**
 * Background life of the demo, one small step at a time: orders are allocated, picked and shipped, goods arrive and
 * are put away, now and then something is damaged, held or sent back.
 *
 * Pure: state in, operations and next state out. Never takes more than a position has, and every list has a maximum,
 * so it may run for ever. The driver (`simulate.ts`) sends the operations; what is refused is forgotten, not repeated.
 */
import { isoTime } from "../shared/clock.ts";
import { dayMs, isoDate } from "./documents.ts";
import type { BucketName, Operation, PurchaseOrderInput, StockEventInput } from "./operations.ts";
import type { Random } from "./random.ts";
import {
  canSell,
  change,
  coverOf,
  forget,
  free,
  isLow,
  keyOf,
  type OpenOrder,
  type OpenPurchase,
  type OpenReturn,
  type PositionState,
  type SimulationState,
  simulationLimits,
} from "./simulation-state.ts";

export interface SimulationStep {
  readonly operations: readonly Operation[];
  readonly state: SimulationState;
  /** The document that is lost when an operation is refused: see `forget`. */
  readonly subject: string | null;
}

/** One thing happens, or nothing when nothing can. */
export function nextOperations(state: SimulationState, random: Random, nowMs: number): SimulationStep {
  const moment: Moment = { state: { ...state, step: state.step + 1 }, random, nowMs };
  const possible = activities
    .map(({ weight, choices }) => ({ weight, choices: choices(state) }))
    .filter(({ choices }) => choices.length > 0);
  if (possible.length === 0) return { operations: [], state: moment.state, subject: null };
  const { choices } = random.weighted(possible, ({ weight }) => weight);
  return random.pick(choices)(moment);
}

interface Moment {
  readonly state: SimulationState;
  readonly random: Random;
  readonly nowMs: number;
}

/** A kind of thing that happens: how often, and to what it could happen now. */
interface Activity {
  readonly weight: number;
  readonly choices: (state: SimulationState) => readonly ((moment: Moment) => SimulationStep)[];
}

function activity<T>(
  weight: number,
  candidates: (state: SimulationState) => readonly T[],
  happen: (moment: Moment, candidate: T) => SimulationStep,
): Activity {
  return {
    weight,
    choices: (state) => candidates(state).map((candidate) => (moment) => happen(moment, candidate)),
  };
}

const receiveAfterSteps = 8;
const restockAfterSteps = 40;

const activities: readonly Activity[] = [
  activity(
    5,
    ({ orders, positions }) => (orders.length < simulationLimits.ordersMax ? positions.filter(canSell) : []),
    allocate,
  ),
  activity(5, ({ orders }) => orders.filter(({ status }) => status === "allocated"), pickOrGiveUp),
  activity(5, ({ orders }) => orders.filter(({ status }) => status === "picked"), ship),
  activity(
    2,
    (state) =>
      state.purchases.length < simulationLimits.purchasesMax ? state.positions.filter((p) => isLow(state, p)) : [],
    reorder,
  ),
  activity(2, ({ purchases, step }) => purchases.filter((p) => step - p.orderedAtStep >= receiveAfterSteps), receive),
  activity(2, ({ positions }) => positions.filter(({ dock }) => dock > 0), putAway),
  activity(0.2, ({ positions }) => positions.filter((p) => p.hold === 0 && free(p) >= p.caseSize), hold),
  activity(0.3, ({ positions }) => positions.filter((p) => p.hold > 0), release),
  activity(0.2, ({ positions }) => positions.filter((p) => free(p) >= 2), damage),
  activity(0.2, ({ positions }) => positions.filter((p) => p.damaged >= 8), scrap),
  activity(0.2, ({ shipped, returns }) => (returns.length < simulationLimits.returnsMax ? shipped : []), sendBack),
  activity(1, ({ returns, step }) => returns.filter((r) => step - r.receivedAtStep >= restockAfterSteps), restock),
];

// ---- orders

function allocate({ state, random }: Moment, position: PositionState): SimulationStep {
  const channel = random.pick(["WEB", "WEB", "B2B", "MARKETPLACE"]);
  const small = (1 + random.poisson(0.8)) * position.sellMultiple;
  const wanted = channel === "B2B" ? position.caseSize * random.integer(1, 2) : small;
  const quantity = wanted <= free(position) ? wanted : position.sellMultiple;
  const { sku, locationId } = position;
  const orderId = `${state.prefix}-SO-${state.step}`;
  const lines = [{ line: "1", sku, locationId, quantity }];
  const order: OpenOrder = { orderId, channel, sku, locationId, quantity, status: "allocated" };
  return {
    operations: [{ as: "erp", mutation: "allocateOrder", input: { idempotencyKey: orderId, orderId, channel, lines } }],
    state: { ...change(state, order, { claimed: quantity }), orders: [...state.orders, order] },
    subject: orderId,
  };
}

/** An order that the stock no longer covers gives its allocation back. */
function pickOrGiveUp({ state, nowMs }: Moment, order: OpenOrder): SimulationStep {
  const { orderId, quantity } = order;
  const position = state.positions.find((candidate) => keyOf(candidate) === keyOf(order));
  if (!position || position.unrestricted < quantity) {
    const input = { idempotencyKey: `${orderId}-cancelled`, orderId };
    return {
      operations: [{ as: "erp", mutation: "deallocateOrder", input }],
      state: forget(change(state, order, { claimed: -quantity }), orderId),
      subject: orderId,
    };
  }
  const picked: OpenOrder = { ...order, status: "picked" };
  return {
    operations: [stockEvent(state, nowMs, { type: "PICK", ...orderMoved(order) })],
    state: {
      ...change(state, order, { unrestricted: -quantity, claimed: -quantity }),
      orders: state.orders.map((candidate) => (candidate === order ? picked : candidate)),
    },
    subject: orderId,
  };
}

function ship({ state, nowMs }: Moment, order: OpenOrder): SimulationStep {
  return {
    operations: [stockEvent(state, nowMs, { type: "SHIPMENT", ...orderMoved(order) })],
    state: {
      ...state,
      orders: state.orders.filter((candidate) => candidate !== order),
      shipped: [...state.shipped, order].slice(-simulationLimits.shippedMax),
    },
    subject: order.orderId,
  };
}

function sendBack({ state, random }: Moment, order: OpenOrder): SimulationStep {
  const { orderId, sku, locationId } = order;
  const id = `${state.prefix}-RMA-${state.step}`;
  const quantity = Math.min(order.quantity, random.integer(1, 3));
  const line = { sku, quantity };
  const lines = [{ ...line, reasonCode: random.pick(["WRONG_ITEM", "NOT_NEEDED"]) }];
  const returned = { id, sku, locationId, quantity, receivedAtStep: state.step };
  return {
    operations: [
      {
        as: "returnsDesk",
        mutation: "authorizeReturn",
        input: { idempotencyKey: id, id, orderId, locationId, lines },
      },
      {
        as: "returnsDesk",
        mutation: "receiveReturn",
        input: { idempotencyKey: `${id}-received`, returnId: id, lines: [line] },
      },
    ],
    state: { ...forget(state, orderId), returns: [...state.returns, returned] },
    subject: orderId,
  };
}

/** As good as new: out of quarantine, onto the shelf. */
function restock({ state, nowMs }: Moment, { id, sku, locationId, quantity }: OpenReturn): SimulationStep {
  const documentRef = { type: "RETURN", id };
  const moved = { sku, locationId, quantity, fromBucket: "QUARANTINE", documentRef } as const;
  return {
    operations: [stockEvent(state, nowMs, { type: "PUTAWAY", ...moved })],
    state: forget(change(state, moved, { unrestricted: quantity }), id),
    subject: id,
  };
}

// ---- supply

function reorder({ state, nowMs, random }: Moment, position: PositionState): SimulationStep {
  const { sku, locationId, caseSize, target } = position;
  const missing = target - coverOf(state, position);
  const purchase: OpenPurchase = {
    id: `${state.prefix}-PO-${state.step}`,
    sku,
    locationId,
    cases: Math.max(1, Math.ceil(missing / caseSize)),
    orderedOn: isoDate(nowMs),
    promisedOn: isoDate(nowMs + random.integer(1, 3) * dayMs),
    orderedAtStep: state.step,
  };
  return {
    operations: [savePurchase(purchase, "APPROVED")],
    state: { ...state, purchases: [...state.purchases, purchase] },
    subject: purchase.id,
  };
}

/** The dock reports the goods, then the buyer closes the order. */
function receive({ state, nowMs }: Moment, purchase: OpenPurchase): SimulationStep {
  const { id, sku, locationId, cases } = purchase;
  const caseSize = state.positions.find((candidate) => keyOf(candidate) === keyOf(purchase))?.caseSize ?? 1;
  const documentRef = { type: "PURCHASE_ORDER", id, line: "1" };
  return {
    operations: [
      stockEvent(state, nowMs, { type: "RECEIPT", sku, locationId, quantity: cases, unit: "CASE", documentRef }),
      savePurchase(purchase, "COMPLETE"),
    ],
    state: forget(change(state, purchase, { dock: cases * caseSize }), id),
    subject: id,
  };
}

function putAway({ state, nowMs }: Moment, { sku, locationId, dock }: PositionState): SimulationStep {
  return {
    operations: [stockEvent(state, nowMs, { type: "PUTAWAY", sku, locationId, quantity: dock })],
    state: change(state, { sku, locationId }, { dock: -dock, unrestricted: dock }),
    subject: null,
  };
}

// ---- condition of the stock

function hold(moment: Moment, position: PositionState): SimulationStep {
  return moveStock(moment, position, position.caseSize, "unrestricted", "hold", "QUALITY_CHECK");
}

function release(moment: Moment, position: PositionState): SimulationStep {
  return moveStock(moment, position, position.hold, "hold", "unrestricted", "QUALITY_CHECK_PASSED");
}

function damage(moment: Moment, position: PositionState): SimulationStep {
  return moveStock(moment, position, moment.random.integer(1, 2), "unrestricted", "damaged", "DROPPED");
}

type Condition = "unrestricted" | "hold" | "damaged";

function moveStock(
  { state, nowMs }: Moment,
  { sku, locationId }: PositionState,
  quantity: number,
  from: Condition,
  to: Condition,
  reasonCode: string,
): SimulationStep {
  const fromBucket = from.toUpperCase() as BucketName;
  const toBucket = to.toUpperCase() as BucketName;
  const moved = { sku, locationId, quantity, reasonCode, fromBucket, toBucket };
  return {
    operations: [stockEvent(state, nowMs, { type: "STATUS_CHANGE", ...moved })],
    state: change(state, moved, { [from]: -quantity, [to]: quantity }),
    subject: null,
  };
}

/** Leaves four behind, so that the term does not vanish from the answers. */
function scrap({ state, nowMs }: Moment, { sku, locationId, damaged }: PositionState): SimulationStep {
  const quantity = 4 - damaged;
  const moved = { sku, locationId, quantity, reasonCode: "SCRAPPED" };
  return {
    operations: [stockEvent(state, nowMs, { type: "ADJUSTMENT", ...moved, fromBucket: "DAMAGED" })],
    state: change(state, moved, { damaged: quantity }),
    subject: null,
  };
}

// ---- helpers

function orderMoved({ orderId, sku, locationId, quantity }: OpenOrder) {
  return { sku, locationId, quantity, documentRef: { type: "ORDER", id: orderId, line: "1" } };
}

function stockEvent(
  { prefix, step }: SimulationState,
  nowMs: number,
  fact: Omit<StockEventInput, "id" | "occurredAt">,
): Operation {
  const id = `${prefix}-${step}`;
  const events = [{ ...fact, id, occurredAt: isoTime(nowMs) }];
  return { as: "wms", mutation: "recordStockEvents", input: { idempotencyKey: id, events } };
}

function savePurchase(purchase: OpenPurchase, status: PurchaseOrderInput["status"]): Operation {
  const { id, sku, locationId, cases, orderedOn, promisedOn } = purchase;
  const received = status === "COMPLETE" ? { received: cases } : {};
  const line = { line: "1", sku, locationId, ordered: cases, unit: "CASE", promisedOn, ...received };
  return {
    as: "erp",
    mutation: "savePurchaseOrder",
    input: {
      idempotencyKey: `${id}-${status}`,
      id,
      supplierId: "HANSA-FASTENERS",
      status,
      orderedOn,
      expectedOn: promisedOn,
      lines: [line],
    },
  };
}
