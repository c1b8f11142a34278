/**
 * The bus over Redis Streams: one stream a topic and partition, one consumer group a subscriber.
 *
 * Within a group a partition is read by the holder of its lease (`partition-leases.ts`), always under the same
 * consumer name, so that a new holder first gets what the old one had not acknowledged. The streams are for delivery;
 * the outbox is the truth, and a stream that was lost is filled from it again.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { type AnyEvent, type Heartbeat, partitionOf, type Topic } from "../events/canonical-event.ts";
import { limits } from "../limits.ts";
import type { Logger } from "../logging.ts";
import { connectRedis, type Redis } from "../redis.ts";
import type { BatchHandler, Bus, Subscription } from "./bus.ts";
import { createPartitionLeases, type PartitionLeases } from "./partition-leases.ts";
import { createRedisLog, type RedisLog } from "./redis-log.ts";

export interface RedisBusOptions {
  readonly url: string;
  readonly prefix: string;
  readonly log: Logger;
  readonly partitions?: number;
}

/** `[stream, [[entryId, [field, value, …]], …]]` as XREADGROUP answers. */
type StreamReply = [key: string, entries: [id: string, fields: string[] | null][]];

/** Every entry of a group is read under this one name; see above. */
const reader = "reader";

export async function createRedisBus(options: RedisBusOptions): Promise<Bus> {
  const { prefix, log } = options;
  const partitions = options.partitions ?? limits.eventPartitions;
  const redis = await connectRedis(options);
  const readers = new Set<{ stop(): Promise<void> }>();
  const streamKey = (topic: Topic, partition: number) => `${prefix}events:{${topic}:${partition}}`;
  const waitForReaders = createLagBrake(redis, partitions, streamKey);
  const epoch = async () => {
    const key = `${prefix}epoch`;
    await redis.set(key, randomUUID(), "NX");
    return (await redis.get(key)) as string;
  };
  const connect = () => connectRedis({ ...options, blockingTimeoutMs: limits.streamBlockMs * 3 });
  const changes = Array.from({ length: partitions }, (_, partition) => streamKey("availability", partition));
  const logs: RedisLog[] = [];
  // Each with a connection of its own to wait on: two that wait on one would wait for each other.
  const openLog = () => {
    const log = createRedisLog({ redis, connect, epoch, keys: changes });
    logs.push(log);
    return log;
  };

  return {
    partitions,
    async publish(topic, events) {
      await waitForReaders(topic);
      await add(
        redis,
        events.map((event) => ({
          key: streamKey(topic, partitionOf(event, partitions)),
          field: "event" as const,
          value: JSON.stringify(event),
        })),
      );
    },
    async heartbeat(system, timeMs) {
      const value = JSON.stringify({ system, timeMs } satisfies Heartbeat);
      const entries = Array.from({ length: partitions }, (_, p) => ({
        key: streamKey("facts", p),
        field: "heartbeat" as const,
        value,
      }));
      await add(redis, entries);
    },
    async consume(topic, group, handler) {
      const blocking = await connect();
      const leases = createPartitionLeases(redis, `${prefix}group:${topic}:${group}`, partitions);
      const running = readLoop({ redis, blocking, leases, group, handler, log, key: (p) => streamKey(topic, p) });
      readers.add(running);
      return {
        stop: async () => {
          readers.delete(running);
          await running.stop();
        },
      };
    },
    log: openLog,
    epoch,
    ping: async () => {
      await redis.ping();
    },
    async close() {
      for (const running of readers) await running.stop();
      for (const log of logs) await log.close();
      redis.disconnect();
    },
  };
}

interface NewEntry {
  readonly key: string;
  readonly field: "event" | "heartbeat";
  readonly value: string;
}

async function add(redis: Redis, entries: readonly NewEntry[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const { key, field, value } of entries) {
    pipeline.xadd(key, "MAXLEN", "~", limits.streamLengthMax, "*", field, value);
  }
  const replies = await pipeline.exec();
  for (const [error] of replies ?? []) if (error) throw error;
}

/** Lets slow groups catch up before their streams grow past what is kept, but not for ever: a group may be dead. */
function createLagBrake(redis: Redis, partitions: number, streamKey: (topic: Topic, partition: number) => string) {
  let checkedAtMs = 0;
  return async (topic: Topic): Promise<void> => {
    if (Date.now() - checkedAtMs < limits.streamLagCheckMs) return;
    const deadline = Date.now() + limits.streamLagWaitMs;
    while ((await greatestLag(redis, partitions, (p) => streamKey(topic, p))) > limits.streamLagMax) {
      if (Date.now() > deadline) break;
      await wait(limits.consumerBackoffMs);
    }
    checkedAtMs = Date.now();
  };
}

interface ReadLoop {
  readonly redis: Redis;
  readonly blocking: Redis;
  readonly leases: PartitionLeases;
  readonly group: string;
  readonly handler: BatchHandler;
  readonly log: Logger;
  readonly key: (partition: number) => string;
}

