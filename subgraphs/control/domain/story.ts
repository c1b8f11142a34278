/**
 * One story as a whole: the requests of people, the events that followed, and what was put on record about both.
 *
 * A request causes the events that bear its key; what a system records of its own accord is caused by what caused the
 * events it told in the same moment. Pure; the order is that of `lineage.ts`.
 */
import type { AnyEvent, SealedRow } from "../../../shared/events/canonical-event.ts";
import { causalOrder } from "./lineage.ts";

/** A row of some system's audit. */
export type Recorded = SealedRow & { readonly source: AnyEvent["source"] };

export interface StoryEntry {
  readonly kind: "COMMAND" | "EVENT" | "AUDIT";
  readonly id: string;
  /** What happened; of a request what was asked for, as its system put it on record. */
  readonly type: string;
  readonly source: string;
  readonly causationId: string | null;
  readonly actor: string;
  readonly idempotencyKey: string | null;
  /** What an audit row is about; null for events. */
  readonly subject: string | null;
  /** `done`, or the code of a refusal; null for events. */
  readonly outcome: string | null;
  /** JSON. */
  readonly data: string;
  /** RFC 3339. */
  readonly occurredAt: string;
  readonly recordedAt: string;
  /** Of an entry that is one. */
  readonly event: AnyEvent | null;
}

export function storyOf(events: readonly AnyEvent[], records: readonly Recorded[]): StoryEntry[] {
  const commands = new Map<string, StoryEntry>();
  for (const row of [...records].sort((a, b) => a.sequence - b.sequence)) {
    const id = commandIdOf(row.source, row.person, row.idempotency_key);
    if (id !== null && !commands.has(id))
      commands.set(id, { ...entryOf(row), kind: "COMMAND", id, data: "{}", causationId: null });
  }
  const causes = new Map<string, string>();
  const told = events.map((event): StoryEntry => {
    const command = commandIdOf(event.source, event.actor, event.idempotencyKey);
    const causationId = event.causationId ?? (command !== null && commands.has(command) ? command : null);
    if (causationId !== null) causes.set(`${event.source}|${event.recordedAt}`, causationId);
    return { ...eventEntry(event), causationId };
  });
  const recorded = records.map((row) => {
    const entry = entryOf(row);
    const command = commandIdOf(row.source, row.person, row.idempotency_key);
    return { ...entry, causationId: command ?? causes.get(`${row.source}|${entry.recordedAt}`) ?? null };
  });
  return causalOrder([...commands.values(), ...told, ...recorded]);
}

function commandIdOf(source: string, person: string, key: string | null): string | null {
  return key === null ? null : `command:${source}|${person}|${key}`;
}

function eventEntry(event: AnyEvent): StoryEntry {
  const { id, type, source, causationId, actor, idempotencyKey, data, time: occurredAt, recordedAt } = event;
  return {
    ...{ kind: "EVENT", id, type, source, causationId, actor, idempotencyKey, subject: null, outcome: null },
    ...{ data: JSON.stringify(data), occurredAt, recordedAt, event },
  };
}

function entryOf(row: Recorded): StoryEntry {
  const { source, sequence, action: type, person: actor, idempotency_key: idempotencyKey, subject, outcome } = row;
  const recordedAt = new Date(row.recorded_at_ms).toISOString();
  return {
    ...{ kind: "AUDIT", id: `audit:${source}|${sequence}`, type, source, causationId: null, actor, idempotencyKey },
    ...{ subject, outcome, data: row.detail, occurredAt: recordedAt, recordedAt, event: null },
  };
}
