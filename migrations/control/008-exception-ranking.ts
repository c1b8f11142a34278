/**
 * How urgent an exception is and why, when it is due, how often it was escalated; the versions of the policy behind it.
 *
 * `standing` is the priority below zero, so that every index reads forwards: the most urgent first, of equals the
 * oldest.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class ExceptionRanking1767225600540 implements MigrationInterface {
  readonly name = "ExceptionRanking1767225600540";

  async up(runner: QueryRunner): Promise<void> {
    const { run, table, index, json } = ddl(runner);
    await run("ALTER TABLE exceptions ADD COLUMN standing INT NOT NULL DEFAULT 0");
    await run("ALTER TABLE exceptions ADD COLUMN due_at_ms BIGINT NOT NULL DEFAULT 0");
    await run("ALTER TABLE exceptions ADD COLUMN escalation_level INT NOT NULL DEFAULT 0");
    await run("ALTER TABLE exceptions ADD COLUMN policy_version INT NOT NULL DEFAULT 0");
    await run("ALTER TABLE exceptions ADD COLUMN terms VARCHAR(2000) NOT NULL DEFAULT '[]'");
    await run("UPDATE exceptions SET due_at_ms = raised_at_ms, standing = -priority");
    await index("exceptions_standing", "exceptions", "status, standing, id");
    await index("exceptions_type", "exceptions", "type, status, standing, id");
    await index("exceptions_location", "exceptions", "location_id, status, standing, id");
    await index("exceptions_sku", "exceptions", "sku, status, standing, id");
    await run(
      runner.dataSource.options.type === "mysql"
        ? "DROP INDEX exceptions_priority ON exceptions"
        : "DROP INDEX exceptions_priority",
    );
    await table(
      "exception_policies",
      `version INT NOT NULL PRIMARY KEY,
       body ${json} NOT NULL,
       set_by VARCHAR(128) NOT NULL,
       set_at_ms BIGINT NOT NULL,
       note VARCHAR(500) NULL`,
    );
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
