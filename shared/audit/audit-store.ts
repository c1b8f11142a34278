/**
 * Every statement about audit rows, their seals and the gaps between them.
 *
 * Each is bounded and finds its rows by an index; none changes or deletes an audit row or a seal, so the database user
 * of the system needs no right to.
 */
import type { Database, Reader, Transaction } from "../db/database.ts";
import { insertMissing, insertRows, marks } from "../db/statements.ts";
import type { AuditRow, Gap, Head, Seal } from "./chain.ts";
import type { AuditSource } from "./verify.ts";

/** Every column of `audit_rows`: what is not named here would not be sealed. */
export const auditColumns = [
  "id",
  "subject",
  "action",
  "outcome",
  "person",
  "roles",
  "correlation_id",
  "idempotency_key",
  "detail",
  "recorded_at_ms",
] as const satisfies readonly (keyof AuditRow)[];

const columns = auditColumns.map((column) => `a.${column}`).join(", ");

/** MySQL may hand BIGINT over as text. */
type Raw<T> = { readonly [K in keyof T]: T[K] extends number ? number | string : T[K] };

function toRow(raw: Raw<AuditRow>): AuditRow {
  return {
    id: Number(raw.id),
    subject: raw.subject,
    action: raw.action,
    outcome: raw.outcome,
    person: raw.person,
    roles: raw.roles,
    correlation_id: raw.correlation_id,
    idempotency_key: raw.idempotency_key,
    detail: raw.detail,
    recorded_at_ms: Number(raw.recorded_at_ms),
  };
}

export interface ChainEnd {
  /** Null: nothing is sealed yet. */
  readonly head: (Head & { readonly sealedAtMs: number }) | null;
  /** The highest id that is sealed; 0 for none. */
  readonly lastId: number;
}

export async function chainEnd(db: Reader): Promise<ChainEnd> {
  const [last] = await db.query<Raw<Seal> & { last_id: number | string }>(
    `SELECT sequence, hash, sealed_at_ms, (SELECT MAX(audit_id) FROM audit_seals) AS last_id
       FROM audit_seals ORDER BY sequence DESC LIMIT 1`,
  );
  if (!last) return { head: null, lastId: 0 };
  const head = { sequence: Number(last.sequence), hash: last.hash, sealedAtMs: Number(last.sealed_at_ms) };
  return { head, lastId: Number(last.last_id) };
}

/** Of the seal with this number; undefined: there is none. */
export async function hashAt(db: Reader, sequence: number): Promise<string | undefined> {
  const [seal] = await db.query<{ hash: string }>("SELECT hash FROM audit_seals WHERE sequence = ?", [sequence]);
  return seal?.hash;
}

/** By id, behind `afterId`. */
export async function rowsAfter(db: Reader, afterId: number, rowsMax: number): Promise<AuditRow[]> {
  const rows = await db.query<Raw<AuditRow>>(
    `SELECT ${columns} FROM audit_rows a WHERE a.id > ? ORDER BY a.id LIMIT ${rowsMax}`,
    [afterId],
  );
  return rows.map(toRow);
}

/** How many rows there are behind `afterId`, up to `rowsMax`. */
export async function countAfter(db: Reader, afterId: number, rowsMax: number): Promise<number> {
  const [counted] = await db.query<{ n: number | string }>(
    `SELECT COUNT(*) AS n FROM (SELECT id FROM audit_rows WHERE id > ? ORDER BY id LIMIT ${rowsMax}) waiting`,
    [afterId],
  );
  return Number(counted?.n ?? 0);
}

/** Those that have been committed in one of the gaps, by id. */
export async function rowsInGaps(db: Reader, gaps: readonly Gap[], rowsMax: number): Promise<AuditRow[]> {
  if (gaps.length === 0) return [];
  const ranges = gaps.map(() => "a.id BETWEEN ? AND ?").join(" OR ");
  const rows = await db.query<Raw<AuditRow>>(
    `SELECT ${columns} FROM audit_rows a WHERE ${ranges} ORDER BY a.id LIMIT ${rowsMax}`,
    gaps.flatMap(({ from_id, to_id }) => [from_id, to_id]),
  );
  return rows.map(toRow);
}

