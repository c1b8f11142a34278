/**
 * The bus: streams of canonical events between systems, at least once, ordered per partition and publisher.
 *
 * A consumer group sees every event of its topic; within a group a partition has one reader at a time. A batch counts
 * as delivered when the handler resolves; if it throws, the same batch comes again. Correctness never rests on order
 * or on single delivery: deltas commute and inboxes remove duplicates. Two twins: `memory-bus.ts`, `redis-bus.ts`.
 */
import type { SystemName } from "../config.ts";
import type { AnyEvent, Heartbeat } from "../events/canonical-event.ts";
import type { Topic } from "../events/topics.ts";
import type { LogPosition } from "../log-cursor.ts";

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

export interface LogEntry {
  readonly partition: number;
  /** Grows within a partition; see `compareEntryIds`. */
  readonly id: string;
  readonly event: AnyEvent;
}

/**
 * A topic as everybody may read it, each from where they stand: nothing is acknowledged, nobody is waited for. Bounded:
 * who comes back too late finds the place gone, and never a hole.
 */
export interface EventLog {
  /** Where the log ends now. */
  end(): Promise<LogPosition>;
  /** Is everything after `position` still there? Fails with RESYNC_REQUIRED. */
  check(position: LogPosition): Promise<void>;
  /** What follows `from`, in order per partition, at most `countMax` of each. Fails with RESYNC_REQUIRED. */
  read(from: LogPosition, countMax: number): Promise<readonly LogEntry[]>;
  /** Like `read`, but waits a while for something to come. One call at a time. Fails with RESYNC_REQUIRED. */
  next(from: LogPosition, countMax: number): Promise<readonly LogEntry[]>;
}

/** How far a group of this process is behind in one partition. */
export interface GroupLag {
  readonly topic: Topic;
  readonly group: string;
  readonly partition: number;
  /** Not read yet; null: the stream cannot say. */
  readonly lag: number | null;
  /** Read and not acknowledged. */
  readonly pending: number;
}

export interface Bus {
  readonly partitions: number;
  /** Resolves when the events are in the stream (memory: when every group has handled them). */
  publish(topic: Topic, events: readonly AnyEvent[]): Promise<void>;
  /** Tells every partition of `facts` that all of the system's commits before `timeMs` have been published. */
  heartbeat(system: SystemName, timeMs: number): Promise<void>;
  consume(topic: Topic, group: string, handler: BatchHandler): Promise<Subscription>;
  /** Of `availability`; `facts` has consumers. Each is read by one reader: `next` of two logs may wait at once. */
  log(topic: "availability"): EventLog;
  /** Of the groups that this process has; none inside one process, where what was not handled was not published. */
  lags(): Promise<readonly GroupLag[]>;
  /** Changes when the stream has lost what was in it; the relay then publishes again. */
  epoch(): Promise<string>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
