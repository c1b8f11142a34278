/**
 * Rushes at two gateways, each before an availability process of its own: over MariaDB and HTTP, as it is deployed.
 *
 * Exactly as much is granted as there is, and everybody is answered. What came of it is counted by plain SQL.
 */
import { beforeAll, expect, it } from "vitest";
import { openPlain } from "../helpers/plain-sql.ts";
import {
  figuresOf,
  lineOf,
  numbers,
  outcomes,
  type ReserveReply,
  type Rush,
  range,
  reserveStock,
  rounds,
  rush,
  stockUp,
} from "../helpers/rush.ts";
import { eachTarget, type Target } from "../helpers/target.ts";

const buyers = 500;

/** Items of one race, one a round, with `onHand` at the location. */
const items = (race: string) => range(rounds).map((round) => `${race}-${round}`);

const stocks = [
  ...items("ONE").map((sku) => lineOf(sku, 100)),
  ...[...items("LEFT"), ...items("RIGHT")].map((sku) => lineOf(sku, 40)),
  ...items("TWICE").map((sku) => lineOf(sku, 100)),
  ...items("SPLIT").flatMap((sku) => [lineOf(sku, 10, "L"), lineOf(sku, 15, "M")]),
];

eachTarget(
  "a rush at two gateways",
  (target) => {
    let token = "";
    beforeAll(async () => {
      token = await target().token("web-shop", ["storefront"]);
      await stockUp(target(), stocks);
    }, 120_000);

    /** `n` buyers, each at the other gateway than the one before; fails when one is never answered. */
    function buy(race: string, n: number, linesOf: (i: number) => object[]): Promise<Rush<ReserveReply>> {
      const inputs = range(n).map((i) => ({ idempotencyKey: `${race}-${i}`, lines: linesOf(i) }));
      return rush<ReserveReply>(target(), token, reserveStock, inputs);
    }

    const timeoutMs = 60_000 + rounds * 30_000;

    it(
      `${buyers} that each reserve 1 of 100: exactly 100 win, ${rounds} rounds`,
      async ({ annotate }) => {
        const rushes: Rush<ReserveReply>[] = [];
        for (const sku of items("ONE")) {
          const rushed = await buy(sku, buyers, () => [lineOf(sku, 1)]);
          rushes.push(rushed);
          expect(outcomes(rushed)).toEqual({ GRANTED: 100, INSUFFICIENT_STOCK: 400 });
          expect(await held(target(), sku)).toEqual([
            { location_id: "L", reserved: 100, held: 100, reservations: 100 },
          ]);
        }
        await annotate(figuresOf(rushes));
      },
      timeoutMs,
    );

    it(
      `100 that reserve two items in opposite orders, 40 of each there: exactly 40 win, ${rounds} rounds`,
      async ({ annotate }) => {
        const rushes: Rush<ReserveReply>[] = [];
        for (const round of range(rounds)) {
          const [left, right] = [`LEFT-${round}`, `RIGHT-${round}`];
          const lines = [lineOf(left, 1), lineOf(right, 1)];
          const rushed = await buy(left, 100, (i) => (i % 4 < 2 ? lines : lines.toReversed()));
          rushes.push(rushed);
          expect(outcomes(rushed)).toEqual({ GRANTED: 40, INSUFFICIENT_STOCK: 60 });
          for (const sku of [left, right]) {
            expect(await held(target(), sku)).toEqual([{ location_id: "L", reserved: 40, held: 40, reservations: 40 }]);
          }
        }
        await annotate(figuresOf(rushes));
      },
      timeoutMs,
    );

    it(
      `100 that name the same item twice, 2 and 1 of 100: 33 win and 1 is left, ${rounds} rounds`,
      async ({ annotate }) => {
        const rushes: Rush<ReserveReply>[] = [];
        for (const sku of items("TWICE")) {
          const rushed = await buy(sku, 100, () => [lineOf(sku, 2), lineOf(sku, 1)]);
          rushes.push(rushed);
          expect(outcomes(rushed)).toEqual({ GRANTED: 33, INSUFFICIENT_STOCK: 67 });
          expect(await held(target(), sku)).toEqual([{ location_id: "L", reserved: 99, held: 99, reservations: 33 }]);
        }
        await annotate(figuresOf(rushes));
      },
      timeoutMs,
    );

    it(
      `20 that ask for 13, split over two places with 10 and 15: one takes 10 and 3, ${rounds} rounds`,
      async ({ annotate }) => {
        const rushes: Rush<ReserveReply>[] = [];
        for (const sku of items("SPLIT")) {
          const rushed = await buy(sku, 20, () => [lineOf(sku, 10, "L"), lineOf(sku, 3, "M")]);
          rushes.push(rushed);
          expect(outcomes(rushed)).toEqual({ GRANTED: 1, INSUFFICIENT_STOCK: 19 });
          // Nobody who lacks the 10 keeps the 3.
          for (const { reserveStock: refused } of rushed.replies.filter((reply) => !reply.reserveStock.reservation)) {
            expect(refused.shortages).toEqual([{ sku, locationId: "L", requested: 10, available: 0 }]);
          }
          expect(await held(target(), sku)).toEqual([
            { location_id: "L", reserved: 10, held: 10, reservations: 1 },
            { location_id: "M", reserved: 3, held: 3, reservations: 1 },
          ]);
        }
        await annotate(figuresOf(rushes));
      },
      timeoutMs,
    );

    it("leaves a key, an audit row and an event for each, no more, and a database that would refuse to oversell", async () => {
      const plain = await openPlain(target().config, "availability");
      const [counted] = await plain.query(
        `SELECT (SELECT COUNT(*) FROM idempotency_keys WHERE reply IS NOT NULL) AS answered,
                (SELECT COUNT(*) FROM audit_rows WHERE action = 'reservation.created') AS granted,
                (SELECT COUNT(*) FROM audit_rows WHERE action = 'reserveStock' AND outcome = 'INSUFFICIENT_STOCK') AS refused,
                (SELECT COUNT(*) FROM outbox WHERE type = 'reservation.created') AS told,
                (SELECT COUNT(*) FROM reservations) AS reservations,
                (SELECT COUNT(*) FROM positions WHERE reserved > unrestricted) AS oversold`,
      );
      const checks = await plain.query(
        `SELECT CHECK_CLAUSE AS clause FROM information_schema.CHECK_CONSTRAINTS
          WHERE CONSTRAINT_SCHEMA = DATABASE()`,
      );
      await plain.close();
      const granted = rounds * (100 + 40 + 33 + 1);
      const asked = rounds * (buyers + 100 + 100 + 20);
      expect(numbers(counted)).toEqual({
        answered: asked,
        granted,
        refused: asked - granted,
        told: granted,
        reservations: granted,
        oversold: 0,
      });
      const clauses = checks.map(({ clause }) => String(clause).replaceAll(/[`() ]/g, "")).join("\n");
      expect(clauses).toContain("reserved>=0");
      expect(clauses).toContain("held>=0andheld<=quantity");
    });
  },
  ["processes"],
  { gateways: 2 },
);

/** What the item's positions say is reserved, and what the lines of live reservations hold. */
async function held({ config }: Target, sku: string): Promise<unknown[]> {
  const plain = await openPlain(config, "availability");
  const rows = await plain.query(
    `SELECT p.location_id, p.reserved, SUM(l.held) AS held, COUNT(*) AS reservations FROM positions p
       JOIN reservation_lines l ON l.sku = p.sku AND l.location_id = p.location_id AND l.state = 'ACTIVE'
      WHERE p.sku = '${sku}' GROUP BY p.location_id, p.reserved ORDER BY p.location_id`,
  );
  await plain.close();
  return rows.map(({ location_id, ...counted }) => ({ location_id, ...numbers(counted) }));
}
