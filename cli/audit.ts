/**
 * `npm run audit:verify [-- --head FILE]`: is the audit of every system what it was? One line a system; exit code 1 if not.
 *
 * Reads the databases past everything that runs, changes nothing, and may be run beside a working system. Compares with
 * the heads in FILE (default AUDIT_HEADS_FILE, where it is there): a copy that somebody else keeps shows most.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { auditSource } from "../shared/audit/audit-store.ts";
import { parseHeads } from "../shared/audit/heads.ts";
import { type AuditReport, verifyAudit } from "../shared/audit/verify.ts";
import { type Config, readEnv, systemNames, toConfig } from "../shared/config.ts";
import { AppError } from "../shared/errors.ts";
import { createKernel } from "../shared/kernel.ts";
import { runMain } from "../shared/lifecycle.ts";
import { auditReportText, toHeadsFile } from "./audit-report.ts";

runMain(async () => {
  const config = toConfig(readEnv());
  const given = toHeadsFile(process.argv.slice(2));
  const file = given ?? (existsSync(config.auditHeadsFile) ? config.auditHeadsFile : null);
  assertThere(config);
  const reports = await verifyAll(config, file);
  for (const report of reports) process.stdout.write(`${auditReportText(report)}\n`);
  process.stdout.write(file ? `compared with ${file}\n` : "compared with no heads: a chain computed anew passes\n");
  process.exitCode = reports.every(({ verdict }) => verdict === "intact") ? 0 : 1;
});

async function verifyAll(config: Config, file: string | null): Promise<AuditReport[]> {
  const heads = parseHeads(file ? readFileSync(file, "utf8") : "");
  // No events are read, so no Redis is needed.
  const kernel = await createKernel({ ...config, redisUrl: null, migrateOnStart: false });
  try {
    const reports: AuditReport[] = [];
    for (const system of systemNames) {
      const db = await kernel.openDatabase({ system, entities: [], migrations: [] });
      reports.push(await verifyAudit(auditSource(db), heads.get(system) ?? [], kernel.clock.now()));
    }
    return reports;
  } finally {
    await kernel.close();
  }
}

/** Opening a SQLite file that is not there would make it, and find it intact. */
function assertThere({ mysqlUrl, dataDir }: Config): void {
  const missing = systemNames.filter((name) => !existsSync(join(dataDir, `${name}.sqlite`)));
  if (mysqlUrl || missing.length === 0) return;
  throw new AppError("CONFIG_INVALID", { message: `There is no ${missing[0]}.sqlite in ${dataDir}: set DATA_DIR.` });
}
