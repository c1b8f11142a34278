/**
 * `npm run audit:verify` as an auditor uses it: one line a system, and an exit code that says whether to worry.
 *
 * Runs the file as a process on databases that a system has worked with and left.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHeadsFile } from "../../cli/audit-report.ts";
import { systemClock } from "../../shared/clock.ts";
import { systemNames } from "../../shared/config.ts";
import { createApiClient } from "../../shared/graphql/client.ts";
import { issueToken } from "../../shared/identity.ts";
import { silentLogger } from "../../shared/logging.ts";
import { createSystem } from "../../system.ts";
import { createScratch, type DatabaseKind, type Scratch } from "../helpers/databases.ts";
import { tamper } from "../helpers/plain-sql.ts";
import { root } from "../helpers/repository.ts";
import { services } from "../helpers/services.ts";
import { openShop } from "../helpers/shop.ts";

describe.each<DatabaseKind>(["sqlite", "mysql"])("npm run audit:verify on %s", (kind) => {
  const missing = kind === "mysql" && !services.mysqlUrl;
  let scratch: Scratch;

  beforeAll(async () => {
    if (missing) return;
    scratch = createScratch(kind, { AUTH_SECRET: "a-secret-that-only-the-tests-know" });
    const system = await createSystem(scratch.config, { log: silentLogger });
    await system.start();
    const roles = ["connector-erp", "connector-wms"] as const;
    const token = await issueToken(scratch.config.auth, { person: "connector", roles }, systemClock);
    const shop = await openShop(createApiClient({ url: system.url(), token }), "s", 3, 10);
    await shop.move();
    await system.drain();
    await system.stop();
  });
  afterAll(() => scratch?.remove());

  function run(...args: string[]) {
    const { dataDir, mysqlUrl, mysqlPrefix } = scratch.config;
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "cli/audit.ts", ...args], {
      cwd: root,
      env: { DATA_DIR: dataDir, ...(mysqlUrl ? { MYSQL_URL: mysqlUrl, MYSQL_PREFIX: mysqlPrefix } : {}) },
      encoding: "utf8",
    });
    return { status, lines: stdout.split("\n").slice(0, -1), stderr };
  }

  it.skipIf(missing)("finds everything that was done sealed, and says from whom a row was taken since", async () => {
    const { auditHeadsFile, dataDir } = scratch.config;
    const clean = run();
    expect(clean).toMatchObject({ status: 0, stderr: "" });
    for (const [i, name] of systemNames.entries())
      expect(clean.lines[i]).toMatch(new RegExp(`^${name}: intact, rows `));
    expect(clean.lines.at(-1)).toBe(`compared with ${auditHeadsFile}`);

    await tamper(scratch.config, "wms", "UPDATE audit_rows SET person = 'nobody' WHERE id = 2");
    const edited = run();
    expect(edited.status).toBe(1);
    expect(edited.lines[1]).toMatch(/^wms: broken, .*, broken places 1, first HASH_DIFFERS at seal \d+ of row 2$/);
    expect(edited.lines[0]).toMatch(/^erp: intact/);

    // With the heads of another chain as the copy that somebody else has kept.
    const copy = join(dataDir, "copy.jsonl");
    writeFileSync(
      copy,
      readFileSync(auditHeadsFile, "utf8")
        .replaceAll(/"hash":"./g, '"hash":"0')
        .replaceAll("wms", "erp"),
    );
    const compared = run("--head", copy);
    expect(compared.status).toBe(1);
    expect(compared.lines[0]).toMatch(/^erp: broken, .* first HEAD_(DIFFERS|MISSING)/);
  });
});

describe("the arguments of npm run audit:verify", () => {
  it("name a file, or none", () => {
    expect(toHeadsFile([])).toBeNull();
    expect(toHeadsFile(["--head", "heads.jsonl"])).toBe("heads.jsonl");
    expect(() => toHeadsFile(["--heads", "heads.jsonl"])).toThrow("npm run audit:verify -- [--head FILE]");
  });
});
