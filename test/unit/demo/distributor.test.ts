/**
 * The demo distributor as data: whole, consistent, skewed like a real one, and the same for the same seed.
 */
import { describe, expect, test } from "vitest";
import { demoSeed, generateDistributor } from "../../../demo/distributor.ts";
import type { StockEventInput } from "../../../demo/operations.ts";
import { createRandom } from "../../../demo/random.ts";
import { demandItems, onHand } from "../../../demo/stock.ts";
import { partitionKey } from "../../../shared/ids.ts";

const nowMs = Date.UTC(2026, 2, 10, 9, 30);
const dayMs = 24 * 3_600_000;
const distributor = generateDistributor(demoSeed, nowMs);
const { products, locations, snapshots, bookBalances, bookDifferences, orders, picks, returns, policies } = distributor;
const bySku = new Map(products.map((product) => [product.sku, product]));

function keyOf({ sku, locationId }: { sku: string; locationId: string }): string {
  return partitionKey(sku, locationId);
}

/** Quantity in base units; fails the test when the item has no such unit. */
function inBaseUnits({ sku, quantity, unit }: { sku: string; quantity: number; unit?: string }): number {
  if (!unit) return quantity;
  const factor = bySku.get(sku)?.units?.find((candidate) => candidate.unit === unit);
  expect(factor, `${unit} of ${sku}`).toBeDefined();
  return (quantity * (factor?.numerator ?? 0)) / (factor?.denominator ?? 1);
}

const unrestricted = new Map(snapshots.map((event) => [keyOf(event), event.buckets?.unrestricted ?? 0]));

describe("the same seed", () => {
  test("gives the same distributor", () => {
    expect(generateDistributor(demoSeed, nowMs)).toEqual(distributor);
  });

  test("on another day gives the same quantities under other dates and keys", () => {
    const later = generateDistributor(demoSeed, nowMs + 3 * dayMs);
    const stock = (events: readonly StockEventInput[]) =>
      events.map(({ sku, locationId, buckets }) => ({ sku, locationId, buckets }));
    expect(later.run).not.toBe(distributor.run);
    expect(later.products).toEqual(products);
    expect(stock(later.snapshots)).toEqual(stock(snapshots));
    expect(later.bookBalances).toEqual(bookBalances);
    expect(later.orders.map(({ lines }) => lines)).toEqual(orders.map(({ lines }) => lines));
    const shifted =
      Date.parse(later.purchaseOrders[0]?.orderedOn ?? "") - Date.parse(distributor.purchaseOrders[0]?.orderedOn ?? "");
    expect(shifted).toBe(3 * dayMs);
  });

  test("is not the distributor of another seed", () => {
    expect(generateDistributor(demoSeed + 1, nowMs).snapshots).not.toEqual(snapshots);
  });
});

