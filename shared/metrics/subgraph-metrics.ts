/**
 * What every system counts and is asked for, whatever it owns: events on their way out and in, letters, audit, database.
 *
 * Only measures: what it is told of has been committed, and nothing waits for it. Each reading is bounded by a number
 * of rows and found by an index.
 */
import { chainEnd, countAfter } from "../audit/audit-store.ts";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/database.ts";
import type { AnyEvent } from "../events/canonical-event.ts";
import type { Topic } from "../events/topics.ts";
import { limits } from "../limits.ts";
import type { Bus } from "../messaging/bus.ts";
import { countLetters } from "../messaging/dead-letters.ts";
import { countWaiting, waitingSince } from "../messaging/outbox.ts";
import type { Metrics } from "./metrics.ts";

export interface SubgraphWatch {
  published(topic: Topic, events: readonly AnyEvent[]): void;
  applied(consumer: string, events: readonly AnyEvent[]): void;
}

export interface SubgraphWatchParts {
  readonly metrics: Metrics;
  readonly db: Database;
  readonly clock: Clock;
}

export function watchSubgraph({ metrics, db, clock }: SubgraphWatchParts): SubgraphWatch {
  const { system } = db;
  metrics.read(`outbox:${system}`, async (put) => {
    const [count, sinceMs] = await Promise.all([countWaiting(db, limits.scrapeRowsMax), waitingSince(db)]);
    const ageMs = sinceMs === null ? 0 : Math.max(0, clock.now() - sinceMs);
    put("inventory_outbox_waiting", { system }, count);
    put("inventory_outbox_oldest_seconds", { system }, ageMs / 1_000);
  });
  metrics.read(`letters:${system}`, async (put) => {
    for (const [name, count] of await countLetters(db, limits.scrapeLettersMax)) {
      put("inventory_dead_letters", { system, class: name }, count);
    }
  });
  metrics.read(`audit:${system}`, async (put) => {
    const { lastId } = await chainEnd(db);
    put("inventory_audit_unsealed_rows", { system }, await countAfter(db, lastId, limits.scrapeRowsMax));
  });
  metrics.read(`database:${system}`, (put) => {
    const { used, idle, waiting } = db.connections();
    put("inventory_database_connections", { system, state: "used" }, used);
    put("inventory_database_connections", { system, state: "idle" }, idle);
    put("inventory_database_waiting", { system }, waiting);
  });
  return {
    published: (topic, events) =>
      metrics.counter("inventory_events_published_total", { system, topic }).add(events.length),
    applied(consumer, events) {
      const nowMs = clock.now();
      for (const { type, recordedAt } of events) {
        metrics.counter("inventory_events_applied_total", { consumer, type }).add();
        const lateMs = Math.max(0, nowMs - Date.parse(recordedAt));
        metrics.histogram("inventory_event_apply_seconds", { consumer, type }).observe(lateMs / 1_000);
      }
    },
  };
}

/** How far the groups of this process are behind. */
export function watchBus(metrics: Metrics, bus: Bus): void {
  metrics.read("bus", async (put) => {
    for (const { topic, group, partition, lag, pending } of await bus.lags()) {
      const labels = { topic, group, partition: String(partition) };
      if (lag !== null) put("inventory_consumer_lag", labels, lag);
      put("inventory_consumer_pending", labels, pending);
    }
  });
}
