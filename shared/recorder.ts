/**
 * What a transaction leaves behind besides its state: audit rows and outbox rows.
 *
 * Collected while the work runs and written with one multi-row statement each just before COMMIT, in the same
 * transaction: what rolled back is never published and never audited.
 */
import type { Clock } from "./clock.ts";
import { isoTime } from "./clock.ts";
import type { SystemName } from "./config.ts";
import type { Transaction } from "./db/database.ts";
import { insertRows } from "./db/statements.ts";
import type { AnyEvent, CanonicalEvent, EventType } from "./events/canonical-event.ts";
import { textOf } from "./events/event-text.ts";
import { topicOf } from "./events/topics.ts";
import { dataVersionOf } from "./events/upcasters.ts";
import { newId } from "./ids.ts";
import type { Traceparent } from "./traceparent.ts";

/** Who caused it, in which story. */
export interface Cause {
  readonly person: string;
  readonly roles: readonly string[];
  readonly correlationId: string;
  readonly causationId: string | null;
  readonly idempotencyKey: string | null;
  readonly traceparent?: Traceparent | undefined;
}

/** What a system does of its own accord, e.g. because time has passed: the beginning of a story. */
export function ownCause(system: SystemName, nowMs: number): Cause {
  return {
    person: `system:${system}`,
    roles: [],
    correlationId: newId(nowMs),
    causationId: null,
    idempotencyKey: null,
  };
}

export interface AuditEntry {
  /** What was touched, e.g. `product:4711` or `position:4711|WEST`. */
  readonly subject: string;
  readonly action: string;
  /** `done`, or the code of the refusal. */
  readonly outcome?: string;
  readonly detail: object;
}

type Required = "type" | "sourceSeq" | "partitionKey" | "data";
type Filled =
  | "specversion"
  | "traceparent"
  | "dataVersion"
  | "source"
  | "recordedAt"
  | "correlationId"
  | "causationId"
  | "idempotencyKey"
  | "actor";

/** An event as the domain knows it; the recorder adds the envelope. */
export type NewEvent<T extends EventType = EventType> = Pick<CanonicalEvent<T>, Required> &
  Partial<Omit<CanonicalEvent<T>, Required | Filled>>;

export interface Recorder {
  readonly cause: Cause;
  /** Adds an audit row; `cause` where it differs from the recorder's. */
  audit(entry: AuditEntry, cause?: Cause): void;
  /** Has anything been put on record so far? */
  readonly isAudited: boolean;
  /** Adds an event; `cause` where it differs from the recorder's. Returns its id. */
  event<T extends EventType>(event: NewEvent<T>, cause?: Cause): string;
  /** An event that was added before, with its envelope. */
  recorded(eventId: string): AnyEvent;
  /** Writes what was collected; the events of it. Called once, by whoever opened the transaction. */
  flush(tx: Transaction): Promise<readonly AnyEvent[]>;
  /** Forgets what was collected since the start (a savepoint was rolled back). */
  clear(): void;
}

export function createRecorder(system: SystemName, clock: Clock, cause: Cause): Recorder {
  let audits: { entry: AuditEntry; cause: Cause }[] = [];
  let events: AnyEvent[] = [];

  return {
    cause,
    audit(entry, auditCause = cause) {
      audits.push({ entry, cause: auditCause });
    },
    get isAudited() {
      return audits.length > 0;
    },
    event(event, eventCause = cause) {
      const full = envelope(system, clock.now(), event, eventCause);
      events.push(full as AnyEvent);
      return full.id;
    },
    recorded(eventId) {
      // Asked about what has just been added: from the end.
      const event = events.findLast(({ id }) => id === eventId);
      if (!event) throw new Error(`no event ${eventId} was recorded`);
      return event;
    },
    async flush(tx) {
      const nowMs = clock.now();
      await insertRows(
        tx,
        "audit_rows",
        audits.map(({ entry, cause: by }) => ({
          subject: entry.subject,
          action: entry.action,
          outcome: entry.outcome ?? "done",
          person: by.person,
          roles: by.roles.join(","),
          correlation_id: by.correlationId,
          idempotency_key: by.idempotencyKey,
          detail: JSON.stringify(entry.detail),
          recorded_at_ms: nowMs,
        })),
      );
      await insertRows(
        tx,
        "outbox",
        events.map((event) => outboxRowOf(event, nowMs)),
      );
      return events;
    },
    clear() {
      audits = [];
      events = [];
    },
  };
}

/** An event that is to be published. */
export function outboxRowOf(event: AnyEvent, nowMs: number) {
  return {
    event_id: event.id,
    topic: topicOf(event.type),
    type: event.type,
    partition_key: event.partitionKey,
    correlation_id: event.correlationId,
    body: textOf(event),
    state: "new",
    created_at_ms: nowMs,
  };
}

function envelope<T extends EventType>(
  system: SystemName,
  nowMs: number,
  event: NewEvent<T>,
  cause: Cause,
): CanonicalEvent<T> {
  const { traceparent } = cause;
  const dataVersion = dataVersionOf(event.type);
  return {
    specversion: "1.0",
    id: event.id ?? newId(nowMs),
    type: event.type,
    source: system,
    sourceSeq: event.sourceSeq,
    partitionKey: event.partitionKey,
    time: event.time ?? isoTime(nowMs),
    recordedAt: isoTime(nowMs),
    correlationId: cause.correlationId,
    causationId: cause.causationId,
    idempotencyKey: cause.idempotencyKey,
    actor: cause.person,
    sku: event.sku ?? null,
    locationId: event.locationId ?? null,
    toLocationId: event.toLocationId ?? null,
    quantity: event.quantity ?? null,
    uom: event.uom ?? null,
    enteredQuantity: event.enteredQuantity ?? null,
    fromBucket: event.fromBucket ?? null,
    toBucket: event.toBucket ?? null,
    documentRef: event.documentRef ?? null,
    channel: event.channel ?? null,
    reasonCode: event.reasonCode ?? null,
    note: event.note ?? null,
    corrects: event.corrects ?? null,
    ...(dataVersion === 1 ? {} : { dataVersion }),
    data: event.data,
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}
