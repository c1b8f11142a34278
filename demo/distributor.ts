/**
 * The demo distributor: a whole small business made from one seed, as data for the public API.
 *
 * Pure: the same seed and time give the same business; another time moves dates and ids and changes no quantity.
 * Everything it names exists in it. Books follow the shelves except at the few `bookDifferences`.
 */
import { isoTime } from "../shared/clock.ts";
import { catalogueKits } from "./catalogue.ts";
import {
  customerReturns,
  type DemoReturn,
  type DocumentContext,
  minuteMs,
  purchaseOrders,
  salesOrders,
} from "./documents.ts";
import type {
  AllocateOrderInput,
  LocationInput,
  ProductInput,
  PurchaseOrderInput,
  SetChannelPolicyInput,
  StockEventInput,
} from "./operations.ts";
import { channelPolicies } from "./policies.ts";
import { createRandom, type Random } from "./random.ts";
import type { WatchedPosition } from "./simulation-state.ts";
import {
  type DemandItem,
  demandItems,
  onHand,
  openingStock,
  returnsCentre,
  type StockLevel,
  warehouses,
} from "./stock.ts";

export interface BookBalance {
  readonly sku: string;
  readonly locationId: string;
  readonly onHand: number;
}

export interface BookDifference {
  readonly sku: string;
  readonly locationId: string;
  readonly kind: "PHYSICAL" | "UNIT_CONVERSION" | "MISSING_IN_BOOK" | "MISSING_IN_WAREHOUSE";
}

export interface Distributor {
  readonly seed: number;
  /** Starts every idempotency key and event id. */
  readonly run: string;
  readonly locations: readonly LocationInput[];
  /** Components before the kits that contain them. */
  readonly products: readonly ProductInput[];
  readonly snapshots: readonly StockEventInput[];
  readonly bookBalances: readonly BookBalance[];
  readonly bookDifferences: readonly BookDifference[];
  readonly purchaseOrders: readonly PurchaseOrderInput[];
  readonly orders: readonly AllocateOrderInput[];
  readonly picks: readonly StockEventInput[];
  readonly returns: readonly DemoReturn[];
  readonly policies: readonly SetChannelPolicyInput[];
  /** A position whose answer has many terms. */
  readonly example: { readonly sku: string; readonly locationId: string };
  /** Where the simulation keeps stock moving. */
  readonly watched: readonly WatchedPosition[];
}

export const demoSeed = 10;

export function generateDistributor(seed: number, nowMs: number): Distributor {
  // A stream of its own for each part: more orders must not change the stock.
  const stream = (part: number) => createRandom(seed * 1_000 + part);
  const run = `demo-${seed}-${nowMs.toString(36)}`;
  const context = (part: number): DocumentContext => ({ random: stream(part), nowMs, run });

  const items = demandItems(stream(1));
  const { levels, example } = withExample(openingStock(items, stream(2)));
  const { bookBalances, bookDifferences } = books(levels, example, stream(3));
  return {
    seed,
    run,
    locations: [...warehouses, returnsCentre],
    products: [...items.map(product), ...kits(items)],
    snapshots: levels.map((level) => snapshot(level, run, nowMs)),
    bookBalances,
    bookDifferences,
    purchaseOrders: purchaseOrders(levels, example, context(4)),
    ...salesOrders(levels, example, context(5)),
    returns: customerReturns(levels, example, context(6)),
    policies: channelPolicies(levels, example, run),
    example: { sku: example.item.sku, locationId: example.locationId },
    watched: watchedPositions(levels, example, stream(7)),
  };
}

const watchedCount = 40;
const snapshotAgeMs = 20 * minuteMs;

/** A popular class A item at the largest site, with something in the buckets that block and numbers easy to read. */
function withExample(levels: readonly StockLevel[]): { levels: readonly StockLevel[]; example: StockLevel } {
  const readable = ({ item, buckets }: StockLevel) =>
    item.class === "A" &&
    item.sellMultiple === null &&
    buckets.unrestricted >= 20 * item.caseSize &&
    buckets.unrestricted >= 200 &&
    buckets.unrestricted <= 900;
  const found = levels.find((level) => level.locationId === "LEEDS" && readable(level));
  if (!found) throw new RangeError("no position is fit to be the example");
  const { caseSize } = found.item;
  const buckets = { ...found.buckets, damaged: 4, hold: caseSize, dock: 2 * caseSize };
  const example = { ...found, buckets };
  return { levels: levels.map((level) => (level === found ? example : level)), example };
}