describe("for any seed", () => {
  const seeds = Array.from({ length: 12 }, (_, index) => index * 37 + 1);

  test.each(seeds)("seed %i: every SKU and location that is named exists, every sum is whole", (seed) => {
    const made = generateDistributor(seed, nowMs);
    const skus = new Set(made.products.map(({ sku }) => sku));
    const places = new Set(made.locations.map(({ id }) => id));
    const named = [
      ...made.snapshots,
      ...made.bookBalances,
      ...made.picks,
      ...made.watched,
      ...made.orders.flatMap(({ lines }) => lines),
      ...made.purchaseOrders.flatMap(({ lines }) => lines),
      made.example,
    ];
    const returnedSkus = made.returns.flatMap(({ authorize, receive }) => [
      ...(authorize?.lines ?? []),
      ...(receive?.lines ?? []),
    ]);
    const partSkus = made.products.flatMap(({ components = [] }) => components);
    const rules = made.policies.flatMap((policy) => [
      ...policy.eligibility,
      ...policy.protections,
      ...policy.safetyStocks,
      ...policy.caps,
      ...policy.sellMultiples,
    ]);
    const skusNamed = [...named, ...returnedSkus, ...partSkus, ...rules].flatMap(({ sku }) => sku ?? []);
    const placesNamed = [...named, ...rules].flatMap(({ locationId }) => locationId ?? []);
    expect(skusNamed.filter((sku) => !skus.has(sku))).toEqual([]);
    expect(placesNamed.filter((locationId) => !places.has(locationId))).toEqual([]);
    const wrong = made.snapshots.filter(({ quantity, buckets = {} }) => {
      const values: readonly number[] = Object.values(buckets);
      const sum = values.reduce((total, value) => total + value, 0);
      return sum !== quantity || values.some((value) => !Number.isInteger(value) || value < 0);
    });
    expect(wrong).toEqual([]);
  });

  test.each(seeds)("seed %i: orders and picks take no more than there is, apart from a small backlog", (seed) => {
    const made = generateDistributor(seed, nowMs);
    const stock = new Map(made.snapshots.map((event) => [keyOf(event), event.buckets?.unrestricted ?? 0]));
    const committed = new Map<string, number>();
    for (const line of made.orders.flatMap(({ lines }) => lines)) {
      committed.set(keyOf(line), (committed.get(keyOf(line)) ?? 0) + inBaseUnits(line));
    }
    const short = [...committed].filter(([key, quantity]) => quantity > (stock.get(key) ?? 0));
    expect(short.length).toBeLessThanOrEqual(4);
    for (const [key, quantity] of short) expect(quantity - (stock.get(key) ?? 0)).toBeLessThanOrEqual(5);
    const picked = new Map<string, number>();
    for (const pick of made.picks) picked.set(keyOf(pick), (picked.get(keyOf(pick)) ?? 0) + inBaseUnits(pick));
    for (const [key, quantity] of picked) expect(quantity).toBeLessThanOrEqual(stock.get(key) ?? 0);
  });
});

describe("master data", () => {
  test("has a few hundred SKUs with units, classes and costs, each once", () => {
    expect(products.length).toBeGreaterThan(250);
    expect(products.length).toBeLessThan(400);
    expect(bySku.size).toBe(products.length);
    for (const { sku, unitCost, class: itemClass } of products) {
      expect(unitCost, sku).toMatch(/^\d+\.\d\d$/);
      expect(Number(unitCost), sku).toBeGreaterThan(0);
      expect(["A", "B", "C"]).toContain(itemClass);
    }
  });

  test("lists the components of a kit before the kit", () => {
    const kits = products.filter(({ components }) => components);
    expect(kits.length).toBeGreaterThan(3);
    for (const kit of kits) {
      const rank = products.indexOf(kit);
      for (const { sku } of kit.components ?? []) {
        expect(products.findIndex((product) => product.sku === sku)).toBeLessThan(rank);
      }
    }
  });

  test("has five warehouses, one run by a third party, and a returns centre that sells nothing", () => {
    const selling = locations.filter(({ sellable }) => sellable);
    expect(selling).toHaveLength(5);
    expect(selling.filter(({ type }) => type === "THIRD_PARTY")).toHaveLength(1);
    expect(locations.filter(({ sellable }) => !sellable)).toHaveLength(1);
    expect(new Set(locations.map(({ timeZone }) => timeZone)).size).toBeGreaterThan(3);
  });
});

describe("demand", () => {
  const items = demandItems(createRandom(demoSeed));

  test("is skewed: a fifth of the items makes more than two thirds of it", () => {
    const daily = items.map(({ dailyDemand }) => dailyDemand).sort((a, b) => b - a);
    const total = daily.reduce((sum, quantity) => sum + quantity, 0);
    const top = daily.slice(0, Math.ceil(daily.length / 5)).reduce((sum, quantity) => sum + quantity, 0);
    expect(top / total).toBeGreaterThan(0.66);
  });

  test("makes classes: A is the smaller part of the items and four fifths of the value", () => {
    const value = (itemClass: string) =>
      items.filter((item) => item.class === itemClass).reduce((sum, item) => sum + item.dailyDemand * item.unitCost, 0);
    const total = value("A") + value("B") + value("C");
    expect(items.filter((item) => item.class === "A").length).toBeLessThan(items.length * 0.35);
    expect(value("A") / total).toBeGreaterThan(0.78);
    expect(value("C") / total).toBeLessThan(0.06);
  });

  test("shows in the stock: class A lies in more places than class C", () => {
    const placesPerItem = (itemClass: string) => {
      const skus = new Set(products.filter((product) => product.class === itemClass).map(({ sku }) => sku));
      const held = snapshots.filter(({ sku }) => skus.has(sku));
      return held.length / new Set(held.map(({ sku }) => sku)).size;
    };
    expect(placesPerItem("A")).toBeGreaterThan(2 * placesPerItem("C"));
  });
});

