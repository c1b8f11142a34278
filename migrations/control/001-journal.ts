/**
 * The journal of `control`: every fact of every system, as it was told.
 *
 * A fact stands in it once, however often it comes. Nothing is computed here.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class Journal1767225600501 implements MigrationInterface {
  readonly name = "Journal1767225600501";

  async up(runner: QueryRunner): Promise<void> {
    const { table, index, rowNumber, json } = ddl(runner);
    await table(
      "journal_events",
      `id ${rowNumber},
       event_id VARCHAR(128) NOT NULL,
       source VARCHAR(64) NOT NULL,
       type VARCHAR(64) NOT NULL,
       partition_key VARCHAR(160) NOT NULL,
       correlation_id VARCHAR(128) NOT NULL,
       occurred_at_ms BIGINT NOT NULL,
       recorded_at_ms BIGINT NOT NULL,
       body ${json} NOT NULL,
       UNIQUE (event_id, source)`,
    );
    await index("journal_events_story", "journal_events", "correlation_id, recorded_at_ms, id");
    await index("journal_events_position", "journal_events", "partition_key, recorded_at_ms, id");
    await index("journal_events_age", "journal_events", "recorded_at_ms, id");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
