/**
 * The bus over Redis Streams: one stream a topic and partition, one consumer group a subscriber.
 *
 * Within a group a partition is read by the holder of its lease (`partition-leases.ts`), always under the same
 * consumer name, so that a new holder first gets what the old one had not acknowledged. The streams are for delivery;
 * the outbox is the truth, and a stream that was lost is filled from it again.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { type AnyEvent, type Heartbeat, partitionOf } from "../events/canonical-event.ts";
import { createEventTexts, textOf } from "../events/event-text.ts";
import { type Topic, topicOf } from "../events/topics.ts";
import { limits } from "../limits.ts";
import type { Logger } from "../logging.ts";
import { connectRedis, type Redis } from "../redis.ts";
import type { Bus, GroupLag } from "./bus.ts";
import { createPartitionLeases } from "./partition-leases.ts";
import { createRedisLog, type RedisLog } from "./redis-log.ts";
import { readLoop } from "./redis-reader.ts";

export interface RedisBusOptions {
  readonly url: string;
  readonly prefix: string;
  readonly log: Logger;
  readonly partitions?: number;
}

export async function createRedisBus(options: RedisBusOptions): Promise<Bus> {
  const { prefix, log } = options;
  const partitions = options.partitions ?? limits.eventPartitions;
  const redis = await connectRedis(options);
  const readers = new Set<{ stop(): Promise<void> }>();
  const groups = new Set<Group>();
  const streamKey = (topic: Topic, partition: number) => `${prefix}events:{${topic}:${partition}}`;
  const waitForReaders = createLagBrake(redis, partitions, streamKey);
  const epoch = async () => {
    const key = `${prefix}epoch`;
    await redis.set(key, randomUUID(), "NX");
    return (await redis.get(key)) as string;
  };
  const connect = () => connectRedis({ ...options, blockingTimeoutMs: limits.streamBlockMs * 3 });
  const changes = Array.from({ length: partitions }, (_, partition) => streamKey("availability", partition));
  const texts = createEventTexts(limits.eventTextsMax);
  const logs: RedisLog[] = [];
  // Each with a connection of its own to wait on: two that wait on one would wait for each other.
  const openLog = () => {
    const log = createRedisLog({ redis, connect, epoch, keys: changes, texts });
    logs.push(log);
    return log;
  };

  return {
    partitions,
    async publish(topic, events) {
      await waitForReaders(topic);
      for (const event of events) texts.remember(event);
      await addEvents(redis, events, (event) => streamKey(topic, partitionOf(event, partitions)));
    },
    heartbeat: (system, timeMs) =>
      addHeartbeat(
        redis,
        { system, timeMs },
        Array.from({ length: partitions }, (_, p) => streamKey("facts", p)),
      ),
    async consume(topic, group, handler) {
      const blocking = await connect();
      const leases = createPartitionLeases(redis, `${prefix}group:${topic}:${group}`, partitions);
      const key = (partition: number) => streamKey(topic, partition);
      const running = readLoop({ redis, blocking, leases, group, handler, log, texts, key });
      readers.add(running);
      const own = { topic, group };
      groups.add(own);
      return {
        stop: async () => {
          readers.delete(running);
          groups.delete(own);
          await running.stop();
        },
      };
    },
    log: openLog,
    lags: () => lagsOf(redis, partitions, streamKey, groups),
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

type StreamKey = (topic: Topic, partition: number) => string;

interface Group {
  readonly topic: Topic;
  readonly group: string;
}

async function lagsOf(redis: Redis, partitions: number, key: StreamKey, own: ReadonlySet<Group>): Promise<GroupLag[]> {
  const lags: GroupLag[] = [];
  for (const topic of new Set([...own].map((one) => one.topic))) {
    const groups = new Set([...own].flatMap((one) => (one.topic === topic ? [one.group] : [])));
    for (const state of await groupStates(redis, partitions, (p) => key(topic, p))) {
      if (groups.has(state.group)) lags.push({ topic, ...state });
    }
  }
  return lags;
}

function addEvents(redis: Redis, events: readonly AnyEvent[], keyOf: (event: AnyEvent) => string): Promise<void> {
  return add(
    redis,
    events.map((event) => ({ key: keyOf(event), field: "event", value: textOf(event), lengthMax: lengthOf(event) })),
  );
}

/** An event of copies carries many rows. */
function lengthOf({ type }: AnyEvent): number {
  return topicOf(type) === "audit" ? limits.auditStreamLengthMax : limits.streamLengthMax;
}

function addHeartbeat(redis: Redis, heartbeat: Heartbeat, keys: readonly string[]): Promise<void> {
  const value = JSON.stringify(heartbeat);
  return add(
    redis,
    keys.map((key) => ({ key, field: "heartbeat", value })),
  );
}

interface NewEntry {
  readonly key: string;
  readonly field: "event" | "heartbeat";
  readonly value: string;
  /** Of the stream; absent: as long as streams may be. */
  readonly lengthMax?: number;
}

async function add(redis: Redis, entries: readonly NewEntry[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const { key, field, value, lengthMax = limits.streamLengthMax } of entries) {
    pipeline.xadd(key, "MAXLEN", "~", lengthMax, "*", field, value);
  }
  const replies = await pipeline.exec();
  for (const [error] of replies ?? []) if (error) throw error;
}

/** Lets slow groups catch up before their streams grow past what is kept, but not for ever: a group may be dead. */
function createLagBrake(redis: Redis, partitions: number, streamKey: StreamKey) {
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

async function greatestLag(redis: Redis, partitions: number, key: (partition: number) => string): Promise<number> {
  const states = await groupStates(redis, partitions, key);
  return Math.max(0, ...states.map(({ lag }) => lag ?? 0));
}

/** Every group of every partition's stream; a stream that is not there yet has none. */
async function groupStates(
  redis: Redis,
  partitions: number,
  key: (partition: number) => string,
): Promise<Omit<GroupLag, "topic">[]> {
  const pipeline = redis.pipeline();
  for (let partition = 0; partition < partitions; partition++) pipeline.xinfo("GROUPS", key(partition));
  const replies = (await pipeline.exec()) ?? [];
  return replies.flatMap(([error, groups], partition) =>
    error ? [] : (groups as unknown[][]).map((group) => ({ ...groupState(group), partition })),
  );
}

function groupState(group: readonly unknown[]): Pick<GroupLag, "group" | "lag" | "pending"> {
  const field = (name: string) => group[group.indexOf(name) + 1];
  const lag = field("lag");
  return { group: String(field("name")), lag: typeof lag === "number" ? lag : null, pending: Number(field("pending")) };
}
