/**
 * `npm run migrate`: brings the database of every system up to date, creating it where it may.
 *
 * For production, where the processes run with MIGRATE_ON_START=off and this runs once before a release; running it
 * again, or twice at once, changes nothing. Migrations go forward only.
 */
import { readEnv, systemNames, toConfig } from "../shared/config.ts";
import { runMain } from "../shared/lifecycle.ts";
import { migrateAll } from "../system.ts";

runMain(async () => {
  const config = toConfig(readEnv());
  await migrateAll(config);
  process.stdout.write(`up to date: ${systemNames.map((name) => `${config.mysqlPrefix}${name}`).join(", ")}\n`);
});
