/**
 * Positions whose adjustments are not posted while a variance case is open, and the adjustments that wait for its end.
 *
 * One case holds a position at most. A posting waits once, in the order in which it came.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class HeldPostings1767225600106 implements MigrationInterface {
  readonly name = "HeldPostings1767225600106";

  async up(runner: QueryRunner): Promise<void> {
    const { table, index, rowNumber, json } = ddl(runner);
    await table(
      "held_positions",
      `sku VARCHAR(64) NOT NULL,
       location_id VARCHAR(64) NOT NULL,
       case_id VARCHAR(36) NOT NULL,
       held_at_ms BIGINT NOT NULL,
       PRIMARY KEY (sku, location_id)`,
    );
    await table(
      "held_postings",
      `id ${rowNumber},
       event_id VARCHAR(128) NOT NULL UNIQUE,
       sku VARCHAR(64) NOT NULL,
       location_id VARCHAR(64) NOT NULL,
       body ${json} NOT NULL`,
    );
    await index("held_postings_position", "held_postings", "sku, location_id, id");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
