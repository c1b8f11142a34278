/**
 * Every SQL statement about changes of rules whose effect has still to be told.
 *
 * One is worked on at a time, the oldest: whoever holds its row does the next stretch, so that several replicas share
 * the work and none does it twice.
 */
import type { Reader, Transaction } from "../../../shared/db/database.ts";
import { forUpdate, insertRows, marks, upsertRows } from "../../../shared/db/statements.ts";
import type { RuleChangeRow } from "../entities.ts";

export async function insertRuleChange(tx: Transaction, row: RuleChangeRow): Promise<void> {
  await insertRows(tx, "rule_changes", [{ ...row }]);
}

/** The oldest that is due, locked until the transaction ends. */
export async function lockDueRuleChange(tx: Transaction, nowMs: number): Promise<RuleChangeRow | undefined> {
  const [found] = await tx.query<RuleChangeRow>(
    `SELECT * FROM rule_changes WHERE due_at_ms <= ? ORDER BY due_at_ms, event_id LIMIT 1${forUpdate(tx.dialect)}`,
    [nowMs],
  );
  return found;
}

export async function saveRuleChange(tx: Transaction, row: RuleChangeRow): Promise<void> {
  await upsertRows(tx, "rule_changes", ["event_id"], [{ ...row }]);
}

export async function removeRuleChange(tx: Transaction, eventId: string): Promise<void> {
  await tx.run("DELETE FROM rule_changes WHERE event_id = ?", [eventId]);
}

/** Those of the SKUs that have a position anywhere. */
export function skusWithPositions(reader: Reader, skus: readonly string[]): Promise<Set<string>> {
  return namesWithPositions(reader, "sku", skus);
}

/** Those of the locations that have a position of any SKU. */
export function locationsWithPositions(reader: Reader, locationIds: readonly string[]): Promise<Set<string>> {
  return namesWithPositions(reader, "location_id", locationIds);
}

async function namesWithPositions(
  reader: Reader,
  column: "sku" | "location_id",
  names: readonly string[],
): Promise<Set<string>> {
  if (names.length === 0) return new Set();
  const rows = await reader.query<{ name: string }>(
    `SELECT ${column} AS name FROM positions WHERE ${column} IN (${marks(names.length)}) GROUP BY ${column}`,
    names,
  );
  return new Set(rows.map(({ name }) => name));
}
