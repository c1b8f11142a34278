/**
 * The tables of `returns`: documents with their lines, positions, and the movements that explain every position.
 *
 * `quarantined`, `in_inspection` and `restock_approved` of a position are the sums of its movements.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class Returns1767225600301 implements MigrationInterface {
  readonly name = "Returns1767225600301";

  async up(runner: QueryRunner): Promise<void> {
    const { table, index, rowNumber } = ddl(runner);
    await table(
      "return_documents",
      `id VARCHAR(128) NOT NULL PRIMARY KEY,
       order_id VARCHAR(128) NULL,
       location_id VARCHAR(64) NOT NULL,
       status VARCHAR(32) NOT NULL,
       announced SMALLINT NOT NULL CHECK (announced IN (0, 1)),
       version INT NOT NULL,
       created_at_ms BIGINT NOT NULL,
       updated_at_ms BIGINT NOT NULL`,
    );
    await index("return_documents_age", "return_documents", "created_at_ms, id");
    await index("return_documents_status", "return_documents", "status, created_at_ms, id");
    await table(
      "return_lines",
      `return_id VARCHAR(128) NOT NULL,
       line_number INT NOT NULL,
       sku VARCHAR(64) NOT NULL,
       authorized INT NOT NULL,
       received INT NOT NULL,
       restocked INT NOT NULL,
       reason_code VARCHAR(64) NULL,
       item_condition VARCHAR(64) NULL,
       disposition VARCHAR(32) NULL,
       PRIMARY KEY (return_id, line_number),
       CHECK (authorized = 0 OR received <= authorized),
       CHECK (restocked >= 0 AND restocked <= received)`,
    );
    await index("return_lines_sku", "return_lines", "sku, return_id");
    await table(
      "return_positions",
      `sku VARCHAR(64) NOT NULL,
       location_id VARCHAR(64) NOT NULL,
       quarantined INT NOT NULL CHECK (quarantined >= 0),
       in_inspection INT NOT NULL CHECK (in_inspection >= 0),
       restock_approved INT NOT NULL CHECK (restock_approved >= 0),
       version INT NOT NULL,
       updated_at_ms BIGINT NOT NULL,
       PRIMARY KEY (sku, location_id)`,
    );
    await table(
      "return_movements",
      `id ${rowNumber},
       sku VARCHAR(64) NOT NULL,
       location_id VARCHAR(64) NOT NULL,
       position_version INT NOT NULL,
       event_id VARCHAR(128) NOT NULL,
       return_id VARCHAR(128) NOT NULL,
       line_number INT NOT NULL,
       quarantined_delta INT NOT NULL,
       in_inspection_delta INT NOT NULL,
       restock_approved_delta INT NOT NULL,
       occurred_at_ms BIGINT NOT NULL,
       recorded_at_ms BIGINT NOT NULL,
       UNIQUE (sku, location_id, position_version)`,
    );
    await index("return_movements_document", "return_movements", "return_id, id");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
