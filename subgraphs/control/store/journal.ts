/**
 * Statements of the journal: facts as they were told, each once.
 *
 * Written by the consumer alone; read by story, and page by page by the time they were put on record.
 */
import type { Reader, SqlValue, Transaction } from "../../../shared/db/database.ts";
import { insertMissing } from "../../../shared/db/statements.ts";
import type { AnyEvent } from "../../../shared/events/canonical-event.ts";
import { textOf } from "../../../shared/events/event-text.ts";
import type { Page } from "../../../shared/graphql/pagination.ts";

/** As it stands in the journal: `rowId` orders those that were put on record in the same millisecond. */
export interface JournalRow {
  readonly rowId: number;
  readonly id: string;
  readonly type: string;
  readonly recordedAtMs: number;
  readonly body: string;
}

export async function addEvents(tx: Transaction, events: readonly AnyEvent[]): Promise<void> {
  await insertMissing(
    tx,
    "journal_events",
    events.map((event) => ({
      event_id: event.id,
      source: event.source,
      type: event.type,
      partition_key: event.partitionKey,
      correlation_id: event.correlationId,
      occurred_at_ms: Date.parse(event.time),
      recorded_at_ms: Date.parse(event.recordedAt),
      body: textOf(event),
    })),
  );
}

/** The first `countMax` events of a story, in the order they were recorded. */
export async function findStory(db: Reader, correlationId: string, countMax: number): Promise<AnyEvent[]> {
  const rows = await db.query<{ body: string }>(
    `SELECT body FROM journal_events WHERE correlation_id = ? ORDER BY recorded_at_ms, id LIMIT ${countMax}`,
    [correlationId],
  );
  return rows.map(({ body }) => JSON.parse(body) as AnyEvent);
}

/** Of a stretch of time, in the order they were recorded; one more than the page's size where there are more. */
export async function pageJournal(
  db: Reader,
  fromMs: number,
  toMs: number,
  { size, after }: Page,
): Promise<JournalRow[]> {
  const [afterMs, afterId] = (after ?? []).map(Number);
  const conditions = ["recorded_at_ms >= ?", "recorded_at_ms < ?"];
  const params: SqlValue[] = [Math.max(fromMs, afterMs ?? fromMs), toMs];
  if (afterMs !== undefined) {
    conditions.push("(recorded_at_ms > ? OR id > ?)");
    params.push(afterMs, afterId as number);
  }
  const rows = await db.query<Record<string, string | number>>(
    `SELECT id, event_id, type, recorded_at_ms, body FROM journal_events WHERE ${conditions.join(" AND ")}
      ORDER BY recorded_at_ms, id LIMIT ${size + 1}`,
    params,
  );
  return rows.map((row) => ({
    rowId: Number(row["id"]),
    id: String(row["event_id"]),
    type: String(row["type"]),
    recordedAtMs: Number(row["recorded_at_ms"]),
    body: String(row["body"]),
  }));
}
