/**
 * Copies of every system's sealed audit rows, as they were sent, and how far each chain of them has been verified.
 *
 * A copy is inserted and never changed; `(system, sequence)` is its place in the chain of its system.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class AuditCopies1767225600521 implements MigrationInterface {
  readonly name = "AuditCopies1767225600521";

  async up(runner: QueryRunner): Promise<void> {
    const { table, index, json } = ddl(runner);
    await table(
      "audit_copies",
      `source VARCHAR(16) NOT NULL,
       sequence BIGINT NOT NULL,
       hash CHAR(64) NOT NULL,
       sealed_at_ms BIGINT NOT NULL,
       id BIGINT NOT NULL,
       subject VARCHAR(255) NOT NULL,
       action VARCHAR(64) NOT NULL,
       outcome VARCHAR(64) NOT NULL,
       person VARCHAR(128) NOT NULL,
       roles VARCHAR(255) NOT NULL,
       correlation_id VARCHAR(128) NOT NULL,
       idempotency_key VARCHAR(255) NULL,
       detail ${json} NOT NULL,
       recorded_at_ms BIGINT NOT NULL,
       PRIMARY KEY (source, sequence)`,
    );
    await index("audit_copies_subject", "audit_copies", "subject, recorded_at_ms, source, sequence");
    await index("audit_copies_story", "audit_copies", "correlation_id, recorded_at_ms, source, sequence");
    await table(
      "audit_verified",
      `source VARCHAR(16) NOT NULL PRIMARY KEY,
       sequence BIGINT NOT NULL,
       hash CHAR(64) NOT NULL,
       broken_at BIGINT NULL,
       verified_at_ms BIGINT NOT NULL`,
    );
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
