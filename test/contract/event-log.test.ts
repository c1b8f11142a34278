/**
 * The log of changes, the same for its twins: every reader sees everything from its position on, contiguous or
 * RESYNC_REQUIRED.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AnyEvent, partitionOf } from "../../shared/events/canonical-event.ts";
import { limits } from "../../shared/limits.ts";
import { hasReached, type LogPosition, parseCursor, toCursor } from "../../shared/log-cursor.ts";
import { silentLogger } from "../../shared/logging.ts";
import type { Bus, LogEntry } from "../../shared/messaging/bus.ts";
import { createMemoryBus } from "../../shared/messaging/memory-bus.ts";
import { createMemoryLog } from "../../shared/messaging/memory-log.ts";
import { createRedisBus } from "../../shared/messaging/redis-bus.ts";
import { fact, skuIn } from "../helpers/bus.ts";
import { describeRedis, openRedisCorner, type RedisCorner } from "../helpers/redis.ts";

const skus = Array.from({ length: limits.eventPartitions }, (_, partition) => skuIn(partition));
const resync = { code: "RESYNC_REQUIRED" };

describe("memory log", () => {
  promises({ open: async () => createMemoryBus(limits.eventPartitions), close: async () => {} });

  it("keeps a bounded number of events: who was further behind must begin again, who was not misses nothing", async () => {
    const kept = 10;
    const log = createMemoryLog(1, kept);
    const begin = await log.end();
    const positions: LogPosition[] = [];
    for (let seq = 1; seq <= kept + 2 * limits.consumerBatchMax; seq++) {
      log.append(0, fact("A", seq));
      positions.push(await log.end());
    }
    await expect(log.check(begin)).rejects.toMatchObject(resync);
    await expect(log.read(begin, 1)).rejects.toMatchObject(resync);
    const behind = positions.at(-1 - kept) as LogPosition;
    expect(await log.read(behind, kept)).toHaveLength(kept);
  });

  it("does not know the cursors of another process", async () => {
    const position = await createMemoryLog(1).end();
    await expect(createMemoryLog(1).check(position)).rejects.toMatchObject(resync);
  });

  it("lets go of whoever waits when it closes", async () => {
    const log = createMemoryLog(1);
    const waiting = log.next(await log.end(), 10);
    log.close();
    expect(await waiting).toEqual([]);
  });
});

describeRedis("Redis log", () => {
  let corner: RedisCorner;
  const open = () => createRedisBus({ url: corner.url, prefix: corner.prefix, log: silentLogger });
  promises({
    open: () => {
      corner = openRedisCorner();
      return open();
    },
    close: () => corner.close(),
  });

  it("serves the cursors that another process gave out", async () => {
    const [one, two] = [await open(), await open()];
    const cursor = toCursor(await one.log("availability").end());
    await one.publish("availability", [fact(skus[0] as string, 1)]);
    expect(await two.log("availability").read(parseCursor(cursor), 10)).toHaveLength(1);
    await Promise.all([one.close(), two.close()]);
  });

  it("finds a trimmed place gone, where Redis itself would answer with what is left", async () => {
    const bus = await open();
    const log = bus.log("availability");
    const sku = skus[3] as string;
    const [partition, stream] = [3, `${corner.prefix}events:{availability:3}`];
    const begin = await log.end();
    await bus.publish("availability", [fact(sku, 1), fact(sku, 2), fact(sku, 3)]);
    const [first, second] = await log.read(begin, 10);
    const at = (entry: LogEntry | undefined) => ({ ...begin, ids: begin.ids.with(partition, entry?.id ?? "") });
    await corner.redis.xtrim(stream, "MINID", second?.id ?? "");
    await expect(log.check(at(first))).rejects.toMatchObject(resync);
    await expect(log.read(at(first), 10)).rejects.toMatchObject(resync);
    await expect(log.next(at(first), 10)).rejects.toMatchObject(resync);
    expect(await log.read(at(second), 10)).toHaveLength(1);
    await bus.close();
  });

  it("from the very beginning is as good as any place, until something is trimmed", async () => {
    await corner.remove("events:");
    const bus = await open();
    const log = bus.log("availability");
    const begin = await log.end();
    expect(begin.ids.every((id) => id === "0-0")).toBe(true);
    const sku = skus[0] as string;
    await bus.publish("availability", [fact(sku, 1), fact(sku, 2)]);
    expect(await log.read(begin, 10)).toHaveLength(2);
    await corner.redis.xtrim(`${corner.prefix}events:{availability:0}`, "MAXLEN", 1);
    await expect(log.read(begin, 10)).rejects.toMatchObject(resync);
    await bus.close();
  });

  it("does not go on in a stream that was lost and filled again", async () => {
    const bus = await open();
    const log = bus.log("availability");
    const before = await log.end();
    await corner.remove();
    await bus.publish("availability", [fact(skus[0] as string, 1)]);
    await expect(log.check(before)).rejects.toMatchObject(resync);
    await expect(log.read(before, 10)).rejects.toMatchObject(resync);
    await bus.close();
  });
});

interface Twin {
  open(): Promise<Bus>;
  close(): Promise<void>;
}

function promises(twin: Twin): void {
  let bus: Bus;
  let seq = 0;

  beforeAll(async () => {
    bus = await twin.open();
  });
  afterAll(async () => {
    await bus.close();
    await twin.close();
  });

  /** One event for each partition, published. */
  async function publish(): Promise<AnyEvent[]> {
    seq += 1;
    const events = skus.map((sku) => fact(sku, seq));
    await bus.publish("availability", events);
    return events;
  }

  const follow = ({ epoch, ids }: LogPosition, entries: readonly LogEntry[]): LogPosition => ({
    epoch,
    ids: entries.reduce((all, { partition, id }) => all.with(partition, id), [...ids]),
  });
  const idsOf = (entries: readonly LogEntry[]) => entries.map(({ event }) => event.id).sort();

  it("brings every reader everything from its position on, in order per partition", async () => {
    const log = bus.log("availability");
    const begin = await log.end();
    const published = [...(await publish()), ...(await publish()), ...(await publish())];
    const ids = published.map(({ id }) => id).sort();
    for (const reader of [log, bus.log("availability")]) {
      const entries = await reader.read(begin, 100);
      expect(idsOf(entries)).toEqual(ids);
      for (const { partition, event } of entries) expect(partition).toBe(partitionOf(event, bus.partitions));
      for (const sku of skus) {
        const seqs = entries.filter(({ event }) => event.sku === sku).map(({ event }) => event.sourceSeq);
        expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
      }
    }
  });

  it("reads on in pages, without a hole and without anything twice", async () => {
    const log = bus.log("availability");
    let at = await log.end();
    const published = [...(await publish()), ...(await publish()), ...(await publish())];
    const end = await log.end();
    const read: LogEntry[] = [];
    while (!hasReached(at, end)) {
      const page = await log.read(at, 1);
      expect(page.length).toBeLessThanOrEqual(bus.partitions);
      read.push(...page);
      at = follow(at, page);
    }
    expect(idsOf(read)).toEqual(published.map(({ id }) => id).sort());
    expect(await log.read(at, 10)).toEqual([]);
  });

  it("waits for what comes next", async () => {
    const log = bus.log("availability");
    const at = await log.end();
    const waiting = log.next(at, 10);
    const published = await publish();
    const first = await waiting;
    expect(first.length).toBeGreaterThan(0);
    const rest = await log.read(follow(at, first), 100);
    expect(idsOf([...first, ...rest])).toEqual(published.map(({ id }) => id).sort());
  });

  it("refuses a position of another stream, of another shape, or that has not been yet", async () => {
    const log = bus.log("availability");
    const { epoch, ids } = await log.end();
    for (const wrong of [
      { epoch: "another", ids },
      { epoch, ids: ids.slice(1) },
      { epoch, ids: ids.with(0, "9999999999999-9") },
    ]) {
      await expect(log.check(wrong)).rejects.toMatchObject(resync);
    }
    await expect(log.check({ epoch, ids })).resolves.toBeUndefined();
  });

  it("holds what was published under its own topic only", async () => {
    const log = bus.log("availability");
    const at = await log.end();
    await bus.publish("facts", [fact(skus[0] as string, 1)]);
    expect(await log.read(at, 10)).toEqual([]);
  });
}
