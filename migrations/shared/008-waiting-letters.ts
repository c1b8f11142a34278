/**
 * Dead letters that wait: for a code, for an item, for another attempt. And what the codes of partners stand for here.
 *
 * A letter may come from a partner, whose name is longer than a system's. Adds nothing to letters that wait for nobody.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class WaitingLetters1767225600008 implements MigrationInterface {
  readonly name = "WaitingLetters1767225600008";

  async up(runner: QueryRunner): Promise<void> {
    const { table, index, run } = ddl(runner);
    await run("ALTER TABLE dead_letters ADD COLUMN due_at_ms BIGINT NULL");
    await run("ALTER TABLE dead_letters ADD COLUMN waits_for VARCHAR(96) NULL");
    await run("ALTER TABLE dead_letters ADD COLUMN waits_for_code VARCHAR(96) NULL");
    // SQLite looks at no length.
    if (runner.dataSource.options.type === "mysql") {
      await run("ALTER TABLE dead_letters MODIFY COLUMN source VARCHAR(128) COLLATE utf8mb4_bin NOT NULL");
    }
    await index("dead_letters_next", "dead_letters", "due_at_ms, id");
    await index("dead_letters_waiting", "dead_letters", "waits_for");
    await index("dead_letters_waiting_code", "dead_letters", "waits_for_code, source");
    await table(
      "partner_codes",
      `partner VARCHAR(128) NOT NULL,
       kind VARCHAR(16) NOT NULL,
       code VARCHAR(64) NOT NULL,
       target VARCHAR(64) NULL,
       version INT NOT NULL,
       PRIMARY KEY (partner, kind, code)`,
    );
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
