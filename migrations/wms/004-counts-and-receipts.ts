/**
 * Counts with what they found, and receipts of purchase orders with what is known of them.
 *
 * A count is evidence and is never changed. The CHECK stands behind the rule that whoever counted does not decide.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { type Ddl, ddl } from "../../shared/db/migration.ts";

export class CountsAndReceipts1767225600204 implements MigrationInterface {
  readonly name = "CountsAndReceipts1767225600204";

  async up(runner: QueryRunner): Promise<void> {
    const d = ddl(runner);
    await counts(d);
    await receipts(d);
    // A rule over several columns stands after the column on MySQL, and can only come with the column on SQLite.
    const mysql = runner.dataSource.options.type === "mysql";
    const rule = "CHECK (counted_by IS NULL OR decided_by IS NULL OR decided_by <> counted_by)";
    const constraint = mysql ? ", ADD CONSTRAINT adjustments_counter" : "";
    await d.run(`ALTER TABLE adjustments ADD COLUMN counted_by VARCHAR(128) NULL${constraint} ${rule}`);
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}

async function counts({ table }: Ddl): Promise<void> {
  await table(
    "stock_counts",
    `id CHAR(36) NOT NULL PRIMARY KEY,
     location_id VARCHAR(64) NOT NULL,
     recorded_by VARCHAR(128) NOT NULL,
     counted_by VARCHAR(128) NOT NULL,
     recount_of CHAR(36) NULL,
     note VARCHAR(500) NULL,
     recorded_at_ms BIGINT NOT NULL`,
  );
  await table(
    "stock_count_lines",
    `count_id CHAR(36) NOT NULL,
     line_no INT NOT NULL,
     sku VARCHAR(64) NOT NULL,
     bucket VARCHAR(16) NOT NULL,
     expected INT NOT NULL,
     counted INT NOT NULL CHECK (counted >= 0),
     adjustment_id CHAR(36) NULL,
     PRIMARY KEY (count_id, line_no),
     UNIQUE (count_id, sku, bucket)`,
  );
}

async function receipts({ table, index, json }: Ddl): Promise<void> {
  await table(
    "receipts",
    `purchase_order_id VARCHAR(128) NOT NULL,
     location_id VARCHAR(64) NOT NULL,
     id CHAR(36) NOT NULL UNIQUE,
     status VARCHAR(16) NOT NULL,
     shipped_at_ms BIGINT NULL,
     arrived_at_ms BIGINT NULL,
     unloaded_at_ms BIGINT NULL,
     progress_seq BIGINT NOT NULL,
     version BIGINT NOT NULL,
     updated_at_ms BIGINT NOT NULL,
     PRIMARY KEY (purchase_order_id, location_id)`,
  );
  await index("receipts_status", "receipts", "status, purchase_order_id, location_id");
  await index("receipts_location", "receipts", "location_id, purchase_order_id");
  await table(
    "receipt_lines",
    `receipt_id CHAR(36) NOT NULL,
     sku VARCHAR(64) NOT NULL,
     expectations ${json} NOT NULL,
     received BIGINT NOT NULL,
     on_dock BIGINT NOT NULL,
     damaged BIGINT NOT NULL,
     posted BIGINT NOT NULL,
     told ${json} NOT NULL,
     told_seq BIGINT NOT NULL,
     PRIMARY KEY (receipt_id, sku)`,
  );
}
