/**
 * Reservations below GraphQL, in this process: the commands as the availability subgraph puts them together, and the
 * transaction that somebody would write first.
 *
 * Both on the same database through the same pool. Publishes nothing: no relay and no consumer runs here.
 */
import { systemClock } from "../shared/clock.ts";
import type { RequestContext } from "../shared/command.ts";
import type { Database } from "../shared/db/database.ts";
import { forUpdate } from "../shared/db/statements.ts";
import { newId } from "../shared/ids.ts";
import { createKernel } from "../shared/kernel.ts";
import { silentLogger } from "../shared/logging.ts";
import { createAnswers } from "../subgraphs/availability/answers.ts";
import {
  createReservationCommands,
  type ReservationCommands,
} from "../subgraphs/availability/commands/reservations.ts";
import { createPolicyInForce } from "../subgraphs/availability/policy-in-force.ts";
import { availabilityDatabase } from "../subgraphs/availability/subgraph.ts";
import { createWatermarks } from "../subgraphs/availability/watermarks.ts";
import { hotIndex, locationsOf, skuAt } from "./data/data-set.ts";
import type { World } from "./world.ts";

export interface Place {
  readonly sku: string;
  readonly locationId: string;
}

export interface Reserving {
  /** One unit, under a key of its own; false: there was none left. Fails with anything else. */
  reserve(place: Place, key: string): Promise<boolean>;
  /** One unit of the naive table, under a key of its own. */
  reserveNaively(key: string): Promise<void>;
  /** Units that the position's row says are reserved. */
  reservedAt(place: Place): Promise<number>;
  close(): Promise<void>;
}

export const hotPlace: Place = { sku: skuAt(hotIndex), locationId: locationsOf(hotIndex)[0] };

const context: RequestContext = {
  identity: { person: "bench", roles: new Set(["storefront"]), accounts: null, channels: null, token: null },
  correlationId: "bench",
};

export async function openReserving(world: World): Promise<Reserving> {
  const kernel = await createKernel({ ...world.config, redisUrl: null }, { log: silentLogger });
  const db = await kernel.openDatabase(availabilityDatabase);
  await createNaiveTables(db);
  const inForce = createPolicyInForce(db, kernel.log);
  await inForce.refresh();
  const watermarks = createWatermarks(kernel.cache, kernel.bus.partitions, kernel.log);
  const answers = createAnswers({ clock: kernel.clock, policy: inForce.current, watermarks, cache: null });
  const deps = { system: db.system, db, clock: kernel.clock, committed: () => {} };
  const commands = createReservationCommands({ ...deps, answers, inForce });
  return {
    reserve: (place, key) => reserve(commands, place, key),
    reserveNaively: (key) => reserveNaively(db, key),
    async reservedAt({ sku, locationId }) {
      const rows = await db.query<{ reserved: number }>(
        "SELECT reserved FROM positions WHERE sku = ? AND location_id = ?",
        [sku, locationId],
      );
      return Number(rows[0]?.reserved ?? 0);
    },
    close: () => kernel.close(),
  };
}

async function reserve(commands: ReservationCommands, place: Place, key: string): Promise<boolean> {
  const input = { idempotencyKey: key, lines: [{ ...place, quantity: 1 }], ttlSeconds: 3_600 };
  const { userErrors } = await commands.reserveStock(input, context);
  const other = userErrors.find(({ code }) => code !== "INSUFFICIENT_STOCK");
  if (other) throw new Error(`a reservation was refused: ${other.code} ${other.message}`);
  return userErrors.length === 0;
}

async function createNaiveTables(db: Database): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.run("CREATE TABLE IF NOT EXISTS naive_stock (sku VARCHAR(64) PRIMARY KEY, quantity BIGINT NOT NULL)");
    await tx.run(
      "CREATE TABLE IF NOT EXISTS naive_reservations (id VARCHAR(64) PRIMARY KEY, sku VARCHAR(64), quantity INT, at_ms BIGINT)",
    );
    await tx.run("CREATE TABLE IF NOT EXISTS naive_events (id VARCHAR(64) PRIMARY KEY, body VARCHAR(500))");
    await tx.run("DELETE FROM naive_stock");
    await tx.run("INSERT INTO naive_stock (sku, quantity) VALUES (?, ?)", [hotPlace.sku, 1_000_000_000]);
  });
}

/** Lock the row, look, subtract, write the reservation and its event: without idempotency, audit or explanation. */
async function reserveNaively(db: Database, key: string): Promise<void> {
  await db.transaction(async (tx) => {
    const rows = await tx.query<{ quantity: number }>(
      `SELECT quantity FROM naive_stock WHERE sku = ?${forUpdate(tx.dialect)}`,
      [hotPlace.sku],
    );
    if (Number(rows[0]?.quantity ?? 0) < 1) throw new Error("nothing left");
    const nowMs = systemClock.now();
    await tx.run("UPDATE naive_stock SET quantity = quantity - 1 WHERE sku = ?", [hotPlace.sku]);
    await tx.run("INSERT INTO naive_reservations (id, sku, quantity, at_ms) VALUES (?, ?, 1, ?)", [
      newId(nowMs),
      hotPlace.sku,
      nowMs,
    ]);
    await tx.run("INSERT INTO naive_events (id, body) VALUES (?, ?)", [newId(nowMs), JSON.stringify({ key })]);
  });
}
