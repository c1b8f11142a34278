/**
 * Writes a data set straight into the databases of the four systems, many rows a statement.
 *
 * For data of a scratch world only: no event tells of it, so whoever runs must be started afterwards. The tables must
 * be empty.
 */
import type { Config, SystemName } from "../../shared/config.ts";
import { systemNames } from "../../shared/config.ts";
import type { Database } from "../../shared/db/database.ts";
import { insertRows } from "../../shared/db/statements.ts";
import { createKernel } from "../../shared/kernel.ts";
import { silentLogger } from "../../shared/logging.ts";
import { migrateAll } from "../../system.ts";
import { type DataSet, skuAt, stockOf } from "./data-set.ts";
import { locationRows, positionRows, productRows, type Tables } from "./rows.ts";

export interface WriteOptions {
  /** Whose databases are filled; the others stay empty. */
  readonly systems?: readonly SystemName[];
  readonly nowMs: number;
  /** Told after each chunk how many SKUs are there. */
  readonly progress?: (skus: number) => void;
}

const skusPerChunk = 2_500;

export async function writeDataSet(config: Config, data: DataSet, options: WriteOptions): Promise<void> {
  await migrateAll(config);
  const { systems = systemNames } = options;
  const kernel = await createKernel({ ...config, migrateOnStart: false, redisUrl: null }, { log: silentLogger });
  try {
    await Promise.all(
      systems.map(async (system) => {
        const db = await kernel.openDatabase({ system, entities: [], migrations: [] });
        await writeSystem(db, data, options);
      }),
    );
  } finally {
    await kernel.close();
  }
}

async function writeSystem(db: Database, data: DataSet, { nowMs, progress }: WriteOptions): Promise<void> {
  await write(db, locationRows(db.system, nowMs));
  for (let from = 0; from < data.skuCount; from += skusPerChunk) {
    const indexes = Array.from({ length: Math.min(skusPerChunk, data.skuCount - from) }, (_, i) => from + i);
    const stocked = indexes.flatMap((index) => stockOf(data, index));
    await write(db, {
      ...productRows(db.system, indexes.map(skuAt), nowMs),
      ...positionRows(db.system, stocked, nowMs),
    });
    progress?.(from + indexes.length);
  }
}

async function write(db: Database, tables: Tables): Promise<void> {
  await db.transaction(async (tx) => {
    for (const [table, rows] of Object.entries(tables)) await insertRows(tx, table, rows);
  });
}
