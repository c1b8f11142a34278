/**
 * Figures of operations: sums by hour, and the documents that are still under way.
 *
 * A bucket is what happened in one UTC hour at one place; the place `*` is all of them together. A case is what has been
 * told of one document so far: its part in the buckets follows from its row.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class Kpis1767225600520 implements MigrationInterface {
  readonly name = "Kpis1767225600520";

  async up(runner: QueryRunner): Promise<void> {
    const { table } = ddl(runner);
    await table(
      "kpi_buckets",
      `location_id VARCHAR(64) NOT NULL,
       hour INT NOT NULL,
       measure VARCHAR(48) NOT NULL,
       bound BIGINT NOT NULL,
       numerator BIGINT NOT NULL,
       denominator BIGINT NOT NULL,
       squares BIGINT NOT NULL,
       PRIMARY KEY (location_id, hour, measure, bound)`,
    );
    await table(
      "kpi_cases",
      `kind VARCHAR(16) NOT NULL,
       case_key VARCHAR(300) NOT NULL,
       location_id VARCHAR(64) NULL,
       started_at_ms BIGINT NULL,
       ended_at_ms BIGINT NULL,
       wanted BIGINT NOT NULL,
       done BIGINT NOT NULL,
       missing BIGINT NOT NULL,
       promised BIGINT NOT NULL,
       PRIMARY KEY (kind, case_key)`,
    );
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