/** The highest first, below `beforeId`. */
export async function gapsBelow(db: Reader, beforeId: number, gapsMax: number): Promise<Gap[]> {
  const gaps = await db.query<Raw<Gap>>(
    `SELECT from_id, to_id, seen_at_ms FROM audit_gaps WHERE from_id < ? ORDER BY from_id DESC LIMIT ${gapsMax}`,
    [beforeId],
  );
  return gaps.map((gap) => ({
    from_id: Number(gap.from_id),
    to_id: Number(gap.to_id),
    seen_at_ms: Number(gap.seen_at_ms),
  }));
}

/** False: somebody else has sealed meanwhile, and what was inserted must be rolled back. */
export async function insertSeals(tx: Transaction, seals: readonly Seal[]): Promise<boolean> {
  const rows = seals.map((seal) => ({ ...seal }));
  return (await insertMissing(tx, "audit_seals", rows)) === rows.length;
}

export async function replaceGaps(tx: Transaction, gone: readonly Gap[], added: readonly Gap[]): Promise<void> {
  if (gone.length > 0) {
    await tx.run(
      `DELETE FROM audit_gaps WHERE from_id IN (${marks(gone.length)})`,
      gone.map(({ from_id }) => from_id),
    );
  }
  await insertRows(
    tx,
    "audit_gaps",
    added.map((gap) => ({ ...gap })),
  );
}

/** A seal and the row it is about; null: there is none any more. */
export interface Sealed {
  readonly seal: Seal;
  readonly row: AuditRow | null;
}

/** By sequence, behind `afterSequence`. */
export async function sealsAfter(db: Reader, afterSequence: number, sealsMax: number): Promise<Sealed[]> {
  const rows = await db.query<Raw<Seal> & { [K in keyof AuditRow]: Raw<AuditRow>[K] | null }>(
    `SELECT s.sequence, s.audit_id, s.hash, s.sealed_at_ms, ${columns}
       FROM audit_seals s LEFT JOIN audit_rows a ON a.id = s.audit_id
      WHERE s.sequence > ? ORDER BY s.sequence LIMIT ${sealsMax}`,
    [afterSequence],
  );
  return rows.map((row) => ({
    seal: {
      sequence: Number(row.sequence),
      audit_id: Number(row.audit_id),
      hash: row.hash,
      sealed_at_ms: Number(row.sealed_at_ms),
    },
    row: row.id === null ? null : toRow(row as Raw<AuditRow>),
  }));
}

/** How far copies have been sent: so many events, up to this seal. */
export interface CourierPlace {
  readonly batch: number;
  readonly sequence: number;
}

const courierName = "audit-courier";

export async function courierAt(db: Reader): Promise<CourierPlace> {
  const [row] = await db.query<{ value: string }>("SELECT value FROM relay_state WHERE name = ?", [courierName]);
  const [batch = 0, sequence = 0] = (row?.value ?? "0:0").split(":").map(Number);
  return { batch, sequence };
}

/** False: somebody else has moved it, and what was to be sent has been sent. */
export async function moveCourier(tx: Transaction, from: CourierPlace, to: CourierPlace): Promise<boolean> {
  const text = ({ batch, sequence }: CourierPlace) => `${batch}:${sequence}`;
  if (from.batch === 0) return (await insertMissing(tx, "relay_state", [{ name: courierName, value: text(to) }])) === 1;
  const moved = await tx.run("UPDATE relay_state SET value = ? WHERE name = ? AND value = ?", [
    ...[text(to), courierName, text(from)],
  ]);
  return moved === 1;
}

