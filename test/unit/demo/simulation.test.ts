/**
 * Background life: ten thousand steps against a warehouse that counts along.
 */
import { describe, expect, test } from "vitest";
import { demoSeed, generateDistributor } from "../../../demo/distributor.ts";
import type { BucketName, Operation, StockEventInput } from "../../../demo/operations.ts";
import { createRandom } from "../../../demo/random.ts";
import { nextOperations } from "../../../demo/simulation.ts";
import {
  forget,
  initialState,
  type PositionReading,
  type SimulationState,
  simulationLimits,
  type WatchedPosition,
  withReadings,
} from "../../../demo/simulation-state.ts";
import { partitionKey } from "../../../shared/ids.ts";

const nowMs = Date.UTC(2026, 2, 10, 9, 30);
const { watched } = generateDistributor(demoSeed, nowMs);
const caseSizes = new Map(watched.map(({ sku, caseSize }) => [sku, caseSize]));

type Buckets = Record<BucketName, number>;

/** What a warehouse does with an event, told independently of the simulation. */
function createWarehouse(opening: readonly WatchedPosition[]) {
  const none: Buckets = { UNRESTRICTED: 0, PICKED: 0, DOCK: 0, DAMAGED: 0, HOLD: 0, EXPIRED: 0, QUARANTINE: 0 };
  const stock = new Map<string, Buckets>(
    opening.map(({ sku, locationId, target }) => [
      partitionKey(sku, locationId),
      { ...none, UNRESTRICTED: target, DOCK: 6, HOLD: 3 },
    ]),
  );
  const moves: Partial<Record<StockEventInput["type"], readonly [BucketName | null, BucketName | null]>> = {
    RECEIPT: [null, "DOCK"],
    PUTAWAY: ["DOCK", "UNRESTRICTED"],
    PICK: ["UNRESTRICTED", "PICKED"],
    SHIPMENT: ["PICKED", null],
  };
  const bucketsAt = (place: { sku: string; locationId: string }) => {
    const buckets = stock.get(partitionKey(place.sku, place.locationId));
    if (!buckets) throw new Error(`no stock of ${place.sku} at ${place.locationId}`);
    return buckets;
  };
  return {
    stock,
    apply(event: StockEventInput) {
      const buckets = bucketsAt(event);
      const quantity = event.unit === "CASE" ? event.quantity * (caseSizes.get(event.sku) ?? 0) : event.quantity;
      const [usualFrom, usualTo] = moves[event.type] ?? [null, null];
      const [from, to] = [event.fromBucket ?? usualFrom, event.toBucket ?? usualTo];
      if (event.type === "ADJUSTMENT") {
        expect(quantity).not.toBe(0);
        if (from) buckets[from] += quantity;
      } else {
        expect(quantity).toBeGreaterThan(0);
        if (from) buckets[from] -= quantity;
        if (to) buckets[to] += quantity;
      }
      for (const [bucket, left] of Object.entries(buckets))
        expect(left, `${bucket} after ${event.id}`).toBeGreaterThanOrEqual(0);
    },
    /** Goods at the returns desk are in the building too. */
    receiveReturn(place: { sku: string; locationId: string }, quantity: number) {
      bucketsAt(place).QUARANTINE += quantity;
    },
    readings(): ReadonlyMap<string, PositionReading> {
      return new Map(
        [...stock].map(([key, { UNRESTRICTED, DOCK, DAMAGED, HOLD }]) => [
          key,
          { unrestricted: UNRESTRICTED, dock: DOCK, damaged: DAMAGED, hold: HOLD, claimed: 0 },
        ]),
      );
    },
  };
}

function eventsOf(operations: readonly Operation[]): readonly StockEventInput[] {
  return operations.flatMap((operation) => (operation.mutation === "recordStockEvents" ? operation.input.events : []));
}

interface Life {
  readonly state: SimulationState;
  readonly operations: readonly Operation[];
  readonly warehouse: ReturnType<typeof createWarehouse>;
}

