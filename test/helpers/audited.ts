/**
 * I12, audit: what was done and refused stands sealed in one chain, whatever happened meanwhile. Nothing has been broken
 * by working, by dying or by sealing at once; rows that still wait are no loss.
 *
 * Reads through the bare drivers, and judges as `npm run audit:verify` does, a few minutes later: keys have their rows.
 */
import { expect } from "vitest";
import { auditSource } from "../../shared/audit/audit-store.ts";
import { verifyAudit } from "../../shared/audit/verify.ts";
import { systemClock } from "../../shared/clock.ts";
import { type SystemName, systemNames } from "../../shared/config.ts";
import type { Database, SqlValue } from "../../shared/db/database.ts";
import { literal } from "../../shared/db/statements.ts";
import { limits } from "../../shared/limits.ts";
import type { PlainDatabase } from "./plain-sql.ts";

export async function assertAudited(systems: Readonly<Record<SystemName, PlainDatabase>>): Promise<void> {
  for (const system of systemNames) {
    const query = (sql: string, params: readonly SqlValue[] = []) => {
      const values = params[Symbol.iterator]();
      return systems[system].query(sql.replaceAll("?", () => literal(values.next().value ?? null)));
    };
    const database = { system, query } as unknown as Database;
    const report = await verifyAudit(auditSource(database), [], systemClock.now() + 2 * limits.auditOverdueMs);
    expect({ system, broken: report.firstBroken }).toEqual({ system, broken: null });
  }
}
