/**
 * Business accounts that a location is there for: a JSON list, mostly empty. As in the replicas of the others.
 *
 * A location that was there before names none: it is the company's own.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class LocationAccounts1767225600105 implements MigrationInterface {
  readonly name = "LocationAccounts1767225600105";

  async up(runner: QueryRunner): Promise<void> {
    await ddl(runner).run("ALTER TABLE locations ADD COLUMN accounts VARCHAR(2000) NOT NULL DEFAULT '[]'");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
