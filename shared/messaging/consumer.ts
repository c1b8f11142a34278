/**
 * A consumer: batches from the bus → one transaction with the inbox rows and what the handler changes.
 *
 * An event has its effect once, however often it comes: its id goes into the inbox in the transaction of the effect.
 * An event that cannot be applied is set aside as a dead letter with its code and a hint; it never blocks the others.
 */
import { createBatches } from "../batches.ts";
import type { Clock } from "../clock.ts";
import type { Committed } from "../command.ts";
import type { Database, Reader, Transaction } from "../db/database.ts";
import { judge, TransactionConflict } from "../db/retry.ts";
import { insertMissing, marks } from "../db/statements.ts";
import { AppError } from "../errors.ts";
import type { AnyEvent, EventType, Heartbeat } from "../events/canonical-event.ts";
import type { Topic } from "../events/topics.ts";
import { isKnownVersion, readable, type Upcasters, upToDate } from "../events/upcasters.ts";
import { failpoint } from "../failpoints.ts";
import type { Part } from "../lifecycle.ts";
import { limits } from "../limits.ts";
import type { Logger } from "../logging.ts";
import { type Cause, createRecorder, type Recorder } from "../recorder.ts";
import { storyOf } from "../traceparent.ts";
import { type Tracing, withinEach } from "../tracing.ts";
import type { Batch, Bus, Subscription } from "./bus.ts";
import { setAside } from "./dead-letters.ts";

export interface ConsumerSpec {
  /** Name of the consumer group, e.g. `wms`. */
  readonly name: string;
  readonly topic: Topic;
  readonly types: readonly EventType[];
  /** Of these types, only those that mean something here: the others cost nothing. Absent: all. */
  concerns?(event: AnyEvent): boolean;
  /** Applies events it has not seen before, in the order they came. May run more than once (see `Database`). */
  handle(tx: Transaction, events: readonly AnyEvent[], recorder: Recorder): Promise<void>;
  /** The same for events that were set aside, where that differs: whoever calls it sets aside again what fails. */
  redrive?(tx: Transaction, events: readonly AnyEvent[], recorder: Recorder): Promise<void>;
  /** After everything before the heartbeat has been applied. */
  heartbeat?(partition: number, heartbeats: readonly Heartbeat[]): Promise<void>;
  /** After COMMIT of a batch: so many came, so many of them for the first time. */
  received?(events: number, fresh: number): void;
  /** After COMMIT of a batch that changed something. */
  applied?(events: readonly AnyEvent[]): void;
}

export interface ConsumerDeps {
  readonly db: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly tracing?: Tracing;
  /** Absent: those there are. */
  readonly upcasters?: Upcasters;
  /** Called after COMMIT: these are new in the outbox. */
  readonly committed: Committed;
  /** Called after COMMIT: these had their effect, for the first time. */
  readonly applied?: (consumer: string, events: readonly AnyEvent[]) => void;
}

/** The cause to record for what follows from `event`. */
export function causeOf(consumer: string, event: AnyEvent): Cause {
  return {
    person: `system:${consumer}`,
    roles: [],
    correlationId: event.correlationId,
    causationId: event.id,
    idempotencyKey: null,
    traceparent: event.traceparent,
  };
}

export function createConsumer(deps: ConsumerDeps, spec: ConsumerSpec): Part {
  const wanted = new Set<string>(spec.types);
  const together = createTogether(deps, spec);
  let subscription: Subscription | undefined;

  async function onBatch(batch: Batch): Promise<void> {
    const known = batch.events.filter(({ type }) => wanted.has(type)).map((event) => readable(event, deps.upcasters));
    const events = known.filter((event) => !isKnownVersion(event, deps.upcasters) || (spec.concerns?.(event) ?? true));
    if (events.length > 0) await together.add(events);
    if (batch.heartbeats.length > 0) await spec.heartbeat?.(batch.partition, batch.heartbeats);
  }

  return {
    name: `consumer:${spec.name}`,
    async start() {
      subscription = await deps.bus.consume(spec.topic, spec.name, onBatch);
    },
    async stop() {
      await subscription?.stop();
    },
  };
}

/** What several partitions bring at the same moment is one transaction; no partition holds up another. */
function createTogether(deps: ConsumerDeps, spec: ConsumerSpec) {
  const { apply, applyAll } = createApplication(deps, spec);
  return createBatches<readonly AnyEvent[], void>({
    itemsMax: deps.bus.partitions,
    sizeMax: limits.consumerBatchMax,
    sizeOf: (events) => events.length,
    atOnceMax: limits.consumerBatchesAtOnceMax,
    waitingMax: Number.MAX_SAFE_INTEGER,
    full: "",
    async run(parts) {
      try {
        await (parts.length === 1 ? applyAll(parts.flat()) : apply(parts.flat()));
        return parts.map(() => ({ status: "fulfilled", value: undefined }));
      } catch (error) {
        if (parts.length === 1) throw error;
        return Promise.allSettled(parts.map(applyAll));
      }
    },
  });
}

