/**
 * The policy of exceptions in force, as the database has it, and the ranking of exceptions by it.
 *
 * Read where it is needed and not kept: whoever ranks does so for many at once.
 */
import type { Reader } from "../../shared/db/database.ts";
import { findProducts } from "../../shared/master-data.ts";
import { policyOf } from "./domain/exception-policy.ts";
import { escalationLevelOf, rank } from "./domain/ranking.ts";
import type { ExceptionRow } from "./entities.ts";
import { findPolicy } from "./store/exception-policies.ts";

/** The rows as urgent as they are at this moment. */
export async function ranked(db: Reader, rows: readonly ExceptionRow[], nowMs: number): Promise<ExceptionRow[]> {
  if (rows.length === 0) return [];
  const policy = policyOf(await findPolicy(db, null));
  const items = await findProducts(
    db,
    rows.flatMap(({ sku }) => sku ?? []),
  );
  return rows.map((row) => {
    const { priority, dueAtMs, terms, policyVersion } = rank(policy, row, items.get(row.sku ?? "") ?? null, nowMs);
    const escalationLevel = escalationLevelOf(policy, row, nowMs);
    return { ...row, priority, dueAtMs, terms, policyVersion, escalationLevel };
  });
}
