/**
 * AdventureWorks, a manufacturer's ERP as tab-separated tables → inputs of the public API, or findings.
 *
 * Every row of the tables read is either in the result or has a finding. Judgements that the data does not settle
 * (which locations sell, where orders are received, what counts as a kit) are each one function below and are stated
 * in docs/import.md. Units of measure without a factor are never converted.
 */

import { type Component, readComponents } from "./adventureworks-components.ts";
import { readPurchaseOrders } from "./adventureworks-purchase-orders.ts";
import {
  type AdventureWorksTexts,
  adventureWorksTables,
  type CatalogueLocation,
  type CatalogueProduct,
  type ReadTable,
  type StockRow,
} from "./adventureworks-tables.ts";
import type {
  BookBalanceInput,
  LocationInput,
  ProductInput,
  PurchaseOrderInput,
  StockEventInput,
} from "./api-inputs.ts";
import { type Finding, finding } from "./finding.ts";
import { createRowReader, parseTabSeparated } from "./tab-separated.ts";

export interface AdventureWorks {
  /** Components stand before what is made of them. */
  readonly products: readonly ProductInput[];
  readonly locations: readonly LocationInput[];
  readonly stockEvents: readonly StockEventInput[];
  readonly bookBalances: readonly BookBalanceInput[];
  readonly purchaseOrders: readonly PurchaseOrderInput[];
  readonly findings: readonly Finding[];
}

type Products = ReadonlyMap<string, CatalogueProduct>;
type Locations = ReadonlyMap<string, CatalogueLocation>;

export function readAdventureWorks(texts: AdventureWorksTexts): AdventureWorks {
  const findings: Finding[] = [];
  const table: ReadTable = (name, take) => {
    const parsed = parseTabSeparated(name, texts[name], adventureWorksTables[name]);
    findings.push(...parsed.findings);
    for (const row of parsed.rows) take(createRowReader(row, findings));
  };

  const products = readProducts(table, findings);
  const locations = readLocations(table, findings);
  const stock = readStock(table, findings, products, locations);
  const sellable = sellableLocations(products, locations, stock);
  const components = readComponents(table, findings, products);
  reportPurchaseUnits(table, findings);
  const purchaseOrders = readPurchaseOrders(table, findings, receivingLocations(locations, stock, sellable), products);

  return {
    products: componentsFirst([...products.values()].map(({ input }) => withComponents(input, components))),
    locations: [...locations.values()].map(({ id, name, workCentre }) => ({
      id,
      name,
      type: workCentre ? "PRODUCTION" : "WAREHOUSE",
      sellable: sellable.has(id),
    })),
    stockEvents: stock.map(toSnapshot),
    bookBalances: stock.map(({ sku, locationId, quantity }) => ({ sku, locationId, onHand: quantity })),
    purchaseOrders,
    findings,
  };
}

/** Judgement: a storage location sells when everything kept there is a salable item (FinishedGoodsFlag 1). */
function sellableLocations(products: Products, locations: Locations, stock: readonly StockRow[]): ReadonlySet<string> {
  const kept = new Map<string, boolean>();
  for (const { productId, locationId } of stock) {
    kept.set(locationId, (kept.get(locationId) ?? true) && products.get(productId)?.salable === true);
  }
  const sells = ({ id, workCentre }: CatalogueLocation) => !workCentre && kept.get(id) === true;
  return new Set([...locations.values()].filter(sells).map(({ id }) => id));
}

/**
 * Judgement: an item is received where it is kept: a sellable location before another storage location before a work
 * centre, then the lowest number. Product number → location id.
 */
function receivingLocations(
  locations: Locations,
  stock: readonly StockRow[],
  sellable: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const rank = (id: string) => (sellable.has(id) ? 0 : locations.get(id)?.workCentre ? 2 : 1);
  const chosen = new Map<string, string>();
  for (const { productId, locationId } of stock) {
    const other = chosen.get(productId);
    const better =
      other === undefined ||
      rank(locationId) - rank(other) < 0 ||
      (rank(locationId) === rank(other) && Number(locationId) < Number(other));
    if (better) chosen.set(productId, locationId);
  }
  return chosen;
}

