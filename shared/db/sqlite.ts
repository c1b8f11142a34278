/**
 * SQLite through libsql: one file a system, nothing to install.
 *
 * Architecture invariant: transactions are serialised here, because a SQLite file has one writer. Reads outside a
 * transaction use a second connection and so never see a transaction that is still running (WAL mode).
 */
import { join } from "node:path";
import Libsql from "libsql";
import { DataSource, type EntitySchema, MigrationExecutor, type QueryRunner } from "typeorm";
import type { SystemName } from "../config.ts";
import type { Connections, Database, SqlValue, Transaction } from "./database.ts";
import type { MigrationClass } from "./migration.ts";
import { retrying } from "./retry.ts";

export interface SqliteOptions {
  readonly system: SystemName;
  readonly dataDir: string;
  readonly entities: readonly EntitySchema[];
  readonly migrations: readonly MigrationClass[];
}

export async function openSqlite(options: SqliteOptions): Promise<Database> {
  const connect = () =>
    new DataSource({
      type: "better-sqlite3",
      driver: Libsql,
      database: join(options.dataDir, `${options.system}.sqlite`),
      entities: [...options.entities],
      migrations: [...options.migrations],
      migrationsTableName: "migrations",
      enableWAL: true,
      // The outbox is the truth for everybody else: a power cut may lose the last commits, never tear the file.
      prepareDatabase: (db: { pragma(sql: string): unknown }) => {
        db.pragma("synchronous = NORMAL");
        // In pages and KiB: enough that a large import neither checkpoints nor rereads index pages all the time.
        db.pragma("wal_autocheckpoint = 4000");
        db.pragma("cache_size = -32000");
      },
    }).initialize();
  const writerSource = await connect();
  const readerSource = await connect();
  const writer = writerSource.createQueryRunner();
  const reader = readerSource.createQueryRunner();
  const { take: exclusively, connections } = createLine();

  async function once<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    await writer.query("BEGIN IMMEDIATE");
    try {
      const result = await work(transactionOn(writer));
      await writer.query("COMMIT");
      return result;
    } catch (error) {
      await writer.query("ROLLBACK").catch(() => {});
      throw error;
    }
  }

  return {
    system: options.system,
    dialect: "sqlite",
    manager: reader.manager,
    query: (sql, params) => queryOn(reader, sql, params),
    transaction: (work) => exclusively(() => retrying(() => once(work))),
    migrate: () => exclusively(() => migrateExclusively(writerSource, writer)),
    ping: async () => {
      await reader.query("SELECT 1");
    },
    connections,
    close: () =>
      exclusively(async () => {
        await readerSource.destroy();
        await writerSource.destroy();
      }),
  };
}

/** All or nothing, and one process after the other: whoever looks is the file's only writer from the first look on. */
async function migrateExclusively(source: DataSource, writer: QueryRunner): Promise<void> {
  const executor = new MigrationExecutor(source, writer);
  executor.transaction = "none";
  await writer.query("BEGIN EXCLUSIVE");
  try {
    await executor.executePendingMigrations();
    await writer.query("COMMIT");
  } catch (error) {
    await writer.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

/** One at a time, in the order asked. */
function createLine() {
  let last: Promise<unknown> = Promise.resolve();
  let underWay = 0;
  const left = () => {
    underWay -= 1;
  };
  return {
    take<T>(work: () => Promise<T>): Promise<T> {
      underWay += 1;
      const mine = last.then(work, work);
      last = mine.then(left, left);
      return mine;
    },
    connections(): Connections {
      const used = Math.min(underWay, 1);
      return { used, idle: 1 - used, waiting: underWay - used };
    },
  };
}

async function queryOn<T>(runner: QueryRunner, sql: string, params: readonly SqlValue[] = []): Promise<T[]> {
  const result = await runner.query(sql, [...params], true);
  return result.records as T[];
}

function transactionOn(runner: QueryRunner): Transaction {
  return {
    dialect: "sqlite",
    manager: runner.manager,
    query: (sql, params) => queryOn(runner, sql, params),
    run: async (sql, params = []) => (await runner.query(sql, [...params], true)).affected ?? 0,
    async savepoint(work) {
      await runner.query("SAVEPOINT work");
      try {
        const result = await work();
        await runner.query("RELEASE work");
        return result;
      } catch (error) {
        await runner.query("ROLLBACK TO work");
        await runner.query("RELEASE work");
        throw error;
      }
    },
  };
}
