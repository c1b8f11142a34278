/**
 * The user that the system works with: everything can be done as this user, except to change what was audited.
 *
 * On MySQL or MariaDB; SQLite has no users.
 */
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { auditSource } from "../../shared/audit/audit-store.ts";
import { verifyAudit } from "../../shared/audit/verify.ts";
import { systemClock } from "../../shared/clock.ts";
import { type Config, systemNames } from "../../shared/config.ts";
import { silentLogger } from "../../shared/logging.ts";
import { createSystem, type System } from "../../system.ts";
import { busyDay, openOffice } from "../helpers/busy-day.ts";
import { createScratch, type Scratch } from "../helpers/databases.ts";
import { root } from "../helpers/repository.ts";
import { createRestrictedUser, type RestrictedUser } from "../helpers/restricted-user.ts";
import { services } from "../helpers/services.ts";

const missing = !services.mysqlUrl;

describe.skipIf(missing)(`the user of the system${missing ? " (no MySQL or MariaDB answers)" : ""}`, () => {
  let scratch: Scratch;
  let config: Config;
  let user: RestrictedUser;
  let system: System;

  beforeAll(async () => {
    scratch = createScratch("mysql", { AUTH_SECRET: "a-secret-that-only-the-tests-know" });
    const { mysqlPrefix, dataDir } = scratch.config;
    const ownerUrl = services.mysqlUrl ?? "";
    user = await createRestrictedUser(ownerUrl);
    // As an installation of before may have it: too much.
    await user.asOwner(`CREATE DATABASE ${mysqlPrefix}erp COLLATE utf8mb4_bin`);
    await user.asOwner(`GRANT ALL PRIVILEGES ON ${mysqlPrefix}erp.* TO '${user.name}'@'%'`);
    const migrated = spawnSync(process.execPath, ["--import", "tsx", "cli/migrate.ts"], {
      cwd: root,
      env: { DATA_DIR: dataDir, MYSQL_URL: ownerUrl, MYSQL_PREFIX: mysqlPrefix, MYSQL_APP_USER: user.name },
      encoding: "utf8",
    });
    expect(migrated).toMatchObject({ status: 0, stderr: "" });
    config = { ...scratch.config, mysqlUrl: user.url, migrateOnStart: false };
    system = await createSystem(config, { log: silentLogger });
    await system.start();
  });
  afterAll(async () => {
    await system?.stop();
    await user?.remove();
    await scratch?.remove();
  });

  it("can do everything that the API can do, and what it did is sealed", async () => {
    const office = await openOffice(system);
    await busyDay(office, "1", system.drain);
    expect(office.unused("Mutation")).toEqual([]);
    for (const { db } of system.subgraphs) {
      const report = await vi.waitFor(async () => {
        const found = await verifyAudit(auditSource(db), [], systemClock.now());
        expect(found.waiting).toBe(0);
        return found;
      }, 10_000);
      expect(report.verdict).toBe("intact");
      expect(report.sealed).toBeGreaterThan(0);
    }
  });

  it.each([...systemNames])("cannot change, delete or empty the audit of %s, nor its tables", async (name) => {
    const refused = async (sql: string) => {
      expect(await user.refusal(`${config.mysqlPrefix}${name}`, sql), sql).toBe(1142);
    };
    for (const table of ["audit_rows", "audit_seals"]) {
      const column = table === "audit_rows" ? "person" : "hash";
      await refused(`UPDATE ${table} SET ${column} = 'nobody'`);
      await refused(`DELETE FROM ${table} WHERE ${column} = 'nobody'`);
      await refused(`INSERT INTO ${table} SELECT * FROM ${table} LIMIT 0 ON DUPLICATE KEY UPDATE ${column} = 'nobody'`);
      await refused(`REPLACE INTO ${table} SELECT * FROM ${table} LIMIT 1`);
      await refused(`TRUNCATE TABLE ${table}`);
      await refused(`DROP TABLE ${table}`);
      await refused(`ALTER TABLE ${table} ADD COLUMN more INT`);
      await refused(`CREATE TRIGGER forge BEFORE INSERT ON ${table} FOR EACH ROW SET NEW.${column} = 'nobody'`);
      await refused(`RENAME TABLE ${table} TO away`);
    }
    await refused("INSERT INTO migrations (timestamp, name) VALUES (1, 'none')");
  });
});