function live(steps: number, seed: number, everyStep: (state: SimulationState) => void = () => {}): Life {
  const warehouse = createWarehouse(watched);
  const random = createRandom(seed);
  let state = withReadings(initialState("SIM-test", watched), warehouse.readings());
  const operations: Operation[] = [];
  for (let count = 0; count < steps; count += 1) {
    const step = nextOperations(state, random, nowMs + count * 1_000);
    for (const event of eventsOf(step.operations)) warehouse.apply(event);
    for (const { mutation, input } of step.operations) {
      if (mutation !== "authorizeReturn") continue;
      for (const { sku, quantity } of input.lines)
        warehouse.receiveReturn({ sku, locationId: input.locationId }, quantity);
    }
    operations.push(...step.operations);
    state = step.state;
    everyStep(state);
  }
  return { state, operations, warehouse };
}

describe("ten thousand steps", () => {
  let largest = 0;
  const life = live(10_000, 1, (state) => {
    expect(state.orders.length).toBeLessThanOrEqual(simulationLimits.ordersMax);
    expect(state.purchases.length).toBeLessThanOrEqual(simulationLimits.purchasesMax);
    expect(state.shipped.length).toBeLessThanOrEqual(simulationLimits.shippedMax);
    expect(state.returns.length).toBeLessThanOrEqual(simulationLimits.returnsMax);
    largest = Math.max(largest, JSON.stringify(state).length);
  });

  test("never take a bucket below zero (the warehouse checks each event) and leave a small state", () => {
    expect(eventsOf(life.operations).length).toBeGreaterThan(3_000);
    expect(largest).toBeLessThan(20_000);
  });

  test("keep believing what the warehouse knows", () => {
    const readings = life.warehouse.readings();
    for (const { sku, locationId, unrestricted, dock, damaged, hold } of life.state.positions) {
      expect({ unrestricted, dock, damaged, hold }).toEqual({
        unrestricted: readings.get(partitionKey(sku, locationId))?.unrestricted,
        dock: readings.get(partitionKey(sku, locationId))?.dock,
        damaged: readings.get(partitionKey(sku, locationId))?.damaged,
        hold: readings.get(partitionKey(sku, locationId))?.hold,
      });
    }
  });

  test("replenish what sells: no position runs dry and none overflows", () => {
    for (const { sku, unrestricted, dock, hold, target } of life.state.positions) {
      expect(unrestricted + dock, sku).toBeGreaterThan(0);
      expect(unrestricted + dock + hold, sku).toBeLessThan(target * 2 + 20);
    }
  });

  test("ship what was picked, and no order twice", () => {
    const documents = (type: StockEventInput["type"]) =>
      eventsOf(life.operations)
        .filter((event) => event.type === type)
        .map(({ documentRef, quantity }) => `${documentRef?.id} ${quantity}`);
    const picked = new Set(documents("PICK"));
    const shipped = documents("SHIPMENT");
    expect(new Set(shipped).size).toBe(shipped.length);
    expect(shipped.filter((document) => !picked.has(document))).toEqual([]);
    expect(shipped.length).toBeGreaterThan(1_000);
  });

  test("show every kind of event", () => {
    const kinds = new Set(eventsOf(life.operations).map(({ type, toBucket = "" }) => `${type} ${toBucket}`.trim()));
    expect(kinds).toEqual(
      new Set([
        "RECEIPT",
        "PUTAWAY",
        "PICK",
        "SHIPMENT",
        "STATUS_CHANGE HOLD",
        "STATUS_CHANGE UNRESTRICTED",
        "STATUS_CHANGE DAMAGED",
        "ADJUSTMENT",
      ]),
    );
  });

  test("put returned goods back on the shelf, a while after they came into quarantine", () => {
    const received = life.operations.flatMap((operation) =>
      operation.mutation === "receiveReturn" ? [operation.input.returnId] : [],
    );
    const restocked = eventsOf(life.operations).filter(({ documentRef }) => documentRef?.type === "RETURN");
    expect(restocked.every(({ type, fromBucket }) => type === "PUTAWAY" && fromBucket === "QUARANTINE")).toBe(true);
    expect(restocked.length).toBeGreaterThan(50);
    expect(received.slice(0, restocked.length).sort()).toEqual(
      restocked.map(({ documentRef }) => documentRef?.id).sort(),
    );
    expect(received.length - restocked.length).toBeLessThanOrEqual(simulationLimits.returnsMax);
  });

  test("close every purchase order that was received", () => {
    const saved = life.operations.flatMap((operation) =>
      operation.mutation === "savePurchaseOrder" ? [operation.input] : [],
    );
    const receipts = eventsOf(life.operations)
      .filter(({ type }) => type === "RECEIPT")
      .map(({ documentRef }) => documentRef?.id);
    const complete = saved.filter(({ status }) => status === "COMPLETE").map(({ id }) => id);
    expect(complete).toEqual(receipts);
    expect(complete.length).toBeGreaterThan(20);
  });

  test("use every idempotency key and event id once", () => {
    const keys = life.operations.map(({ mutation, input }) => `${mutation} ${input.idempotencyKey}`);
    const ids = eventsOf(life.operations).map(({ id }) => id);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test("the same seed lives the same life", () => {
  expect(live(300, 5).operations).toEqual(live(300, 5).operations);
  expect(live(300, 5).operations).not.toEqual(live(300, 6).operations);
});

test("where nothing is known to lie, goods are ordered and nothing is sold", () => {
  const random = createRandom(2);
  let state = initialState("SIM-empty", watched);
  const seen = new Set<string>();
  for (let count = 0; count < 6; count += 1) {
    const step = nextOperations(state, random, nowMs);
    for (const { mutation } of step.operations) seen.add(mutation);
    state = step.state;
  }
  expect([...seen]).toEqual(["savePurchaseOrder"]);
  expect(nextOperations(state, random, nowMs).operations).toEqual([]);
});

/** One position that holds `reading`, and nothing else. */
function stateWith(reading: Partial<PositionReading>, orders: SimulationState["orders"] = []): SimulationState {
  const nothing = { unrestricted: 0, dock: 0, damaged: 0, hold: 0, claimed: 0 };
  const state = initialState("SIM", [{ ...place, caseSize: 12, sellMultiple: 1, target: 4 }]);
  return {
    ...withReadings(state, new Map([[partitionKey(place.sku, place.locationId), { ...nothing, ...reading }]])),
    orders,
  };
}

const place = { sku: "MCB-C6", locationId: "LEEDS" };

test.each([
  ["pick", 5],
  ["deallocateOrder", 4],
])("an allocated order of 5 leads to %s where %i are left", (outcome, unrestricted) => {
  const order = { orderId: "SIM-1", channel: "WEB", ...place, quantity: 5, status: "allocated" as const };
  // Everything is claimed by this order, and its order list is full: nothing else can happen.
  const state = stateWith({ unrestricted, claimed: 5 }, new Array(simulationLimits.ordersMax).fill(order));
  const step = nextOperations({ ...state, positions: state.positions }, createRandom(1), nowMs);
  const [operation] = step.operations;
  expect(operation?.mutation).toBe(outcome === "pick" ? "recordStockEvents" : outcome);
  expect(eventsOf(step.operations).map(({ type }) => type)).toEqual(outcome === "pick" ? ["PICK"] : []);
});

test("no order asks for more than is free, not even for a case", () => {
  for (let seed = 0; seed < 60; seed += 1) {
    const step = nextOperations(stateWith({ unrestricted: 9, claimed: 6 }), createRandom(seed), nowMs);
    for (const { mutation, input } of step.operations) {
      if (mutation === "allocateOrder") expect(input.lines[0]?.quantity).toBeLessThanOrEqual(3);
    }
  }
});

test("well-stocked positions order nothing", () => {
  const mutations = new Set(live(12, 9).operations.map(({ mutation }) => mutation));
  expect(mutations).toContain("allocateOrder");
  expect(mutations).not.toContain("savePurchaseOrder");
});

test("forgetting a document drops that one and keeps the others", () => {
  const { state } = live(200, 3);
  const [first, ...others] = state.orders;
  expect(others.length).toBeGreaterThan(0);
  expect(forget(state, first?.orderId ?? null).orders).toEqual(others);
  expect(forget(state, null)).toEqual(state);
});
