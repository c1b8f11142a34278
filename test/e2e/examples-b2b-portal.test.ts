/**
 * `examples/b2b-portal.ts` does what it says: it asks for goods, sees every step of them, and receives them.
 */
import { expect, it } from "vitest";
import { receiveGoods, requestGoods, watchTransfer } from "../../examples/b2b-portal.ts";
import { eachTarget } from "../helpers/target.ts";
import { openTown } from "../helpers/transfers.ts";

eachTarget("the example of a B2B portal", (target) => {
  it("asks for goods, watches them come and receives them", async () => {
    const town = await openTown(target, "PORTAL-1", 30);
    const shop = await target().token("shop-7", ["portal", "warehouse"]);
    const wish = { originId: town.from, destinationId: town.to, sku: town.sku, quantity: 12 };
    const { id } = await requestGoods(target().url, shop, wish, "SHOP-1");
    // Asked for once more after a timeout, as a portal would: it counts once.
    expect(await requestGoods(target().url, shop, wish, "SHOP-1")).toMatchObject({ id });

    const seen: string[] = [];
    for await (const transfer of watchTransfer(target().url, shop, id, wish)) {
      seen.push(`${transfer.status} ${transfer.inTransit}`);
      if (transfer.status === "PENDING_APPROVAL") await town.as("petra", "approveTransfer", { id });
      if (transfer.status === "APPROVED") {
        await town.as("sam", "shipTransfer", { transferId: id, lines: [{ sku: town.sku, quantity: 12 }] });
      }
      if (transfer.inTransit > 0) await receiveGoods(target().url, shop, transfer);
    }
    expect(seen).toEqual(["PENDING_APPROVAL 0", "APPROVED 0", "SHIPPED 12", "RECEIVED 0"]);
    await target().eventually(async () => {
      expect(await town.end(town.from)).toMatchObject({ onHand: 18, book: 18, committed: 0, ats: 18 });
      expect(await town.end(town.to)).toMatchObject({ onHand: 12, dock: 12, book: 12, toCome: 0 });
    });
  }, 60_000);

  it("fails with the reason where it may not ask", async () => {
    const shop = await target().token("shop-7", ["portal"]);
    const wish = { originId: "PORTAL-1-FROM", destinationId: "NOWHERE", sku: "PORTAL-1", quantity: 1 };
    await expect(requestGoods(target().url, shop, wish, "SHOP-2")).rejects.toThrow("UNKNOWN_LOCATION");
  });
});
