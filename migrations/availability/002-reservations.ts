/**
 * Reservations, their lines, and the orders they become.
 *
 * A position's `reserved` is the sum of what its lines hold, and `reserved_by_channel` (JSON) the same by channel.
 * `due_at_ms` is when somebody has to look at a reservation again: at its expiry, or when its order is overdue.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class Reservations1767225600402 implements MigrationInterface {
  readonly name = "Reservations1767225600402";

  async up(runner: QueryRunner): Promise<void> {
    const { table, index, json, run } = ddl(runner);
    await run(`ALTER TABLE positions ADD COLUMN reserved_by_channel ${json} NULL`);
    await table(
      "reservations",
      `reservation_id VARCHAR(36) NOT NULL PRIMARY KEY,
       version INT NOT NULL,
       state VARCHAR(16) NOT NULL,
       channel VARCHAR(32) NOT NULL,
       owner VARCHAR(128) NOT NULL,
       reference VARCHAR(128) NULL,
       order_id VARCHAR(128) NULL,
       created_at_ms BIGINT NOT NULL,
       expires_at_ms BIGINT NOT NULL,
       due_at_ms BIGINT NULL,
       unallocated_at_ms BIGINT NULL,
       CHECK (state <> 'CONFIRMED' OR order_id IS NOT NULL)`,
    );
    await index("reservations_due", "reservations", "due_at_ms");
    await table(
      "reservation_lines",
      `reservation_id VARCHAR(36) NOT NULL,
       sku VARCHAR(64) NOT NULL,
       location_id VARCHAR(64) NOT NULL,
       quantity INT NOT NULL CHECK (quantity > 0),
       held INT NOT NULL,
       state VARCHAR(16) NOT NULL,
       channel VARCHAR(32) NOT NULL,
       order_id VARCHAR(128) NULL,
       expires_at_ms BIGINT NOT NULL,
       PRIMARY KEY (reservation_id, sku, location_id),
       CHECK (held >= 0 AND held <= quantity),
       CHECK (state <> 'ACTIVE' OR held = quantity)`,
    );
    await index("reservation_lines_position", "reservation_lines", "sku, location_id, state, expires_at_ms");
    await index("reservation_lines_order", "reservation_lines", "order_id, sku, location_id");
    await table(
      "order_allocations",
      `order_id VARCHAR(128) NOT NULL,
       sku VARCHAR(64) NOT NULL,
       location_id VARCHAR(64) NOT NULL,
       allocated INT NOT NULL CHECK (allocated >= 0),
       matched INT NOT NULL,
       recorded_at_ms BIGINT NOT NULL,
       PRIMARY KEY (order_id, sku, location_id),
       CHECK (matched >= 0 AND matched <= allocated)`,
    );
    await index("order_allocations_age", "order_allocations", "recorded_at_ms");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
