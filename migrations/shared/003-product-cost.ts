/**
 * What a base unit costs, in the replica of the item master: whoever approves a correction has to know its value.
 *
 * NULL until the ERP tells the product again: unknown is not free.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class ProductCost1767225600003 implements MigrationInterface {
  readonly name = "ProductCost1767225600003";

  async up(runner: QueryRunner): Promise<void> {
    await ddl(runner).run("ALTER TABLE product_replicas ADD COLUMN unit_cost VARCHAR(32) NULL");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
