/**
 * Two systems and the way between them: `wms` emits facts through its outbox and relay, `erp` counts them by SKU.
 *
 * SQLite goes with the memory bus and MySQL with Redis where it answers, so that both ways are walked.
 */
import { Kernel1767225600001 } from "../../migrations/shared/001-kernel.ts";
import { WaitingLetters1767225600008 } from "../../migrations/shared/008-waiting-letters.ts";
import { type ManualClock, manualClock } from "../../shared/clock.ts";
import type { Database, Transaction } from "../../shared/db/database.ts";
import { insertMissing } from "../../shared/db/statements.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { limits } from "../../shared/limits.ts";
import { silentLogger } from "../../shared/logging.ts";
import type { Bus } from "../../shared/messaging/bus.ts";
import { type ConsumerSpec, createConsumer } from "../../shared/messaging/consumer.ts";
import { createMemoryBus } from "../../shared/messaging/memory-bus.ts";
import { createRedisBus } from "../../shared/messaging/redis-bus.ts";
import { createRelay, type Relay } from "../../shared/messaging/relay.ts";
import { createRecorder } from "../../shared/recorder.ts";
import type { DatabaseKind, MakeKernel } from "./databases.ts";
import { openRedisCorner, type RedisCorner } from "./redis.ts";
import { services } from "./services.ts";
import { Things1767225600999, thing } from "./things.ts";

export interface Wire {
  readonly clock: ManualClock;
  readonly publisher: Database;
  readonly follower: Database;
  readonly bus: Bus;
  readonly relay: Relay;
  readonly corner: RedisCorner | null;
  /** Commits one receipt for each SKU named, with its outbox row. */
  emit(...skus: readonly string[]): Promise<AnyEvent[]>;
  /** A relay, e.g. over another bus. */
  relayOver(bus: Bus): Relay;
  /** Begins to count what arrives; `spec` where it differs. */
  follow(spec?: Partial<ConsumerSpec>, bus?: Bus): Promise<void>;
  /** Units counted, by SKU. */
  counted(): Promise<Record<string, number>>;
  /** Outbox rows by state. */
  outbox(): Promise<Record<string, number>>;
  /** As if nothing had happened yet; only the clock goes on. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function openWire(makeKernel: MakeKernel, kind: DatabaseKind): Promise<Wire> {
  const clock = manualClock();
  const kernel = await makeKernel({ clock });
  const migrations = [Kernel1767225600001, WaitingLetters1767225600008, Things1767225600999];
  const publisher = await kernel.openDatabase({ system: "wms", entities: [], migrations });
  const follower = await kernel.openDatabase({ system: "erp", entities: [], migrations });
  const corner = kind === "mysql" && services.redisUrl ? openRedisCorner() : null;
  const bus = corner
    ? await createRedisBus({ url: corner.url, prefix: corner.prefix, log: silentLogger })
    : createMemoryBus(limits.eventPartitions);
  const relayOver = (over: Bus) => createRelay({ db: publisher, bus: over, clock, log: silentLogger });
  const stops: (() => Promise<void>)[] = [];
  let seq = 0;

  return {
    clock,
    publisher,
    follower,
    bus,
    corner,
    relay: relayOver(bus),
    relayOver,
    emit: (...skus) => publisher.transaction((tx) => record(tx, clock, skus, () => ++seq)),
    async follow(spec = {}, over = bus) {
      const deps = { db: follower, bus: over, clock, log: silentLogger, committed: () => {} };
      const consumer = createConsumer(deps, { ...counting, ...spec });
      await consumer.start();
      stops.push(() => consumer.stop());
    },
    async counted() {
      const rows = await follower.query<{ id: string; amount: number }>("SELECT id, amount FROM things ORDER BY id");
      return Object.fromEntries(rows.map(({ id, amount }) => [id, amount]));
    },
    async outbox() {
      const rows = await publisher.query<{ state: string; n: number }>(
        "SELECT state, COUNT(*) AS n FROM outbox GROUP BY state ORDER BY state",
      );
      return Object.fromEntries(rows.map(({ state, n }) => [state, Number(n)]));
    },
    async reset() {
      for (const stop of stops.splice(0)) await stop();
      for (const db of [publisher, follower]) {
        await db.transaction(async (tx) => {
          for (const table of written) await tx.run(`DELETE FROM ${table}`);
        });
      }
      await corner?.remove();
    },
    async close() {
      for (const stop of stops) await stop();
      await bus.close();
      await corner?.close();
    },
  };
}

const written = ["outbox", "inbox", "relay_state", "dead_letters", "things"];

/** Records one receipt for each SKU in the outbox of this transaction. */
export async function record(
  tx: Transaction,
  clock: ManualClock,
  skus: readonly string[],
  nextSeq: () => number = () => 1,
): Promise<AnyEvent[]> {
  const cause = { person: "walter", roles: [], correlationId: "story-1", causationId: null, idempotencyKey: null };
  const recorder = createRecorder("wms", clock, cause);
  const ids = new Set(
    skus.map((sku) =>
      recorder.event({
        type: "receipt.recorded",
        sourceSeq: nextSeq(),
        partitionKey: `${sku}|L`,
        sku,
        locationId: "L",
        quantity: 1,
        toBucket: "dock",
        data: { deltas: { dock: 1 } },
      }),
    ),
  );
  await recorder.flush(tx);
  const rows = await tx.query<{ body: string }>("SELECT body FROM outbox ORDER BY id");
  return rows.map(({ body }) => JSON.parse(body) as AnyEvent).filter(({ id }) => ids.has(id));
}

/** Counts the units of each SKU. */
const counting: ConsumerSpec = {
  name: "counting",
  topic: "facts",
  types: ["receipt.recorded"],
  handle: count,
};

export async function count(tx: Transaction, events: readonly AnyEvent[]): Promise<void> {
  const skus = [...new Set(events.map((event) => event.sku ?? ""))].sort();
  await insertMissing(
    tx,
    "things",
    skus.map((sku) => thing(sku, { amount: 0 })),
  );
  for (const event of events) {
    await tx.run("UPDATE things SET amount = amount + ? WHERE id = ?", [event.quantity, event.sku]);
  }
}
