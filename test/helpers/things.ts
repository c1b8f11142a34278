/**
 * A table for tests of what has no table of its own: things with an amount, at places.
 *
 * Only suites about databases, commands and messages use it; no system has it.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class Things1767225600999 implements MigrationInterface {
  readonly name = "Things1767225600999";

  async up(runner: QueryRunner): Promise<void> {
    const { table } = ddl(runner);
    await table(
      "things",
      `id VARCHAR(64) NOT NULL, place VARCHAR(64) NOT NULL, amount INT NOT NULL, note VARCHAR(64) NULL,
       version BIGINT NOT NULL, PRIMARY KEY (id, place)`,
    );
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only.");
  }
}

interface Thing {
  readonly id: string;
  readonly place: string;
  readonly amount: number;
  readonly note: string | null;
  readonly version: number;
}

/** One row. */
export function thing(id: string, more: Partial<Thing> = {}) {
  return { id, place: "L", amount: 1, note: null, version: 1, ...more };
}
