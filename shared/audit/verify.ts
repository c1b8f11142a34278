/**
 * Is the audit of a system what it was? Reads rows and seals page by page, in constant memory, and judges.
 *
 * Finds every row or seal that was changed, removed, added or moved by anybody who did not compute the chain anew, and
 * with heads that were written down elsewhere also those who did, and who cut off its end. Changes nothing. A system
 * that goes on working meanwhile is no reason for a finding.
 */
import type { SystemName } from "../config.ts";
import { limits } from "../limits.ts";
import type { RowMark, Sealed, TakenKey } from "./audit-store.ts";
import { emptyHead, type Head, sealHash } from "./chain.ts";
import { createKeyFilter, type KeyFilter } from "./key-filter.ts";

export type Finding =
  /** A sealed row is gone. */
  | "ROW_MISSING"
  /** The row is not the one that was sealed, or the seal is not the one that was made. */
  | "HASH_DIFFERS"
  /** A sequence is left out. */
  | "SEAL_MISSING"
  /** A row that no seal is about, where no sealer looks: its seal was removed, or it was put in later. */
  | "ROW_NEVER_SEALED"
  /** A request was answered under a key that is still remembered, and no audit row says so: it was removed unsealed. */
  | "KEY_WITHOUT_ROW"
  /** The chain does not reach a head that was written down. */
  | "HEAD_MISSING"
  /** The chain is another than the one whose head was written down. */
  | "HEAD_DIFFERS";

export interface BrokenPlace {
  readonly finding: Finding;
  readonly sequence: number | null;
  readonly auditId: number | null;
  /** Of the request that left no row. */
  readonly key?: TakenKey;
}

export interface AuditReport {
  readonly system: SystemName;
  readonly rows: number;
  readonly sealed: number;
  readonly head: Head;
  /** Rows that wait to be sealed, and those of them that have waited longer than any should. */
  readonly waiting: number;
  readonly overdue: number;
  /** The longest time from record to seal. */
  readonly longestWaitMs: number;
  readonly brokenPlaces: number;
  readonly firstBroken: BrokenPlace | null;
  /** `unsealed`: nothing is broken, but some rows are not protected yet, and nobody seems to seal. */
  readonly verdict: "intact" | "unsealed" | "broken";
}

/** Where rows and seals come from. */
export interface AuditSource {
  readonly system: SystemName;
  /** Up to where it goes now: the last sequence, the highest id that is sealed, the highest id. */
  end(): Promise<{ readonly sequence: number; readonly sealedId: number; readonly rowId: number }>;
  sealsAfter(sequence: number, sealsMax: number): Promise<readonly Sealed[]>;
  marksAfter(id: number, rowsMax: number): Promise<readonly RowMark[]>;
  keysAfter(after: TakenKey | null, keysMax: number): Promise<readonly TakenKey[]>;
  /** Which of these no sealer will ever find. */
  neverSealed(ids: readonly number[]): Promise<readonly number[]>;
}

/** What is wrong with a seal that comes behind `before`; null: nothing. */
export function checkSeal(before: Head, { seal, row }: Sealed): Finding | null {
  if (seal.sequence !== before.sequence + 1) return "SEAL_MISSING";
  if (!row) return "ROW_MISSING";
  return sealHash(before.hash, seal.sequence, seal.sealed_at_ms, row) === seal.hash ? null : "HASH_DIFFERS";
}

interface Tally {
  places: number;
  first: BrokenPlace | null;
  add(finding: Finding, sequence: number | null, auditId: number | null, key?: TakenKey): void;
}

function createTally(): Tally {
  const tally: Tally = {
    places: 0,
    first: null,
    add(finding, sequence, auditId, key) {
      tally.places += 1;
      tally.first ??= { finding, sequence, auditId, ...(key ? { key } : {}) };
    },
  };
  return tally;
}

/** `heads`: those of this system that were written down, by sequence. */
export async function verifyAudit(source: AuditSource, heads: readonly Head[], nowMs: number): Promise<AuditReport> {
  const tally = createTally();
  const end = await source.end();
  const chain = await walkChain(source, end.sequence, heads, tally);
  const [anyKey] = await source.keysAfter(null, 1);
  const named = anyKey ? createKeyFilter() : null;
  const counted = await walkRows(source, end, nowMs, tally, named);
  if (named) await walkKeys(source, named, nowMs, tally);
  const verdict = tally.places > 0 ? "broken" : counted.overdue > 0 ? "unsealed" : "intact";
  return { system: source.system, ...chain, ...counted, brokenPlaces: tally.places, firstBroken: tally.first, verdict };
}

export interface TailReport {
  readonly checked: number;
  readonly brokenPlaces: number;
  readonly firstBroken: BrokenPlace | null;
}

