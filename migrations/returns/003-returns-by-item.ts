/**
 * Returns of one item, newest first and in one status: each line knows age and status of its return, so that one index
 * answers for the page.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class ReturnsByItem1767225600303 implements MigrationInterface {
  readonly name = "ReturnsByItem1767225600303";

  async up(runner: QueryRunner): Promise<void> {
    const { run, index } = ddl(runner);
    await run("ALTER TABLE return_lines ADD COLUMN return_status VARCHAR(32) NOT NULL DEFAULT ''");
    await run("ALTER TABLE return_lines ADD COLUMN created_at_ms BIGINT NOT NULL DEFAULT 0");
    for (const [column, own] of [
      ["return_status", "status"],
      ["created_at_ms", "created_at_ms"],
    ]) {
      await run(
        `UPDATE return_lines SET ${column} =
           (SELECT d.${own} FROM return_documents d WHERE d.id = return_lines.return_id)`,
      );
    }
    await index("return_lines_age", "return_lines", "sku, created_at_ms, return_id");
    await index("return_lines_status", "return_lines", "sku, return_status, created_at_ms, return_id");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
