/**
 * The bus: streams of canonical events between systems, at least once, ordered per partition and publisher.
 *
 * A consumer group sees every event of its topic; within a group a partition has one reader at a time. A batch counts
 * as delivered when the handler resolves; if it throws, the same batch comes again. Correctness never rests on order
 * or on single delivery: deltas commute and inboxes remove duplicates. Two twins: `memory-bus.ts`, `redis-bus.ts`.
 */
import type { SystemName } from "../config.ts";
import type { AnyEvent, Heartbeat, Topic } from "../events/canonical-event.ts";

export interface Batch {
  readonly partition: number;
  readonly events: readonly AnyEvent[];
  /** Heartbeats that came with or after these events: they speak of everything before them in this partition. */
  readonly heartbeats: readonly Heartbeat[];
}

export type BatchHandler = (batch: Batch) => Promise<void>;

export interface Subscription {
  stop(): Promise<void>;
}

export interface Bus {
  readonly partitions: number;
  /** Resolves when the events are in the stream (memory: when every group has handled them). */
  publish(topic: Topic, events: readonly AnyEvent[]): Promise<void>;
  /** Tells every partition of `facts` that all of the system's commits before `timeMs` have been published. */
  heartbeat(system: SystemName, timeMs: number): Promise<void>;
  consume(topic: Topic, group: string, handler: BatchHandler): Promise<Subscription>;
  /** Changes when the stream has lost what was in it; the relay then publishes again. */
  epoch(): Promise<string>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
