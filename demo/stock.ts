/**
 * How much of what lies where: demand, item classes and the opening stock of every position.
 *
 * Demand follows Zipf, cheap goods tend to be the popular ones; classes come from the ABC analysis of demand × cost;
 * stock covers some weeks of demand. Every bucket is a whole number of base units, none is negative. Knows no dates.
 */
import { type CatalogueItem, catalogueItems } from "./catalogue.ts";
import type { BucketsInput, LocationInput } from "./operations.ts";
import { personas } from "./personas.ts";
import { type Random, zipfShares } from "./random.ts";

export interface DemandItem extends CatalogueItem {
  readonly class: "A" | "B" | "C";
  readonly unitCost: number;
  /** Base units a day, over all locations. */
  readonly dailyDemand: number;
  /** Per location, in base units. */
  readonly safetyStock: number;
}

export interface StockLevel {
  readonly item: DemandItem;
  readonly locationId: string;
  /** Base units a day, here. */
  readonly dailyDemand: number;
  readonly buckets: BucketsInput;
}

interface Site extends LocationInput {
  /** Of the demand of a SKU that every site stocks. */
  readonly share: number;
}

const sites: readonly Site[] = [
  site("LEEDS", "Leeds Distribution Centre", "WAREHOUSE", "Europe/London", 0.34),
  site("ROTTERDAM", "Rotterdam Distribution Centre", "WAREHOUSE", "Europe/Amsterdam", 0.26),
  site("LYON", "Lyon Warehouse", "WAREHOUSE", "Europe/Paris", 0.16),
  site("DUBLIN", "Dublin Warehouse", "WAREHOUSE", "Europe/Dublin", 0.12),
  site("GDANSK", "Gdańsk, Baltic Logistics", "THIRD_PARTY", "Europe/Warsaw", 0.12),
];

/** Goods that come back are received here; nothing is sold from it. */
export const returnsCentre: LocationInput = {
  id: "VENLO",
  name: "Venlo Returns Centre",
  type: "CROSS_DOCK",
  timeZone: "Europe/Amsterdam",
  sellable: false,
};

export const warehouses: readonly LocationInput[] = sites.map(({ share: _, ...location }) => location);

/** The whole catalogue with its demand, the most wanted first. */
export function demandItems(random: Random): readonly DemandItem[] {
  const shares = zipfShares(catalogueItems().length, 1);
  // A race of exponential arrivals: the cheaper an item, the sooner it tends to arrive, and every order is possible.
  const ranked = catalogueItems()
    .map((item) => ({ item, arrival: -Math.log(1 - random.next()) * item.cost ** 0.5 }))
    .sort((a, b) => a.arrival - b.arrival)
    .map(({ item }, rank) => ({
      ...item,
      unitCost: Math.max(0.01, round2(item.cost * (0.9 + random.next() * 0.2))),
      dailyDemand: (shares[rank] ?? 0) * dailyDemandTotal,
    }));
  const classes = abcClasses(ranked);
  return ranked.map((item) => {
    const itemClass = classes.get(item.sku) ?? "C";
    const coverDays = safetyStockDays[itemClass];
    return { ...item, class: itemClass, safetyStock: Math.ceil(item.dailyDemand * meanShare * coverDays) };
  });
}

export function openingStock(items: readonly DemandItem[], random: Random): readonly StockLevel[] {
  return items.flatMap((item) => {
    const stocking = sitesFor(item, random);
    const total = stocking.reduce((sum, { share }) => sum + share, 0);
    return stocking.map(({ id, share }) => {
      const dailyDemand = (item.dailyDemand * share) / total;
      return { item, locationId: id, dailyDemand, buckets: bucketsFor(item, dailyDemand, random) };
    });
  });
}

export function onHand(buckets: BucketsInput): number {
  return Object.values(buckets).reduce((sum, quantity) => sum + quantity, 0);
}

const dailyDemandTotal = 6_000;
const meanShare = 1 / sites.length;
const safetyStockDays = { A: 2, B: 1.5, C: 0 };

/** A makes up the first 80 % of the value sold, B the next 15 %. */
function abcClasses(items: readonly { sku: string; unitCost: number; dailyDemand: number }[]) {
  const byValue = items
    .map(({ sku, unitCost, dailyDemand }) => ({ sku, value: unitCost * dailyDemand }))
    .sort((a, b) => b.value - a.value);
  const total = byValue.reduce((sum, { value }) => sum + value, 0);
  let before = 0;
  return new Map(
    byValue.map(({ sku, value }) => {
      const itemClass = before < total * 0.8 ? "A" : before < total * 0.95 ? "B" : "C";
      before += value;
      return [sku, itemClass] as const;
    }),
  );
}

/** Class A everywhere, B in three or four places, C in one to three: the largest site always, the others at random. */
function sitesFor(item: DemandItem, random: Random): readonly Site[] {
  const count = item.class === "A" ? sites.length : item.class === "B" ? random.integer(3, 4) : random.integer(1, 3);
  const chosen = sites.slice(0, 1);
  while (chosen.length < count) {
    const rest = sites.filter((candidate) => !chosen.includes(candidate));
    chosen.push(random.weighted(rest, ({ share }) => share));
  }
  return chosen;
}

function bucketsFor(item: DemandItem, dailyDemand: number, random: Random): BucketsInput {
  const coverDays = 10 + random.poisson(14);
  const stockOut = random.chance(0.03);
  const unrestricted = stockOut ? 0 : Math.round(dailyDemand * coverDays) + random.integer(2, 9);
  return {
    unrestricted,
    picked: 0,
    dock: random.chance(stockOut ? 0.5 : 0.08) ? item.caseSize * random.integer(1, 4) : 0,
    damaged: random.chance(0.12) ? 1 + random.poisson(Math.min(6, unrestricted * 0.004)) : 0,
    hold: random.chance(0.05) ? item.caseSize * random.integer(1, 2) : 0,
    expired: item.perishable && random.chance(0.3) ? 1 + random.poisson(Math.min(40, unrestricted * 0.02)) : 0,
    quarantine: 0,
  };
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}

function site(id: string, name: string, type: Site["type"], timeZone: string, share: number): Site {
  // The business customer is served from our own places, not from where others store for us.
  const accounts = type === "WAREHOUSE" ? personas.portal.accounts : [];
  return { id, name, type, timeZone, sellable: true, accounts, share };
}
