/**
 * `npm run migrate` as an operator uses it: once before a release, by itself, on every database there is.
 *
 * What the tables hold is the business of the suites of the systems.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { Kernel1767225600001 } from "../../migrations/shared/001-kernel.ts";
import { type Config, systemNames } from "../../shared/config.ts";
import { createKernel } from "../../shared/kernel.ts";
import { silentLogger } from "../../shared/logging.ts";
import { migrateAll } from "../../system.ts";
import { createScratch, type DatabaseKind } from "../helpers/databases.ts";
import { gate } from "../helpers/gate.ts";
import { root } from "../helpers/repository.ts";
import { services } from "../helpers/services.ts";

describe.each<DatabaseKind>(["sqlite", "mysql"])("migrating everything on %s", (kind) => {
  const missing = kind === "mysql" && !services.mysqlUrl;
  const scratch = missing ? null : createScratch(kind, { MIGRATE_ON_START: "off" });
  afterAll(() => scratch?.remove());

  it.skipIf(missing)(
    "makes every system's tables, also by two who start at once, and changes nothing when it is done again",
    async () => {
      if (!scratch) return;
      await Promise.all([migrateAll(scratch.config), migrateAll(scratch.config)]);
      const before = await appliedMigrations(scratch.config);
      expect(before).toHaveLength(systemNames.length);
      expect(Math.min(...before)).toBeGreaterThan(1);
      await migrateAll(scratch.config);
      expect(await appliedMigrations(scratch.config)).toEqual(before);
    },
  );
});

describe.skipIf(!services.mysqlUrl)("a database that another process is upgrading", () => {
  it("is left alone until that one has finished", async () => {
    const scratch = createScratch("mysql", { MIGRATE_ON_START: "off" });
    const kernel = await createKernel(scratch.config, { log: silentLogger });
    const db = await kernel.openDatabase({ system: "wms", entities: [], migrations: [Kernel1767225600001] });
    const [taken, released] = [gate(), gate()];
    const lock = [`migrate:${scratch.config.mysqlPrefix}wms`];
    const other = db.transaction(async (tx) => {
      await tx.query("SELECT GET_LOCK(?, 0)", lock);
      taken.open();
      await released.opened;
      await tx.query("SELECT RELEASE_LOCK(?)", lock);
    });
    await taken.opened;
    const migrating = db.migrate();
    await vi.waitFor(async () => {
      const waiting = await db.query(
        `SELECT 1 AS one FROM information_schema.processlist WHERE state = 'User lock' AND db = DATABASE()`,
      );
      expect(waiting).toHaveLength(1);
    });
    expect(await db.query("SHOW TABLES")).toEqual([]);
    released.open();
    await Promise.all([other, migrating]);
    expect((await db.query("SHOW TABLES")).length).toBeGreaterThan(3);
    await kernel.close();
    await scratch.remove();
  });
});

describe("what a release may do to a database that the previous one still works on", () => {
  /** Landed before the first release. */
  // The second makes a column longer: who knows it shorter does not notice.
  const before = new Set(["migrations/erp/004-found-by-index.ts", "migrations/shared/008-waiting-letters.ts"]);
  const files = readdirSync(join(root, "migrations"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `migrations/${file}`);

  it("is to add: nothing is dropped, renamed or narrowed, and a column that is added has a value for who knows it not", () => {
    const takesAway = /\b(DROP (COLUMN|TABLE)|RENAME|MODIFY|CHANGE COLUMN)\b/i;
    const demands = /ADD COLUMN [^"`]*NOT NULL(?![^"`]*DEFAULT)/i;
    const guilty = files.filter((file) => {
      const text = readFileSync(join(root, file), "utf8");
      return takesAway.test(text) || demands.test(text);
    });
    expect(guilty.filter((file) => !before.has(file))).toEqual([]);
    expect(guilty).toEqual([...before]);
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
