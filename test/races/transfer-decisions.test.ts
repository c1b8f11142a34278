/**
 * Decisions about a transfer meet its facts: every line in a partition of its own, all of one head. Nothing is lost,
 * nothing ends as a dead letter, and committed demand is what the lines say.
 */
import { beforeAll, expect, it } from "vitest";
import { openTransferOrders, paula, type Reply, type TransferOrders, told } from "../contract/erp-transfer-fixture.ts";
import { eachDatabase } from "../helpers/databases.ts";

eachDatabase("decisions and facts at once", (makeKernel) => {
  let town: TransferOrders;
  beforeAll(async () => {
    town = await openTransferOrders(makeKernel);
  });

  async function approved(count: number): Promise<{ id: string; skus: string[] }> {
    const skus: string[] = [];
    for (let i = 0; i < count; i++) skus.push(await town.newItem());
    const lines = skus.map((sku) => ({ sku, quantity: 10 }));
    const asked = await town.send("requestTransfer", { originId: "WEST", destinationId: "EAST", lines }, paula);
    const id = (asked as Reply).transferOrder?.id ?? "";
    expect(town.codes(await town.send("approveTransfer", { id }))).toEqual([]);
    return { id, skus };
  }

  const committed = async (skus: readonly string[]) =>
    Promise.all(skus.map(async (sku) => (await town.ends(sku)).origin[1]));

  it("facts of eight lines at once leave one order that knows them all", async () => {
    const { id, skus } = await approved(8);
    const facts = skus.flatMap((sku) => [
      told("transfer.shipped", id, sku, 6, { bridged: 6 }),
      told("transfer.shipped", id, sku, 4, { bridged: 4 }),
      told("transfer.received", id, sku, 10, { settled: 10 }),
    ]);
    await Promise.all(facts.map((fact) => town.erp.deliver(fact)));
    expect(await town.orderOf(id)).toMatchObject({
      status: "RECEIVED",
      inTransit: 0,
      version: 2 + facts.length,
      lines: skus.map((sku) => ({ sku, shipped: 10, received: 10 })),
    });
    expect(await committed(skus)).toEqual(skus.map(() => 0));
    expect(await town.erp.count("dead_letters")).toBe(0);
  });

  it("a cancellation among shipments is before the first of them or refused, and what left is shipped", async () => {
    for (let round = 0; round < 4; round++) {
      const { id, skus } = await approved(4);
      const [reply] = await Promise.all([
        town.send("cancelTransfer", { id }),
        ...skus.map((sku) => town.erp.deliver(told("transfer.shipped", id, sku, 10, { bridged: 10 }))),
      ]);
      expect([[], ["ILLEGAL_TRANSITION"]]).toContainEqual(town.codes(reply as Reply));
      expect(await town.orderOf(id)).toMatchObject({ status: "SHIPPED", inTransit: 40 });
      expect(await committed(skus)).toEqual([0, 0, 0, 0]);
    }
    expect(await town.erp.count("dead_letters")).toBe(0);
  });

  it("of two decisions at once one counts", async () => {
    const { id } = await approved(2);
    const replies = await Promise.all([
      town.send("cancelTransfer", { id }),
      town.send("cancelTransfer", { id }, paula),
      town.send("cancelTransfer", { id }, { person: "mona", roles: ["manager"] }),
    ]);
    expect(replies.flatMap(town.codes)).toEqual(["ILLEGAL_TRANSITION", "ILLEGAL_TRANSITION"]);
    expect(await town.orderOf(id)).toMatchObject({ status: "CANCELLED", version: 3 });
  });
});