function readProducts(table: ReadTable, findings: Finding[]): Products {
  const categories = new Map<string, string>();
  table("ProductCategory.csv", (read) => categories.set(read.code(0), read.code(1)));
  const categoryOf = new Map<string, string | undefined>();
  table("ProductSubcategory.csv", (read) => categoryOf.set(read.code(0), categories.get(read.code(1))));

  const products = new Map<string, CatalogueProduct>();
  const skus = new Set<string>();
  table("Product.csv", (read) => {
    const productId = read.code(0);
    const category = categoryOf.get(read.text(18));
    const input: ProductInput = {
      sku: read.code(2),
      name: read.code(1),
      baseUnit: "EA",
      ...(category === undefined ? {} : { class: category }),
      unitCost: read.decimal(8),
      safetyStock: read.whole(6),
      // SellEndDate or DiscontinuedDate: the item is no longer sold.
      active: read.text(21) === "" && read.text(22) === "",
    };
    if (!read.ok) return;
    if (products.has(productId) || skus.has(input.sku)) {
      findings.push(finding("ID_REPEATED", read.row, `${productId} ${input.sku}`));
      return;
    }
    skus.add(input.sku);
    products.set(productId, { sku: input.sku, salable: read.text(4) === "1", input });
  });
  return products;
}

/** CostRate, the hourly cost of a work centre, is what tells production from storage. */
function readLocations(table: ReadTable, findings: Finding[]): Locations {
  const locations = new Map<string, CatalogueLocation>();
  table("Location.csv", (read) => {
    const location = { id: read.code(0), name: read.code(1), workCentre: Number(read.decimal(2)) > 0 };
    if (!read.ok) return;
    if (locations.has(location.id)) findings.push(finding("ID_REPEATED", read.row, location.id));
    else locations.set(location.id, location);
  });
  return locations;
}

function readStock(
  table: ReadTable,
  findings: Finding[],
  products: Products,
  locations: Locations,
): readonly StockRow[] {
  const stock = new Map<string, StockRow>();
  table("ProductInventory.csv", (read) => {
    const productId = read.code(0);
    const locationId = read.code(1);
    const quantity = read.whole(4);
    const countedAt = read.moment(6);
    if (!read.ok) return;
    const product = products.get(productId);
    const report = (code: "UNKNOWN_PRODUCT" | "UNKNOWN_LOCATION" | "ID_REPEATED", subject: string) => {
      findings.push(finding(code, read.row, subject));
    };
    if (!product) return report("UNKNOWN_PRODUCT", productId);
    if (!locations.has(locationId)) return report("UNKNOWN_LOCATION", locationId);
    const key = `${productId} ${locationId}`;
    if (stock.has(key)) return report("ID_REPEATED", key);
    stock.set(key, { productId, sku: product.sku, locationId, quantity, countedAt });
  });
  return [...stock.values()];
}

function toSnapshot({ sku, locationId, quantity, countedAt }: StockRow): StockEventInput {
  return {
    // With its moment: a later extract of the same table is another snapshot, the same extract is a duplicate.
    id: `adventureworks:stock:${sku}:${locationId}:${countedAt}`,
    type: "SNAPSHOT",
    sku,
    locationId,
    quantity,
    occurredAt: countedAt,
    buckets: { unrestricted: quantity },
  };
}

/** The vendor's unit (CTN, CS, DZ, …) comes without a factor, so it cannot become a unit of the item. */
function reportPurchaseUnits(table: ReadTable, findings: Finding[]): void {
  table("ProductVendor.csv", (read) => {
    const unit = read.code(9);
    if (read.ok && unit !== "EA") {
      findings.push(finding("PURCHASE_UNIT_WITHOUT_FACTOR", read.row, `product ${read.text(0)}: ${unit}`));
    }
  });
}

/** A manufacturer builds its assemblies to stock: none of them is sold from its components. */
function withComponents(product: ProductInput, components: ReadonlyMap<string, readonly Component[]>): ProductInput {
  const own = components.get(product.sku);
  return own ? { ...product, components: own, kit: false } : product;
}

/** Depth first, so that whoever saves them one after the other never meets a component it does not know yet. */
function componentsFirst(products: readonly ProductInput[]): readonly ProductInput[] {
  const bySku = new Map(products.map((product) => [product.sku, product]));
  const visited = new Set<string>();
  const ordered: ProductInput[] = [];
  const visit = (product: ProductInput | undefined): void => {
    if (!product || visited.has(product.sku)) return;
    visited.add(product.sku);
    for (const { sku } of product.components ?? []) visit(bySku.get(sku));
    ordered.push(product);
  };
  products.forEach(visit);
  return ordered;
}
