/**
 * When the last units of a purchase order line arrived, and which products are kits.
 *
 * `received_on` is NULL where nobody told the day. A product with components is a kit unless somebody says that it is
 * an assembly, built beforehand and sold from its own stock.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class Arrivals1767225600103 implements MigrationInterface {
  readonly name = "Arrivals1767225600103";

  async up(runner: QueryRunner): Promise<void> {
    const { run } = ddl(runner);
    await run("ALTER TABLE purchase_order_lines ADD COLUMN received_on VARCHAR(10) NULL");
    await run("ALTER TABLE products ADD COLUMN kit SMALLINT NOT NULL DEFAULT 1");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
