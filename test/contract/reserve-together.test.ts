/**
 * Reservations that share a transaction: every caller gets what it would have got by itself, and leaves behind the same
 * rows. The way by itself is the reference.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { accept } from "../../shared/command.ts";
import type { Transaction } from "../../shared/db/database.ts";
import { AppError, isUserError } from "../../shared/errors.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { limits } from "../../shared/limits.ts";
import { reserveStock } from "../../subgraphs/availability/commands/reserve-stock.ts";
import { createReserveTogether, reserveTogether } from "../../subgraphs/availability/commands/reserve-together.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { createFacts } from "../helpers/facts.ts";
import { lineOf, unexplainedClaims } from "./reservation-fixture.ts";
import {
  type Call,
  type Counter,
  callOf,
  drawCalls,
  leftBehind,
  openCounter,
  type Reply,
  said,
} from "./reserving-fixture.ts";

const oneByOne = async ({ deps }: Counter, calls: readonly Call[]): Promise<Reply[]> => {
  const replies: Reply[] = [];
  for (const { input, context } of calls)
    replies.push(...(await Promise.allSettled([reserveStock(deps, input, context)])));
  return replies;
};

const allAtOnce = ({ deps }: Counter, calls: readonly Call[]): Promise<Reply[]> => {
  const reserve = createReserveTogether(deps);
  return Promise.allSettled(calls.map(({ input, context }) => reserve(input, context)));
};

/** In one transaction, whatever the number. */
const inOneBatch = ({ deps }: Counter, calls: readonly Call[]) =>
  reserveTogether(
    deps,
    calls.map(({ input, context }) => accept(input, context)),
  );

const wants = (key: string, quantity = 1, name?: string) => callOf(key, { lines: [lineOf(quantity)] }, name);

/** Each change of a position begins where the last one ended, with the next version; every cause told once. */
function chained(changes: readonly AnyEvent[]): number {
  const last = new Map<string, object>();
  const causes: string[] = [];
  for (const event of changes) {
    if (event.type !== "availability.changed") continue;
    const { before, after, causeEventIds, cause, version } = event.data;
    // Told are only the figures that are not any more what they were.
    expect({ ...after, ...before }).toEqual(last.get(event.partitionKey) ?? { ...after, ...before });
    expect([after.version, event.sourceSeq]).toEqual([before.version + 1, version]);
    expect(causeEventIds.at(-1)).toBe(cause.eventId);
    last.set(event.partitionKey, after);
    if (cause.type === "reservation.created") causes.push(...causeEventIds.map((id) => `${event.partitionKey} ${id}`));
  }
  expect(new Set(causes).size).toBe(causes.length);
  return causes.length;
}

