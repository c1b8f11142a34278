/**
 * From a commit in one system to its effect in another, whatever happens in between: nothing that was committed is
 * lost, nothing that was rolled back is told, and nothing counts twice.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../shared/limits.ts";
import type { Bus } from "../../shared/messaging/bus.ts";
import { collector, eventually } from "../helpers/bus.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { gate } from "../helpers/gate.ts";
import { openWire, record, type Wire } from "../helpers/messaging.ts";

eachDatabase("messaging", (makeKernel, kind) => {
  let wire: Wire;

  beforeAll(async () => {
    wire = await openWire(makeKernel, kind);
  });
  afterEach(() => wire.reset());
  afterAll(() => wire.close());

  const counts = (expected: Record<string, number>) =>
    eventually(async () => expect(await wire.counted()).toEqual(expected));

  it("brings what was committed to its follower, once, and marks it as published", async () => {
    await wire.follow();
    await wire.emit("A", "B", "A");
    await wire.emit("A");
    expect(await wire.relay.flush()).toBe(4);
    await counts({ A: 3, B: 1 });
    expect(await wire.outbox()).toEqual({ done: 4 });
    expect(await wire.relay.flush()).toBe(0);
  });

  it("brings the event as it was recorded", async () => {
    const seen = collector();
    const subscription = await wire.bus.consume("facts", "eyes", seen.handler);
    const emitted = await wire.emit('Größe "½"');
    await wire.relay.flush();
    await eventually(() => expect(seen.own(emitted)).toEqual(emitted));
    await subscription.stop();
  });

  it("tells nothing of what was rolled back", async () => {
    await wire.follow();
    const failing = wire.publisher.transaction(async (tx) => {
      await record(tx, wire.clock, ["GHOST"]);
      throw new Error("on purpose");
    });
    await expect(failing).rejects.toThrow("on purpose");
    await wire.emit("A");
    expect(await wire.relay.flush()).toBe(1);
    await counts({ A: 1 });
    expect(await wire.outbox()).toEqual({ done: 1 });
  });

  // SQLite has one writer: there a lower number is never committed later.
  it.skipIf(kind === "sqlite")("publishes a lower number that was committed after a higher one", async () => {
    await wire.follow();
    const recorded = gate();
    const commit = gate();
    const late = wire.publisher.transaction(async (tx) => {
      await record(tx, wire.clock, ["LATE"]);
      recorded.open();
      await commit.opened;
    });
    await recorded.opened;
    await wire.emit("EARLY");
    expect(await wire.relay.flush()).toBe(1);
    await counts({ EARLY: 1 });
    commit.open();
    await late;
    const rows = await wire.publisher.query<{ body: string }>("SELECT body FROM outbox ORDER BY id");
    expect(rows.map(({ body }) => JSON.parse(body).sku)).toEqual(["LATE", "EARLY"]);
    expect(await wire.relay.flush()).toBe(1);
    await counts({ EARLY: 1, LATE: 1 });
  });

  it("counts a copy once, in the same batch or a later one", async () => {
    await wire.follow();
    const emitted = await wire.emit("A", "B");
    await wire.relay.flush();
    await wire.bus.publish("facts", [...emitted, ...emitted]);
    await wire.bus.publish("facts", emitted);
    await wire.emit("C");
    await wire.relay.flush();
    await counts({ A: 1, B: 1, C: 1 });
  });

  describe("a relay that died", () => {
    /** As a relay that has claimed the rows and is never heard of again. */
    const claimAll = () =>
      wire.publisher.transaction((tx) =>
        tx.run("UPDATE outbox SET state = 'claimed', claim = 'dead', claimed_at_ms = ?", [wire.clock.now()]),
      );

    it("before it published: the next one does, once the claim is old enough", async () => {
      await wire.follow();
      await wire.emit("A", "B");
      await claimAll();
      expect(await wire.relay.flush()).toBe(0);
      wire.clock.advance(limits.relayClaimMs);
      expect(await wire.relay.flush()).toBe(0);
      wire.clock.advance(1);
      expect(await wire.relay.flush()).toBe(2);
      await counts({ A: 1, B: 1 });
    });

    it("after it published, before it said so: the copies count once", async () => {
      await wire.follow();
      const emitted = await wire.emit("A", "B");
      await claimAll();
      await wire.bus.publish("facts", emitted);
      wire.clock.advance(limits.relayClaimMs + 1);
      expect(await wire.relay.flush()).toBe(2);
      await counts({ A: 1, B: 1 });
      expect(await wire.outbox()).toEqual({ done: 2 });
    });

    it("and comes back when another has taken over says nothing about the other's rows", async () => {
      await wire.emit("A");
      const published = gate();
      const goOn = gate();
      const slow: Bus = {
        ...wire.bus,
        async publish() {
          published.open();
          await goOn.opened;
        },
      };
      const slowFlush = wire.relayOver(slow).flush();
      await published.opened;
      wire.clock.advance(limits.relayClaimMs + 1);
      const other = wire.relayOver({
        ...wire.bus,
        publish: async () => {
          // The slow one ends while the row is the other's.
          goOn.open();
          await slowFlush;
          expect(await wire.outbox()).toEqual({ claimed: 1 });
        },
      });
      await other.flush();
      expect(await wire.outbox()).toEqual({ done: 1 });
    });
  });

  describe("a stream that was lost", () => {
    /** The bus with an epoch that the test decides. */
    const inEpoch = (epoch: () => string): Bus => ({ ...wire.bus, epoch: async () => epoch() });

    it("is filled again from the outbox, and what had arrived already counts once", async () => {
      let epoch = "one";
      const relay = wire.relayOver(inEpoch(() => epoch));
      await wire.follow();
      await wire.emit("A", "B");
      expect(await relay.flush()).toBe(2);
      await counts({ A: 1, B: 1 });
      const newcomer = collector();
      const subscription = await wire.bus.consume("facts", "newcomer", newcomer.handler);
      epoch = "two";
      await wire.emit("C");
      expect(await relay.flush()).toBe(3);
      await counts({ A: 1, B: 1, C: 1 });
      await eventually(() => expect(new Set(newcomer.ids()).size).toBe(3));
      await subscription.stop();
      expect(await relay.flush()).toBe(0);
    });

    it("is filled with what may still matter, not with what is older than events are kept", async () => {
      let epoch = "one";
      const relay = wire.relayOver(inEpoch(() => epoch));
      await wire.emit("OLD");
      await relay.flush();
      wire.clock.advance(limits.publishedEventKeptMs + 1);
      await wire.emit("NEW");
      await relay.flush();
      epoch = "two";
      expect(await relay.flush()).toBe(1);
    });

    it.skipIf(kind === "sqlite")("is noticed when Redis has lost everything", async ({ skip }) => {
      const { corner } = wire;
      if (!corner) return skip("no Redis answers");
      await wire.follow();
      await wire.emit("A");
      expect(await wire.relay.flush()).toBe(1);
      await counts({ A: 1 });
      await corner.remove();
      await wire.emit("B");
      expect(await wire.relay.flush()).toBe(2);
      await counts({ A: 1, B: 1 });
    });
  });
});
