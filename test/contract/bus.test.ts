/**
 * The promises of the bus, the same for its twins: every group gets every event, in order per partition, and gets it
 * again until it has handled it.
 *
 * What only a server with memory can do (late groups, several readers, lost streams) stands in `redis-bus.test.ts`.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type AnyEvent, partitionOf } from "../../shared/events/canonical-event.ts";
import { limits } from "../../shared/limits.ts";
import { silentLogger } from "../../shared/logging.ts";
import type { Batch, Bus, Subscription } from "../../shared/messaging/bus.ts";
import { createMemoryBus } from "../../shared/messaging/memory-bus.ts";
import { createRedisBus } from "../../shared/messaging/redis-bus.ts";
import { collector, eventually, fact, publishAll, skuIn } from "../helpers/bus.ts";
import { gate } from "../helpers/gate.ts";
import { describeRedis, openRedisCorner, type RedisCorner } from "../helpers/redis.ts";

describe("memory bus", () => {
  promises({ open: async () => createMemoryBus(limits.eventPartitions), close: async () => {} });

  it("keeps nothing: a group that comes late gets what is published from then on", async () => {
    const bus = createMemoryBus();
    await bus.publish("facts", [fact("A", 1)]);
    const late = collector();
    await bus.consume("facts", "late", late.handler);
    await bus.publish("facts", [fact("A", 2)]);
    expect(late.ids()).toEqual([fact("A", 2).id]);
  });

  it("resolves a publication only when every group has handled it", async () => {
    const bus = createMemoryBus();
    const handled = gate();
    let done = false;
    await bus.consume("facts", "slow", async () => {
      await handled.opened;
      done = true;
    });
    const published = bus.publish("facts", [fact("A", 1)]);
    expect(done).toBe(false);
    handled.open();
    await published;
    expect(done).toBe(true);
  });

  it("lets a group have one consumer in one process", async () => {
    const bus = createMemoryBus();
    await bus.consume("facts", "one", async () => {});
    await expect(bus.consume("facts", "one", async () => {})).rejects.toThrow("one consumer");
    await expect(bus.consume("availability", "one", async () => {})).resolves.toBeDefined();
  });

  it("is always of the same epoch: it cannot lose what it never kept", async () => {
    expect(await createMemoryBus().epoch()).toBe(await createMemoryBus().epoch());
  });
});

describeRedis("Redis bus", () => {
  let corner: RedisCorner;
  promises({
    open: () => {
      corner = openRedisCorner();
      return createRedisBus({ url: corner.url, prefix: corner.prefix, log: silentLogger });
    },
    close: () => corner.close(),
  });
});

interface Twin {
  open(): Promise<Bus>;
  close(): Promise<void>;
}

function promises(twin: Twin): void {
  let bus: Bus;
  let groups = 0;
  const subscriptions: Subscription[] = [];
  const skus = Array.from({ length: limits.eventPartitions }, (_, partition) => skuIn(partition));

  beforeAll(async () => {
    bus = await twin.open();
  });
  afterEach(async () => {
    for (const subscription of subscriptions.splice(0)) await subscription.stop();
  });
  afterAll(async () => {
    await bus.close();
    await twin.close();
  });

  /** A group of its own, so that no test hears another one's events twice. */
  async function listen(handler: (batch: Batch) => Promise<void>, topic: "facts" | "availability" = "facts") {
    const subscription = await bus.consume(topic, `group-${++groups}`, handler);
    subscriptions.push(subscription);
    return subscription;
  }

  /** Events that no earlier test has published: `count` for each SKU. */
  let seq = 0;
  function fresh(count: number, of: readonly string[] = skus): AnyEvent[] {
    seq += count;
    return Array.from({ length: count }, (_, i) => of.map((sku) => fact(sku, seq - count + i + 1))).flat();
  }

  it("answers", async () => {
    await expect(bus.ping()).resolves.toBeUndefined();
    expect(bus.partitions).toBe(limits.eventPartitions);
  });

  it("gives every group every event of its topic, by partition, in the order published", async () => {
    const [one, two] = [collector(), collector()];
    await listen(one.handler);
    await listen(two.handler);
    const first = fresh(10);
    const second = fresh(10);
    await bus.publish("facts", first);
    await bus.publish("facts", second);
    const published = [...first, ...second];
    for (const { batches, own } of [one, two]) {
      await eventually(() => expect(own(published).length).toBe(published.length));
      for (const sku of skus) {
        const ofSku = published.filter((event) => event.sku === sku).map(({ id }) => id);
        expect(
          own(published)
            .filter((event) => event.sku === sku)
            .map(({ id }) => id),
        ).toEqual(ofSku);
      }
      for (const { partition, events } of batches) {
        for (const event of events) expect(partitionOf(event, bus.partitions)).toBe(partition);
      }
    }
  });

  it("keeps topics apart", async () => {
    const [facts, availability] = [collector(), collector()];
    await listen(facts.handler);
    await listen(availability.handler, "availability");
    const [one, two] = [fresh(1), fresh(1)];
    await bus.publish("facts", one);
    await bus.publish("availability", two);
    await eventually(() => expect(facts.own(one).length).toBe(one.length));
    await eventually(() => expect(availability.own(two).length).toBe(two.length));
    expect(facts.own(two)).toEqual([]);
    expect(availability.own(one)).toEqual([]);
  });

  it("delivers an event exactly as it was published", async () => {
    const { handler, own } = collector();
    await listen(handler);
    const [event] = fresh(1, ['Größe 85123A "½" \u{1F4E6}']);
    await bus.publish("facts", [event as AnyEvent]);
    await eventually(() => expect(own([event as AnyEvent])).toEqual([event]));
  });

  it("delivers what a handler failed on again, before anything that came after it", async () => {
    const { handler, own } = collector();
    const published = fresh(6, [skus[0] as string]);
    let failures = 0;
    await listen(async (batch) => {
      if (
        own(published).length === 0 &&
        batch.events.some((event) => published.includes(event) || event.id === published[0]?.id)
      ) {
        failures += 1;
        if (failures <= 2) throw new Error("not yet");
      }
      await handler(batch);
    });
    await publishAll(bus, published.slice(0, 3));
    await publishAll(bus, published.slice(3));
    await eventually(() => expect(own(published).length).toBe(published.length));
    expect(failures).toBeGreaterThan(2);
    expect(own(published).map(({ id }) => id)).toEqual(published.map(({ id }) => id));
  });

  it("lets a partition that fails not hold up the others", async () => {
    const { handler, own } = collector();
    let failing = true;
    const failed = gate();
    await listen(async (batch) => {
      if (failing && batch.partition === 0 && batch.events.length > 0) {
        failed.open();
        throw new Error("poisoned");
      }
      await handler(batch);
    });
    const [poisoned, healthy] = [fresh(2, [skus[0] as string]), fresh(2, skus.slice(1))];
    await bus.publish("facts", poisoned).catch(() => {});
    await failed.opened;
    await bus.publish("facts", healthy);
    await eventually(() => expect(own(healthy).length).toBe(healthy.length));
    expect(own(poisoned)).toEqual([]);
    failing = false;
    await publishAll(bus, poisoned);
    await eventually(() => expect(new Set(own(poisoned).map(({ id }) => id)).size).toBe(poisoned.length));
  });

  it("brings a heartbeat to every partition, never before the events published before it", async () => {
    const log: { partition: number; what: string }[] = [];
    await listen(async ({ partition, events, heartbeats }) => {
      for (const { id } of events) log.push({ partition, what: id });
      for (const { system, timeMs } of heartbeats) log.push({ partition, what: `${system} ${timeMs}` });
    });
    const published = fresh(3);
    await bus.publish("facts", published);
    await bus.heartbeat("erp", 1_234);
    await eventually(() => {
      expect(
        log
          .filter(({ what }) => what === "erp 1234")
          .map(({ partition }) => partition)
          .sort(),
      ).toEqual(Array.from({ length: bus.partitions }, (_, partition) => partition));
    });
    for (const event of published) {
      const partition = partitionOf(event, bus.partitions);
      const own = log.filter((entry) => entry.partition === partition).map(({ what }) => what);
      expect(own.indexOf(event.id)).toBeGreaterThanOrEqual(0);
      expect(own.indexOf(event.id)).toBeLessThan(own.indexOf("erp 1234"));
    }
  });

  it("stops when the batch under way has been handled, and delivers nothing after that", async () => {
    const { handler, own } = collector();
    const begun = gate();
    const finish = gate();
    const published = fresh(1, [skus[0] as string]);
    const subscription = await listen(async (batch) => {
      if (batch.events.some(({ id }) => id === published[0]?.id)) {
        begun.open();
        await finish.opened;
      }
      await handler(batch);
    });
    const publication = bus.publish("facts", published);
    await begun.opened;
    let stopped = false;
    const stopping = subscription.stop().then(() => {
      stopped = true;
    });
    expect(stopped).toBe(false);
    expect(own(published)).toEqual([]);
    finish.open();
    await stopping;
    await publication;
    expect(own(published).length).toBe(1);
    const later = fresh(1);
    await bus.publish("facts", later);
    await bus.ping();
    expect(own(later)).toEqual([]);
    await expect(subscription.stop()).resolves.toBeUndefined();
  });

  it("publishes nothing without complaint", async () => {
    await expect(bus.publish("facts", [])).resolves.toBeUndefined();
  });
}
