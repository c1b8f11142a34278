/**
 * Inspection and disposition of returns: who proposed and decided what, and the units that left for elsewhere.
 *
 * `removed` counts units of a line that left quarantine and did not go to the shelf.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class Dispositions1767225600302 implements MigrationInterface {
  readonly name = "Dispositions1767225600302";

  async up(runner: QueryRunner): Promise<void> {
    const { run } = ddl(runner);
    for (const column of [
      "content_hash VARCHAR(64) NULL",
      "proposed_by VARCHAR(128) NULL",
      "decided_by VARCHAR(128) NULL",
      "decision_note VARCHAR(500) NULL",
    ]) {
      await run(`ALTER TABLE return_documents ADD COLUMN ${column}`);
    }
    await run("ALTER TABLE return_lines ADD COLUMN inspection_note VARCHAR(500) NULL");
    // A rule over several columns stands after the column on MySQL, and can only come with the column on SQLite.
    const mysql = runner.dataSource.options.type === "mysql";
    const rule = "CHECK (removed >= 0 AND restocked + removed <= received)";
    await run(
      `ALTER TABLE return_lines ADD COLUMN removed INT NOT NULL DEFAULT 0${mysql ? `, ADD CONSTRAINT return_lines_left` : ""} ${rule}`,
    );
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
