/**
 * Statements of runs of the reconciliation, and of the versions of its policy.
 *
 * A run belongs to whoever raised its version last: one that was taken over changes nothing any more. A version of the
 * policy is written once.
 */
import type { Reader, Transaction } from "../../../shared/db/database.ts";
import { TransactionConflict } from "../../../shared/db/retry.ts";
import { insertMissing } from "../../../shared/db/statements.ts";
import { defaultPolicy, type ReconciliationPolicy, type VarianceClass } from "../domain/reconciliation.ts";
import type { PositionKey, Scope } from "./recon-positions.ts";

export interface Reconciliation extends Scope {
  readonly id: string;
  readonly status: "RUNNING" | "DONE";
  readonly scheduled: boolean;
  readonly requestedBy: string;
  /** Where it stands; null before the first page. */
  readonly after: PositionKey | null;
  readonly positions: number;
  readonly matched: number;
  readonly timing: number;
  /** Differences too fresh to count. */
  readonly settling: number;
  readonly cleared: number;
  /** Cases that were opened, and those that were open before. */
  readonly opened: number;
  readonly known: number;
  readonly byClass: Readonly<Partial<Record<VarianceClass, number>>>;
  readonly startedAtMs: number;
  readonly finishedAtMs: number | null;
  readonly version: number;
}

/** False: it is there already. */
export async function addRun(tx: Transaction, run: Reconciliation): Promise<boolean> {
  return (await insertMissing(tx, "reconciliations", [toRow(run, 0)])) === 1;
}

export async function findRun(db: Reader, id: string): Promise<Reconciliation | null> {
  const [row] = await db.query<{ body: string }>("SELECT body FROM reconciliations WHERE id = ?", [id]);
  return row ? (JSON.parse(row.body) as Reconciliation) : null;
}

/** One that is under way and that nobody is at. */
export async function findIdleRun(db: Reader, nowMs: number): Promise<Reconciliation | null> {
  const rows = await db.query<{ body: string; lease_until_ms: number | string }>(
    "SELECT body, lease_until_ms FROM reconciliations WHERE status = ? ORDER BY status, id LIMIT 20",
    ["RUNNING"],
  );
  const idle = rows.find((row) => Number(row.lease_until_ms) <= nowMs);
  return idle ? (JSON.parse(idle.body) as Reconciliation) : null;
}

/** The run with its next version. Fails with TransactionConflict: somebody else has gone on with it. */
export async function saveRun(tx: Transaction, before: Reconciliation, after: Reconciliation, leaseUntilMs: number) {
  const { status, body, version } = toRow(after, leaseUntilMs);
  const changed = await tx.run(
    "UPDATE reconciliations SET status = ?, body = ?, lease_until_ms = ?, version = ? WHERE id = ? AND version = ?",
    [status, body, leaseUntilMs, version, before.id, before.version],
  );
  if (changed !== 1) throw new TransactionConflict("reconciliation");
}

/** The policy in force. */
export async function findPolicy(db: Reader): Promise<ReconciliationPolicy> {
  const [row] = await db.query<{ body: string }>(
    "SELECT body FROM reconciliation_policies ORDER BY version DESC LIMIT 1",
  );
  return row ? (JSON.parse(row.body) as ReconciliationPolicy) : defaultPolicy;
}

/** Fails with TransactionConflict: somebody else has set this version. */
export async function addPolicy(tx: Transaction, policy: ReconciliationPolicy): Promise<void> {
  const { version, setBy, setAtMs } = policy;
  const row = { version, body: JSON.stringify(policy), set_by: setBy, set_at_ms: setAtMs };
  if ((await insertMissing(tx, "reconciliation_policies", [row])) !== 1) throw new TransactionConflict("policy");
}

function toRow(run: Reconciliation, leaseUntilMs: number) {
  const { id, status, version } = run;
  return { id, status, body: JSON.stringify(run), lease_until_ms: leaseUntilMs, version };
}
