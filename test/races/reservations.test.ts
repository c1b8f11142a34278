/**
 * Many buyers at once: no more is granted than there is, exactly as much as there is, and nobody hangs.
 */
import { afterEach, beforeEach, expect, it } from "vitest";
import { createKernel, type Kernel } from "../../shared/kernel.ts";
import { silentLogger } from "../../shared/logging.ts";
import {
  lineOf,
  openShop,
  type Payload,
  person,
  type Shop,
  unexplainedClaims,
} from "../contract/reservation-fixture.ts";
import { eachDatabase } from "../helpers/databases.ts";

const replicaRounds = 2;

const codesOf = (replies: readonly Payload[]) => {
  const count = new Map<string, number>();
  for (const { userErrors } of replies) {
    const code = userErrors[0]?.code ?? "GRANTED";
    count.set(code, (count.get(code) ?? 0) + 1);
  }
  return Object.fromEntries(count);
};
const times = <T>(n: number, make: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: n }, (_, i) => make(i)));

eachDatabase("buyers at once", (makeKernel, kind) => {
  let shop: Shop;
  beforeEach(async () => {
    shop = await openShop(makeKernel);
  });
  afterEach(async () => {
    expect(await unexplainedClaims(shop.db)).toEqual([]);
  });

  const rounds = kind === "mysql" ? 5 : 2;

  it(`500 that each reserve 1 of 100: exactly 100 win, ${rounds} rounds`, async () => {
    for (let round = 0; round < rounds; round++) {
      await shop.stock(100 * (round + 1));
      const replies = await times(500, () => shop.reserve([lineOf(1)]));
      expect(codesOf(replies)).toEqual({ GRANTED: 100, INSUFFICIENT_STOCK: 400 });
      expect(await shop.figures()).toMatchObject({ ats: 0, net: 0 });
    }
  }, 120_000);

  it("100 that reserve two items in opposite orders, 40 of each there: exactly 40 win", async () => {
    await shop.stock(40);
    await shop.stock(40, "B");
    const replies = await times(100, (i) =>
      shop.reserve(i % 2 === 0 ? [lineOf(1), lineOf(1, "B")] : [lineOf(1, "B"), lineOf(1)]),
    );
    expect(codesOf(replies)).toEqual({ GRANTED: 40, INSUFFICIENT_STOCK: 60 });
    expect(await shop.figures("WEB", "B")).toMatchObject({ ats: 0 });
  }, 60_000);

  it("20 copies of one request: one reservation, and everybody gets the same reply", async () => {
    await shop.stock(100);
    const replies = await times(20, () => shop.reserve([lineOf(7)], { idempotencyKey: "one" }));
    expect(new Set(replies.map(({ reservation }) => reservation.id)).size).toBe(1);
    expect(replies.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await shop.figures()).toMatchObject({ ats: 93 });
  }, 60_000);

  it("confirmation, release and expiry of the same ones: each has exactly one end", async () => {
    await shop.stock(30);
    const made = await times(30, () => shop.reserve([lineOf(1)], { ttlSeconds: 60 }));
    const ids = made.map(({ reservation }) => reservation.id);
    const petra = person("petra", "planner", "storefront");
    const decisions = ids.flatMap((id, i) => [shop.confirm(id, `O${i}`), shop.release(id, {}, petra)]);
    // Some are decided, the others under way, when the time is over.
    await Promise.race(decisions);
    shop.clock.advance(60_000);
    const sweeps = [shop.sweep.sweep(), shop.sweep.sweep()];
    const replies = await Promise.all(decisions);
    await Promise.all(sweeps);
    expect(replies.some(({ reservation }) => reservation !== null)).toBe(true);
    await shop.sweep.sweep();
    const ends = await shop.db.query<{ state: string; held: number }>(
      `SELECT r.state, SUM(l.held) AS held FROM reservations r JOIN reservation_lines l
         ON l.reservation_id = r.reservation_id GROUP BY r.reservation_id, r.state`,
    );
    expect(ends).toHaveLength(30);
    for (const { state, held } of ends) expect([state, Number(held)]).toEqual([state, state === "CONFIRMED" ? 1 : 0]);
    const left = ends.filter(({ state }) => state === "CONFIRMED").length;
    expect(await shop.figures()).toMatchObject({ ats: 30 - left });
    expect(ends.some(({ state }) => state === "ACTIVE")).toBe(false);
  }, 60_000);

  it("buyers who confirm while the ERP commits their orders: nothing is sold twice and nothing stays reserved", async () => {
    await shop.stock(50);
    const sold = times(80, async (i) => {
      const { reservation } = await shop.reserve([lineOf(1)]);
      if (!reservation) return 0;
      await Promise.all([shop.confirm(reservation.id, `O${i}`), shop.allocate(`O${i}`, 1)]);
      return 1;
    });
    const granted = (await sold).reduce((sum: number, n) => sum + n, 0);
    expect(granted).toBe(50);
    expect(await shop.figures()).toMatchObject({ ats: 0, net: 0, terms: { onHand: 50, committed: -50 } });
  }, 60_000);
});

eachDatabase(
  "buyers at two replicas",
  (makeKernel) => {
    it(`500 that each reserve 1 of 100, half of them at each replica: exactly 100 win, ${replicaRounds} rounds`, async () => {
      const kernels: Kernel[] = [];
      const one = await openShop(async (overrides) => {
        const kernel = await makeKernel(overrides);
        kernels.push(kernel);
        return kernel;
      });
      const two = await openShop(async (overrides) => {
        const kernel = await createKernel((kernels[0] as Kernel).config, { log: silentLogger, ...overrides });
        kernels.push(kernel);
        return kernel;
      });
      for (let round = 0; round < replicaRounds; round++) {
        await one.stock(100 * (round + 1));
        const replies = await times(500, (i) =>
          (i % 2 === 0 ? one : two).reserve([lineOf(1)], { idempotencyKey: `${round}-${i}` }),
        );
        expect(codesOf(replies)).toEqual({ GRANTED: 100, INSUFFICIENT_STOCK: 400 });
      }
      expect(await unexplainedClaims(one.db)).toEqual([]);
      await kernels[1]?.close();
    }, 600_000);
  },
  ["mysql"],
);
