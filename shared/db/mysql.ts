/**
 * MySQL or MariaDB through mysql2: one database (schema) a system.
 *
 * READ COMMITTED: the guard of a write stands in its WHERE, so a longer snapshot would only add locks. A connection
 * whose transaction could not be rolled back is destroyed, never handed to the next caller.
 */
import mysql from "mysql2/promise";
import { DataSource, type EntitySchema, MigrationExecutor, type QueryRunner } from "typeorm";
import type { SystemName } from "../config.ts";
import { AppError } from "../errors.ts";
import { failpoint } from "../failpoints.ts";
import { limits } from "../limits.ts";
import type { Connections, Database, SqlValue, Transaction } from "./database.ts";
import type { MigrationClass } from "./migration.ts";
import { judge, retrying } from "./retry.ts";

export interface MysqlOptions {
  readonly system: SystemName;
  readonly url: string;
  readonly prefix: string;
  readonly entities: readonly EntitySchema[];
  readonly migrations: readonly MigrationClass[];
}

interface PoolConnection {
  query(sql: string, done: (error: Error | null) => void): unknown;
  destroy(): void;
}

/** mysql2 says nothing of this in public: read where it is, and only for metrics. */
interface Pool {
  on(event: string, listener: (connection: PoolConnection) => void): void;
  readonly _allConnections: { readonly length: number };
  readonly _freeConnections: { readonly length: number };
  readonly _connectionQueue: { readonly length: number };
}

/** Two statements: MySQL and MariaDB do not agree on a variable's name for the first. */
const sessionSettings = [
  "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
  `SET SESSION innodb_lock_wait_timeout = ${limits.lockWaitS}`,
];

export async function openMysql(options: MysqlOptions): Promise<Database> {
  const database = `${options.prefix}${options.system}`;
  const source = new DataSource({
    type: "mysql",
    url: withDatabase(options.url, database),
    entities: [...options.entities],
    migrations: [...options.migrations],
    migrationsTableName: "migrations",
    charset: "utf8mb4_bin",
    timezone: "Z",
    supportBigNumbers: true,
    bigNumberStrings: false,
    poolSize: limits.databasePoolSize,
    extra: { queueLimit: limits.databaseQueueMax, enableKeepAlive: true, connectTimeout: 5_000 },
  });
  await unavailable(createDatabase(options.url, database));
  await unavailable(source.initialize());
  const { pool } = source.driver as unknown as { readonly pool: Pool };
  pool.on("connection", (connection) => {
    for (const setting of sessionSettings) {
      connection.query(setting, (error) => {
        if (error) connection.destroy();
      });
    }
  });
  // The one that `initialize` tried the server with was there before anybody listened.
  await withRunner(async (runner) => {
    for (const setting of sessionSettings) await runner.query(setting);
  });

  async function withRunner<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const runner = source.createQueryRunner();
    try {
      await connectInTime(runner);
      return await work(runner);
    } finally {
      await runner.release();
    }
  }

  function once<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return withRunner(async (runner) => {
      await runner.query("START TRANSACTION");
      try {
        const result = await work(transactionOn(runner));
        await commit(runner);
        return result;
      } catch (error) {
        await rollBack(runner);
        throw error;
      }
    });
  }

  return {
    system: options.system,
    dialect: "mysql",
    manager: source.manager,
    query: (sql, params) => unavailable(retrying(() => withRunner((runner) => queryOn(runner, sql, params)))),
    transaction: (work) => unavailable(retrying(() => once(work))),
    migrate: () => withRunner((runner) => migrateUnderLock(source, runner, database)),
    ping: () => withRunner(async (runner) => void (await runner.query("SELECT 1"))),
    connections: () => connectionsOf(pool),
    close: () => source.destroy(),
  };
}

function connectionsOf(pool: Pool): Connections {
  const idle = pool._freeConnections.length;
  return { used: pool._allConnections.length - idle, idle, waiting: pool._connectionQueue.length };
}

async function queryOn<T>(runner: QueryRunner, sql: string, params: readonly SqlValue[] = []): Promise<T[]> {
  return (await runner.query(sql, valuesOf(params))) as T[];
}

/** For none, null: of anything else mysql2 would look for the place through the whole text of the statement. */
function valuesOf(params: readonly SqlValue[]): SqlValue[] {
  return params.length === 0 ? (null as unknown as SqlValue[]) : [...params];
}

