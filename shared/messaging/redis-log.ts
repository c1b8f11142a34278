/**
 * The log of a topic in Redis Streams, read without a group: every reader sees every entry from its position on.
 *
 * Redis trims a stream without telling its readers, so after each read it is looked up whether the entry before is
 * still there: then nothing between was lost. Waiting for new entries takes a connection of its own, made when somebody
 * first waits.
 */
import { AppError } from "../errors.ts";
import type { EventTexts } from "../events/event-text.ts";
import { limits } from "../limits.ts";
import { type LogPosition, noEntry } from "../log-cursor.ts";
import type { Redis } from "../redis.ts";
import type { EventLog, LogEntry } from "./bus.ts";

export interface RedisLogParts {
  readonly redis: Redis;
  /** A connection that may block. */
  readonly connect: () => Promise<Redis>;
  readonly epoch: () => Promise<string>;
  /** The streams, by partition. */
  readonly keys: readonly string[];
  readonly texts: EventTexts;
}

export interface RedisLog extends EventLog {
  close(): Promise<void>;
}

type Entry = [id: string, fields: string[]];
type StreamReply = [key: string, entries: Entry[]];

export function createRedisLog(parts: RedisLogParts): RedisLog {
  const { redis, connect, epoch, keys } = parts;
  let blocking: Promise<Redis> | undefined;
  let closed = false;

  /** Fails like `connect`; then the next call tries again. */
  function connected(): Promise<Redis> {
    blocking ??= connect().catch((error) => {
      blocking = undefined;
      throw error;
    });
    return blocking;
  }

  return {
    async end() {
      // The epoch first: a stream that is lost in between gives a position that is of no stream, and is refused.
      const now = await epoch();
      const pipeline = redis.pipeline();
      for (const key of keys) pipeline.xrevrange(key, "+", "-", "COUNT", 1);
      const ids = ((await pipeline.exec()) ?? []).map(([error, reply]) => {
        if (error) throw error;
        return (reply as Entry[])[0]?.[0] ?? noEntry;
      });
      return { epoch: now, ids };
    },
    check: (position) => assertThere(parts, position, [...keys.keys()]),
    async read(from, countMax) {
      if (from.ids.length !== keys.length) throw new AppError("RESYNC_REQUIRED");
      const replies = await redis.xread("COUNT", countMax, "STREAMS", ...keys, ...from.ids);
      return entriesOf(parts, replies as StreamReply[] | null, from);
    },
    async next(from, countMax) {
      if (closed) return [];
      const connection = await connected();
      const how = ["COUNT", countMax, "BLOCK", limits.logBlockMs, "STREAMS"] as const;
      return entriesOf(parts, (await connection.xread(...how, ...keys, ...from.ids)) as StreamReply[] | null, from);
    },
    async close() {
      closed = true;
      (await blocking?.catch(() => undefined))?.disconnect();
    },
  };
}

async function entriesOf(parts: RedisLogParts, replies: StreamReply[] | null, from: LogPosition): Promise<LogEntry[]> {
  if (!replies) return [];
  const byKey = new Map(replies);
  const partitions = parts.keys.flatMap((key, partition) => (byKey.has(key) ? [partition] : []));
  await assertThere(parts, from, partitions);
  return partitions.flatMap((partition) =>
    (byKey.get(parts.keys[partition] as string) ?? []).map(([id, fields]) => ({
      partition,
      id,
      event: parts.texts.eventOf(fields[1] as string),
    })),
  );
}

/** Fails with RESYNC_REQUIRED, unless each of these partitions still has its entry of `position`. */
async function assertThere(
  { redis, epoch, keys }: RedisLogParts,
  position: LogPosition,
  partitions: readonly number[],
): Promise<void> {
  if (position.ids.length !== keys.length || position.epoch !== (await epoch())) throw new AppError("RESYNC_REQUIRED");
  const pipeline = redis.pipeline();
  for (const partition of partitions) {
    const [key, id] = [keys[partition] as string, position.ids[partition] as string];
    if (id === noEntry) pipeline.xinfo("STREAM", key);
    else pipeline.xrange(key, id, id);
  }
  for (const [error, reply] of (await pipeline.exec()) ?? []) {
    // No such key: nothing was ever added.
    if (error && !/no such key/i.test(error.message)) throw error;
    if (!error && !isWhole(reply as unknown[])) throw new AppError("RESYNC_REQUIRED");
  }
}

/** The entry itself; or a stream that still has everything that was ever added to it. */
function isWhole(reply: unknown[]): boolean {
  if (reply[0] !== "length") return reply.length === 1;
  const field = (name: string) => Number(reply[reply.indexOf(name) + 1]);
  return field("entries-added") === field("length");
}
