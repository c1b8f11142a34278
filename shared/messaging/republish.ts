/**
 * An owner's answer to whoever misses events of a position: the events once more, from the outbox.
 *
 * Copies are removed by the inboxes of those who have them. The snapshot that follows covers what the outbox no longer
 * holds; but only the events themselves can close the posting offsets, which stand in no balance.
 */
import type { SystemName } from "../config.ts";
import type { Transaction } from "../db/database.ts";
import { insertMissing, marks } from "../db/statements.ts";
import type { AnyEvent } from "../events/canonical-event.ts";
import { outboxRowOf } from "../recorder.ts";
import type { ConsumerSpec } from "./consumer.ts";

/** The consumer, publishing again what it is asked for before it answers in its own way. */
export function withRepublishing(system: SystemName, consumer: ConsumerSpec): ConsumerSpec {
  if (!consumer.types.includes("snapshot.requested")) return consumer;
  return {
    ...consumer,
    async handle(tx, events, recorder) {
      await republish(tx, system, events);
      await consumer.handle(tx, events, recorder);
    },
  };
}

async function republish(tx: Transaction, system: SystemName, events: readonly AnyEvent[]): Promise<void> {
  const asked = events.filter((event) => event.type === "snapshot.requested" && event.data.system === system);
  const keys = [...new Set(asked.map((event) => event.partitionKey))].sort();
  if (keys.length === 0) return;
  await tx.run(
    `UPDATE outbox SET state = 'new', claim = NULL WHERE state = 'done' AND partition_key IN (${marks(keys.length)})`,
    keys,
  );
}

/**
 * Publishes events of the past once more, under their own ids and sources, from this system's outbox: whoever has had
 * them knows them again.
 */
export async function tellAgain(tx: Transaction, events: readonly AnyEvent[], nowMs: number): Promise<void> {
  if (events.length === 0) return;
  await insertMissing(
    tx,
    "outbox",
    events.map((event) => outboxRowOf(event, nowMs)),
  );
  await tx.run(
    `UPDATE outbox SET state = 'new', claim = NULL WHERE state = 'done' AND event_id IN (${marks(events.length)})`,
    events.map(({ id }) => id),
  );
}
