/**
 * What the bus over Redis promises beyond its twin: late groups miss nothing, replicas share the partitions and take
 * over from each other, a stream that was lost is noticed and healed.
 *
 * The common promises stand in `bus.test.ts`.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { limits } from "../../shared/limits.ts";
import { type Logger, silentLogger } from "../../shared/logging.ts";
import type { Batch, Bus } from "../../shared/messaging/bus.ts";
import { createRedisBus } from "../../shared/messaging/redis-bus.ts";
import { collector, eventually, fact, publishAll, skuIn } from "../helpers/bus.ts";
import { gate } from "../helpers/gate.ts";
import { describeRedis, openRedisCorner, type RedisCorner } from "../helpers/redis.ts";

describeRedis("Redis bus", () => {
  let corner: RedisCorner;
  let buses: Bus[];
  /** Handlers that hang: let go at the end, also of a test that failed. */
  let hanging: ReturnType<typeof hangingOn>[];

  beforeEach(() => {
    corner = openRedisCorner();
    buses = [];
    hanging = [];
  });
  afterEach(async () => {
    for (const handler of hanging) handler.release();
    for (const bus of buses) await bus.close();
    await corner.close();
  });

  /** A replica: a bus of its own on the same streams. */
  async function replica(url = corner.url, log: Logger = silentLogger): Promise<Bus> {
    const bus = await createRedisBus({ url, prefix: corner.prefix, log });
    buses.push(bus);
    return bus;
  }

  function hangOn(kind: (batch: Batch) => boolean) {
    const handler = hangingOn(kind);
    hanging.push(handler);
    return handler;
  }

  const skus = Array.from({ length: limits.eventPartitions }, (_, partition) => skuIn(partition));
  const round = (seq: number) => skus.map((sku) => fact(sku, seq));
  const leaseHolders = async () => {
    const keys = await corner.keys("group:facts:g:lease:");
    return Promise.all(keys.map((key) => corner.redis.get(key)));
  };
  /** What the server does when a replica has not been heard of for a while. */
  const expireLeases = () => corner.remove("group:facts:g:");

  it("lets a group that comes late read from the start", async () => {
    const bus = await replica();
    await bus.publish("facts", round(1));
    const late = collector();
    await bus.consume("facts", "g", late.handler);
    await bus.publish("facts", round(2));
    const published = [...round(1), ...round(2)];
    await eventually(() => expect(late.own(published).length).toBe(published.length));
  });

  it("lets a group that was away go on where it was", async () => {
    const bus = await replica();
    const before = collector();
    const subscription = await bus.consume("facts", "g", before.handler);
    await bus.publish("facts", round(1));
    await eventually(() => expect(before.ids().length).toBe(skus.length));
    await subscription.stop();
    await bus.publish("facts", round(2));
    const after = collector();
    await bus.consume("facts", "g", after.handler);
    await eventually(() => expect(after.own(round(2)).length).toBe(skus.length));
    expect(after.own(round(1))).toEqual([]);
  });

  describe("several readers of one group", () => {
    it("share the partitions evenly, and together handle everything", async () => {
      const [one, two] = [collector(), collector()];
      await (await replica()).consume("facts", "g", one.handler);
      await eventually(async () => expect((await leaseHolders()).length).toBe(limits.eventPartitions));
      const bus = await replica();
      await bus.consume("facts", "g", two.handler);
      await eventually(async () => {
        const holders = await leaseHolders();
        const shares = [...new Set(holders)].map((holder) => holders.filter((other) => other === holder).length);
        expect(shares).toEqual([limits.eventPartitions / 2, limits.eventPartitions / 2]);
      });
      const published = [1, 2, 3].flatMap(round);
      await bus.publish("facts", published);
      await eventually(() => expect(new Set([...one.ids(), ...two.ids()]).size).toBe(published.length));
      expect(new Set(one.own(published).map(({ sku }) => sku)).size).toBe(limits.eventPartitions / 2);
      expect(new Set(two.own(published).map(({ sku }) => sku)).size).toBe(limits.eventPartitions / 2);
    });

    it("give their partitions away when they stop", async () => {
      const [one, two] = [collector(), collector()];
      const bus = await replica();
      const subscription = await bus.consume("facts", "g", one.handler);
      await bus.publish("facts", round(1));
      await eventually(() => expect(one.ids().length).toBe(skus.length));
      await subscription.stop();
      expect(await leaseHolders()).toEqual([]);
      await (await replica()).consume("facts", "g", two.handler);
      await bus.publish("facts", round(2));
      await eventually(() => expect(two.own(round(2)).length).toBe(skus.length));
    });

    it("take over what one had read and not acknowledged when it went silent", async () => {
      const stuck = hangOn(() => true);
      await (await replica()).consume("facts", "g", stuck.handler);
      const bus = await replica();
      await publishAll(bus, [fact("A", 1)]);
      await stuck.hanging;
      await expireLeases();
      const other = collector();
      await bus.consume("facts", "g", other.handler);
      await bus.publish("facts", [fact("A", 2)]);
      await eventually(() => expect(other.ids()).toEqual([fact("A", 1).id, fact("A", 2).id]));
    });

    it("look again for what another has left when they get a partition back", async () => {
      const [mine, theirs] = [fact(skus[0] as string, 1), fact(skus[1] as string, 1)];
      const one = hangOn((batch) => batch.events.some(({ id }) => id === mine.id));
      const two = hangOn((batch) => batch.events.some(({ id }) => id === theirs.id));
      const bus = await replica();
      await bus.consume("facts", "g", one.handler);
      // While the first is busy for longer than its lease lasts, the second reads another partition, and dies.
      await bus.publish("facts", [mine]);
      await one.hanging;
      await expireLeases();
      await (await replica()).consume("facts", "g", two.handler);
      await bus.publish("facts", [theirs]);
      await two.hanging;
      await expireLeases();
      one.release();
      await eventually(() => expect(one.ids()).toContain(theirs.id));
    });
  });

  describe("a stream that was lost", () => {
    it("is made anew, and its readers go on with what comes", async () => {
      const bus = await replica();
      const { handler, own } = collector();
      await bus.consume("facts", "g", handler);
      await bus.publish("facts", round(1));
      await eventually(() => expect(own(round(1)).length).toBe(skus.length));
      expect(await corner.remove("events:")).toBe(limits.eventPartitions);
      await bus.publish("facts", round(2));
      await eventually(() => expect(own(round(2)).length).toBe(skus.length));
    });

    it("with everything else is a new epoch, for all who ask", async () => {
      const [one, two] = [await replica(), await replica()];
      const before = await one.epoch();
      expect(await two.epoch()).toBe(before);
      await corner.remove();
      const after = await two.epoch();
      expect(after).not.toBe(before);
      expect(await one.epoch()).toBe(after);
    });
  });

  it("does not give up when it cannot even make its group", async () => {
    const user = `${corner.prefix}reader`;
    await corner.redis.call("ACL", "SETUSER", user, "on", "nopass", "~*", "&*", "+@all", "-xgroup");
    try {
      const refused = gate();
      const warn: Logger["warn"] = ({ error }: { error?: unknown }) => {
        if (String(error).includes("NOPERM")) refused.open();
      };
      const url = new URL(corner.url);
      url.username = user;
      url.password = "any";
      const bus = await replica(url.toString(), { ...silentLogger, warn });
      const { handler, own } = collector();
      await bus.consume("facts", "g", handler);
      await bus.publish("facts", round(1));
      await refused.opened;
      await corner.redis.call("ACL", "SETUSER", user, "+xgroup");
      await eventually(() => expect(own(round(1)).length).toBe(skus.length));
    } finally {
      await corner.redis.call("ACL", "DELUSER", user);
    }
  });

  it("knows its keys by their prefix", async () => {
    const bus = await replica();
    await bus.consume("facts", "g", async () => {});
    await bus.publish("facts", round(1));
    await bus.epoch();
    await eventually(async () => expect((await corner.keys("group:")).length).toBeGreaterThan(0));
    expect((await corner.keys("events:")).length).toBe(limits.eventPartitions);
    expect((await corner.keys("epoch")).length).toBe(1);
  });
});

/** A handler that hangs on the first batch of this kind until released, and remembers what it has handled. */
function hangingOn(kind: (batch: Batch) => boolean) {
  const { handler, ids } = collector();
  const hanging = gate();
  const released = gate();
  return {
    ids,
    hanging: hanging.opened,
    release: released.open,
    handler: async (batch: Batch) => {
      if (batch.events.length > 0 && kind(batch)) {
        hanging.open();
        await released.opened;
      }
      await handler(batch);
    },
  };
}
