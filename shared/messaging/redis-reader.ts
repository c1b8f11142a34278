/**
 * One consumer group's reader of a topic in Redis Streams: entries → handler → acknowledgement, partition by partition.
 *
 * Reads only partitions whose lease it holds. What was handed out and not acknowledged comes again, before anything
 * new of its partition; a partition that fails holds up no other.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { AnyEvent, Heartbeat } from "../events/canonical-event.ts";
import type { EventTexts } from "../events/event-text.ts";
import { failpoint } from "../failpoints.ts";
import { limits } from "../limits.ts";
import type { Logger } from "../logging.ts";
import type { Redis } from "../redis.ts";
import type { BatchHandler, Subscription } from "./bus.ts";
import type { PartitionLeases } from "./partition-leases.ts";

/** `[stream, [[entryId, [field, value, …]], …]]` as XREADGROUP answers. */
type StreamReply = [key: string, entries: [id: string, fields: string[] | null][]];

/** Every entry of a group is read under this one name; see above. */
const reader = "reader";

export interface ReadLoop {
  readonly redis: Redis;
  readonly blocking: Redis;
  readonly leases: PartitionLeases;
  readonly group: string;
  readonly handler: BatchHandler;
  readonly log: Logger;
  readonly texts: EventTexts;
  readonly key: (partition: number) => string;
}

export function readLoop(loop: ReadLoop): Subscription {
  const { blocking, leases, log, key } = loop;
  let stopped = false;
  let isFailing = false;
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
        isFailing = false;
      } catch (error) {
        // Once stopped, the connection that waits is closed by us.
        isFailing = !stopped || String(error).includes("timed out");
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
        // A server that has just failed us would be waited for once more: the leases end by themselves.
        if (!isFailing) await leases.release().catch(() => {});
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
    if (fields[0] === "event") events.push(loop.texts.eventOf(fields[1] as string));
    else heartbeats.push(JSON.parse(fields[1] as string) as Heartbeat);
  }
  try {
    await loop.handler({ partition, events, heartbeats });
    await failpoint("before_xack");
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
