/**
 * What a system knows of the ERP's products, units and locations: its own replica, filled from `master.changed`.
 *
 * A replica never goes back: an event counts only if its version is newer. Another system's fact may overtake the
 * master data it needs, so a command may wait for it, for a bounded time and outside any transaction.
 */
import { setTimeout as wait } from "node:timers/promises";
import { type Caller, createSight, type Sight, seenOf } from "./accounts.ts";
import type { Reader, Transaction } from "./db/database.ts";
import { marks, upsertNewer } from "./db/statements.ts";
import { AppError } from "./errors.ts";
import type { AnyEvent, CanonicalEvent, LocationChanged, ProductChanged } from "./events/canonical-event.ts";
import { parseLocationId, parseSku } from "./ids.ts";
import { limits } from "./limits.ts";
import { factorFor, type Rounding, toBaseUnits, type UnitFactor } from "./quantity.ts";

export interface ProductReplica {
  readonly sku: string;
  readonly name: string;
  readonly baseUnit: string;
  readonly class: string | null;
  readonly active: boolean;
  /** Exact decimal, of one base unit; null where the ERP has not told it. */
  readonly unitCost: string | null;
  readonly safetyStock: number;
  /** Sold only in multiples of this many base units; null where it does not matter. */
  readonly sellMultiple: number | null;
  readonly units: readonly UnitFactor[];
  /** What a kit consists of; empty for everything else. */
  readonly components: readonly { readonly sku: string; readonly quantity: number }[];
  readonly version: number;
}

export interface LocationReplica {
  readonly locationId: string;
  readonly name: string;
  readonly type: string;
  readonly timeZone: string;
  readonly sellable: boolean;
  /** Business accounts it is there for; none: the company's own. */
  readonly accounts: readonly string[];
  readonly version: number;
}

/** A quantity as somebody wrote it down. */
export interface EnteredQuantity {
  readonly sku: string;
  readonly quantity: number;
  /** The base unit where none is given. */
  readonly unit?: string | null | undefined;
}

export interface MasterDataNeed {
  readonly items: readonly Pick<EnteredQuantity, "sku" | "unit">[];
  readonly locationIds: readonly string[];
}

/** The part of the replica that one command needs. */
export interface MasterData {
  /** Fails with UNKNOWN_SKU. */
  product(sku: string, field?: readonly string[]): ProductReplica;
  /** Fails with UNKNOWN_LOCATION. */
  location(locationId: string, field?: readonly string[]): LocationReplica;
  /** Fails with UNKNOWN_SKU, UOM_UNMAPPED, QUANTITY_OUT_OF_RANGE; `field` is the path of the line. */
  baseUnits(entered: EnteredQuantity, rounding: Rounding, field?: readonly string[]): number;
}

export interface WaitOptions {
  readonly waitMs?: number;
  /** Whose command it is: a location that they do not see is not known. */
  readonly caller?: Caller;
  /** How the time between two looks passes. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

/** Takes over what `master.changed` events among `events` say; for a consumer's `handle`. */
export async function applyMasterData(tx: Transaction, events: readonly AnyEvent[]): Promise<void> {
  const products: ReturnType<typeof productRow>[] = [];
  const locations: ReturnType<typeof locationRow>[] = [];
  for (const event of events) {
    if (event.type !== "master.changed") continue;
    const { data } = event;
    if (data.kind === "product") products.push(productRow(event, data));
    else locations.push(locationRow(event, data));
  }
  // In key order, so that two workers do not wait for each other.
  products.sort((a, b) => (a.sku < b.sku ? -1 : 1));
  locations.sort((a, b) => (a.id < b.id ? -1 : 1));
  await upsertNewer(tx, "product_replicas", ["sku"], "version", products);
  await upsertNewer(tx, "location_replicas", ["id"], "version", locations);
}

/** Those that are known, by SKU. */
export async function findProducts(db: Reader, skus: readonly string[]): Promise<Map<string, ProductReplica>> {
  const wanted = [...new Set(skus)];
  if (wanted.length === 0) return new Map();
  const rows = await db.query<Record<string, unknown>>(
    `SELECT sku, name, base_unit, class, active, unit_cost, safety_stock, sell_multiple, units, components, version
       FROM product_replicas WHERE sku IN (${marks(wanted.length)})`,
    wanted,
  );
  return new Map(rows.map((row) => [row["sku"] as string, toProduct(row)]));
}

/** Those that are known, by location id. */
export async function findLocations(db: Reader, ids: readonly string[]): Promise<Map<string, LocationReplica>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const rows = await db.query<Record<string, unknown>>(
    `SELECT id, name, type, time_zone, sellable, accounts, version
       FROM location_replicas WHERE id IN (${marks(wanted.length)})`,
    wanted,
  );
  return new Map(rows.map((row) => [row["id"] as string, toLocation(row)]));
}

/** What a caller sees of locations, as the replica stands. */
export function sightOf(caller: Caller, db: Reader): Sight {
  return createSight(caller, (ids) => findLocations(db, ids));
}

/** Locations that name any account, by id. */
export async function findAccountLocations(db: Reader): Promise<Map<string, Pick<LocationReplica, "accounts">>> {
  const rows = await db.query<{ id: string; accounts: string }>(
    "SELECT id, accounts FROM location_replicas WHERE accounts <> '[]' ORDER BY id",
  );
  return new Map(rows.map(({ id, accounts }) => [id, { accounts: JSON.parse(accounts) as string[] }]));
}

/**
 * The master data for a command, looked for again for up to `waitMs` while something is missing. What is still
 * missing then is reported by `MasterData`'s methods. Never call it inside a transaction: on SQLite that would keep
 * out the very consumer it waits for.
 */
