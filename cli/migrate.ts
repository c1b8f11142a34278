/**
 * `npm run migrate`: brings the database of every system up to date, creating it where it may.
 *
 * For production, where the processes run with MIGRATE_ON_START=off and this runs once before a release; running it
 * again, or twice at once, changes nothing. Migrations go forward only. With MYSQL_APP_USER set it runs as the owner of
 * the databases, and gives that user the rights to work in them, which do not include changing the audit.
 */
import { type Config, readEnv, systemNames, toConfig } from "../shared/config.ts";
import { grantWork } from "../shared/db/grants.ts";
import { AppError } from "../shared/errors.ts";
import { createKernel } from "../shared/kernel.ts";
import { runMain } from "../shared/lifecycle.ts";
import { migrateAll } from "../system.ts";

runMain(async () => {
  const config = toConfig(readEnv());
  if (config.mysqlAppUser && !config.mysqlUrl) {
    throw new AppError("CONFIG_INVALID", { message: "MYSQL_APP_USER needs MYSQL_URL." });
  }
  await migrateAll(config);
  if (config.mysqlAppUser) await grantAll(config, config.mysqlAppUser);
  process.stdout.write(`up to date: ${systemNames.map((name) => `${config.mysqlPrefix}${name}`).join(", ")}\n`);
});

async function grantAll(config: Config, user: string): Promise<void> {
  const kernel = await createKernel({ ...config, redisUrl: null, migrateOnStart: false });
  try {
    for (const system of systemNames) {
      await grantWork(await kernel.openDatabase({ system, entities: [], migrations: [] }), user);
    }
  } finally {
    await kernel.close();
  }
}
