/**
 * What the warehouses tell of transfers, in the ERP: facts in any order, goods that are missing, what is expected at the
 * destination, on every database.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import { type Caller, type Erp, sequences } from "./erp-fixture.ts";
import { mona, openTransferOrders, type TransferOrders, told } from "./erp-transfer-fixture.ts";

eachDatabase("facts about transfer orders", (makeKernel) => {
  let erp: Erp;
  let send: TransferOrders["send"];
  let codes: TransferOrders["codes"];
  let newItem: TransferOrders["newItem"];
  let approved: TransferOrders["approved"];
  let orderOf: TransferOrders["orderOf"];
  let ends: TransferOrders["ends"];
  beforeAll(async () => {
    ({ erp, send, codes, newItem, approved, orderOf, ends } = await openTransferOrders(makeKernel));
  });

  describe("goods that are missing", () => {
    async function short(): Promise<{ id: string; sku: string }> {
      const sku = await newItem();
      const id = await approved(sku, 100);
      await erp.deliver(told("transfer.shipped", id, sku, 100, { bridged: 100 }));
      await erp.deliver(told("transfer.received", id, sku, 97, { settled: 100 }));
      expect(await orderOf(id)).toMatchObject({ status: "DISCREPANT", inTransit: 3 });
      return { id, sku };
    }

    it("are told once, and are resolved by a manager through whose hands they did not go", async () => {
      const { id, sku } = await short();
      const discrepancies = (await erp.events("transfer.discrepancy")).filter((event) => event.sku === sku);
      expect(discrepancies).toMatchObject([{ locationId: "EAST", quantity: 3, data: { transferId: id, missing: 3 } }]);
      const input = { id, resolution: "WRITTEN_OFF" };
      const rosa: Caller = { person: "rosa", roles: ["manager"] };
      expect(codes(await send("resolveTransferDiscrepancy", input, rosa))).toEqual(["SAME_PERSON"]);
      expect(await send("resolveTransferDiscrepancy", input, mona)).toMatchObject({
        transferOrder: { status: "RECEIVED", inTransit: 0, decidedBy: "mona", lines: [{ writtenOff: 3 }] },
      });
      expect(codes(await send("resolveTransferDiscrepancy", input, mona))).toEqual(["ILLEGAL_TRANSITION"]);
      expect(await ends(sku)).toEqual({ origin: [-100, 0], destination: [97, []] });
    });

    it("and never left are put back by the warehouse, and may be shipped again", async () => {
      const { id, sku } = await short();
      await send("resolveTransferDiscrepancy", { id, resolution: "NOT_SHIPPED" }, mona);
      expect((await erp.events("transfer.resolved")).at(-1)).toMatchObject({
        locationId: "WEST",
        quantity: 3,
        data: { transferId: id, resolution: "NOT_SHIPPED" },
      });
      await erp.deliver(told("shipment.voided", id, sku, 3, { settled: -3 }, { reasonCode: "NOT_SHIPPED" }));
      expect(await orderOf(id)).toMatchObject({ status: "PARTIALLY_RECEIVED", lines: [{ shipped: 97, inTransit: 0 }] });
      expect(await ends(sku)).toEqual({ origin: [-97, 3], destination: [97, []] });
    });

    it("and turn up are received", async () => {
      const { id, sku } = await short();
      await erp.deliver(told("transfer.received", id, sku, 3, { settled: 0 }));
      expect(await orderOf(id)).toMatchObject({ status: "RECEIVED", inTransit: 0 });
    });
  });

  describe("facts", () => {
    it("in any order and twice end in the same books, the same line and the same status", async () => {
      const ended: object[] = [];
      for (const order of [
        [0, 1, 2, 3, 4],
        [4, 3, 2, 1, 0],
        [2, 4, 0, 2, 1, 3, 4],
        [3, 0, 0, 4, 1, 2, 1],
      ]) {
        const sku = await newItem();
        const id = await approved(sku, 20);
        const story = [
          told("pick.confirmed", id, sku, 5, {}),
          told("transfer.shipped", id, sku, 5, { bridged: 5 }),
          told("transfer.shipped", id, sku, 10, { bridged: 10 }),
          told("transfer.received", id, sku, 9, { settled: 15 }),
          told("shipment.voided", id, sku, 2, { settled: -2 }),
        ];
        for (const i of order) await erp.deliver(story[i] as AnyEvent);
        const { id: _, lines, ...rest } = await orderOf(id);
        ended.push({ ...rest, lines: lines.map((line) => ({ ...line, sku: "" })), ends: await ends(sku) });
      }
      expect(ended[0]).toMatchObject({ status: "DISCREPANT", ends: { origin: [-13, 7], destination: [9, [4]] } });
      for (const other of ended.slice(1)) expect(other).toEqual(ended[0]);
    });

    it("that name no transfer, or another place, move the books alone", async () => {
      const sku = await newItem();
      const id = await approved(sku, 10);
      await erp.deliver(told("transfer.shipped", "no-such-transfer", sku, 4, { bridged: 0 }));
      await erp.deliver(told("transfer.shipped", id, sku, 4, { bridged: 0 }, { locationId: "EAST" }));
      expect(await orderOf(id)).toMatchObject({ status: "APPROVED", inTransit: 0 });
      expect(await ends(sku)).toEqual({ origin: [-4, 10], destination: [-4, []] });
    });

    it("about goods that nobody had asked for add their line, and are expected", async () => {
      const id = await approved(await newItem(), 10);
      const surprise = await newItem();
      await erp.deliver(told("transfer.shipped", id, surprise, 4, { bridged: 0 }));
      expect(await orderOf(id)).toMatchObject({
        status: "SHIPPED",
        lines: [{ requested: 10 }, { requested: 0, shipped: 4 }],
      });
      expect(await ends(surprise)).toEqual({ origin: [-4, 0], destination: [0, [4]] });
    });
  });

  it("a snapshot of the destination says what is in transit to it", async () => {
    const sku = await newItem();
    const id = await approved(sku, 10);
    await erp.deliver(told("transfer.shipped", id, sku, 6, { bridged: 6 }));
    await erp.deliver(
      canonicalEvent("availability", "snapshot.requested", `${sku}|EAST`, 1, {
        sku,
        locationId: "EAST",
        data: { system: "erp" },
      }),
    );
    expect((await erp.events("inventory.snapshot")).at(-1)?.data).toMatchObject({
      erp: {
        inbound: [{ documentType: "TRANSFER", documentId: id, openQuantity: 6, orderedQuantity: 6, from: "WEST" }],
      },
    });
  });

  it("at the end every position's events run 1, 2, 3, … and committed demand is what the lines say", async () => {
    for (const told of (await sequences(erp)).values()) {
      expect(told.sort((a, b) => a - b)).toEqual(told.map((_, i) => i + 1));
    }
    const unclaimed = await erp.db.query(
      `SELECT p.sku FROM book_positions p
         LEFT JOIN (SELECT sku, origin_id, SUM(committed) AS demand FROM transfer_lines GROUP BY sku, origin_id) t
           ON t.sku = p.sku AND t.origin_id = p.location_id
        WHERE p.committed <> COALESCE(t.demand, 0)`,
    );
    expect(unclaimed).toEqual([]);
  });
});
