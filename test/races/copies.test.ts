/**
 * Every request sent 20 times, shuffled, over two gateways: one effect a key, and the same reply for every copy.
 *
 * Refusals are replies like any other. What is left behind is counted by plain SQL.
 */
import { beforeAll, expect, it } from "vitest";
import { createRandom } from "../../demo/random.ts";
import { openPlain } from "../helpers/plain-sql.ts";
import {
  figuresOf,
  keyCount,
  lineOf,
  numbers,
  type ReserveReply,
  range,
  reserveStock,
  rush,
  stockUp,
} from "../helpers/rush.ts";
import { eachTarget } from "../helpers/target.ts";

const copies = 20;
/** Copies under way together: those of about this many keys are shuffled with one another. */
const keysTogether = 25;
const requestsAtOnce = 200;
const skus = range(20).map((i) => `COPY-${i}`);
/** One more in ten asks for more than there will ever be. */
const refused = Math.ceil(keyCount / 10);
const never = 2_000_000_000;

eachTarget(
  "copies at two gateways",
  (target) => {
    let token = "";
    beforeAll(async () => {
      token = await target().token("web-shop", ["storefront"]);
      await stockUp(
        target(),
        skus.map((sku) => lineOf(sku, 3 * keyCount)),
      );
    }, 120_000);

    it(
      `${keyCount} keys ${copies} times each: ${keyCount} effects, and all copies get the same reply`,
      async ({ annotate }) => {
        const random = createRandom(20);
        const inputs = range(keyCount + refused).map((i) => ({
          idempotencyKey: `copy-${i}`,
          lines: [lineOf(random.pick(skus), i < keyCount ? random.integer(1, 3) : never)],
        }));
        const units = inputs.slice(0, keyCount).reduce((sum, { lines }) => sum + (lines[0]?.quantity ?? 0), 0);
        const sent = shuffledInBlocks(inputs, random.next);
        const rushed = await rush<ReserveReply>(target(), token, reserveStock, sent, requestsAtOnce);
        await annotate(figuresOf([rushed]));

        const byKey = new Map<string, ReserveReply["reserveStock"][]>();
        sent.forEach(({ idempotencyKey }, i) => {
          const reply = (rushed.replies[i] as ReserveReply).reserveStock;
          byKey.set(idempotencyKey, [...(byKey.get(idempotencyKey) ?? []), reply]);
        });
        expect(byKey.size).toBe(keyCount + refused);
        for (const replies of byKey.values()) {
          // None where the first reply came too late, and its sender asked again.
          expect(replies.filter(({ replayed }) => !replayed).length).toBeLessThanOrEqual(1);
          expect(new Set(replies.map((reply) => JSON.stringify({ ...reply, replayed: null }))).size).toBe(1);
        }
        const granted = [...byKey.values()].flatMap(([reply]) => reply?.reservation?.id ?? []);
        expect(new Set(granted).size).toBe(keyCount);
        expect(await leftBehind(target().config)).toEqual({
          reservations: keyCount,
          units,
          reserved: units,
          created: keyCount,
          told: keyCount,
          refusals: refused,
          positions_told: keyCount,
          keys_answered: keyCount + refused,
        });
      },
      60_000 + keyCount * 300,
    );
  },
  ["processes"],
  { gateways: 2 },
);

async function leftBehind(config: Parameters<typeof openPlain>[0]): Promise<Record<string, number>> {
  const plain = await openPlain(config, "availability");
  const [row] = await plain.query(
    `SELECT (SELECT COUNT(*) FROM reservations) AS reservations,
            (SELECT SUM(held) FROM reservation_lines WHERE state = 'ACTIVE') AS units,
            (SELECT SUM(reserved) FROM positions) AS reserved,
            (SELECT COUNT(*) FROM audit_rows WHERE action = 'reservation.created') AS created,
            (SELECT COUNT(*) FROM audit_rows WHERE action = 'reserveStock') AS refusals,
            (SELECT COUNT(*) FROM outbox WHERE type = 'reservation.created') AS told,
            (SELECT SUM(JSON_LENGTH(body, '$.data.causeEventIds')) FROM outbox
              WHERE type = 'availability.changed' AND JSON_VALUE(body, '$.data.cause.type') = 'reservation.created')
              AS positions_told,
            (SELECT COUNT(*) FROM idempotency_keys WHERE reply IS NOT NULL) AS keys_answered`,
  );
  await plain.close();
  return numbers(row);
}

/** Every input `copies` times, in the order of blocks of keys, at random within each. */
function shuffledInBlocks<T>(inputs: readonly T[], next: () => number): T[] {
  const blocks = range(Math.ceil(inputs.length / keysTogether)).map((i) =>
    inputs.slice(i * keysTogether, (i + 1) * keysTogether),
  );
  return blocks.flatMap((block) =>
    block
      .flatMap((input) => Array.from({ length: copies }, () => ({ input, at: next() })))
      .sort((a, b) => a.at - b.at)
      .map(({ input }) => input),
  );
}
