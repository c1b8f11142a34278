/**
 * Every SQL statement about versions of the channel policy.
 *
 * Whoever holds the newest version's row decides alone what the next one is; a version in force is never edited.
 */
import type { Reader, Transaction } from "../../../shared/db/database.ts";
import { TransactionConflict } from "../../../shared/db/retry.ts";
import { forUpdate, insertMissing, upsertRows } from "../../../shared/db/statements.ts";
import type { Page } from "../../../shared/graphql/pagination.ts";
import type { PolicyRow } from "../entities.ts";

/** Policy versions, newest first. */
export async function pagePolicies(reader: Reader, page: Page): Promise<PolicyRow[]> {
  return reader.query<PolicyRow>(`SELECT * FROM policies ORDER BY version DESC LIMIT ${page.size}`);
}

export async function activePolicy(reader: Reader): Promise<PolicyRow | undefined> {
  const [found] = await reader.query<PolicyRow>(
    "SELECT * FROM policies WHERE state = 'ACTIVE' ORDER BY version DESC LIMIT 1",
  );
  return found;
}

/** A version of any state. */
export async function findPolicy(reader: Reader, version: number): Promise<PolicyRow | undefined> {
  const [found] = await reader.query<PolicyRow>("SELECT * FROM policies WHERE version = ?", [version]);
  return found;
}

/** The version in force, 0 if it is the default. */
export async function activePolicyVersion(reader: Reader): Promise<number> {
  const [found] = await reader.query<{ version: number }>(
    "SELECT version FROM policies WHERE state = 'ACTIVE' ORDER BY version DESC LIMIT 1",
  );
  return found?.version ?? 0;
}

/** The newest version of any state, 0 if there is none. */
export async function newestPolicyVersion(reader: Reader, lock = ""): Promise<number> {
  const [found] = await reader.query<{ version: number }>(
    `SELECT version FROM policies ORDER BY version DESC LIMIT 1${lock}`,
  );
  return found?.version ?? 0;
}

/** The same, locked: who holds it decides what the next one is. */
export async function lockNewestPolicy(tx: Transaction): Promise<number> {
  return newestPolicyVersion(tx, forUpdate(tx.dialect));
}

export async function lockPolicy(tx: Transaction, version: number): Promise<PolicyRow | undefined> {
  const [found] = await tx.query<PolicyRow>(`SELECT * FROM policies WHERE version = ?${forUpdate(tx.dialect)}`, [
    version,
  ]);
  return found;
}

export async function supersedePolicies(tx: Transaction, version: number): Promise<void> {
  await tx.run("UPDATE policies SET state = 'SUPERSEDED' WHERE state <> 'SUPERSEDED' AND version < ?", [version]);
}

/** A new version. Of two proposals that took the same number, one begins again with the next. */
export async function insertPolicy(tx: Transaction, policy: PolicyRow): Promise<void> {
  if ((await insertMissing(tx, "policies", [{ ...policy }])) === 0) throw new TransactionConflict("policy version");
}

export async function savePolicy(tx: Transaction, policy: PolicyRow): Promise<void> {
  await upsertRows(tx, "policies", ["version"], [{ ...policy }]);
}
