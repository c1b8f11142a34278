/**
 * Reconciliation: what books and warehouse say of each position, the cases their differences became, and the runs that
 * went through all positions.
 *
 * Of a position one case is open at most: `open_key` names it while it is, and is null afterwards. `due_at_ms` is null
 * where nobody has to look at a position.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { type Ddl, ddl } from "../../shared/db/migration.ts";

export class Reconciliation1767225600541 implements MigrationInterface {
  readonly name = "Reconciliation1767225600541";

  async up(runner: QueryRunner): Promise<void> {
    const d = ddl(runner);
    await positions(d);
    await cases(d);
    await runs(d);
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}

async function positions({ table, index, json }: Ddl): Promise<void> {
  await table(
    "recon_positions",
    `sku VARCHAR(64) NOT NULL,
     location_id VARCHAR(64) NOT NULL,
     on_hand INT NOT NULL,
     book INT NOT NULL,
     shipped INT NOT NULL,
     received INT NOT NULL,
     adjusted INT NOT NULL,
     wms_known SMALLINT NOT NULL CHECK (wms_known IN (0, 1)),
     erp_known SMALLINT NOT NULL CHECK (erp_known IN (0, 1)),
     failed ${json} NOT NULL,
     pending ${json} NOT NULL,
     last_count ${json} NULL,
     progress ${json} NOT NULL,
     case_id VARCHAR(36) NULL,
     cleared INT NULL,
     due_at_ms BIGINT NULL,
     version BIGINT NOT NULL,
     PRIMARY KEY (sku, location_id)`,
  );
  await index("recon_positions_due", "recon_positions", "due_at_ms, sku, location_id");
  await index("recon_positions_place", "recon_positions", "location_id, sku");
}

async function cases({ table, index, json }: Ddl): Promise<void> {
  await table(
    "variance_cases",
    `id VARCHAR(36) NOT NULL PRIMARY KEY,
     sku VARCHAR(64) NOT NULL,
     location_id VARCHAR(64) NOT NULL,
     open_key VARCHAR(160) NULL UNIQUE,
     status VARCHAR(24) NOT NULL,
     body ${json} NOT NULL,
     opened_at_ms BIGINT NOT NULL,
     version INT NOT NULL`,
  );
  await index("variance_cases_status", "variance_cases", "status, id");
  await index("variance_cases_place", "variance_cases", "location_id, id");
  await index("variance_cases_place_status", "variance_cases", "location_id, status, id");
}

async function runs({ table, index, json }: Ddl): Promise<void> {
  await table(
    "reconciliations",
    `id VARCHAR(64) NOT NULL PRIMARY KEY,
     status VARCHAR(16) NOT NULL,
     body ${json} NOT NULL,
     lease_until_ms BIGINT NOT NULL,
     version INT NOT NULL`,
  );
  await index("reconciliations_status", "reconciliations", "status, id");
  await table(
    "reconciliation_policies",
    `version INT NOT NULL PRIMARY KEY,
     body ${json} NOT NULL,
     set_by VARCHAR(128) NOT NULL,
     set_at_ms BIGINT NOT NULL`,
  );
}
