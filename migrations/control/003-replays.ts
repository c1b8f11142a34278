/**
 * Replays: which facts are to be told again, what that would do, and who agreed to it.
 *
 * `journal_ids` names the facts by their rows of the journal. A part is the facts of some positions, tried out together.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class Replays1767225600509 implements MigrationInterface {
  readonly name = "Replays1767225600509";

  async up(runner: QueryRunner): Promise<void> {
    const { table, json } = ddl(runner);
    await table(
      "replays",
      `id VARCHAR(36) NOT NULL PRIMARY KEY,
       status VARCHAR(24) NOT NULL,
       dry_run SMALLINT NOT NULL CHECK (dry_run IN (0, 1)),
       journal_ids ${json} NOT NULL,
       event_count INT NOT NULL,
       parts INT NOT NULL,
       content_hash CHAR(64) NOT NULL,
       reason VARCHAR(500) NULL,
       requested_by VARCHAR(128) NOT NULL,
       decided_by VARCHAR(128) NULL,
       decision_note VARCHAR(500) NULL,
       created_at_ms BIGINT NOT NULL,
       updated_at_ms BIGINT NOT NULL,
       version INT NOT NULL`,
    );
    await table(
      "replay_parts",
      `replay_id VARCHAR(36) NOT NULL,
       part INT NOT NULL,
       unseen INT NOT NULL,
       refusal VARCHAR(64) NULL,
       differences ${json} NOT NULL,
       PRIMARY KEY (replay_id, part)`,
    );
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
