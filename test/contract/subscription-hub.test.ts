/**
 * The hub's promises, over both twins of the log and without the cost of GraphQL: no change left out or told twice to
 * whoever comes back, one execution for all who share it, and nobody waits for the slow.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Admission } from "../../gateway/subscriptions/admission.ts";
import { createHub, type Hub } from "../../gateway/subscriptions/hub.ts";
import { manualClock } from "../../shared/clock.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { anonymous } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import { parseCursor, toCursor } from "../../shared/log-cursor.ts";
import { silentLogger } from "../../shared/logging.ts";
import type { Bus } from "../../shared/messaging/bus.ts";
import { createMemoryBus } from "../../shared/messaging/memory-bus.ts";
import { createRedisBus } from "../../shared/messaging/redis-bus.ts";
import { fact } from "../helpers/bus.ts";
import { gate } from "../helpers/gate.ts";
import { describeRedis, openRedisCorner, type RedisCorner } from "../helpers/redis.ts";

interface Told {
  readonly cursor: string;
  readonly sku: string;
  readonly version: number;
}

const clock = manualClock();
const skus = Array.from({ length: 20 }, (_, i) => `HUB-${i}`);
const noop = () => {};

/** What an answer of the gateway would hold, in short. */
async function startHub(bus: Bus, admitted: Promise<void> = Promise.resolve()): Promise<Hub> {
  const run: Parameters<typeof createHub>[0]["run"] = async (_request, { change }) => {
    await admitted;
    return { data: { told: { cursor: change?.cursor, sku: change?.event.sku, version: change?.event.sourceSeq } } };
  };
  const hub = createHub({ log: bus.log("availability"), clock, logger: silentLogger, run });
  await hub.start();
  return hub;
}

function admission(shareKey: string, after: string | null = null, of: readonly string[] = skus): Admission {
  return {
    request: { query: shareKey },
    shareKey,
    field: "stockChanged",
    question: { query: "{ __typename }" },
    after: after === null ? null : parseCursor(after),
    skus: of,
    matches: ({ sku }: AnyEvent) => of.includes(sku ?? ""),
    previousAt: [],
  };
}

describe("hub over the memory log", () => {
  let bus: Bus;
  promises(async () => {
    bus = createMemoryBus(limits.eventPartitions);
    return [bus, bus];
  });
  afterAll(() => bus.close());

  it("makes one execution per change and document for a thousand subscribers with a hundred documents", async () => {
    const hub = await startHub(bus);
    const came = { count: 0 };
    for (let i = 0; i < 1_000; i++) {
      const document = i % 100;
      const queue = await hub.subscribe(admission(`doc-${document}`, null, [`MANY-${document % 50}`]), anonymous, noop);
      count(queue, came);
    }
    const changes = Array.from({ length: 200 }, (_, i) => fact(`MANY-${i % 50}`, Math.floor(i / 50) + 1));
    await bus.publish("availability", [...changes, fact("NOBODY", 1)]);
    await hub.caughtUp();
    // Each item is in two documents of ten subscribers each.
    expect(hub.counters).toEqual({ changes: 201, dropped: 0, executions: 400 });
    await expect.poll(() => came.count).toBe(200 * 20);
    await hub.stop();
  });

  it("drops what comes late or twice", async () => {
    const hub = await startHub(bus);
    const told: Told[] = [];
    read(await hub.subscribe(admission("late", null, ["LATE"]), anonymous, noop), told);
    await bus.publish(
      "availability",
      [1, 3, 2, 3, 4].map((seq) => fact("LATE", seq)),
    );
    await hub.caughtUp();
    await expect.poll(() => told.map(({ version }) => version)).toEqual([1, 3, 4]);
    expect(hub.counters.dropped).toBe(2);
    await hub.stop();
  });

  it("executes no more for a subscriber who has left in the middle of being brought up to date", async () => {
    const door = gate();
    const hub = await startHub(bus, door.opened);
    const cursor = toCursor(await bus.log("availability").end());
    await bus.publish(
      "availability",
      Array.from({ length: 500 }, (_, i) => fact("GONE", i + 1)),
    );
    await hub.caughtUp();
    const queue = await hub.subscribe(admission("gone", cursor, ["GONE"]), anonymous, noop);
    await expect.poll(() => hub.counters.executions).toBe(limits.subscriptionExecutionsAtOnceMax);
    await queue.return();
    door.open();
    const told: Told[] = [];
    read(await hub.subscribe(admission("back", cursor, ["GONE"]), anonymous, noop), told);
    await expect.poll(() => told.at(-1)?.version).toBe(500);
    expect(hub.counters.executions).toBe(limits.subscriptionExecutionsAtOnceMax + 500);
    await hub.stop();
  });

  it("gives up a subscriber who takes nothing, and keeps the others going", async () => {
    const hub = await startHub(bus);
    const told: Told[] = [];
    const given = { up: 0 };
    const slow = await hub.subscribe(admission("slow", null, ["SLOW"]), anonymous, () => {
      given.up += 1;
    });
    read(await hub.subscribe(admission("quick", null, ["SLOW"]), anonymous, noop), told);
    for (let seq = 1; seq <= limits.pendingChangesMax + 1; seq++)
      await bus.publish("availability", [fact("SLOW", seq)]);
    await hub.caughtUp();
    expect(given.up).toBe(0);
    clock.advance(limits.slowReaderMs + 1);
    await bus.publish("availability", [fact("SLOW", 5_000)]);
    await hub.caughtUp();
    expect(given.up).toBe(1);
    await expect.poll(() => told.at(-1)?.version).toBe(5_000);
    // All that waited has become the newest.
    expect((await slow.next()).value).toMatchObject({ data: { told: { version: 5_000 } } });
    await hub.stop();
  });
});

