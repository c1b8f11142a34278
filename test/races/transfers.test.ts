/**
 * Two people ship the same transfer at once, and others take the same stock: never more leaves than is approved and
 * there, and what was bridged adds up to what was committed.
 */
import { beforeAll, expect, it } from "vitest";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import {
  openWarehouse,
  product,
  stockEvent,
  transferPaper,
  unexplainedPositions,
  type Warehouse,
} from "../contract/wms-fixture.ts";
import { eachDatabase } from "../helpers/databases.ts";

eachDatabase("transfers shipped at once", (makeKernel) => {
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await openWarehouse(makeKernel);
  });

  async function stocked(sku: string, quantity: number): Promise<void> {
    await warehouse.deliver(product(sku));
    await warehouse.record([stockEvent({ sku, quantity, toBucket: "UNRESTRICTED" })]);
  }

  async function ship(transferId: string, lines: readonly object[], caller: number): Promise<string> {
    const { data } = await warehouse.ask<{ shipTransfer: { userErrors: { code: string }[] } }>(
      "mutation ($input: ShipTransferInput!) { shipTransfer(input: $input) { userErrors { code } } }",
      { input: { idempotencyKey: `${transferId}-${caller}`, transferId, lines } },
      { person: `person-${caller}`, roles: ["warehouse"] },
    );
    return data.shipTransfer.userErrors[0]?.code ?? "SHIPPED";
  }

  const shippedOf = async (sku: string) =>
    (await warehouse.events(sku)).filter(
      (event): event is AnyEvent & { type: "transfer.shipped" } => event.type === "transfer.shipped",
    );

  it("by eight people, in opposite orders of its lines: exactly what is approved leaves", async () => {
    const skus = ["R1", "R2", "R3"];
    for (const sku of skus) await stocked(sku, 1_000);
    await warehouse.deliver(...skus.map((sku) => transferPaper("transfer.approved", "RACE-1", sku, 20)));
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, caller) => {
        const lines = skus.map((sku) => ({ sku, quantity: 5 }));
        return ship("RACE-1", caller % 2 === 0 ? lines : lines.reverse(), caller);
      }),
    );
    expect(outcomes.sort()).toEqual([...Array(4).fill("SHIPPED"), ...Array(4).fill("TRANSFER_EXCEEDED")]);
    for (const sku of skus) {
      expect(await warehouse.physical(sku)).toMatchObject({ onHand: 980 });
      expect((await shippedOf(sku)).map(({ data }) => data.bridged)).toEqual([5, 5, 5, 5]);
    }
  });

  it("for several transfers of the same stock: exactly what is there leaves", async () => {
    await stocked("R4", 17);
    const ids = Array.from({ length: 8 }, (_, i) => `RACE-2-${i}`);
    await warehouse.deliver(...ids.map((id) => transferPaper("transfer.approved", id, "R4", 5)));
    const outcomes = await Promise.all(ids.map((id, caller) => ship(id, [{ sku: "R4", quantity: 5 }], caller)));
    expect(outcomes.sort()).toEqual([...Array(5).fill("INSUFFICIENT_STOCK"), ...Array(3).fill("SHIPPED")]);
    expect(await warehouse.physical("R4")).toMatchObject({ onHand: 2 });
  });

  it("while it is called off: each shipment is before or after, and is bridged or refused accordingly", async () => {
    await stocked("R5", 1_000);
    await warehouse.deliver(transferPaper("transfer.approved", "RACE-3", "R5", 80));
    const calledOff = transferPaper("transfer.cancelled", "RACE-3", "R5", 80);
    const [, ...outcomes] = await Promise.all([
      warehouse.deliver(calledOff),
      ...Array.from({ length: 8 }, (_, caller) => ship("RACE-3", [{ sku: "R5", quantity: 10 }], caller)),
    ]);
    const left = outcomes.filter((outcome) => outcome === "SHIPPED").length;
    expect(outcomes.filter((outcome) => outcome === "ILLEGAL_TRANSITION")).toHaveLength(8 - left);
    expect((await shippedOf("R5")).map(({ data }) => data.bridged)).toEqual(Array(left).fill(10));
    expect(await unexplainedPositions(warehouse.db)).toEqual([]);
  });
});
