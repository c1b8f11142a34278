/**
 * Story 8: 500 buyers at once want one of the last 100 units. Exactly 100 get it, and the others are told which line
 * failed and what is left.
 */
import { expect, it } from "vitest";
import { lineOf, outcomes, type ReserveReply, range, reserveStock, rush, stockUp } from "../helpers/rush.ts";
import { eachTarget } from "../helpers/target.ts";

const buyers = 500;
const cable = "LU-CABLE";
const lamp = "LU-LAMP";

eachTarget("the last units", (target) => {
  it(`8: of ${buyers} reservations at once on 100 units exactly 100 win, and nobody loses anything else`, async () => {
    await stockUp(target(), [lineOf(cable, 1_000), lineOf(lamp, 100)]);
    const token = await target().token("web-shop", ["storefront"]);
    const inputs = range(buyers).map((i) => ({
      idempotencyKey: `lu-${i}`,
      lines: [lineOf(cable, 2), lineOf(lamp, 1)],
    }));
    const rushed = await rush<ReserveReply>(target(), token, reserveStock, inputs);
    expect(outcomes(rushed)).toEqual({ GRANTED: 100, INSUFFICIENT_STOCK: 400 });
    for (const { reserveStock: reply } of rushed.replies.filter((one) => !one.reserveStock.reservation)) {
      expect(reply).toMatchObject({
        reservation: null,
        shortages: [{ sku: lamp, locationId: "L", requested: 1, available: 0 }],
        userErrors: [{ code: "INSUFFICIENT_STOCK", field: ["input", "lines", "1"] }],
      });
    }
    // At once, from the rows that were changed: whoever was refused the lamp keeps no cable.
    const { availability } = await target()
      .client(token)
      .request<{ availability: object[] }>(
        `query ($skus: [ID!]!) { availability(skus: $skus) { sku availableToSell terms { name quantity } } }`,
        { skus: [cable, lamp] },
      );
    expect(availability).toMatchObject([
      { sku: cable, availableToSell: 800 },
      { sku: lamp, availableToSell: 0 },
    ]);
    expect(availability).toMatchObject([
      { terms: expect.arrayContaining([{ name: "reserved", quantity: -200 }]) },
      { terms: expect.arrayContaining([{ name: "reserved", quantity: -100 }]) },
    ]);
  }, 180_000);
});
