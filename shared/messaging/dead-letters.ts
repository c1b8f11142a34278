/**
 * Dead letters: events that could not be applied, kept with what a person needs to put them right.
 *
 * The event's id goes into the inbox as well, so that it does not come again by itself; a redrive takes it out.
 */
import type { Transaction } from "../db/database.ts";
import { insertMissing, upsertRows } from "../db/statements.ts";
import { AppError } from "../errors.ts";
import type { AnyEvent } from "../events/canonical-event.ts";
import { newId } from "../ids.ts";

export interface DeadLetter {
  readonly consumer: string;
  readonly event: AnyEvent;
  readonly error: unknown;
  readonly attempts: number;
  readonly nowMs: number;
}

export async function setAside(tx: Transaction, letter: DeadLetter): Promise<void> {
  const { consumer, event, error, attempts, nowMs } = letter;
  const known = error instanceof AppError;
  await insertMissing(tx, "inbox", [{ consumer, source: event.source, event_id: event.id, received_at_ms: nowMs }]);
  await upsertRows(
    tx,
    "dead_letters",
    ["consumer", "source", "event_id"],
    [
      {
        id: newId(nowMs),
        consumer,
        source: event.source,
        event_id: event.id,
        type: event.type,
        class: known ? error.row.class : "DEFECT",
        code: known ? error.code : "INTERNAL",
        hint: (error instanceof Error ? error.message : String(error)).slice(0, 500),
        body: JSON.stringify(event),
        attempts,
        first_seen_at_ms: nowMs,
        last_seen_at_ms: nowMs,
      },
    ],
  );
}
