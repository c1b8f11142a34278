/**
 * A system's database: reads, and transactions that are retried as a whole.
 *
 * Architecture invariant: every write of one command happens in one `transaction`. Its body may run more than once
 * (deadlock, lost connection), so it touches nothing but the database. Knows no table by name.
 */
import type { EntityManager } from "typeorm";
import type { SystemName } from "../config.ts";

export type Dialect = "sqlite" | "mysql";
export type SqlValue = string | number | null;
export type Row = Record<string, string | number | null>;

export interface Reader {
  readonly dialect: Dialect;
  query<T = Row>(sql: string, params?: readonly SqlValue[]): Promise<T[]>;
  /** TypeORM's view of the same connection, for reads through an EntitySchema. */
  readonly manager: EntityManager;
}

export interface Transaction extends Reader {
  /** Runs a statement that changes rows; how many it changed (on MySQL: found rows, as in SQLite). */
  run(sql: string, params?: readonly SqlValue[]): Promise<number>;
  /** Runs `work`; if it throws, only what it did is undone and the error is thrown on. */
  savepoint<T>(work: () => Promise<T>): Promise<T>;
}

/** Who has the database's connections now. */
export interface Connections {
  readonly used: number;
  readonly idle: number;
  /** Wait for one. */
  readonly waiting: number;
}

export interface Database extends Reader {
  readonly system: SystemName;
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Creates or upgrades the schema. */
  migrate(): Promise<void>;
  /** Does the database answer? */
  ping(): Promise<void>;
  connections(): Connections;
  close(): Promise<void>;
}
