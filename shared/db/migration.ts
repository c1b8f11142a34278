/**
 * What a migration needs to be written once for SQLite and for MySQL/MariaDB.
 *
 * Plain SQL with two substitutions; a migration that has landed is never edited, the next one follows it.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";

export type MigrationClass = new () => MigrationInterface;

export interface Ddl {
  /** Column definition of an ascending row number. */
  readonly rowNumber: string;
  /** Column type of a JSON text of any length. */
  readonly json: string;
  /** `CREATE TABLE name (body)`; every text column compares by bytes, because codes differ by case. */
  table(name: string, body: string): Promise<void>;
  index(name: string, table: string, columns: string): Promise<void>;
  run(sql: string): Promise<void>;
}

export function ddl(runner: QueryRunner): Ddl {
  const mysql = runner.dataSource.options.type === "mysql";
  const run = async (sql: string) => {
    await runner.query(sql);
  };
  return {
    rowNumber: mysql ? "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY" : "INTEGER PRIMARY KEY AUTOINCREMENT",
    json: mysql ? "LONGTEXT" : "TEXT",
    table: (name, body) =>
      run(`CREATE TABLE ${name} (${body})${mysql ? " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin" : ""}`),
    index: (name, table, columns) => run(`CREATE INDEX ${name} ON ${table} (${columns})`),
    run,
  };
}
