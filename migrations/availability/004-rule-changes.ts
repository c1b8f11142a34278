/**
 * Changes of policy or master data whose effect on positions has still to be told, and how far that has come.
 *
 * `change_body` says what was before (JSON), `place_body` where the walk over the positions stands; a row goes when its
 * walk is over.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class RuleChanges1767225600404 implements MigrationInterface {
  readonly name = "RuleChanges1767225600404";

  async up(runner: QueryRunner): Promise<void> {
    const { table, index, json } = ddl(runner);
    await table(
      "rule_changes",
      `event_id VARCHAR(128) NOT NULL PRIMARY KEY,
       correlation_id VARCHAR(128) NOT NULL,
       change_body ${json} NOT NULL,
       due_at_ms BIGINT NOT NULL,
       place_body ${json} NULL,
       positions INT NOT NULL,
       changed INT NOT NULL`,
    );
    await index("rule_changes_due", "rule_changes", "due_at_ms, event_id");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
