/**
 * `examples/storefront.ts` does what it says, also when two customers want the same last units.
 */
import { expect, it } from "vitest";
import { buy } from "../../examples/storefront.ts";
import { lineOf, stockUp } from "../helpers/rush.ts";
import { eachTarget } from "../helpers/target.ts";

const sku = "EX-LAMP";

eachTarget("the example of a web shop", (target) => {
  it("buys what there is from the place that has most, takes what is left, and says when it is sold out", async () => {
    await stockUp(target(), [lineOf(sku, 10, "EX-L"), lineOf(sku, 4, "EX-M")]);
    const token = await target().token("web-shop", ["storefront"], { channels: ["WEB"] });
    const shop = (wanted: number, orderId: string) => buy(target().url, token, sku, wanted, orderId);

    expect(await shop(6, "EX-1")).toMatchObject({ locationId: "EX-L", quantity: 6 });
    const both = await Promise.all([shop(3, "EX-2"), shop(3, "EX-3")]);
    expect(both.reduce((sum, purchase) => sum + (purchase?.quantity ?? 0), 0)).toBeGreaterThanOrEqual(4);
    // Each time at least one unit is sold, so this comes to an end.
    for (let i = 4; (await shop(9, `EX-${i}`)) !== null; ) i += 1;

    const { availability } = await target()
      .client()
      .request<{ availability: object[] }>(
        `{ availability(skus: ["${sku}"]) { locationId availableToSell terms { name quantity } } }`,
      );
    const reserved = (quantity: number) => expect.arrayContaining([{ name: "reserved", quantity }]);
    expect(availability).toMatchObject([
      { locationId: "EX-L", availableToSell: 0, terms: reserved(-10) },
      { locationId: "EX-M", availableToSell: 0, terms: reserved(-4) },
    ]);
  });

  it("fails with the reason where there is nothing that it could do about it", async () => {
    const token = await target().token("web-shop", ["storefront"], { channels: ["WEB"] });
    await expect(buy(target().url, token, sku, 0, "EX-0")).rejects.toThrow("QUANTITY_NOT_POSITIVE");
  });
});