export async function waitForMasterData(
  db: Reader,
  need: MasterDataNeed,
  options: WaitOptions = {},
): Promise<MasterData> {
  // A malformed code will never be known: the command refuses it by itself, and at once.
  const items = need.items.filter((item) => isCode(parseSku, item.sku));
  const locationIds = need.locationIds.filter((id) => isCode(parseLocationId, id));
  const skus = items.map((item) => item.sku);
  const look = async () => ({
    products: await findProducts(db, skus),
    // What is not seen is waited for like what is not there: the time would tell.
    locations: seenOf(options.caller ?? { accounts: null }, await findLocations(db, locationIds)),
  });
  const { products, locations } = await lookUntil(
    look,
    (found) =>
      items.every(({ sku, unit }) => hasUnit(found.products.get(sku), unit)) &&
      locationIds.every((id) => found.locations.has(id)),
    options,
  );
  return masterDataOf(products, locations);
}

/** Looks again, ever more seldom, until it is complete or `waitMs` have passed; what was found last. */
export async function lookUntil<T>(
  look: () => Promise<T>,
  isComplete: (found: T) => boolean,
  { waitMs = limits.masterDataWaitMs, pause = wait }: WaitOptions,
): Promise<T> {
  for (let waitedMs = 0, stepMs = 10; ; waitedMs += stepMs, stepMs = Math.min(stepMs * 2, 200)) {
    const found = await look();
    if (isComplete(found) || waitedMs >= waitMs) return found;
    await pause(stepMs);
  }
}

export function masterDataOf(
  products: ReadonlyMap<string, ProductReplica>,
  locations: ReadonlyMap<string, LocationReplica>,
): MasterData {
  const product: MasterData["product"] = (sku, field) => {
    const found = products.get(sku);
    if (!found)
      throw new AppError("UNKNOWN_SKU", { sku, message: `No such SKU: ${sku}.`, ...(field ? { field } : {}) });
    return found;
  };
  return {
    product,
    location(locationId, field) {
      const found = locations.get(locationId);
      if (found) return found;
      const message = `No such location: ${locationId}.`;
      throw new AppError("UNKNOWN_LOCATION", { locationId, message, ...(field ? { field } : {}) });
    },
    baseUnits({ sku, quantity, unit }, rounding, field) {
      const { baseUnit, units } = product(sku, field && [...field, "sku"]);
      if (!hasUnit({ baseUnit, units }, unit)) {
        const message = `SKU ${sku} has no factor for the unit ${unit}.`;
        throw new AppError("UOM_UNMAPPED", { sku, unit, message, ...(field ? { field: [...field, "unit"] } : {}) });
      }
      return toBaseUnits(quantity, factorFor(unit, baseUnit, units), rounding);
    },
  };
}

function hasUnit(product: Pick<ProductReplica, "baseUnit" | "units"> | undefined, unit: string | null | undefined) {
  if (!product) return false;
  return unit == null || unit === product.baseUnit || product.units.some((known) => known.unit === unit);
}

function isCode(parse: (value: string) => string, value: string): boolean {
  try {
    return parse(value) === value;
  } catch {
    return false;
  }
}

/** The item as one event tells it. */
export function productOf(event: CanonicalEvent<"master.changed">, data: ProductChanged): ProductReplica {
  return toProduct(productRow(event, data));
}

/** The place as one event tells it. */
export function locationOf(event: CanonicalEvent<"master.changed">, data: LocationChanged): LocationReplica {
  return toLocation(locationRow(event, data));
}

function productRow(event: CanonicalEvent<"master.changed">, data: ProductChanged) {
  return {
    sku: event.sku ?? event.partitionKey.slice("product:".length),
    name: data.name,
    base_unit: data.baseUnit,
    class: data.class,
    active: data.active ? 1 : 0,
    unit_cost: data.unitCost ?? null,
    safety_stock: data.safetyStock,
    sell_multiple: data.sellMultiple ?? null,
    units: JSON.stringify(data.units),
    // Of an assembly they are no stock that could be sold.
    components: JSON.stringify(data.kit === false ? [] : (data.components ?? [])),
    version: data.version,
  };
}

function locationRow(event: CanonicalEvent<"master.changed">, data: LocationChanged) {
  return {
    id: event.locationId ?? event.partitionKey.slice("location:".length),
    name: data.name,
    type: data.type,
    time_zone: data.timeZone,
    sellable: data.sellable ? 1 : 0,
    accounts: JSON.stringify(data.accounts ?? []),
    version: data.version,
  };
}

function toProduct(row: Record<string, unknown>): ProductReplica {
  return {
    sku: row["sku"] as string,
    name: row["name"] as string,
    baseUnit: row["base_unit"] as string,
    class: row["class"] as string | null,
    active: Number(row["active"]) === 1,
    unitCost: row["unit_cost"] as string | null,
    safetyStock: Number(row["safety_stock"]),
    sellMultiple: row["sell_multiple"] === null ? null : Number(row["sell_multiple"]),
    units: JSON.parse(row["units"] as string) as UnitFactor[],
    components: JSON.parse(row["components"] as string) as ProductReplica["components"],
    version: Number(row["version"]),
  };
}

function toLocation(row: Record<string, unknown>): LocationReplica {
  return {
    locationId: row["id"] as string,
    name: row["name"] as string,
    type: row["type"] as string,
    timeZone: row["time_zone"] as string,
    sellable: Number(row["sellable"]) === 1,
    accounts: JSON.parse(row["accounts"] as string) as string[],
    version: Number(row["version"]),
  };
}