function createApplication(deps: ConsumerDeps, spec: ConsumerSpec) {
  /** A partition's events as one; if that fails for good, each by itself, so that one cannot spoil the others. */
  async function applyAll(events: readonly AnyEvent[]): Promise<void> {
    try {
      await apply(events);
    } catch (error) {
      if (isTransient(error)) throw error;
      for (const event of events) await applyOrSetAside(event);
    }
  }

  async function applyOrSetAside(event: AnyEvent): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await apply([event]);
      } catch (error) {
        if (isTransient(error)) throw error;
        // What the error table names will not get better by itself; what it does not name may be a glitch.
        if (!(error instanceof AppError) && attempt < limits.consumerAttemptsMax) continue;
        const { id: eventId, type } = event;
        deps.log.error({ error, consumer: spec.name, eventId, type, ...storyOf(event) }, "event set aside");
        const told = await deps.db.transaction(async (tx) => {
          const recorder = createRecorder(deps.db.system, deps.clock, causeOf(spec.name, event));
          const nowMs = deps.clock.now();
          await setAside(tx, recorder, { consumer: spec.name, event, error, attempts: attempt, nowMs });
          return recorder.flush(tx);
        });
        if (told.length > 0) deps.committed(told);
        return;
      }
    }
  }

  function apply(events: readonly AnyEvent[]): Promise<void> {
    return withinEach(deps.tracing, `${spec.name} applies`, "consumer", events, () => applyTogether(events));
  }

  async function applyTogether(events: readonly AnyEvent[]): Promise<void> {
    await failpoint("before_effect");
    // What no upcaster knows is refused here: of several events together, each by itself.
    for (const event of events) upToDate(event, deps.upcasters);
    const { applied, told } = await deps.db.transaction(async (tx) => {
      const fresh = await takeIn(tx, spec.name, events, deps.clock.now());
      const first = fresh[0];
      if (!first) return { applied: fresh, told: [] };
      const recorder = createRecorder(deps.db.system, deps.clock, causeOf(spec.name, first));
      await spec.handle(tx, fresh, recorder);
      return { applied: fresh, told: await recorder.flush(tx) };
    });
    spec.received?.(events.length, applied.length);
    if (applied.length === 0) return;
    spec.applied?.(applied);
    deps.applied?.(spec.name, applied);
    if (told.length > 0) deps.committed(told);
  }

  return { apply, applyAll };
}

const keyOf = (event: { readonly source: string; readonly id: string }) => `${event.source}/${event.id}`;

/** Of these events, `source/id` of those that have had their effect. */
async function seenBy(tx: Reader, consumer: string, events: readonly AnyEvent[]): Promise<Set<string>> {
  const rows = await tx.query<{ source: string; id: string }>(
    `SELECT source, event_id AS id FROM inbox WHERE consumer = ? AND event_id IN (${marks(events.length)})`,
    [consumer, ...events.map((event) => event.id)],
  );
  return new Set(rows.map(keyOf));
}

/** Those that have had no effect yet, each once. */
export async function unseenBy(tx: Reader, consumer: string, events: readonly AnyEvent[]): Promise<AnyEvent[]> {
  const seen = await seenBy(tx, consumer, events);
  return [...new Map(events.map((event) => [keyOf(event), event])).values()].filter((event) => !seen.has(keyOf(event)));
}

/** Enters the events into the inbox; returns those that were not in it. */
async function takeIn(
  tx: Transaction,
  consumer: string,
  events: readonly AnyEvent[],
  nowMs: number,
): Promise<AnyEvent[]> {
  const seen = await seenBy(tx, consumer, events);
  const fresh: AnyEvent[] = [];
  for (const event of events) {
    if (seen.has(keyOf(event))) continue;
    seen.add(keyOf(event));
    fresh.push(event);
  }
  const entered = await insertMissing(
    tx,
    "inbox",
    fresh.map((event) => ({ consumer, source: event.source, event_id: event.id, received_at_ms: nowMs })),
  );
  // Another worker entered one of them in between: begin again, and see it.
  if (entered !== fresh.length) throw new TransactionConflict("inbox");
  return fresh;
}

/** Will it pass by itself, so that the same work may simply be tried again? */
export function isTransient(error: unknown): boolean {
  if (error instanceof AppError) return error.row.class === "TRANSIENT";
  return judge(error) !== "final";
}
