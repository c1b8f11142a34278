/**
 * Dead letters of every system, as they were told: what could not be applied, why, and whether it is settled.
 *
 * The letters themselves stay where they are; of each there is one row here, also after it has been settled.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class KnownLetters1767225600530 implements MigrationInterface {
  readonly name = "KnownLetters1767225600530";

  async up(runner: QueryRunner): Promise<void> {
    const { table, index, json } = ddl(runner);
    await table(
      "known_letters",
      `id VARCHAR(36) NOT NULL PRIMARY KEY,
       status VARCHAR(16) NOT NULL,
       system_name VARCHAR(32) NOT NULL,
       consumer VARCHAR(64) NOT NULL,
       source VARCHAR(128) NOT NULL,
       message_id VARCHAR(128) NOT NULL,
       message_type VARCHAR(64) NOT NULL,
       class VARCHAR(32) NOT NULL,
       code VARCHAR(64) NOT NULL,
       stage VARCHAR(16) NOT NULL,
       topic VARCHAR(255) NOT NULL,
       attempts INT NOT NULL,
       hint VARCHAR(500) NOT NULL,
       payload ${json} NOT NULL,
       sku VARCHAR(64) NULL,
       location_id VARCHAR(64) NULL,
       correlation_id VARCHAR(128) NOT NULL,
       first_seen_at_ms BIGINT NOT NULL,
       last_seen_at_ms BIGINT NOT NULL,
       redrive_asked_at_ms BIGINT NULL,
       settled_at_ms BIGINT NULL,
       version INT NOT NULL`,
    );
    await index("known_letters_status", "known_letters", "status, id");
    await index("known_letters_class", "known_letters", "status, class, id");
    await index("known_letters_source", "known_letters", "status, source, id");
    await index("known_letters_source_class", "known_letters", "status, source, class, id");
    await index("known_letters_topic", "known_letters", "topic, status");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
