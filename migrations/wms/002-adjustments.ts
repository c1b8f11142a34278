/**
 * Adjustments: what was asked for, who decided, and the movement it became.
 *
 * The CHECK stands behind the rule that nobody decides on what they asked for; `_window` sums what one person asked
 * for at one position.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class Adjustments1767225600202 implements MigrationInterface {
  readonly name = "Adjustments1767225600202";

  async up(runner: QueryRunner): Promise<void> {
    const { table, index, json } = ddl(runner);
    await table(
      "adjustments",
      `id CHAR(36) NOT NULL PRIMARY KEY,
       sku VARCHAR(64) NOT NULL,
       location_id VARCHAR(64) NOT NULL,
       bucket VARCHAR(16) NOT NULL,
       delta INT NOT NULL CHECK (delta <> 0),
       change_from_quantity INT NULL,
       reason_code VARCHAR(64) NOT NULL,
       note VARCHAR(500) NULL,
       evidence ${json} NOT NULL,
       requested_by VARCHAR(128) NOT NULL,
       content_hash CHAR(64) NOT NULL,
       requested_at_ms BIGINT NOT NULL,
       status VARCHAR(32) NOT NULL,
       tier VARCHAR(16) NULL,
       reasons ${json} NOT NULL,
       total_value VARCHAR(48) NULL,
       decided_by VARCHAR(128) NULL,
       decided_at_ms BIGINT NULL,
       decision_note VARCHAR(500) NULL,
       movement_id CHAR(36) NULL UNIQUE,
       failure_code VARCHAR(64) NULL,
       version BIGINT NOT NULL,
       CHECK (decided_by IS NULL OR decided_by <> requested_by)`,
    );
    await index("adjustments_window", "adjustments", "requested_by, sku, location_id, requested_at_ms");
    await index("adjustments_newest", "adjustments", "requested_at_ms, id");
    await index("adjustments_status", "adjustments", "status, requested_at_ms, id");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