describe("books", () => {
  const book = new Map(bookBalances.map((balance) => [keyOf(balance), balance.onHand]));
  const shelves = new Map(snapshots.map((event) => [keyOf(event), event.quantity]));

  test("equal the shelves everywhere but at the differences that are named", () => {
    const keys = new Set([...book.keys(), ...shelves.keys()]);
    const differing = [...keys].filter((key) => book.get(key) !== shelves.get(key));
    expect(differing.sort()).toEqual(bookDifferences.map(keyOf).sort());
    expect(differing.length).toBeGreaterThan(10);
    expect(differing.length).toBeLessThan(snapshots.length * 0.03);
  });

  test("differ in each of the ways that reconciliation tells apart", () => {
    const kinds = new Set(bookDifferences.map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(["PHYSICAL", "UNIT_CONVERSION", "MISSING_IN_BOOK", "MISSING_IN_WAREHOUSE"]));
    for (const difference of bookDifferences.filter(({ kind }) => kind === "UNIT_CONVERSION")) {
      const ratio = (book.get(keyOf(difference)) ?? 0) / (shelves.get(keyOf(difference)) ?? 1);
      expect(ratio).toBe(inBaseUnits({ sku: difference.sku, quantity: 1, unit: "CASE" }));
    }
  });
});

describe("documents", () => {
  test("sell over all three channels, in pieces and in cases", () => {
    expect(new Set(orders.map(({ channel }) => channel))).toEqual(new Set(["WEB", "B2B", "MARKETPLACE"]));
    const units = new Set(orders.flatMap(({ lines }) => lines.map(({ unit }) => unit ?? "EA")));
    expect(units).toEqual(new Set(["EA", "CASE"]));
  });

  test("keep to the marketplace's own rules", () => {
    for (const line of orders.filter(({ channel }) => channel === "MARKETPLACE").flatMap(({ lines }) => lines)) {
      expect(line.locationId).not.toBe("GDANSK");
      expect(bySku.get(line.sku)?.class).not.toBe("C");
    }
  });

  test("pick whole lines of orders that exist, and leave most orders open", () => {
    const lines = new Map(
      orders.flatMap((order) => order.lines.map((line) => [`${order.orderId}/${line.line}`, line])),
    );
    for (const { documentRef, sku, quantity } of picks) {
      expect(lines.get(`${documentRef?.id}/${documentRef?.line}`)).toMatchObject({ sku, quantity });
    }
    expect(picks.length).toBeGreaterThan(30);
    expect(picks.length).toBeLessThan(lines.size / 2);
  });

  test("buy what is promised for the coming weeks, with some orders late, complete or dropped", () => {
    const { purchaseOrders } = distributor;
    const open = purchaseOrders.filter(({ status }) => status === "PENDING" || status === "APPROVED");
    const promised = open.flatMap(({ lines }) => lines.map(({ promisedOn }) => Date.parse(promisedOn ?? "")));
    expect(promised.filter((ms) => ms > nowMs).length).toBeGreaterThan(promised.length * 0.8);
    expect(promised.some((ms) => ms < nowMs - dayMs)).toBe(true);
    expect(promised.every((ms) => ms < nowMs + 46 * dayMs)).toBe(true);
    expect(new Set(purchaseOrders.map(({ status }) => status)).size).toBe(5);
    for (const { orderedOn, expectedOn = "", status } of purchaseOrders) {
      expect(Date.parse(orderedOn)).toBeLessThan(Date.parse(expectedOn));
      if (status === "COMPLETE") expect(Date.parse(expectedOn)).toBeLessThan(nowMs);
    }
    for (const { ordered, received = 0, rejected = 0 } of purchaseOrders.flatMap(({ lines }) => lines)) {
      expect(ordered).toBeGreaterThan(0);
      expect(received).toBeLessThanOrEqual(ordered);
      expect(rejected).toBeLessThanOrEqual(received);
    }
  });

  test("take back what was announced and, once, what was not", () => {
    expect(returns.filter(({ authorize }) => authorize === null)).toHaveLength(1);
    expect(returns.some(({ receive }) => receive === null)).toBe(true);
    for (const { authorize, receive } of returns) {
      if (!authorize) continue;
      const announced = new Map(authorize.lines.map(({ sku, quantity }) => [sku, quantity]));
      expect(announced.size).toBe(authorize.lines.length);
      for (const { sku, quantity } of receive?.lines ?? [])
        expect(quantity).toBeLessThanOrEqual(announced.get(sku) ?? 0);
    }
  });

  test("come to no more than four thousand facts", () => {
    const lines = [...orders, ...distributor.purchaseOrders].reduce((sum, document) => sum + document.lines.length, 0);
    const returned = returns.reduce(
      (sum, { authorize, receive }) => sum + (authorize?.lines.length ?? 0) + (receive?.lines.length ?? 0),
      0,
    );
    const facts =
      products.length + locations.length + snapshots.length + bookBalances.length + lines + picks.length + returned;
    expect(facts).toBeGreaterThan(2_000);
    expect(facts).toBeLessThan(4_000);
  });

  test("use every idempotency key and every event id once", () => {
    const keys = [...orders, ...distributor.purchaseOrders, ...policies].map(({ idempotencyKey }) => idempotencyKey);
    const ids = [...snapshots, ...picks].map(({ id }) => id);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test("the example has something to say in every term, and more of it is on order", () => {
  const { example } = distributor;
  const event = snapshots.find((snapshot) => keyOf(snapshot) === keyOf(example));
  const lines = orders.flatMap(({ lines }) => lines).filter((line) => keyOf(line) === keyOf(example));
  const protectedFor = policies.filter(({ protections }) => protections.some(({ sku }) => sku === example.sku));
  expect(event?.buckets).toMatchObject({ damaged: 4 });
  expect(event?.buckets?.dock).toBeGreaterThan(0);
  expect(event?.buckets?.hold).toBeGreaterThan(0);
  expect(lines.length).toBeGreaterThanOrEqual(3);
  expect(picks.some((pick) => keyOf(pick) === keyOf(example))).toBe(true);
  expect(bySku.get(example.sku)?.safetyStock).toBeGreaterThan(0);
  expect(protectedFor.map(({ channel }) => channel)).toEqual(["B2B"]);
  const [purchase] = distributor.purchaseOrders;
  expect(purchase?.status).toBe("APPROVED");
  expect(purchase?.lines.map(keyOf)).toContain(keyOf(example));
  expect(returns[0]?.authorize?.locationId).toBe(example.locationId);
  expect(returns[0]?.receive?.lines.map(({ sku }) => sku)).toEqual([example.sku]);
  // And there is still something to sell.
  const claimed = lines.reduce((sum, line) => sum + inBaseUnits(line), 0);
  expect((unrestricted.get(keyOf(example)) ?? 0) - claimed).toBeGreaterThan(100);
});

test("the simulation watches sellable positions that hold something", () => {
  const { watched } = distributor;
  expect(watched.length).toBe(40);
  expect(new Set(watched.map(keyOf)).size).toBe(watched.length);
  expect(watched.map(keyOf)).toContain(keyOf(distributor.example));
  for (const position of watched) {
    expect(unrestricted.get(keyOf(position))).toBe(position.target);
    expect(position.target).toBeGreaterThanOrEqual(40);
  }
});

test("onHand adds up the buckets", () => {
  expect(onHand({ unrestricted: 1, picked: 2, dock: 3, damaged: 4, hold: 5, expired: 6, quarantine: 7 })).toBe(28);
});