function product(item: DemandItem): ProductInput {
  return {
    sku: item.sku,
    name: item.name,
    baseUnit: "EA",
    units: [
      { unit: "CASE", numerator: item.caseSize, denominator: 1 },
      { unit: "PALLET", numerator: item.palletSize, denominator: 1 },
    ],
    class: item.class,
    unitCost: item.unitCost.toFixed(2),
    ...(item.safetyStock > 0 ? { safetyStock: item.safetyStock } : {}),
    ...(item.sellMultiple ? { sellMultiple: item.sellMultiple } : {}),
  };
}

/** A kit costs what its parts cost. */
function kits(items: readonly DemandItem[]): readonly ProductInput[] {
  const costs = new Map(items.map(({ sku, unitCost }) => [sku, unitCost]));
  return catalogueKits.map(({ sku, name, components }) => {
    const cost = components.reduce((sum, part) => sum + (costs.get(part.sku) ?? 0) * part.quantity, 0);
    return { sku, name, baseUnit: "EA", class: "B", unitCost: cost.toFixed(2), components };
  });
}

function snapshot({ item, locationId, buckets }: StockLevel, run: string, nowMs: number): StockEventInput {
  return {
    id: `${run}-opening-${locationId}-${item.sku}`,
    type: "SNAPSHOT",
    sku: item.sku,
    locationId,
    quantity: onHand(buckets),
    occurredAt: isoTime(nowMs - snapshotAgeMs),
    note: "opening stock",
    buckets,
  };
}

/** What the accountants believe: the shelves, but for a few positions in each way that books go wrong. */
function books(levels: readonly StockLevel[], example: StockLevel, random: Random) {
  const untouched = new Set(levels.filter((level) => level !== example && onHand(level.buckets) > 12));
  const differences = new Map<StockLevel, BookDifference["kind"]>();
  const mark = (count: number, kind: BookDifference["kind"], fits: (level: StockLevel) => boolean) => {
    for (let marked = 0; marked < count; marked += 1) {
      const level = random.pick([...untouched].filter(fits));
      untouched.delete(level);
      differences.set(level, kind);
    }
  };
  mark(8, "PHYSICAL", () => true);
  mark(2, "UNIT_CONVERSION", ({ item }) => item.caseSize <= 60);
  mark(2, "MISSING_IN_BOOK", ({ item }) => item.class === "C");

  const balances = levels.flatMap((level): BookBalance[] => {
    const { sku } = level.item;
    const { locationId } = level;
    const counted = onHand(level.buckets);
    switch (differences.get(level)) {
      case "PHYSICAL":
        return [{ sku, locationId, onHand: counted + random.pick([-6, -3, -2, -1, 1, 2, 4, 9]) }];
      case "UNIT_CONVERSION":
        // Somebody posted each piece as if it were a case.
        return [{ sku, locationId, onHand: counted * level.item.caseSize }];
      case "MISSING_IN_BOOK":
        return [];
      default:
        return [{ sku, locationId, onHand: counted }];
    }
  });
  const kinds = [...differences].map(([{ item, locationId }, kind]) => ({ sku: item.sku, locationId, kind }));
  const ghosts = ghostBalances(levels, random);
  return {
    bookBalances: [...balances, ...ghosts],
    bookDifferences: [
      ...kinds,
      ...ghosts.map(({ sku, locationId }) => ({ sku, locationId, kind: "MISSING_IN_WAREHOUSE" as const })),
    ],
  };
}

/** Two balances at a site that has never seen the item. */
function ghostBalances(levels: readonly StockLevel[], random: Random): readonly BookBalance[] {
  const stocked = new Set(levels.map(({ item, locationId }) => `${item.sku}|${locationId}`));
  const gaps = [...new Set(levels.map(({ item }) => item.sku))].filter((sku) => !stocked.has(`${sku}|GDANSK`));
  return [gaps.at(0), gaps.at(-1)].flatMap((sku) =>
    sku ? [{ sku, locationId: "GDANSK", onHand: random.integer(3, 12) }] : [],
  );
}

/** Positions large enough to sell from for a while and small enough that a sale shows. */
function watchedPositions(
  levels: readonly StockLevel[],
  example: StockLevel,
  random: Random,
): readonly WatchedPosition[] {
  const fit = new Set(
    levels.filter(
      ({ item, buckets }) =>
        buckets.unrestricted >= 40 && buckets.unrestricted <= 600 && item.caseSize * 5 <= buckets.unrestricted,
    ),
  );
  const chosen = [example];
  fit.delete(example);
  while (chosen.length < watchedCount && fit.size > 0) {
    const level = random.weighted([...fit], ({ dailyDemand }) => dailyDemand);
    fit.delete(level);
    chosen.push(level);
  }
  return chosen.map(({ item, locationId, buckets }) => ({
    sku: item.sku,
    locationId,
    caseSize: item.caseSize,
    sellMultiple: item.sellMultiple ?? 1,
    target: buckets.unrestricted,
  }));
}
