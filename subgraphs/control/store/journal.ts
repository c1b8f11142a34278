/**
 * Statements of the journal: facts as they were told, each once.
 *
 * Written by the consumer alone; read by story.
 */
import type { Reader, Transaction } from "../../../shared/db/database.ts";
import { insertMissing } from "../../../shared/db/statements.ts";
import type { AnyEvent } from "../../../shared/events/canonical-event.ts";
import { textOf } from "../../../shared/events/event-text.ts";

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
