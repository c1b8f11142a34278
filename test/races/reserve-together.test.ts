/**
 * Callers of every kind at two replicas at once, sharing transactions at each: one effect a key, no unit twice, and every
 * grant in exactly one change.
 */
import { expect, it } from "vitest";
import type { Payload } from "../../shared/command.ts";
import { type ReserveStockReply, reserveStock } from "../../subgraphs/availability/commands/reserve-stock.ts";
import { createReserveTogether, type ReserveStock } from "../../subgraphs/availability/commands/reserve-together.ts";
import { unexplainedClaims } from "../contract/reservation-fixture.ts";
import { callOf, drawCalls, openCounter, skus } from "../contract/reserving-fixture.ts";
import { eachDatabase } from "../helpers/databases.ts";

const onHand = 40;

eachDatabase(
  "callers at two replicas",
  (makeKernel) => {
    it.each([11, 12, 13])(
      "that share transactions, seed %i",
      async (seed) => {
        const one = await openCounter(makeKernel);
        const two = await openCounter(makeKernel, one.kernel);
        for (const sku of skus) for (const place of ["L", "M"]) await one.stock(onHand, sku, place);
        const reserve = [createReserveTogether(one.deps), createReserveTogether(two.deps)];
        const drawn = drawCalls(seed, 300);
        // At one replica, at the other, and some past both, one caller to a transaction.
        const settled = await Promise.allSettled(
          drawn.map(({ input, context }, i) =>
            i % 10 === 0 ? reserveStock(one.deps, input, context) : (reserve[i % 2] as ReserveStock)(input, context),
          ),
        );
        const byKey = new Map<string, Payload<ReserveStockReply>[]>();
        for (const [i, reply] of settled.entries()) {
          const { input, context } = drawn[i] as (typeof drawn)[number];
          if (reply.status === "rejected") {
            expect(reply.reason).toMatchObject({ code: "FORBIDDEN" });
            continue;
          }
          const code = reply.value.userErrors[0]?.code;
          if (code === "IDEMPOTENCY_KEY_REUSED" || input.idempotencyKey === " ") continue;
          const key = `${context.identity.person} ${input.idempotencyKey}`;
          byKey.set(key, [...(byKey.get(key) ?? []), reply.value]);
        }
        let granted = 0;
        for (const replies of byKey.values()) {
          expect(new Set(replies.map((reply) => JSON.stringify({ ...reply, replayed: null }))).size).toBe(1);
          expect(replies.filter(({ replayed }) => !replayed)).toHaveLength(1);
          granted += replies[0]?.reservation ? 1 : 0;
        }
        expect(granted).toBeGreaterThan(20);
        const rows = await one.db.query<{ reservations: number; told: number; audited: number; answered: number }>(
          `SELECT (SELECT COUNT(*) FROM reservations) AS reservations,
                (SELECT COUNT(*) FROM outbox WHERE type = 'reservation.created') AS told,
                (SELECT COUNT(*) FROM audit_rows WHERE action = 'reservation.created') AS audited,
                (SELECT COUNT(*) FROM idempotency_keys WHERE reply IS NOT NULL) AS answered`,
        );
        expect({ ...rows[0] }).toEqual({
          reservations: granted,
          told: granted,
          audited: granted,
          answered: byKey.size,
        });
        expect(await unexplainedClaims(one.db)).toEqual([]);
        expect(await one.db.query(`SELECT sku FROM positions WHERE reserved > ${onHand}`)).toEqual([]);
        await two.kernel.close();
      },
      120_000,
    );

    it("500 that each reserve 1 of 100, half of them at each replica: exactly 100 win", async () => {
      const one = await openCounter(makeKernel);
      const two = await openCounter(makeKernel, one.kernel);
      await one.stock(100);
      const reserve = [createReserveTogether(one.deps), createReserveTogether(two.deps)];
      const line = { sku: "A", locationId: "L", quantity: 1 };
      const replies = await Promise.all(
        Array.from({ length: 500 }, (_, i) => {
          const { input, context } = callOf(`${i}`, { lines: [line] });
          return (reserve[i % 2] as ReserveStock)(input, context);
        }),
      );
      expect(replies.filter(({ reservation }) => reservation !== null)).toHaveLength(100);
      expect(await one.figures()).toMatchObject({ ats: 0, net: 0 });
      await two.kernel.close();
    }, 120_000);
  },
  ["mysql"],
);