/** The `last` seals up to `sequence`, and their rows; what is before them is taken as it is. */
export async function verifyTail(source: AuditSource, sequence: number, last: number): Promise<TailReport> {
  const tally = createTally();
  const before = Math.max(0, sequence - last);
  const anchor = before === 0 ? null : (await source.sealsAfter(before - 1, 1))[0]?.seal;
  let head: Head = anchor ?? emptyHead(source.system);
  const seals = (await source.sealsAfter(before, last)).filter(({ seal }) => seal.sequence <= sequence);
  for (const sealed of seals) {
    const finding = checkSeal(head, sealed);
    if (finding) tally.add(finding, sealed.seal.sequence, sealed.seal.audit_id);
    head = sealed.seal;
  }
  return { checked: seals.length, brokenPlaces: tally.places, firstBroken: tally.first };
}

/** Every seal up to `last`, each behind the one before; a broken one is taken as it is, so that it is found once. */
async function walkChain(source: AuditSource, last: number, heads: readonly Head[], tally: Tally) {
  let head = emptyHead(source.system);
  let sealed = 0;
  let longestWaitMs = 0;
  let nextHead = 0;
  for (;;) {
    const page = await source.sealsAfter(head.sequence, limits.auditReadPageMax);
    for (const { seal, row } of page) {
      if (seal.sequence > last) break;
      const finding = checkSeal(head, { seal, row });
      if (finding) tally.add(finding, seal.sequence, seal.audit_id);
      for (; (heads[nextHead]?.sequence ?? Number.POSITIVE_INFINITY) <= seal.sequence; nextHead++) {
        const known = heads[nextHead] as Head;
        // One whose sequence is left out has been found by that already.
        if (known.sequence === seal.sequence && known.hash !== seal.hash) {
          tally.add("HEAD_DIFFERS", seal.sequence, seal.audit_id);
        }
      }
      sealed += 1;
      if (row) longestWaitMs = Math.max(longestWaitMs, seal.sealed_at_ms - row.recorded_at_ms);
      head = { sequence: seal.sequence, hash: seal.hash };
    }
    if (page.length < limits.auditReadPageMax || head.sequence >= last) break;
  }
  for (const known of heads.slice(nextHead)) tally.add("HEAD_MISSING", known.sequence, null);
  return { sealed, head, longestWaitMs };
}

async function walkRows(
  source: AuditSource,
  end: { readonly sealedId: number; readonly rowId: number },
  nowMs: number,
  tally: Tally,
  named: KeyFilter | null,
) {
  const counted = { rows: 0, waiting: 0, overdue: 0 };
  for await (const whole of pages((last: RowMark | null, max) => source.marksAfter(last?.id ?? beforeAll, max))) {
    const page = whole.filter(({ id }) => id <= end.rowId);
    const unsealed = page.filter(({ isSealed }) => !isSealed);
    const lost = new Set(await source.neverSealed(unsealed.map(({ id }) => id).filter((id) => id <= end.sealedId)));
    for (const { id, recordedAtMs } of unsealed) {
      if (lost.has(id)) tally.add("ROW_NEVER_SEALED", null, id);
      else counted.waiting += 1;
      if (!lost.has(id) && nowMs - recordedAtMs > limits.auditOverdueMs) counted.overdue += 1;
    }
    for (const { person, key, recordedAtMs } of page) {
      // A row is recorded after its key was taken; an hour is for clocks that do not agree.
      if (named && key !== null && nowMs - recordedAtMs < limits.idempotencyKeptMs + 3_600_000) named.add(person, key);
    }
    counted.rows += page.length;
    if (page.length < whole.length) break;
  }
  return counted;
}

/**
 * Every key of a request that was answered is named by an audit row. The rows that were walked over may be older than
 * the keys: what seems to be missing is looked for once more, row by row.
 */
async function walkKeys(source: AuditSource, named: KeyFilter, nowMs: number, tally: Tally): Promise<void> {
  const missing = new Map<string, TakenKey>();
  const textOf = (person: string, key: string) => `${key}\n${person}`;
  for await (const page of pages((last: TakenKey | null, max) => source.keysAfter(last, max))) {
    for (const taken of page) {
      const ageMs = nowMs - taken.takenAtMs;
      if (ageMs < limits.auditOverdueMs || ageMs > limits.idempotencyKeptMs) continue;
      if (missing.size >= limits.auditVerifiedMax || named.has(taken.caller, taken.key)) continue;
      missing.set(textOf(taken.caller, taken.key), taken);
    }
  }
  if (missing.size === 0) return;
  for await (const page of pages((last: RowMark | null, max) => source.marksAfter(last?.id ?? beforeAll, max))) {
    for (const { person, key } of page) if (key !== null) missing.delete(textOf(person, key));
  }
  for (const taken of missing.values()) tally.add("KEY_WITHOUT_ROW", null, null, taken);
}

const beforeAll = Number.MIN_SAFE_INTEGER;

/** Page after page, each behind the last entry of the one before. */
async function* pages<T>(read: (last: T | null, max: number) => Promise<readonly T[]>): AsyncGenerator<readonly T[]> {
  let last: T | null = null;
  for (;;) {
    const page = await read(last, limits.auditReadPageMax);
    if (page.length > 0) yield page;
    if (page.length < limits.auditReadPageMax) return;
    last = page.at(-1) as T;
  }
}
