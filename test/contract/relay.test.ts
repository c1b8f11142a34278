/**
 * The relay by itself: in order, in bounded batches, alone on each row, at once after a failure, and honest about how
 * far it is.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AnyEvent, Heartbeat } from "../../shared/events/canonical-event.ts";
import { limits } from "../../shared/limits.ts";
import { silentLogger } from "../../shared/logging.ts";
import type { Bus } from "../../shared/messaging/bus.ts";
import { createRelay } from "../../shared/messaging/relay.ts";
import { eventually } from "../helpers/bus.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { gate } from "../helpers/gate.ts";
import { openWire, type Wire } from "../helpers/messaging.ts";

eachDatabase("relay", (makeKernel, kind) => {
  let wire: Wire;
  /** What was published, call by call. */
  let published: AnyEvent[][];
  let heartbeats: Heartbeat[];
  /** A bus that only writes down; `failing` calls fail before that. */
  let failing: number;
  let notebook: Bus;

  beforeAll(async () => {
    wire = await openWire(makeKernel, kind);
  });
  beforeEach(() => {
    published = [];
    heartbeats = [];
    failing = 0;
    notebook = {
      ...wire.bus,
      async publish(_topic, events) {
        if (failing-- > 0) throw new Error("the stream does not answer");
        published.push([...events]);
      },
      async heartbeat(system, timeMs) {
        heartbeats.push({ system, timeMs });
      },
    };
  });
  afterEach(() => wire.reset());
  afterAll(() => wire.close());

  const skus = () => published.flat().map(({ sku }) => sku);

  it("publishes in the order of the outbox, a bounded number at once", async () => {
    const all = Array.from({ length: 2 * limits.relayBatchMax + 100 }, (_, i) => `S${i}`);
    await wire.emit(...all);
    expect(await wire.relayOver(notebook).flush()).toBe(all.length);
    expect(skus()).toEqual(all);
    expect(published.map((batch) => batch.length)).toEqual([limits.relayBatchMax, limits.relayBatchMax, 100]);
  });

  it("publishes again at once what the stream did not take, still in order", async () => {
    const relay = wire.relayOver(notebook);
    await wire.emit("A");
    failing = 1;
    await expect(relay.flush()).rejects.toThrow("does not answer");
    await wire.emit("B");
    expect(await relay.flush()).toBe(2);
    expect(skus()).toEqual(["A", "B"]);
    expect(await wire.outbox()).toEqual({ done: 2 });
  });

  it("stops though others write faster than it publishes; what is left is still in the outbox", async () => {
    const busy: Bus = {
      ...notebook,
      async publish(topic, events) {
        await notebook.publish(topic, events);
        await wire.emit(...Array.from({ length: limits.relayBatchMax }, (_, i) => `More${i}`));
      },
    };
    await wire.emit(...Array.from({ length: limits.relayBatchMax }, (_, i) => `S${i}`));
    const { publisher: db, clock } = wire;
    await createRelay({ db, bus: busy, clock, log: silentLogger, drainMs: 0 }).stop();
    expect(published.length).toBeGreaterThan(0);
    expect((await wire.outbox())["new"]).toBe(limits.relayBatchMax);
  });

  it("makes one pass at a time, however many ask", async () => {
    const relay = wire.relayOver(notebook);
    await wire.emit("A", "B", "C");
    const flushed = await Promise.all(Array.from({ length: 10 }, () => relay.flush()));
    expect(flushed.reduce((sum, n) => sum + n, 0)).toBe(3);
    expect(skus()).toEqual(["A", "B", "C"]);
  });

  it("shares the rows with other relays: each row is published by one", async () => {
    const all = Array.from({ length: 300 }, (_, i) => `S${i}`);
    await wire.emit(...all);
    await Promise.all(Array.from({ length: 4 }, () => wire.relayOver(notebook).flush()));
    expect(skus().sort()).toEqual([...all].sort());
  });

  it("leaves later events of a position to wait while another relay publishes earlier ones, and others go on", async () => {
    const started = gate();
    const goOn = gate();
    const slow: Bus = {
      ...notebook,
      async publish(topic, events) {
        started.open();
        await goOn.opened;
        await notebook.publish(topic, events);
      },
    };
    await wire.emit("A");
    const first = wire.relayOver(slow).flush();
    await started.opened;
    await wire.emit("A", "B");
    const second = wire.relayOver(notebook).flush();
    await eventually(() => expect(skus()).toEqual(["B"]));
    goOn.open();
    await Promise.all([first, second]);
    expect(skus()).toEqual(["B", "A", "A"]);
    const own = published.flat().filter(({ sku }) => sku === "A");
    expect(own.map(({ sourceSeq }) => sourceSeq)).toEqual(own.map(({ sourceSeq }) => sourceSeq).sort((a, b) => a - b));
  });

  // SQLite has one writer: there nobody waits for a row.
  it.skipIf(kind === "sqlite")("leaves a row alone that another relay claimed while it waited for it", async () => {
    await wire.emit("A");
    const claimed = gate();
    const commit = gate();
    const other = wire.publisher.transaction(async (tx) => {
      await tx.run("UPDATE outbox SET state = 'claimed', claim = 'other', claimed_at_ms = ?", [wire.clock.now()]);
      claimed.open();
      await commit.opened;
    });
    await claimed.opened;
    const flush = wire.relayOver(notebook).flush();
    await eventually(async () => expect(await waitingForRows(wire)).toBe(1));
    commit.open();
    await other;
    expect(await flush).toBe(0);
    expect(skus()).toEqual([]);
  });

  describe("once started", () => {
    it("publishes what it is told of, without being asked, and stops when it is told to", async () => {
      const relay = wire.relayOver(notebook);
      await relay.start();
      await wire.emit("A");
      relay.notify([]);
      await eventually(() => expect(skus()).toEqual(["A"]));
      await relay.stop();
      await wire.emit("B");
      relay.notify([]);
      expect(skus()).toEqual(["A"]);
    });

    it("makes one more pass, however often it is asked while the bus is silent", async () => {
      const answers = gate();
      let passes = 0;
      const silent: Bus = {
        ...notebook,
        async epoch() {
          passes += 1;
          await answers.opened;
          throw new Error("the stream does not answer");
        },
      };
      const relay = wire.relayOver(silent);
      await relay.start();
      await eventually(() => expect(passes).toBe(1));
      for (let i = 0; i < 20; i++) {
        relay.notify([]);
        const atMs = performance.now();
        // A timer of no time has had its turn.
        await eventually(() => expect(performance.now()).toBeGreaterThan(atMs + 3));
      }
      answers.open();
      await relay.stop();
      // The one under way, the one that was asked for, and the last.
      expect(passes).toBeLessThanOrEqual(3);
    });

    it("goes on after a failure", async () => {
      const relay = wire.relayOver(notebook);
      await wire.emit("A");
      failing = 1;
      await relay.start();
      await eventually(() => expect(skus()).toEqual(["A"]));
      await relay.stop();
    });

    it("empties the outbox before it stops", async () => {
      const relay = wire.relayOver(notebook);
      await relay.start();
      await wire.emit("A");
      await relay.stop();
      expect(skus()).toEqual(["A"]);
    });
  });

  describe("its heartbeat", () => {
    it("says that everything up to now has been published, when it has", async () => {
      const relay = wire.relayOver(notebook);
      await wire.emit("A");
      await relay.flush();
      wire.clock.advance(500);
      await relay.heartbeat();
      expect(heartbeats).toEqual([{ system: "wms", timeMs: wire.clock.now() }]);
    });

    it("goes no further than the oldest event that is still to be published", async () => {
      const relay = wire.relayOver(notebook);
      const emittedAtMs = wire.clock.now();
      await wire.emit("A");
      wire.clock.advance(500);
      await wire.emit("B");
      await relay.heartbeat();
      failing = 1;
      await expect(relay.flush()).rejects.toThrow();
      await relay.heartbeat();
      expect(heartbeats.map(({ timeMs }) => timeMs)).toEqual([emittedAtMs, emittedAtMs]);
    });

    it("does not count as published what a relay has only claimed", async () => {
      const emittedAtMs = wire.clock.now();
      await wire.emit("A");
      await wire.publisher.transaction((tx) =>
        tx.run("UPDATE outbox SET state = 'claimed', claim = 'x', claimed_at_ms = ?", [emittedAtMs]),
      );
      wire.clock.advance(500);
      await wire.relayOver(notebook).heartbeat();
      expect(heartbeats).toEqual([{ system: "wms", timeMs: emittedAtMs }]);
    });
  });
});

/** Statements on the outbox that are under way on the server: the one that waits. */
async function waitingForRows(wire: Wire): Promise<number> {
  const rows = await wire.publisher.query(
    `SELECT id FROM information_schema.processlist
      WHERE db = DATABASE() AND command = 'Query' AND info LIKE 'UPDATE outbox SET state = ''claimed''%'`,
  );
  return rows.length;
}