function transactionOn(runner: QueryRunner): Transaction {
  /** Of the work under way, the outermost first. SAVEPOINT is sent with the first change: what only looks needs none. */
  const savepoints: { readonly name: string; isSet: boolean }[] = [];
  return {
    dialect: "mysql",
    manager: runner.manager,
    query: (sql, params) => queryOn(runner, sql, params),
    async run(sql, params = []) {
      for (const savepoint of savepoints.filter(({ isSet }) => !isSet)) {
        savepoint.isSet = true;
        await runner.query(`SAVEPOINT ${savepoint.name}`);
      }
      return (await runner.query(sql, valuesOf(params), true)).affected ?? 0;
    },
    async savepoint(work) {
      // A name of its own: a second savepoint of the same name would take the first one away.
      const savepoint = { name: `work_${savepoints.length + 1}`, isSet: false };
      savepoints.push(savepoint);
      try {
        return await work();
      } catch (error) {
        // After a deadlock the savepoint is gone with the transaction: the first error is the one to report.
        if (savepoint.isSet && judge(error) === "final") await runner.query(`ROLLBACK TO SAVEPOINT ${savepoint.name}`);
        throw error;
      } finally {
        savepoints.pop();
      }
    },
  };
}

async function commit(runner: QueryRunner): Promise<void> {
  await failpoint("before_commit");
  const committing = runner.query("COMMIT");
  // Where a failpoint fails first, nobody else looks at it.
  committing.catch(() => {});
  await failpoint("commit_sent");
  await committing;
  await failpoint("commit_acknowledged");
}

async function rollBack(runner: QueryRunner): Promise<void> {
  try {
    await runner.query("ROLLBACK");
  } catch {
    const connection = (await runner.connect()) as PoolConnection;
    connection.destroy();
  }
}

/** mysql2's pool waits for a free connection without limit: here the wait ends. */
async function connectInTime(runner: QueryRunner): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new AppError("SOURCE_UNAVAILABLE", { message: "No database connection is free." })),
      limits.lockWaitS * 1000,
    );
  });
  const connecting = runner.connect();
  try {
    await Promise.race([connecting, late]);
  } catch (error) {
    // If the connection comes after all, it must go back to the pool.
    connecting.then(
      () => runner.release(),
      () => {},
    );
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** A read that met no server is an outage of this system, not a defect. */
async function unavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AppError || judge(error) !== "disconnected") throw error;
    throw new AppError("SOURCE_UNAVAILABLE", { message: "The database does not answer." }, { cause: error });
  }
}

function withDatabase(url: string, database: string): string {
  const target = new URL(url.replace(/^mariadb:/, "mysql:"));
  target.pathname = `/${database}`;
  return target.toString();
}

async function createDatabase(url: string, database: string): Promise<void> {
  const connection = await connectServer(url);
  try {
    const [found] = await connection.query("SHOW DATABASES LIKE ?", [database.replaceAll("_", "\\_")]);
    if ((found as unknown[]).length === 0) {
      await connection.query(`CREATE DATABASE IF NOT EXISTS \`${database}\` COLLATE utf8mb4_bin`);
    }
  } finally {
    await connection.end();
  }
}

/**
 * Two processes that start together upgrade one after the other. The lock belongs to the connection that migrates: if
 * that is lost, both end together, and nobody goes on with a lock that another has by then.
 */
async function migrateUnderLock(source: DataSource, runner: QueryRunner, database: string): Promise<void> {
  const lock = [`migrate:${database}`];
  const [taken] = await queryOn<{ locked: number | null }>(
    runner,
    `SELECT GET_LOCK(?, ${limits.migrationWaitS}) AS locked`,
    lock,
  );
  if (Number(taken?.locked) !== 1) {
    throw new AppError("SOURCE_UNAVAILABLE", {
      message: `Another process has been migrating ${database} for too long.`,
    });
  }
  const executor = new MigrationExecutor(source, runner);
  executor.transaction = "none";
  try {
    await executor.executePendingMigrations();
  } finally {
    // On a connection that is lost there is nothing to give back.
    await runner.query("SELECT RELEASE_LOCK(?)", lock).catch(() => {});
  }
}

function connectServer(url: string) {
  const server = new URL(url.replace(/^mariadb:/, "mysql:"));
  server.pathname = "/";
  return mysql.createConnection({ uri: server.toString(), connectTimeout: 5_000 });
}
