/**
 * Statements of replays, and the choice of facts out of the journal that one is about.
 *
 * A replay is changed under its lock. The journal is only read.
 */
import type { Reader, SqlValue, Transaction } from "../../../shared/db/database.ts";
import { forUpdate, insertMissing, marks, upsertRows } from "../../../shared/db/statements.ts";
import type { AnyEvent } from "../../../shared/events/canonical-event.ts";
import type { PositionDifference } from "../../../shared/events/replay-events.ts";
import type { Replay, ReplayStatus } from "../domain/replay.ts";

/** What of the journal is to be told again; several conditions hold together. */
export interface Selection {
  readonly eventIds: readonly string[] | null;
  /** `sku|location`. */
  readonly partitionKey: string | null;
  /** Recorded from, and before, milliseconds since the epoch. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

export interface JournalEntry {
  readonly id: number;
  readonly event: AnyEvent;
}

export interface RehearsedPart {
  readonly part: number;
  readonly unseen: number;
  readonly refusal: string | null;
  readonly differences: readonly PositionDifference[];
}

/** The facts of the owners, oldest first; one more than `countMax` where there are more. */
export async function selectFacts(db: Reader, selection: Selection, countMax: number): Promise<JournalEntry[]> {
  const conditions = ["source <> 'control'"];
  const params: SqlValue[] = [];
  const add = (condition: string, ...values: SqlValue[]) => {
    conditions.push(condition);
    params.push(...values);
  };
  const { eventIds, partitionKey, fromMs, toMs } = selection;
  if (eventIds) add(`event_id IN (${marks(eventIds.length)})`, ...eventIds);
  if (partitionKey !== null) add("partition_key = ?", partitionKey);
  if (fromMs !== null) add("recorded_at_ms >= ?", fromMs);
  if (toMs !== null) add("recorded_at_ms < ?", toMs);
  return entries(
    await db.query(
      `SELECT id, body FROM journal_events WHERE ${conditions.join(" AND ")}
        ORDER BY recorded_at_ms, id LIMIT ${countMax + 1}`,
      params,
    ),
  );
}

export async function factsOf(db: Reader, journalIds: readonly number[]): Promise<AnyEvent[]> {
  if (journalIds.length === 0) return [];
  const found = entries(
    await db.query(`SELECT id, body FROM journal_events WHERE id IN (${marks(journalIds.length)})`, journalIds),
  );
  const byId = new Map(found.map(({ id, event }) => [id, event]));
  return journalIds.flatMap((id) => byId.get(id) ?? []);
}

function entries(rows: readonly Record<string, unknown>[]): JournalEntry[] {
  return rows.map(({ id, body }) => ({ id: Number(id), event: JSON.parse(String(body)) as AnyEvent }));
}

export async function findReplay(db: Reader, id: string): Promise<Replay | null> {
  return selectReplay(db, id, "");
}

/** Locked until the transaction ends; null where there is none. */
export async function lockReplay(tx: Transaction, id: string): Promise<Replay | null> {
  return selectReplay(tx, id, forUpdate(tx.dialect));
}

async function selectReplay(db: Reader, id: string, lock: string): Promise<Replay | null> {
  const [row] = await db.query<Record<string, string | number | null>>(`SELECT * FROM replays WHERE id = ?${lock}`, [
    id,
  ]);
  if (!row) return null;
  const textOrNull = (value: string | number | null | undefined) => (value == null ? null : String(value));
  return {
    id: String(row["id"]),
    status: String(row["status"]) as ReplayStatus,
    dryRun: Number(row["dry_run"]) === 1,
    journalIds: JSON.parse(String(row["journal_ids"])) as number[],
    parts: Number(row["parts"]),
    contentHash: String(row["content_hash"]),
    reason: textOrNull(row["reason"]),
    requestedBy: String(row["requested_by"]),
    decidedBy: textOrNull(row["decided_by"]),
    decisionNote: textOrNull(row["decision_note"]),
    createdAtMs: Number(row["created_at_ms"]),
    updatedAtMs: Number(row["updated_at_ms"]),
    version: Number(row["version"]),
  };
}

export async function saveReplay(tx: Transaction, replay: Replay): Promise<void> {
  await upsertRows(
    tx,
    "replays",
    ["id"],
    [
      {
        id: replay.id,
        status: replay.status,
        dry_run: replay.dryRun ? 1 : 0,
        journal_ids: JSON.stringify(replay.journalIds),
        event_count: replay.journalIds.length,
        parts: replay.parts,
        content_hash: replay.contentHash,
        reason: replay.reason,
        requested_by: replay.requestedBy,
        decided_by: replay.decidedBy,
        decision_note: replay.decisionNote,
        created_at_ms: replay.createdAtMs,
        updated_at_ms: replay.updatedAtMs,
        version: replay.version,
      },
    ],
  );
}

export async function addPart(tx: Transaction, replayId: string, part: RehearsedPart): Promise<void> {
  const { part: number, unseen, refusal, differences } = part;
  await insertMissing(tx, "replay_parts", [
    { replay_id: replayId, part: number, unseen, refusal, differences: JSON.stringify(differences) },
  ]);
}

/** Those that have been tried out, in their order. */
export async function findParts(db: Reader, replayId: string): Promise<RehearsedPart[]> {
  const rows = await db.query<{ part: number; unseen: number; refusal: string | null; differences: string }>(
    "SELECT part, unseen, refusal, differences FROM replay_parts WHERE replay_id = ? ORDER BY part",
    [replayId],
  );
  return rows.map(({ differences, ...row }) => ({
    ...row,
    differences: JSON.parse(differences) as PositionDifference[],
  }));
}
