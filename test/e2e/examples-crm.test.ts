/**
 * `examples/crm.ts` does what it says: it knows the stock, and still does after its connections were cut.
 */
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { type Change, type Follower, followStock } from "../../examples/crm.ts";
import { openShop } from "../helpers/shop.ts";
import { eachTarget, type Target } from "../helpers/target.ts";

async function soldBy(target: Target, skus: readonly string[]): Promise<Record<string, number | null>> {
  const { availability } = await target
    .client()
    .request<{ availability: { sku: string; availableToSell: number | null }[] }>(
      "query ($skus: [ID!]!) { availability(skus: $skus) { sku availableToSell } }",
      { skus },
    );
  return Object.fromEntries(availability.map(({ sku, availableToSell }) => [sku, availableToSell]));
}

const knownBy = ({ stock }: Follower) =>
  Object.fromEntries([...stock.values()].map(({ sku, availableToSell }) => [sku, availableToSell]));

eachTarget("the example of a CRM", (target) => {
  it("follows stock from a snapshot on, and misses nothing when its connection is lost", async () => {
    const shop = await openShop(target().connector, "CRM", 3, 20);
    await target().eventually(async () => {
      expect(await soldBy(target(), shop.skus)).toEqual({ "CRM-0": 20, "CRM-1": 20, "CRM-2": 20 });
    });
    const sockets: WebSocket[] = [];
    class CutSocket extends WebSocket {
      constructor(address: string, protocols?: string | string[]) {
        super(address, protocols);
        sockets.push(this);
      }
    }
    const changes: Change[] = [];
    const follower = await followStock({
      url: target().url,
      token: await target().token("crm", ["crm"]),
      skus: shop.skus,
      onChange: (change) => changes.push(change),
      webSocketImpl: CutSocket,
    });
    const { sku, locationId } = { sku: shop.skus[0] as string, locationId: shop.locationId };
    const openingKnown = knownBy(follower);
    expect(openingKnown).toEqual({ "CRM-0": 20, "CRM-1": 20, "CRM-2": 20 });

    await shop.move();
    await expect.poll(() => knownBy(follower), { timeout: 20_000 }).toEqual({ "CRM-0": 19, "CRM-1": 19, "CRM-2": 19 });
    // Cut while nobody is looking: what happens now comes with the next connection.
    sockets.at(-1)?.terminate();
    await shop.move([sku]);
    await expect.poll(() => knownBy(follower), { timeout: 20_000 }).toMatchObject({ [sku]: 20, "CRM-1": 19 });
    expect(sockets.length).toBe(2);

    const own = changes.filter((change) => change.availability.sku === sku);
    expect(own.map(({ cause }) => cause.type)).toEqual(
      expect.arrayContaining(["shipment.confirmed", "shipment.voided"]),
    );
    // Each change begins where the one before it ended: none is missing in between.
    for (const [i, change] of own.entries()) {
      if (i > 0) expect(change.previousAvailableToSell).toBe(own[i - 1]?.availability.availableToSell);
      expect(change.availability.locationId).toBe(locationId);
    }
    await follower.stop();
    await follower.ended;
  }, 60_000);

  it("says why it may not follow any more", async () => {
    await expect(
      followStock({ url: target().url, token: "not-a-token", skus: [], onChange: () => {} }),
    ).rejects.toThrow("UNAUTHENTICATED");
  });
});
