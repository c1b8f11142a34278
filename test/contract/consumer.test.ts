/**
 * A consumer by itself: what it cannot apply it sets aside, what may go better it tries again, and what it has applied
 * it never applies twice, however many of it there are.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Database, SqlValue } from "../../shared/db/database.ts";
import { insertRows } from "../../shared/db/statements.ts";
import { AppError } from "../../shared/errors.ts";
import type { AnyEvent, Heartbeat } from "../../shared/events/canonical-event.ts";
import { limits } from "../../shared/limits.ts";
import { silentLogger } from "../../shared/logging.ts";
import type { BatchHandler, Bus } from "../../shared/messaging/bus.ts";
import { type ConsumerSpec, causeOf, createConsumer } from "../../shared/messaging/consumer.ts";
import { createMemoryBus } from "../../shared/messaging/memory-bus.ts";
import { fact } from "../helpers/bus.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { count, openWire, type Wire } from "../helpers/messaging.ts";

eachDatabase("consumer", (makeKernel, kind) => {
  let wire: Wire;
  /** In this suite facts come through memory: they have been handled when `deliver` resolves. */
  let bus: ReturnType<typeof createMemoryBus>;

  beforeAll(async () => {
    wire = await openWire(makeKernel, kind);
  });
  beforeEach(() => {
    bus = createMemoryBus();
  });
  afterEach(() => wire.reset());
  afterAll(() => wire.close());

  const deliver = (...events: readonly AnyEvent[]) => bus.publish("facts", events);
  /** Counts, unless `fail` says otherwise for one of the events. */
  const failingOn = (fail: (event: AnyEvent) => Error | undefined): Partial<ConsumerSpec> => ({
    async handle(tx, events) {
      await count(tx, events);
      for (const event of events) {
        const error = fail(event);
        if (error) throw error;
      }
    },
  });
  const deadLetters = () =>
    wire.follower.query(
      "SELECT consumer, source, event_id, type, class, code, hint, body, attempts, first_seen_at_ms FROM dead_letters ORDER BY event_id",
    );

  describe("an event that cannot be applied", () => {
    it("is set aside with what a person needs, and the others around it count", async () => {
      const poison = fact("POISON", 1);
      const refuse = () => new AppError("UOM_UNMAPPED", { message: "SKU POISON has no factor for the unit CASE." });
      await wire.follow(
        failingOn(({ sku }) => (sku === "POISON" ? refuse() : undefined)),
        bus,
      );
      await deliver(fact("A", 1), poison, fact("B", 1));
      expect(await wire.counted()).toEqual({ A: 1, B: 1 });
      expect(await deadLetters()).toEqual([
        {
          consumer: "counting",
          source: "wms",
          event_id: poison.id,
          type: "receipt.recorded",
          class: "MAPPING",
          code: "UOM_UNMAPPED",
          hint: "SKU POISON has no factor for the unit CASE.",
          body: JSON.stringify(poison),
          attempts: 1,
          first_seen_at_ms: wire.clock.now(),
        },
      ]);
    });

    it("because it is of a newer version than is known is set aside by its code, and those around it count", async () => {
      const newer = { ...fact("A", 1), dataVersion: 2 };
      await wire.follow({ concerns: ({ data }) => "deltas" in data }, bus);
      await deliver(newer, fact("B", 1));
      expect(await wire.counted()).toEqual({ B: 1 });
      expect(await deadLetters()).toMatchObject([
        { event_id: newer.id, class: "SCHEMA", code: "EVENT_VERSION_UNKNOWN", body: JSON.stringify(newer) },
      ]);
    });

    it("does not come back by itself", async () => {
      let tried = 0;
      await wire.follow(
        failingOn(() => {
          tried += 1;
          return new AppError("UNKNOWN_SKU");
        }),
        bus,
      );
      await deliver(fact("A", 1));
      const before = tried;
      await deliver(fact("A", 1));
      expect(tried).toBe(before);
      expect((await deadLetters()).length).toBe(1);
    });

    it("for a reason that no table names is tried a few times, then set aside as a defect", async () => {
      let tried = 0;
      await wire.follow(
        failingOn(() => {
          tried += 1;
          return new TypeError("x is undefined");
        }),
        bus,
      );
      await deliver(fact("A", 1));
      expect(tried).toBe(limits.consumerAttemptsMax + 1);
      expect(await deadLetters()).toMatchObject([
        { class: "DEFECT", code: "INTERNAL", hint: "x is undefined", attempts: limits.consumerAttemptsMax },
      ]);
    });

    it("for a reason that passes is applied after all", async () => {
      let failures = 3;
      await wire.follow(
        failingOn(() => (failures-- > 0 ? new TypeError("a glitch") : undefined)),
        bus,
      );
      await deliver(fact("A", 1));
      expect(await wire.counted()).toEqual({ A: 1 });
      expect(await deadLetters()).toEqual([]);
    });
  });

  it("gives a batch back when the reason is transient, and has no effect twice when it comes again", async () => {
    let failures = 1;
    await wire.follow(
      failingOn(({ sku }) => (sku === "B" && failures-- > 0 ? new AppError("SOURCE_UNAVAILABLE") : undefined)),
      bus,
    );
    await expect(deliver(fact("A", 1), fact("B", 1))).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE" });
    expect(await wire.counted()).toEqual({});
    await deliver(fact("A", 1), fact("B", 1));
    expect(await wire.counted()).toEqual({ A: 1, B: 1 });
    expect(await deadLetters()).toEqual([]);
  });

  it("counts an event once when two of it get it at the same moment", async () => {
    const buses = [createMemoryBus(), createMemoryBus(), createMemoryBus()];
    for (const own of buses) await wire.follow({}, own);
    const events = Array.from({ length: 20 }, (_, i) => fact("A", i + 1));
    await Promise.all(buses.map((own, i) => own.publish("facts", i === 1 ? events.toReversed() : events)));
    expect(await wire.counted()).toEqual({ A: 20 });
    expect(await deadLetters()).toEqual([]);
  });

  it("leaves alone what it did not ask for", async () => {
    await wire.follow({ types: ["pick.confirmed"] }, bus);
    await deliver(fact("A", 1));
    expect(await wire.follower.query("SELECT event_id FROM inbox")).toEqual([]);
  });

  it("tells apart events of two sources that have the same id", async () => {
    await wire.follow({}, bus);
    await deliver(fact("A", 1), { ...fact("A", 1), source: "returns" } as AnyEvent);
    expect(await wire.counted()).toEqual({ A: 2 });
  });

  it("publishes what follows from an event in the transaction of its effect, with its cause", async () => {
    const cause = fact("A", 1);
    await wire.follow(
      {
        async handle(tx, events, recorder) {
          await count(tx, events);
          for (const event of events) {
            recorder.event(
              {
                type: "erp.posting.failed",
                sourceSeq: 1,
                partitionKey: event.partitionKey,
                data: { postedEventId: event.id, code: "X" },
              },
              causeOf("counting", event),
            );
          }
        },
      },
      bus,
    );
    await deliver(cause);
    await deliver(cause);
    const rows = await wire.follower.query<{ body: string }>("SELECT body FROM outbox");
    expect(rows.map(({ body }) => JSON.parse(body))).toMatchObject([
      { source: "erp", actor: "system:counting", correlationId: cause.correlationId, causationId: cause.id },
    ]);
  });

  it("tells who listens of what it has applied, after it has, and only then", async () => {
    const applied: string[][] = [];
    await wire.follow({ applied: (events) => void applied.push(events.map(({ id }) => id)) }, bus);
    await deliver(fact("A", 1), fact("A", 2));
    await deliver(fact("A", 1));
    expect(applied).toEqual([[fact("A", 1).id, fact("A", 2).id]]);
  });

  it("hears a heartbeat after the events that came with it, and none when those failed", async () => {
    const heard: [Record<string, number>, readonly Heartbeat[]][] = [];
    let failures = 1;
    const heartbeats = [{ system: "wms", timeMs: 1_000 }] as const;
    let hand: BatchHandler = async () => {};
    const byHand: Bus = {
      ...bus,
      consume: async (_topic, _group, handler) => {
        hand = handler;
        return { stop: async () => {} };
      },
    };
    await wire.follow(
      {
        ...failingOn(() => (failures-- > 0 ? new AppError("SOURCE_UNAVAILABLE") : undefined)),
        heartbeat: async (_partition, beats) => {
          heard.push([await wire.counted(), beats]);
        },
      },
      byHand,
    );
    const batch = { partition: 0, events: [fact("A", 1)], heartbeats };
    await expect(hand(batch)).rejects.toThrow(AppError);
    expect(heard).toEqual([]);
    await hand(batch);
    expect(heard).toEqual([[{ A: 1 }, heartbeats]]);
  });

  it("looks up what it has seen by its key, not by reading all it ever saw", async () => {
    const seen = Array.from({ length: 3_000 }, (_, i) => ({
      consumer: "counting",
      source: "wms",
      event_id: `seen ${i}`,
      received_at_ms: 1,
    }));
    await wire.follower.transaction((tx) => insertRows(tx, "inbox", seen));
    const lookups: [sql: string, params: readonly SqlValue[]][] = [];
    const watched: Database = {
      ...wire.follower,
      transaction: (work) =>
        wire.follower.transaction((tx) =>
          work({
            ...tx,
            query: (sql, params = []) => {
              if (/FROM inbox/.test(sql)) lookups.push([sql, params]);
              return tx.query(sql, params);
            },
          }),
        ),
    };
    const spec: ConsumerSpec = { name: "counting", topic: "facts", types: ["receipt.recorded"], handle: count };
    const deps = { db: watched, bus, clock: wire.clock, log: silentLogger, committed: () => {} };
    await createConsumer(deps, spec).start();
    await deliver(fact("A", 1), fact("A", 2));
    const [[sql, params] = ["", []]] = lookups;
    if (kind === "sqlite") {
      const plan = await wire.follower.query<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, params);
      expect(plan.map(({ detail }) => detail).join()).toMatch(/SEARCH .*consumer=\? AND event_id=\?/);
    } else {
      const plan = await wire.follower.query<{ rows: number }>(`EXPLAIN ${sql}`, params);
      expect(plan.reduce((sum, { rows }) => sum + Number(rows), 0)).toBeLessThan(10);
    }
  });
});
