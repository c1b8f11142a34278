/**
 * The ERP's own tables: master data, books and their journal, sales orders, purchase orders.
 *
 * A position of the book never changes without its row in `book_postings`; what the warehouse reported for a document
 * is kept as a total, so that it counts whenever the document itself arrives.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { type Ddl, ddl } from "../../shared/db/migration.ts";

export class Erp1767225600101 implements MigrationInterface {
  readonly name = "Erp1767225600101";

  async up(runner: QueryRunner): Promise<void> {
    const d = ddl(runner);
    await masterData(d);
    await books(d);
    await salesOrders(d);
    await purchaseOrders(d);
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}

async function masterData({ table, json }: Ddl): Promise<void> {
  await table(
    "products",
    `sku VARCHAR(64) NOT NULL PRIMARY KEY,
     name VARCHAR(255) NOT NULL,
     base_unit VARCHAR(16) NOT NULL,
     units ${json} NOT NULL,
     class VARCHAR(64) NULL,
     unit_cost VARCHAR(32) NULL,
     safety_stock INT NOT NULL CHECK (safety_stock >= 0),
     sell_multiple INT NOT NULL CHECK (sell_multiple >= 1),
     active SMALLINT NOT NULL CHECK (active IN (0, 1)),
     components ${json} NOT NULL,
     search_text VARCHAR(700) NOT NULL,
     version BIGINT NOT NULL CHECK (version >= 1),
     updated_at_ms BIGINT NOT NULL`,
  );
  await table(
    "locations",
    `id VARCHAR(64) NOT NULL PRIMARY KEY,
     name VARCHAR(255) NOT NULL,
     type VARCHAR(16) NOT NULL,
     time_zone VARCHAR(64) NOT NULL,
     sellable SMALLINT NOT NULL CHECK (sellable IN (0, 1)),
     version BIGINT NOT NULL CHECK (version >= 1),
     updated_at_ms BIGINT NOT NULL`,
  );
}

async function books({ table }: Ddl): Promise<void> {
  await table(
    "book_positions",
    `sku VARCHAR(64) NOT NULL,
     location_id VARCHAR(64) NOT NULL,
     on_hand INT NOT NULL,
     committed INT NOT NULL CHECK (committed >= 0),
     version BIGINT NOT NULL,
     updated_at_ms BIGINT NOT NULL,
     PRIMARY KEY (sku, location_id)`,
  );
  // The version that a posting made is its number: two postings never stand at the same place of a journal.
  await table(
    "book_postings",
    `sku VARCHAR(64) NOT NULL,
     location_id VARCHAR(64) NOT NULL,
     version BIGINT NOT NULL,
     kind VARCHAR(16) NOT NULL,
     book_delta BIGINT NOT NULL,
     committed_delta BIGINT NOT NULL,
     event_id VARCHAR(128) NULL UNIQUE,
     document_type VARCHAR(64) NULL,
     document_id VARCHAR(128) NULL,
     document_line VARCHAR(128) NULL,
     person VARCHAR(128) NOT NULL,
     correlation_id VARCHAR(128) NOT NULL,
     occurred_at_ms BIGINT NOT NULL,
     posted_at_ms BIGINT NOT NULL,
     PRIMARY KEY (sku, location_id, version)`,
  );
  // Without a line: '' (a key has no NULL).
  await table(
    "warehouse_totals",
    `document_type VARCHAR(32) NOT NULL,
     document_id VARCHAR(128) NOT NULL,
     sku VARCHAR(64) NOT NULL,
     location_id VARCHAR(64) NOT NULL,
     line VARCHAR(128) NOT NULL,
     quantity BIGINT NOT NULL,
     PRIMARY KEY (document_type, document_id, sku, location_id, line)`,
  );
}

async function salesOrders({ table }: Ddl): Promise<void> {
  await table(
    "sales_orders",
    `order_id VARCHAR(128) NOT NULL PRIMARY KEY,
     channel VARCHAR(32) NULL,
     created_at_ms BIGINT NOT NULL`,
  );
  await table(
    "order_lines",
    `order_id VARCHAR(128) NOT NULL,
     line VARCHAR(128) NOT NULL,
     line_no INT NOT NULL,
     sku VARCHAR(64) NOT NULL,
     location_id VARCHAR(64) NOT NULL,
     allocated INT NOT NULL,
     shipped INT NOT NULL,
     PRIMARY KEY (order_id, line),
     CHECK (shipped >= 0 AND shipped <= allocated)`,
  );
}

async function purchaseOrders({ table, index }: Ddl): Promise<void> {
  await table(
    "purchase_orders",
    `id VARCHAR(128) NOT NULL PRIMARY KEY,
     supplier_id VARCHAR(64) NOT NULL,
     status VARCHAR(16) NOT NULL,
     ordered_on VARCHAR(10) NOT NULL,
     expected_on VARCHAR(10) NULL,
     version BIGINT NOT NULL CHECK (version >= 1),
     updated_at_ms BIGINT NOT NULL`,
  );
  await index("purchase_orders_status", "purchase_orders", "status, id");
  await table(
    "purchase_order_lines",
    `purchase_order_id VARCHAR(128) NOT NULL,
     line VARCHAR(128) NOT NULL,
     line_no INT NOT NULL,
     sku VARCHAR(64) NOT NULL,
     location_id VARCHAR(64) NOT NULL,
     ordered INT NOT NULL CHECK (ordered >= 0),
     received INT NOT NULL CHECK (received >= 0),
     rejected INT NOT NULL CHECK (rejected >= 0),
     warehouse_received INT NOT NULL,
     open_quantity INT NOT NULL,
     promised_on VARCHAR(10) NULL,
     PRIMARY KEY (purchase_order_id, line),
     CHECK (open_quantity >= 0 AND open_quantity <= ordered),
     CHECK (warehouse_received >= 0 AND warehouse_received <= ordered)`,
  );
  await index("purchase_order_lines_open", "purchase_order_lines", "sku, location_id, open_quantity");
}
