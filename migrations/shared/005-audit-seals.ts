/**
 * The chain over the audit rows: one seal a row, and the ids that were given out but not seen yet.
 *
 * Seals are inserted and never changed. `audit_gaps` is the sealer's worklist and says nothing that has to be trusted.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class AuditSeals1767225600005 implements MigrationInterface {
  readonly name = "AuditSeals1767225600005";

  async up(runner: QueryRunner): Promise<void> {
    const { table } = ddl(runner);
    await table(
      "audit_seals",
      `sequence BIGINT NOT NULL PRIMARY KEY,
       audit_id BIGINT NOT NULL UNIQUE,
       hash CHAR(64) NOT NULL,
       sealed_at_ms BIGINT NOT NULL`,
    );
    await table(
      "audit_gaps",
      `from_id BIGINT NOT NULL PRIMARY KEY,
       to_id BIGINT NOT NULL,
       seen_at_ms BIGINT NOT NULL`,
    );
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
