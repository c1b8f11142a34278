/**
 * The kernel: what every process needs before it knows which systems it runs.
 *
 * Decides between the embedded twins and the real servers, in one place: SQLite or MySQL, memory or Redis.
 */
import type { EntitySchema } from "typeorm";
import type { CacheStore } from "./cache/cache-store.ts";
import { createMemoryCache } from "./cache/memory-cache.ts";
import { createRedisCache } from "./cache/redis-cache.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Config, SystemName } from "./config.ts";
import type { Database } from "./db/database.ts";
import type { MigrationClass } from "./db/migration.ts";
import { openMysql } from "./db/mysql.ts";
import { openSqlite } from "./db/sqlite.ts";
import { armFailpoint } from "./failpoints.ts";
import { type Authenticator, createAuthenticator } from "./identity.ts";
import { createLogger, type Logger } from "./logging.ts";
import type { Bus } from "./messaging/bus.ts";
import { createMemoryBus } from "./messaging/memory-bus.ts";
import { createRedisBus } from "./messaging/redis-bus.ts";
import { createMetrics, type Metrics } from "./metrics/metrics.ts";
import { watchBus } from "./metrics/subgraph-metrics.ts";
import { openTraceExport } from "./trace-export.ts";
import { noTracing, type Tracing } from "./tracing.ts";

export interface DatabaseSpec {
  readonly system: SystemName;
  readonly entities: readonly EntitySchema[];
  readonly migrations: readonly MigrationClass[];
}

export interface Kernel {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly bus: Bus;
  readonly cache: CacheStore;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly authenticator: Authenticator;
  /** Opens a system's database with its schema up to date. */
  openDatabase(spec: DatabaseSpec): Promise<Database>;
  close(): Promise<void>;
}

/** What a test puts in the place of the real thing. */
export interface KernelOverrides {
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly bus?: Bus;
  readonly tracing?: Tracing;
}

export async function createKernel(config: Config, overrides: KernelOverrides = {}): Promise<Kernel> {
  const clock = overrides.clock ?? systemClock;
  const log = overrides.log ?? createLogger(config.logLevel);
  if (config.failpoint) armFailpoint(config.failpoint);
  const { redisUrl, redisPrefix } = config;
  const bus =
    overrides.bus ?? (redisUrl ? await createRedisBus({ url: redisUrl, prefix: redisPrefix, log }) : createMemoryBus());
  const cache = redisUrl ? await createRedisCache(redisUrl, redisPrefix, log) : createMemoryCache(clock);
  const tracing = overrides.tracing ?? (config.traces ? await openTraceExport(config.traces) : noTracing);
  const metrics = createMetrics();
  watchBus(metrics, bus);
  const databases: Database[] = [];

  return {
    config,
    clock,
    log,
    bus,
    cache,
    metrics,
    tracing,
    authenticator: createAuthenticator(config.auth, clock),
    async openDatabase(spec) {
      const db = config.mysqlUrl
        ? await openMysql({ ...spec, url: config.mysqlUrl, prefix: config.mysqlPrefix })
        : await openSqlite({ ...spec, dataDir: config.dataDir });
      databases.push(db);
      if (config.migrateOnStart) await db.migrate();
      return db;
    },
    async close() {
      for (const db of databases) await db.close();
      await bus.close();
      await cache.close();
      await tracing.close();
    },
  };
}
