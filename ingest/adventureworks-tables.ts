/**
 * The tables of AdventureWorks that are read, and what their rows refer to each other by: the tables' own numbers.
 *
 * Files are UTF-8, tab-separated, without a header; columns.sql of the data set names the columns.
 */
import type { ProductInput } from "./api-inputs.ts";
import type { RowReader } from "./tab-separated.ts";

/** The tables read, with their number of columns. */
export const adventureWorksTables = {
  "Product.csv": 25,
  "ProductCategory.csv": 4,
  "ProductSubcategory.csv": 5,
  "ProductVendor.csv": 11,
  "ProductInventory.csv": 7,
  "Location.csv": 5,
  "BillOfMaterials.csv": 9,
  "Vendor.csv": 8,
  "PurchaseOrderHeader.csv": 13,
  "PurchaseOrderDetail.csv": 11,
} as const satisfies Record<string, number>;

export type AdventureWorksTable = keyof typeof adventureWorksTables;
export type AdventureWorksTexts = Readonly<Record<AdventureWorksTable, string>>;

export interface CatalogueProduct {
  readonly sku: string;
  readonly salable: boolean;
  readonly input: ProductInput;
}

export interface CatalogueLocation {
  readonly id: string;
  readonly name: string;
  readonly workCentre: boolean;
}

export interface StockRow {
  readonly productId: string;
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
  readonly countedAt: string;
}

/** Calls `take` with each row of a table that has the right columns; the others are reported. */
export type ReadTable = (table: AdventureWorksTable, take: (read: RowReader) => void) => void;
