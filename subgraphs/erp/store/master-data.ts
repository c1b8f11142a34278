/**
 * Products and locations in the database.
 *
 * A save locks what it changes; two saves that create the same row at once meet in `insertMissing`, and the later one
 * begins again and finds the row.
 */
import { type Caller, createSight, type Sight, seenOf } from "../../../shared/accounts.ts";
import type { Reader, SqlValue, Transaction } from "../../../shared/db/database.ts";
import { TransactionConflict } from "../../../shared/db/retry.ts";
import { forUpdate, insertMissing, marks, upsertRows } from "../../../shared/db/statements.ts";
import type { Page } from "../../../shared/graphql/pagination.ts";
import type { UnitFactor } from "../../../shared/quantity.ts";
import type { Catalogue } from "../domain/catalogue.ts";
import type { Location, LocationType } from "../domain/location.ts";
import type { KitComponent, Product } from "../domain/product.ts";
import type { LocationRow, ProductRow } from "../entities.ts";
import { saveWords } from "./product-words.ts";

export async function findProducts(reader: Reader, skus: readonly string[]): Promise<Map<string, Product>> {
  return bySku(await selectIn<ProductRow>(reader, "products", "sku", skus, ""));
}

/** Locked until the transaction ends. */
export async function lockProducts(tx: Transaction, skus: readonly string[]): Promise<Map<string, Product>> {
  return bySku(await selectIn<ProductRow>(tx, "products", "sku", skus, forUpdate(tx.dialect)));
}

/** In order of the SKU. */
export async function pageProducts(reader: Reader, page: Page): Promise<Product[]> {
  const rows = await reader.query<ProductRow>(
    `SELECT * FROM products ${page.after ? "WHERE sku > ?" : ""} ORDER BY sku LIMIT ${page.size + 1}`,
    page.after ?? [],
  );
  return rows.map(toProduct);
}

export async function findLocations(reader: Reader, ids: readonly string[]): Promise<Map<string, Location>> {
  return byId(await selectIn<LocationRow>(reader, "locations", "id", ids, ""));
}

/** Locked until the transaction ends. */
export async function lockLocations(tx: Transaction, ids: readonly string[]): Promise<Map<string, Location>> {
  return byId(await selectIn<LocationRow>(tx, "locations", "id", ids, forUpdate(tx.dialect)));
}

/** What a caller sees of locations. */
export function sightOf(caller: Caller, reader: Reader): Sight {
  return createSight(caller, (ids) => findLocations(reader, ids));
}

export async function allLocations(reader: Reader): Promise<Location[]> {
  return (await reader.query<LocationRow>("SELECT * FROM locations ORDER BY id")).map(toLocation);
}

/** `caller`: whose command it is; a location that they do not see is not in it. */
export async function loadCatalogue(
  reader: Reader,
  needs: readonly { readonly sku: string; readonly locationId: string }[],
  caller: Caller,
): Promise<Catalogue> {
  const products = await findProducts(
    reader,
    needs.map(({ sku }) => sku),
  );
  const locations = await findLocations(
    reader,
    needs.map(({ locationId }) => locationId),
  );
  return { products, locationIds: new Set(seenOf(caller, locations).keys()) };
}

/** Of the SKUs, those that the books know at some location. */
export async function bookedSkus(reader: Reader, skus: readonly string[]): Promise<Set<string>> {
  if (skus.length === 0) return new Set();
  const rows = await reader.query<{ sku: string }>(
    `SELECT DISTINCT sku FROM book_positions WHERE sku IN (${marks(skus.length)})`,
    skus,
  );
  return new Set(rows.map(({ sku }) => sku));
}

export async function saveProducts(tx: Transaction, products: readonly Product[], nowMs: number): Promise<void> {
  const rows = products.map((product) => productRow(product, nowMs));
  await saveVersioned(tx, "products", "sku", rows);
  await saveWords(tx, products);
}

export async function saveLocations(tx: Transaction, locations: readonly Location[], nowMs: number): Promise<void> {
  const rows = locations.map((location) => locationRow(location, nowMs));
  await saveVersioned(tx, "locations", "id", rows);
}

/** Version 1 is a new row; rows of a later version are locked already. */
async function saveVersioned(
  tx: Transaction,
  table: string,
  key: string,
  rows: readonly (Record<string, SqlValue> & { version: number })[],
): Promise<void> {
  const created = rows.filter(({ version }) => version === 1);
  if ((await insertMissing(tx, table, created)) !== created.length) throw new TransactionConflict(table);
  await upsertRows(
    tx,
    table,
    [key],
    rows.filter(({ version }) => version > 1),
  );
}

async function selectIn<T>(
  reader: Reader,
  table: string,
  key: string,
  values: readonly string[],
  lock: string,
): Promise<T[]> {
  // In key order, so that two transactions do not wait for each other.
  const wanted = [...new Set(values)].sort();
  if (wanted.length === 0) return [];
  return reader.query<T>(
    `SELECT * FROM ${table} WHERE ${key} IN (${marks(wanted.length)}) ORDER BY ${key}${lock}`,
    wanted,
  );
}

function bySku(rows: readonly ProductRow[]): Map<string, Product> {
  return new Map(rows.map((row) => [row.sku, toProduct(row)]));
}

function byId(rows: readonly LocationRow[]): Map<string, Location> {
  return new Map(rows.map((row) => [row.id, toLocation(row)]));
}

function toProduct(row: ProductRow): Product {
  return {
    sku: row.sku,
    name: row.name,
    baseUnit: row.base_unit,
    units: JSON.parse(row.units) as UnitFactor[],
    class: row.class,
    unitCost: row.unit_cost,
    safetyStock: row.safety_stock,
    sellMultiple: row.sell_multiple,
    active: row.active === 1,
    components: JSON.parse(row.components) as KitComponent[],
    kit: row.kit === 1,
    version: Number(row.version),
  };
}

function productRow(product: Product, nowMs: number) {
  return {
    sku: product.sku,
    name: product.name,
    base_unit: product.baseUnit,
    units: JSON.stringify(product.units),
    class: product.class,
    unit_cost: product.unitCost,
    safety_stock: product.safetyStock,
    sell_multiple: product.sellMultiple,
    active: product.active ? 1 : 0,
    components: JSON.stringify(product.components),
    kit: product.kit ? 1 : 0,
    version: product.version,
    updated_at_ms: nowMs,
  } satisfies ProductRow;
}

function toLocation(row: LocationRow): Location {
  return {
    id: row.id,
    name: row.name,
    type: row.type as LocationType,
    timeZone: row.time_zone,
    sellable: row.sellable === 1,
    accounts: JSON.parse(row.accounts) as string[],
    version: Number(row.version),
  };
}

function locationRow(location: Location, nowMs: number) {
  return {
    id: location.id,
    name: location.name,
    type: location.type,
    time_zone: location.timeZone,
    sellable: location.sellable ? 1 : 0,
    accounts: JSON.stringify(location.accounts),
    version: location.version,
    updated_at_ms: nowMs,
  } satisfies LocationRow;
}
