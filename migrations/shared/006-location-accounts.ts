/**
 * Business accounts that a location is there for, in the replica of the locations: a JSON list, mostly empty.
 *
 * Bounded by what the ERP takes, so that the row itself can hold it.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class LocationAccounts1767225600006 implements MigrationInterface {
  readonly name = "LocationAccounts1767225600006";

  async up(runner: QueryRunner): Promise<void> {
    await ddl(runner).run("ALTER TABLE location_replicas ADD COLUMN accounts VARCHAR(2000) NOT NULL DEFAULT '[]'");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
