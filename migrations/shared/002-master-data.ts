/**
 * Replicas of the ERP's master data, for the systems that follow it: products with their units, locations.
 *
 * Stand in each follower's own database. `version` is the owner's: an older row never replaces a newer one.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class MasterData1767225600002 implements MigrationInterface {
  readonly name = "MasterData1767225600002";

  async up(runner: QueryRunner): Promise<void> {
    const { table, json } = ddl(runner);
    await table(
      "product_replicas",
      `sku VARCHAR(64) NOT NULL PRIMARY KEY,
       name VARCHAR(255) NOT NULL,
       base_unit VARCHAR(16) NOT NULL,
       class VARCHAR(255) NULL,
       active SMALLINT NOT NULL CHECK (active IN (0, 1)),
       safety_stock INT NOT NULL,
       sell_multiple INT NULL,
       units ${json} NOT NULL,
       components ${json} NOT NULL,
       version BIGINT NOT NULL`,
    );
    await table(
      "location_replicas",
      `id VARCHAR(64) NOT NULL PRIMARY KEY,
       name VARCHAR(255) NOT NULL,
       type VARCHAR(32) NOT NULL,
       time_zone VARCHAR(64) NOT NULL,
       sellable SMALLINT NOT NULL CHECK (sellable IN (0, 1)),
       version BIGINT NOT NULL`,
    );
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
