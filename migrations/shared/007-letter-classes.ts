/**
 * Counts dead letters by class without reading them: somebody looks every few seconds, and one day there are many.
 * Adds nothing to what a letter says.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class LetterClasses1767225600007 implements MigrationInterface {
  readonly name = "LetterClasses1767225600007";

  async up(runner: QueryRunner): Promise<void> {
    await ddl(runner).index("dead_letters_class", "dead_letters", "class");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
