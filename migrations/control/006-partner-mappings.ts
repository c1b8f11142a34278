/**
 * What the codes of partners stand for, who answers for it, and every version of it that there was.
 *
 * A mapping that is taken back keeps its row, without a target. A version is written once.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class PartnerMappings1767225600531 implements MigrationInterface {
  readonly name = "PartnerMappings1767225600531";

  async up(runner: QueryRunner): Promise<void> {
    const { table } = ddl(runner);
    const columns = `partner VARCHAR(128) NOT NULL,
       kind VARCHAR(16) NOT NULL,
       code VARCHAR(64) NOT NULL,
       version INT NOT NULL,
       target VARCHAR(64) NULL,
       owner VARCHAR(128) NOT NULL,
       changed_by VARCHAR(128) NOT NULL,
       changed_at_ms BIGINT NOT NULL`;
    await table("partner_mappings", `${columns}, PRIMARY KEY (partner, kind, code)`);
    await table("partner_mapping_versions", `${columns}, PRIMARY KEY (partner, kind, code, version)`);
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
