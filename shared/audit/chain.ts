/**
 * The chain over a system's audit rows: what a seal is, and which ids were given out and not seen. Pure.
 *
 * A seal's hash covers the hash before it, its own number and time, and every column of its row: whoever changes,
 * removes, adds or moves a row or a seal has to compute every later hash anew. Nothing here is secret, so somebody who
 * may write to both tables can do that; what they cannot do is meet a head that was written down elsewhere.
 */
import { canonicalJson, hashOf } from "../canonical-json.ts";
import type { SystemName } from "../config.ts";

/** A row of `audit_rows`, every column of it. */
export interface AuditRow {
  readonly id: number;
  readonly subject: string;
  readonly action: string;
  readonly outcome: string;
  readonly person: string;
  readonly roles: string;
  readonly correlation_id: string;
  readonly idempotency_key: string | null;
  /** JSON, as it was written: a text, so that no reader can mean another one. */
  readonly detail: string;
  readonly recorded_at_ms: number;
}

/** A row of `audit_seals`. Sequences are 1, 2, 3, … in the order of sealing, which is not that of the ids. */
export interface Seal {
  readonly sequence: number;
  readonly audit_id: number;
  readonly hash: string;
  readonly sealed_at_ms: number;
}

/** The last seal so far: all that has to be kept elsewhere to hold everything before it. */
export interface Head {
  readonly sequence: number;
  readonly hash: string;
}

/** Before the first seal. Of each system another, so that no chain passes for another system's. */
export function emptyHead(system: SystemName): Head {
  return { sequence: 0, hash: hashOf(`audit of ${system}`) };
}

/** Hex SHA-256 of the seal that follows on `before`. */
export function sealHash(before: string, sequence: number, sealedAtMs: number, row: AuditRow): string {
  return hashOf(`${before}\n${sequence}\n${sealedAtMs}\n${canonicalJson(row)}`);
}

/** The seals of `rows`, in their order, behind `head`. */
export function sealRows(head: Head, rows: readonly AuditRow[], sealedAtMs: number): Seal[] {
  let { sequence, hash } = head;
  return rows.map((row) => {
    sequence += 1;
    hash = sealHash(hash, sequence, sealedAtMs, row);
    return { sequence, audit_id: row.id, hash, sealed_at_ms: sealedAtMs };
  });
}

/** Ids from…to that were given out and of which no row has been seen: rolled back, or not committed yet. */
export interface Gap {
  readonly from_id: number;
  readonly to_id: number;
  readonly seen_at_ms: number;
}

/** Between `lastId` and the ids, which ascend: a lower number may be committed later. */
export function gapsBetween(lastId: number, ids: readonly number[], nowMs: number): Gap[] {
  const gaps: Gap[] = [];
  let before = lastId;
  for (const id of ids) {
    if (id > before + 1) gaps.push({ from_id: before + 1, to_id: id - 1, seen_at_ms: nowMs });
    before = id;
  }
  return gaps;
}

/** What is left of a gap when these ids, which ascend, have been found in it. */
export function restOfGap({ from_id, to_id, seen_at_ms }: Gap, ids: readonly number[]): Gap[] {
  return gapsBetween(from_id - 1, [...ids, to_id + 1], seen_at_ms);
}
