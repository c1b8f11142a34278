/**
 * Finds the dead letters that may still be tried. Those that were given up are many one day, and are not looked at for
 * it.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class DueLetters1767225600004 implements MigrationInterface {
  readonly name = "DueLetters1767225600004";

  async up(runner: QueryRunner): Promise<void> {
    await ddl(runner).index("dead_letters_due", "dead_letters", "consumer, type, attempts, last_seen_at_ms");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
