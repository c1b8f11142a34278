/**
 * The queue of exceptions: what somebody has to look at, from whichever system it came.
 *
 * `open_key` names what an exception is about while it is open, and is null afterwards: of one thing there is one open
 * exception at most, and as many closed ones as there were.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class Exceptions1767225600502 implements MigrationInterface {
  readonly name = "Exceptions1767225600502";

  async up(runner: QueryRunner): Promise<void> {
    const { table, index } = ddl(runner);
    await table(
      "exceptions",
      `id VARCHAR(36) NOT NULL PRIMARY KEY,
       type VARCHAR(32) NOT NULL,
       subject VARCHAR(255) NOT NULL,
       open_key VARCHAR(300) NULL UNIQUE,
       status VARCHAR(16) NOT NULL,
       sku VARCHAR(64) NULL,
       location_id VARCHAR(64) NULL,
       quantity INT NULL,
       hint VARCHAR(500) NOT NULL,
       document_type VARCHAR(32) NULL,
       document_id VARCHAR(128) NULL,
       correlation_id VARCHAR(128) NOT NULL,
       occurrences INT NOT NULL,
       priority INT NOT NULL,
       assignee VARCHAR(128) NULL,
       resolution VARCHAR(500) NULL,
       resolved_by VARCHAR(128) NULL,
       raised_at_ms BIGINT NOT NULL,
       last_seen_at_ms BIGINT NOT NULL,
       resolved_at_ms BIGINT NULL,
       version INT NOT NULL`,
    );
    await index("exceptions_priority", "exceptions", "status, priority, id");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
