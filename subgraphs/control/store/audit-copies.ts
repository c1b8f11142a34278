/**
 * Statements of the copies of audit rows, and of how far they have been verified.
 *
 * Copies are only added. Pages go by (recorded, source, sequence), so one costs the same wherever it is.
 */
import type { AuditRow } from "../../../shared/audit/chain.ts";
import type { SystemName } from "../../../shared/config.ts";
import type { Reader, Transaction } from "../../../shared/db/database.ts";
import { forUpdate, insertMissing, numberOrNull, only, upsertRows } from "../../../shared/db/statements.ts";
import type { SealedRow } from "../../../shared/events/canonical-event.ts";
import type { Page } from "../../../shared/graphql/pagination.ts";

export interface AuditCopy extends SealedRow {
  readonly source: SystemName;
}

/** How far the copies of a system have been verified. */
export interface Verified {
  readonly source: SystemName;
  readonly sequence: number;
  readonly hash: string;
  /** Where the chain is not what it was; null: nowhere so far. */
  readonly brokenAt: number | null;
  readonly verifiedAtMs: number;
}

const columns = `source, sequence, hash, sealed_at_ms, id, subject, action, outcome, person, roles, correlation_id,
  idempotency_key, detail, recorded_at_ms`;

/** One that is there stays as it is. */
export async function addCopies(tx: Transaction, source: SystemName, rows: readonly SealedRow[]): Promise<void> {
  await insertMissing(
    tx,
    "audit_copies",
    rows.map((row) => ({
      source,
      sequence: row.sequence,
      hash: row.hash,
      sealed_at_ms: row.sealed_at_ms,
      id: row.id,
      subject: row.subject,
      action: row.action,
      outcome: row.outcome,
      person: row.person,
      roles: row.roles,
      correlation_id: row.correlation_id,
      idempotency_key: row.idempotency_key,
      detail: row.detail,
      recorded_at_ms: row.recorded_at_ms,
    })),
  );
}

/** By sequence, behind `sequence`. */
export async function copiesAfter(
  db: Reader,
  source: SystemName,
  sequence: number,
  rowsMax: number,
): Promise<AuditCopy[]> {
  const rows = await db.query<Raw>(
    `SELECT ${columns} FROM audit_copies WHERE source = ? AND sequence > ? ORDER BY sequence LIMIT ${rowsMax}`,
    [source, sequence],
  );
  return rows.map(copyOf);
}

/** The last one that has come; 0 for none. */
export async function lastCopied(db: Reader, source: SystemName): Promise<number> {
  const [last] = await db.query<{ sequence: number | string }>(
    "SELECT sequence FROM audit_copies WHERE source = ? ORDER BY sequence DESC LIMIT 1",
    [source],
  );
  return Number(last?.sequence ?? 0);
}

/** What was done about a subject, oldest first; one more than the page's size where there are more. */
export async function listTrail(db: Reader, subject: string, page: Page): Promise<AuditCopy[]> {
  const params: (string | number)[] = [subject];
  let condition = only("subject");
  if (page.after) {
    const [at = "", source = "", sequence = ""] = page.after;
    condition += ` AND (recorded_at_ms > ? OR (recorded_at_ms = ? AND (source > ? OR (source = ? AND sequence > ?))))`;
    params.push(Number(at), Number(at), source, source, Number(sequence));
  }
  const rows = await db.query<Raw>(
    `SELECT ${columns} FROM audit_copies WHERE ${condition}
      ORDER BY subject, recorded_at_ms, source, sequence LIMIT ${page.size + 1}`,
    params,
  );
  return rows.map(copyOf);
}

/** The first `countMax` rows of a story. */
export async function copiesOfStory(db: Reader, correlationId: string, countMax: number): Promise<AuditCopy[]> {
  const rows = await db.query<Raw>(
    `SELECT ${columns} FROM audit_copies WHERE correlation_id = ?
      ORDER BY recorded_at_ms, source, sequence LIMIT ${countMax}`,
    [correlationId],
  );
  return rows.map(copyOf);
}

/** Of each system of which something has been verified. */
export async function findVerified(db: Reader): Promise<Map<SystemName, Verified>> {
  const rows = await db.query<VerifiedColumns>(
    "SELECT source, sequence, hash, broken_at, verified_at_ms FROM audit_verified ORDER BY source",
  );
  return new Map(rows.map((row) => [row.source, verifiedOf(row)]));
}

/** Locked until the transaction ends; null: nothing has been verified. */
export async function lockVerified(tx: Transaction, source: SystemName): Promise<Verified | null> {
  const [row] = await tx.query<VerifiedColumns>(
    `SELECT source, sequence, hash, broken_at, verified_at_ms FROM audit_verified WHERE source = ?${forUpdate(tx.dialect)}`,
    [source],
  );
  return row ? verifiedOf(row) : null;
}

export async function saveVerified(tx: Transaction, verified: Verified): Promise<void> {
  const { source, sequence, hash, brokenAt, verifiedAtMs } = verified;
  const row = { source, sequence, hash, broken_at: brokenAt, verified_at_ms: verifiedAtMs };
  await upsertRows(tx, "audit_verified", ["source"], [row]);
}

interface VerifiedColumns {
  readonly source: SystemName;
  readonly sequence: number | string;
  readonly hash: string;
  readonly broken_at: number | string | null;
  readonly verified_at_ms: number | string;
}

function verifiedOf({ source, sequence, hash, broken_at, verified_at_ms }: VerifiedColumns): Verified {
  const brokenAt = numberOrNull(broken_at);
  return { source, sequence: Number(sequence), hash, brokenAt, verifiedAtMs: Number(verified_at_ms) };
}

/** MySQL hands BIGINT over as text. */
type Raw = { readonly [K in keyof AuditCopy]: AuditCopy[K] extends number ? number | string : AuditCopy[K] };

function copyOf(raw: Raw): AuditCopy {
  return {
    ...raw,
    sequence: Number(raw.sequence),
    sealed_at_ms: Number(raw.sealed_at_ms),
    id: Number(raw.id),
    recorded_at_ms: Number(raw.recorded_at_ms),
  };
}

/** The row as it was sealed. */
export function auditRowOf(copy: AuditCopy): AuditRow {
  const { id, subject, action, outcome, person, roles, correlation_id, idempotency_key, detail, recorded_at_ms } = copy;
  return { id, subject, action, outcome, person, roles, correlation_id, idempotency_key, detail, recorded_at_ms };
}
