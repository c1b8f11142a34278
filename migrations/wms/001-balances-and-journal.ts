/**
 * Physical stock: one balance a position, and the journal of every movement it follows from.
 *
 * The journal is clustered by position. `(source, event_id)` makes an event count once; the two `_later` indexes find
 * the moves that a snapshot does not cover.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

const buckets = ["unrestricted", "picked", "dock", "damaged", "hold", "expired", "quarantine"];

const inRange = (expression: string) => `CHECK (${expression} BETWEEN -2147483647 AND 2147483647)`;

export class Wms1767225600201 implements MigrationInterface {
  readonly name = "Wms1767225600201";

  async up(runner: QueryRunner): Promise<void> {
    const { table, index } = ddl(runner);
    await table(
      "stock_balances",
      `sku VARCHAR(64) NOT NULL,
       location_id VARCHAR(64) NOT NULL,
       ${buckets.map((bucket) => `${bucket} INT NOT NULL ${inRange(bucket)}`).join(",\n")},
       version BIGINT NOT NULL,
       entries BIGINT NOT NULL,
       as_of_ms BIGINT NOT NULL,
       latest_seq BIGINT NULL,
       snapshot_source VARCHAR(128) NULL,
       snapshot_seq BIGINT NULL,
       snapshot_at_ms BIGINT NULL,
       PRIMARY KEY (sku, location_id),
       ${inRange(buckets.join(" + "))},
       CHECK (version >= 0 AND entries >= 0)`,
    );
    await table(
      "stock_movements",
      `sku VARCHAR(64) NOT NULL,
       location_id VARCHAR(64) NOT NULL,
       entry_no BIGINT NOT NULL,
       movement_id CHAR(36) NOT NULL UNIQUE,
       source VARCHAR(128) NOT NULL,
       event_id VARCHAR(128) NOT NULL,
       content_hash CHAR(64) NOT NULL,
       type VARCHAR(32) NOT NULL,
       status VARCHAR(16) NOT NULL CHECK (status IN ('ACCEPTED', 'SUPERSEDED')),
       version BIGINT NULL,
       quantity INT NOT NULL,
       entered_quantity INT NOT NULL,
       unit VARCHAR(16) NULL,
       from_bucket VARCHAR(16) NULL,
       to_bucket VARCHAR(16) NULL,
       ${buckets.map((bucket) => `${bucket}_delta INT NOT NULL`).join(",\n")},
       source_seq BIGINT NULL,
       occurred_at_ms BIGINT NOT NULL,
       recorded_at_ms BIGINT NOT NULL,
       document_type VARCHAR(64) NULL,
       document_id VARCHAR(128) NULL,
       document_line VARCHAR(128) NULL,
       reason_code VARCHAR(64) NULL,
       note VARCHAR(500) NULL,
       person VARCHAR(128) NOT NULL,
       correlation_id VARCHAR(128) NOT NULL,
       PRIMARY KEY (sku, location_id, entry_no),
       UNIQUE (source, event_id),
       CHECK ((status = 'ACCEPTED' AND version IS NOT NULL) OR (status = 'SUPERSEDED' AND version IS NULL))`,
    );
    await index("stock_movements_later_seq", "stock_movements", "sku, location_id, source, source_seq");
    await index("stock_movements_later_time", "stock_movements", "sku, location_id, occurred_at_ms");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
