/**
 * The bus inside one process.
 *
 * `publish` resolves only when every group has handled the events, so the outbox rows of whatever was under way at a
 * crash are still unpublished and come again at the next start. Keeps nothing itself but the last changes of
 * availability, for subscribers who come back.
 */
import { type AnyEvent, type Heartbeat, partitionOf } from "../events/canonical-event.ts";
import type { Topic } from "../events/topics.ts";
import type { Batch, BatchHandler, Bus } from "./bus.ts";
import { createMemoryLog } from "./memory-log.ts";

interface Group {
  readonly topic: Topic;
  readonly handler: BatchHandler;
  /** The last delivery: the next one waits for it. */
  last: Promise<void>;
}

/** One partition: with one writer to the database there is nothing to be done in parallel, and batches stay large. */
export function createMemoryBus(partitions = 1): Bus {
  const groups = new Map<string, Group>();
  const log = createMemoryLog(partitions);

  function deliver(topic: Topic, batches: readonly Batch[]): Promise<unknown> {
    const deliveries: Promise<void>[] = [];
    for (const group of groups.values()) {
      if (group.topic !== topic) continue;
      const mine = group.last.then(async () => {
        for (const batch of batches) await group.handler(batch);
      });
      group.last = mine.catch(() => {});
      deliveries.push(mine);
    }
    return Promise.all(deliveries);
  }

  return {
    partitions,
    async publish(topic, events) {
      const byPartition = new Map<number, AnyEvent[]>();
      for (const event of events) {
        const partition = partitionOf(event, partitions);
        const list = byPartition.get(partition);
        if (list) list.push(event);
        else byPartition.set(partition, [event]);
      }
      const batches = [...byPartition].map(([partition, list]) => ({ partition, events: list, heartbeats: [] }));
      if (topic === "availability") for (const event of events) log.append(partitionOf(event, partitions), event);
      await deliver(topic, batches);
    },
    async heartbeat(system, timeMs) {
      const heartbeats: Heartbeat[] = [{ system, timeMs }];
      const batches = Array.from({ length: partitions }, (_, partition) => ({ partition, events: [], heartbeats }));
      await deliver("facts", batches);
    },
    async consume(topic, group, handler) {
      const key = `${topic}/${group}`;
      if (groups.has(key)) throw new Error(`In one process a group has one consumer: ${key}`);
      const entry: Group = { topic, handler, last: Promise.resolve() };
      groups.set(key, entry);
      return {
        stop: async () => {
          groups.delete(key);
          await entry.last;
        },
      };
    },
    log: () => log,
    // Nothing can be lost here: what was not handled was not published.
    epoch: async () => "memory",
    lags: async () => [],
    ping: async () => {},
    async close() {
      groups.clear();
      log.close();
    },
  };
}