function readLoop(loop: ReadLoop): Subscription {
  const { blocking, leases, log, key } = loop;
  let stopped = false;
  /** Partitions whose unacknowledged entries have been worked off; the others are read from the start of those. */
  const caughtUp = new Set<number>();

  async function pass(): Promise<void> {
    const { held: owned, taken } = await leases.renew();
    for (const partition of caughtUp) {
      if (!owned.includes(partition) || taken.includes(partition)) caughtUp.delete(partition);
    }
    if (owned.length === 0) {
      await wait(limits.leaseMs / 10);
      return;
    }
    const replies = await read(loop, owned, caughtUp);
    const partitionOfKey = new Map(owned.map((partition) => [key(partition), partition]));
    await Promise.all(
      replies.map(async ([streamKey, entries]) => {
        const partition = partitionOfKey.get(streamKey) as number;
        if (entries.length === 0) caughtUp.add(partition);
        else await deliver(loop, partition, entries, caughtUp);
      }),
    );
  }

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        await pass();
      } catch (error) {
        if (!stopped) await recover(error);
      }
    }
  }

  /** Makes the group where it is missing; whatever else went wrong may be better a moment later. Never fails. */
  async function recover(error: unknown): Promise<void> {
    caughtUp.clear();
    try {
      if (!isMissingGroup(error)) throw error;
      await createGroups(loop, (await leases.renew()).held);
    } catch (problem) {
      log.warn({ error: problem, group: loop.group }, "reading the event stream failed; it is tried again");
      await wait(limits.consumerBackoffMs * 4);
    }
  }

  const finished = run();
  return {
    async stop() {
      if (!stopped) {
        stopped = true;
        blocking.disconnect();
        await finished.catch(() => {});
        await leases.release().catch(() => {});
      }
    },
  };
}

async function read(loop: ReadLoop, owned: readonly number[], caughtUp: ReadonlySet<number>): Promise<StreamReply[]> {
  const group = ["GROUP", loop.group, reader] as const;
  const count = ["COUNT", limits.consumerBatchMax] as const;
  const streams = [...owned.map(loop.key), ...owned.map((partition) => (caughtUp.has(partition) ? ">" : "0"))];
  // While anything unacknowledged is left, the read must not block on the new; it brings what is there of it, so that
  // a partition which fails does not hold up the others.
  const replies = owned.every((partition) => caughtUp.has(partition))
    ? await loop.blocking.xreadgroup(...group, ...count, "BLOCK", limits.streamBlockMs, "STREAMS", ...streams)
    : await loop.redis.xreadgroup(...group, ...count, "STREAMS", ...streams);
  return (replies ?? []) as StreamReply[];
}

async function deliver(
  loop: ReadLoop,
  partition: number,
  entries: StreamReply[1],
  caughtUp: Set<number>,
): Promise<void> {
  const events: AnyEvent[] = [];
  const heartbeats: Heartbeat[] = [];
  for (const [, fields] of entries) {
    // A trimmed entry that was still unacknowledged comes back without fields.
    if (!fields) continue;
    if (fields[0] === "event") events.push(JSON.parse(fields[1] as string) as AnyEvent);
    else heartbeats.push(JSON.parse(fields[1] as string) as Heartbeat);
  }
  try {
    await loop.handler({ partition, events, heartbeats });
    await loop.redis.xack(loop.key(partition), loop.group, ...entries.map(([id]) => id));
  } catch (error) {
    loop.log.warn({ error, group: loop.group, partition }, "a batch was not handled; it comes again");
    caughtUp.delete(partition);
    await wait(limits.consumerBackoffMs);
  }
}

async function createGroups(loop: ReadLoop, owned: readonly number[]): Promise<void> {
  for (const partition of owned) {
    try {
      // From the start of the stream: a group that is new, or whose stream was lost, has missed everything in it.
      await loop.redis.xgroup("CREATE", loop.key(partition), loop.group, "0", "MKSTREAM");
    } catch (error) {
      if (!String(error).includes("BUSYGROUP")) throw error;
    }
  }
}

function isMissingGroup(error: unknown): boolean {
  return String(error).includes("NOGROUP");
}

async function greatestLag(redis: Redis, partitions: number, key: (partition: number) => string): Promise<number> {
  const pipeline = redis.pipeline();
  for (let partition = 0; partition < partitions; partition++) pipeline.xinfo("GROUPS", key(partition));
  const replies = (await pipeline.exec()) ?? [];
  let greatest = 0;
  for (const [error, groups] of replies) {
    if (error) continue;
    for (const group of groups as unknown[][]) {
      const lag = group[group.indexOf("lag") + 1];
      if (typeof lag === "number") greatest = Math.max(greatest, lag);
    }
  }
  return greatest;
}