describeRedis("hub over the Redis log", () => {
  let corner: RedisCorner;
  const buses: Bus[] = [];
  beforeAll(() => {
    corner = openRedisCorner();
  });
  afterAll(async () => {
    for (const bus of buses) await bus.close();
    await corner.close();
  });
  promises(async () => {
    for (let i = 0; i < 2; i++) {
      buses.push(await createRedisBus({ url: corner.url, prefix: corner.prefix, log: silentLogger }));
    }
    return [buses[0] as Bus, buses[1] as Bus];
  });

  it("ends every subscription with RESYNC_REQUIRED when the log is lost, and goes on for those who begin again", async () => {
    const bus = buses[0] as Bus;
    const hub = await startHub(bus);
    const queue = await hub.subscribe(admission("lost"), anonymous, noop);
    const ended = queue.next();
    await corner.remove();
    await bus.publish("availability", [fact("HUB-0", 9_000)]);
    await expect(ended).rejects.toMatchObject({ code: "RESYNC_REQUIRED" });
    const told: Told[] = [];
    await hub.caughtUp();
    read(await hub.subscribe(admission("again"), anonymous, noop), told);
    await bus.publish("availability", [fact("HUB-0", 9_001)]);
    await expect.poll(() => told.map(({ version }) => version)).toEqual([9_001]);
    await hub.stop();
  });
});

function promises(open: () => Promise<readonly [Bus, Bus]>): void {
  it("tells a subscriber who is cut off sixty times, and comes back to one replica or the other, everything once", async () => {
    const buses = await open();
    const hubs = await Promise.all(buses.map((bus) => startHub(bus)));
    const cutsMax = 60;
    const last = 1_000_000;
    const begin = toCursor(await buses[0].log("availability").end());
    const told: Told[] = [];
    let cuts = 0;
    const reader = (async () => {
      let cursor = begin;
      for (;;) {
        const hub = hubs[cuts % 2] as Hub;
        const queue = await hub.subscribe(admission(`cut-${cuts % 3}`, cursor), anonymous, noop);
        let left = cuts < cutsMax ? 1 + ((cuts * 7) % 13) : Number.POSITIVE_INFINITY;
        for await (const { data } of queue) {
          const change = data?.["told"] as Told;
          if (change.sku === "HUB-0" && change.version === last) return;
          told.push(change);
          cursor = change.cursor;
          if (--left === 0) break;
        }
        cuts += 1;
      }
    })();
    for (let seq = 1; seq <= 120; seq++)
      await buses[seq % 2]?.publish(
        "availability",
        skus.map((sku) => fact(sku, seq)),
      );
    await buses[0].publish("availability", [fact("HUB-0", last)]);
    await reader;
    expect(cuts).toBeGreaterThanOrEqual(cutsMax);
    expect(new Set(told.map(({ cursor }) => cursor)).size).toBe(told.length);
    for (const sku of skus) {
      const versions = told.filter((change) => change.sku === sku).map(({ version }) => version);
      // The end may overtake what is in other partitions; of each it is a beginning without a hole.
      expect(versions).toEqual(Array.from({ length: versions.length }, (_, i) => i + 1));
    }
    expect(told.filter(({ sku }) => sku === "HUB-0")).toHaveLength(120);
    for (const hub of hubs) await hub.stop();
  });

  it("hands over from the cursor to what happens meanwhile, without a hole, while changes go on", async () => {
    const [bus] = await open();
    const hub = await startHub(bus);
    const begin = toCursor(await bus.log("availability").end());
    const base = 2_000_000;
    const all: Told[][] = [];
    for (let seq = 1; seq <= 60; seq++) {
      await bus.publish("availability", [fact("HUB-1", base + seq)]);
      const told: Told[] = [];
      all.push(told);
      read(await hub.subscribe(admission(`over-${seq}`, begin, ["HUB-1"]), anonymous, noop), told);
    }
    for (const told of all) {
      await expect
        .poll(() => told.map(({ version }) => version - base), { timeout: 10_000 })
        .toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    }
    await hub.stop();
  });

  it("refuses a cursor that names no place in the log", async () => {
    const [bus] = await open();
    const hub = await startHub(bus);
    const { epoch, ids } = await bus.log("availability").end();
    const future = toCursor({ epoch, ids: ids.map(() => "9999999999999-0") });
    await expect(hub.subscribe(admission("future", future), anonymous, noop)).rejects.toMatchObject({
      code: "RESYNC_REQUIRED",
    });
    await hub.stop();
  });
}

async function read(queue: AsyncIterable<{ data?: Record<string, unknown> | null }>, into: Told[]): Promise<void> {
  for await (const { data } of queue) into.push(data?.["told"] as Told);
}

async function count(queue: AsyncIterable<unknown>, into: { count: number }): Promise<void> {
  for await (const _ of queue) into.count += 1;
}