/** What is known of a row besides what it says. */
export interface RowMark {
  readonly id: number;
  readonly recordedAtMs: number;
  readonly person: string;
  readonly key: string | null;
  readonly isSealed: boolean;
}

/** By id, behind `afterId`. */
async function marksAfter(db: Reader, afterId: number, rowsMax: number): Promise<RowMark[]> {
  const rows = await db.query<Raw<AuditRow> & { sequence: number | string | null }>(
    `SELECT a.id, a.recorded_at_ms, a.person, a.idempotency_key, s.sequence
       FROM audit_rows a LEFT JOIN audit_seals s ON s.audit_id = a.id
      WHERE a.id > ? ORDER BY a.id LIMIT ${rowsMax}`,
    [afterId],
  );
  return rows.map((row) => ({
    id: Number(row.id),
    recordedAtMs: Number(row.recorded_at_ms),
    person: row.person,
    key: row.idempotency_key,
    isSealed: row.sequence !== null,
  }));
}

/**
 * Which of these rows no sealer will find: they lie in no gap, and are not sealed now. In this order, because a row
 * leaves its gap in the transaction that seals it.
 */
async function neverSealed(db: Reader, ids: readonly number[]): Promise<number[]> {
  const outside: number[] = [];
  for (const id of ids) {
    const [gap] = await db.query<{ to_id: number | string }>(
      "SELECT to_id FROM audit_gaps WHERE from_id <= ? ORDER BY from_id DESC LIMIT 1",
      [id],
    );
    if (!gap || Number(gap.to_id) < id) outside.push(id);
  }
  if (outside.length === 0) return [];
  const sealed = await db.query<{ audit_id: number | string }>(
    `SELECT audit_id FROM audit_seals WHERE audit_id IN (${marks(outside.length)})`,
    outside,
  );
  const found = new Set(sealed.map(({ audit_id }) => Number(audit_id)));
  return outside.filter((id) => !found.has(id));
}

/** A request that was carried out or refused: it left an audit row. */
export interface TakenKey {
  readonly caller: string;
  readonly operation: string;
  readonly key: string;
  readonly takenAtMs: number;
}

/** In the order of their primary key, behind `after`; null: from the first on. */
async function keysAfter(db: Reader, after: TakenKey | null, keysMax: number): Promise<TakenKey[]> {
  const { caller, operation, key } = after ?? { caller: "", operation: "", key: "" };
  const rows = await db.query<{
    caller: string;
    operation: string;
    idempotency_key: string;
    created_at_ms: number | string;
  }>(
    `SELECT caller, operation, idempotency_key, created_at_ms FROM idempotency_keys
      WHERE caller > ? OR (caller = ? AND operation > ?) OR (caller = ? AND operation = ? AND idempotency_key > ?)
      ORDER BY caller, operation, idempotency_key LIMIT ${keysMax}`,
    [caller, caller, operation, caller, operation, key],
  );
  return rows.map((row) => ({
    caller: row.caller,
    operation: row.operation,
    key: row.idempotency_key,
    takenAtMs: Number(row.created_at_ms),
  }));
}

/** The highest id of a row; 0 for none. */
async function lastRowId(db: Reader): Promise<number> {
  const [last] = await db.query<{ id: number | string }>("SELECT id FROM audit_rows ORDER BY id DESC LIMIT 1");
  return Number(last?.id ?? 0);
}

/** What there is to verify in a database. */
export function auditSource(db: Database): AuditSource {
  return {
    system: db.system,
    async end() {
      const { head, lastId } = await chainEnd(db);
      return { sequence: head?.sequence ?? 0, sealedId: lastId, rowId: await lastRowId(db) };
    },
    sealsAfter: (sequence, sealsMax) => sealsAfter(db, sequence, sealsMax),
    marksAfter: (id, rowsMax) => marksAfter(db, id, rowsMax),
    keysAfter: (after, keysMax) => keysAfter(db, after, keysMax),
    neverSealed: (ids) => neverSealed(db, ids),
  };
}