eachDatabase("reservations that share a transaction", (makeKernel, kind) => {
  let together: Counter;
  beforeEach(async () => {
    together = await openCounter(makeKernel);
  });
  afterEach(async () => {
    expect(await unexplainedClaims(together.db)).toEqual([]);
  });

  describe("give the same replies and leave the same rows as one by one", () => {
    const stock = async (counter: Counter) => {
      for (const [sku, locationId, onHand] of [
        ["A", "L", 60],
        ["A", "M", 25],
        ["B", "L", 20],
        ["B", "M", 9],
        ["SIX", "L", 30],
        ["KIT", "M", 3],
      ] as const)
        await counter.stock(onHand, sku, locationId);
    };

    it.each(kind === "mysql" ? [1, 2] : [1, 2, 3, 4])(
      "callers of every kind, seed %i",
      async (seed) => {
        const apart = await openCounter(makeKernel);
        await stock(apart);
        await stock(together);
        const calls = drawCalls(seed, 150);
        for (const [from, to] of [
          [0, 90],
          [90, 91],
          [91, 150],
        ]) {
          const some = calls.slice(from, to);
          expect(said(await allAtOnce(together, some))).toEqual(said(await oneByOne(apart, some)));
          for (const { clock } of [together, apart]) clock.advance(10_000);
        }
        const rows = await leftBehind(together);
        expect(rows).toEqual(await leftBehind(apart));
        expect((rows["reservations"] as unknown[]).length).toBeGreaterThan(10);
        const told = chained(await together.events("availability.changed"));
        expect(told).toBe(chained(await apart.events("availability.changed")));
        expect(told).toBe((rows["lines"] as unknown[]).length);
      },
      120_000,
    );
  });

  it("change a position once, with every reservation as a cause, in one commit that is told of once", async () => {
    await together.stock(10);
    const [before] = (await together.events("availability.changed")).slice(-1);
    const outcomes = await inOneBatch(together, [wants("1", 3, "ann"), wants("2", 4, "bob"), wants("3", 4, "cid")]);
    expect(outcomes).toMatchObject([
      { value: { reservation: { owner: "ann" }, userErrors: [] } },
      { value: { reservation: { owner: "bob" }, userErrors: [] } },
      { value: { reservation: null, userErrors: [{ code: "INSUFFICIENT_STOCK" }], shortages: [{ available: 3 }] } },
    ]);
    const created = await together.events("reservation.created");
    const changed = (await together.events("availability.changed")).slice(-1)[0];
    expect(changed).toMatchObject({
      sourceSeq: (before?.sourceSeq ?? 0) + 1,
      actor: "bob",
      data: { after: { reserved: 7 }, causeEventIds: created.map(({ id }) => id) },
    });
    expect(together.commits).toEqual([3]);
  });

  it("are refused together without telling anybody, each with its audit row", async () => {
    await inOneBatch(together, [wants("1"), wants("2")]);
    expect(together.commits).toEqual([]);
    const audits = await together.db.query("SELECT idempotency_key, outcome FROM audit_rows ORDER BY idempotency_key");
    expect(audits.map((row) => ({ ...row }))).toEqual([
      { idempotency_key: "1", outcome: "INSUFFICIENT_STOCK" },
      { idempotency_key: "2", outcome: "INSUFFICIENT_STOCK" },
    ]);
  });

  it("of which the database takes one's rows for too long, leave that one to fail by itself", async () => {
    await together.stock(10);
    const tooLong = "x".repeat(limits.personLengthMax + 1);
    const calls = [wants("1"), wants("2", 1, tooLong), wants("3")];
    const replies = await allAtOnce(together, calls);
    const apart = await openCounter(makeKernel);
    await apart.stock(10);
    const alone = await oneByOne(apart, calls);
    expect(replies.map(({ status }) => status)).toEqual(alone.map(({ status }) => status));
    expect(replies[2]).toMatchObject({ value: { userErrors: [] } });
  });

  it("that ask for more positions than one transaction locks, are granted by themselves", async () => {
    const facts = createFacts(together.clock);
    const ids = Array.from({ length: limits.reservationLinesMax }, (_, i) => `P${i}`);
    await together.publish(...ids.map((sku) => facts.product(sku)));
    const places = Math.floor(limits.reservationBatchPositionsMax / ids.length) + 1;
    const locations = Array.from({ length: places }, (_, i) => `W${i}`);
    await together.publish(...locations.map((id) => facts.location(id)));
    const calls = locations.map((at) => callOf(at, { lines: ids.map((sku) => lineOf(1, sku, at)) }));
    const outcomes = await inOneBatch(together, calls);
    expect(outcomes.map((outcome) => outcome.status === "fulfilled" && outcome.value === "alone")).toEqual(
      locations.map((_, i) => i === places - 1),
    );
  }, 60_000);

  it("fail together when the database is gone, with an error that says so", async () => {
    const gone = new AppError("SOURCE_UNAVAILABLE");
    const db = { ...together.db, transaction: () => Promise.reject(gone) };
    const broken = { ...together, deps: { ...together.deps, db } };
    expect(said(await allAtOnce(broken, [wants("1"), wants("2")]))).toEqual([
      { failed: "SOURCE_UNAVAILABLE" },
      { failed: "SOURCE_UNAVAILABLE" },
    ]);
    expect(isUserError(gone)).toBe(false);
  });

  it("whose transaction meets too many conflicts, are granted one by one", async () => {
    await together.stock(10);
    let transactions = 0;
    const conflict = Object.assign(new Error("deadlock"), { errno: 1213 });
    const transaction = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> =>
      transactions++ === 0
        ? Promise.reject(new AppError("SOURCE_UNAVAILABLE", {}, { cause: conflict }))
        : together.db.transaction(work);
    const unlucky = { ...together, deps: { ...together.deps, db: { ...together.db, transaction } } };
    const replies = await allAtOnce(unlucky, [wants("1"), wants("2"), wants("3")]);
    expect(replies).toMatchObject([1, 2, 3].map(() => ({ value: { userErrors: [], replayed: false } })));
    expect(transactions).toBe(4);
  });

  it("are no more than a transaction takes, by number and by what they ask with", async () => {
    await together.stock(10_000);
    const most = limits.reservationBatchMax;
    await allAtOnce(
      together,
      Array.from({ length: most + 1 }, (_, i) => wants(`${i}`)),
    );
    // Each one's event, and the position's.
    expect(together.commits.sort((a, b) => b - a)).toEqual([most + 1, 2]);
    together.commits.length = 0;
    const lines = Array.from({ length: limits.reservationLinesMax }, () => lineOf(1));
    const long = Array.from({ length: 20 }, (_, i) => callOf(`long-${i}`, { lines }));
    const fit = Math.floor(limits.reservationBatchLengthMax / JSON.stringify(long[10]?.input).length);
    await allAtOnce(together, long);
    expect(together.commits.sort((a, b) => b - a)).toEqual([fit + 1, 20 - fit + 1]);
  }, 60_000);

  it("wait in a line that has an end", async () => {
    await together.stock(10);
    const calls = Array.from({ length: limits.reservationsInLineMax + 2 }, (_, i) => wants(`${i}`));
    const failures = said(await allAtOnce(together, calls)).filter((reply) => "failed" in (reply as object));
    expect(failures).toEqual([{ failed: "SOURCE_UNAVAILABLE" }, { failed: "SOURCE_UNAVAILABLE" }]);
  }, 60_000);
});
