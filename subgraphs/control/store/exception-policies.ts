/**
 * Statements about versions of the policy of exceptions.
 *
 * A version is added and never changed; of two that took the same number, one begins again with the next.
 */
import type { Reader, Transaction } from "../../../shared/db/database.ts";
import { TransactionConflict } from "../../../shared/db/retry.ts";
import { forUpdate, insertMissing } from "../../../shared/db/statements.ts";
import type { ExceptionPolicyRow } from "../entities.ts";

/** This version, or the newest; undefined where nobody has set one. */
export async function findPolicy(reader: Reader, version: number | null): Promise<ExceptionPolicyRow | undefined> {
  const [found] =
    version === null
      ? await reader.query<ExceptionPolicyRow>("SELECT * FROM exception_policies ORDER BY version DESC LIMIT 1")
      : await reader.query<ExceptionPolicyRow>("SELECT * FROM exception_policies WHERE version = ?", [version]);
  return found;
}

/** The newest, locked: who holds it decides what the next one is. */
export async function lockNewest(tx: Transaction): Promise<ExceptionPolicyRow | undefined> {
  const [found] = await tx.query<ExceptionPolicyRow>(
    `SELECT * FROM exception_policies ORDER BY version DESC LIMIT 1${forUpdate(tx.dialect)}`,
  );
  return found;
}

export async function addPolicy(tx: Transaction, row: ExceptionPolicyRow): Promise<void> {
  if ((await insertMissing(tx, "exception_policies", [{ ...row }])) === 0) {
    throw new TransactionConflict("exception policy");
  }
}
