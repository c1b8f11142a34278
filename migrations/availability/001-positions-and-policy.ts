/**
 * Positions projected from the three owners, and the versions of the channel policy.
 *
 * Per owner a position keeps how far its events have been applied: `*_seq` without a hole, `*_ahead` what came after
 * a hole (JSON), `*_gap_since_ms` since when there is one.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

const progress = (owner: string, json: string) =>
  `${owner}_seq BIGINT NOT NULL,
   ${owner}_as_of_ms BIGINT NOT NULL,
   ${owner}_ahead ${json} NULL,
   ${owner}_gap_since_ms BIGINT NULL`;

export class Availability1767225600401 implements MigrationInterface {
  readonly name = "Availability1767225600401";

  async up(runner: QueryRunner): Promise<void> {
    const { table, index, json } = ddl(runner);
    await table(
      "positions",
      `sku VARCHAR(64) NOT NULL,
       location_id VARCHAR(64) NOT NULL,
       version BIGINT NOT NULL,
       unrestricted INT NOT NULL,
       picked INT NOT NULL,
       dock INT NOT NULL,
       damaged INT NOT NULL,
       hold INT NOT NULL,
       expired INT NOT NULL,
       quarantine INT NOT NULL,
       book INT NOT NULL,
       committed INT NOT NULL,
       quarantined INT NOT NULL,
       in_inspection INT NOT NULL,
       restock_approved INT NOT NULL,
       shipped_not_posted INT NOT NULL,
       received_not_posted INT NOT NULL,
       adjusted_not_posted INT NOT NULL,
       reserved INT NOT NULL CHECK (reserved >= 0),
       ${progress("wms", json)},
       ${progress("erp", json)},
       ${progress("returns", json)},
       resync_asked_at_ms BIGINT NULL,
       PRIMARY KEY (sku, location_id)`,
    );
    await index("positions_location", "positions", "location_id, sku");
    for (const owner of ["wms", "erp", "returns"]) {
      await index(`positions_${owner}_gap`, "positions", `${owner}_gap_since_ms`);
    }
    await table(
      "policies",
      `version INT NOT NULL PRIMARY KEY,
       channel VARCHAR(32) NOT NULL,
       state VARCHAR(16) NOT NULL,
       change_body ${json} NOT NULL,
       policy_body ${json} NULL,
       proposed_by VARCHAR(128) NOT NULL,
       decided_by VARCHAR(128) NULL,
       note VARCHAR(500) NULL,
       proposed_at_ms BIGINT NOT NULL,
       decided_at_ms BIGINT NULL,
       CHECK (decided_by IS NULL OR decided_by <> proposed_by)`,
    );
    await index("policies_state", "policies", "state, version");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
