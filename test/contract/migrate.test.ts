/**
 * `npm run migrate` as an operator uses it: once before a release, by itself, on every database there is.
 *
 * What the tables hold is the business of the suites of the systems.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Config, systemNames } from "../../shared/config.ts";
import { createKernel } from "../../shared/kernel.ts";
import { silentLogger } from "../../shared/logging.ts";
import { migrateAll } from "../../system.ts";
import { createScratch, type DatabaseKind } from "../helpers/databases.ts";
import { root } from "../helpers/repository.ts";
import { services } from "../helpers/services.ts";

describe.each<DatabaseKind>(["sqlite", "mysql"])("migrating everything on %s", (kind) => {
  const missing = kind === "mysql" && !services.mysqlUrl;
  const scratch = missing ? null : createScratch(kind, { MIGRATE_ON_START: "off" });
  afterAll(() => scratch?.remove());

  it.skipIf(missing)("makes every system's tables, and changes nothing when it is done again", async () => {
    if (!scratch) return;
    await migrateAll(scratch.config);
    const before = await appliedMigrations(scratch.config);
    expect(before).toHaveLength(systemNames.length);
    expect(Math.min(...before)).toBeGreaterThan(1);
    await migrateAll(scratch.config);
    expect(await appliedMigrations(scratch.config)).toEqual(before);
  });
});

describe("npm run migrate", () => {
  it.each([
    [{ MYSQL_URL: "postgres://db" }, "MYSQL_URL must be a URL with mysql: or mariadb:."],
    [{ MYSQL_APP_USER: "inventory" }, "MYSQL_APP_USER needs MYSQL_URL."],
  ])("names the variable that cannot be used: %j", (env, says) => {
    const dataDir = mkdtempSync(join(tmpdir(), "iag-"));
    const refused = spawnSync(process.execPath, ["--import", "tsx", "cli/migrate.ts"], {
      cwd: root,
      env: { DATA_DIR: dataDir, ...env },
      encoding: "utf8",
    });
    rmSync(dataDir, { recursive: true });
    expect(refused).toMatchObject({ status: 1, stdout: "", stderr: `CONFIG_INVALID: ${says}\n` });
  });
});

/** How many migrations each system's database remembers; whoever looks does not migrate. */
async function appliedMigrations(config: Config): Promise<number[]> {
  const kernel = await createKernel(config, { log: silentLogger });
  const counts: number[] = [];
  for (const system of systemNames) {
    const db = await kernel.openDatabase({ system, entities: [], migrations: [] });
    const [row] = await db.query<{ n: number }>("SELECT COUNT(*) AS n FROM migrations");
    counts.push(Number(row?.n));
  }
  await kernel.close();
  return counts;
}
