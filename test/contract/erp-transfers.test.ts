/**
 * Transfer orders in the ERP: who may decide what, what is committed and given back, and how they are listed, on every
 * database.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { Role } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import { eachDatabase } from "../helpers/databases.ts";
import type { Caller, Erp } from "./erp-fixture.ts";
import { mona, openTransferOrders, paula, type Reply, type TransferOrders, told } from "./erp-transfer-fixture.ts";

eachDatabase("transfer orders", (makeKernel) => {
  let erp: Erp;
  let send: TransferOrders["send"];
  let codes: TransferOrders["codes"];
  let newItem: TransferOrders["newItem"];
  let requestOf: TransferOrders["requestOf"];
  let requested: TransferOrders["requested"];
  let approved: TransferOrders["approved"];
  let orderOf: TransferOrders["orderOf"];
  let ends: TransferOrders["ends"];
  beforeAll(async () => {
    ({ erp, send, codes, newItem, requestOf, requested, approved, orderOf, ends } =
      await openTransferOrders(makeKernel));
  });

  describe("a request", () => {
    it("is refused with the place in the input, and says who asked for what when it is not", async () => {
      const field = (reply: object) => ("userErrors" in reply ? (reply as Reply).userErrors[0] : null);
      const sku = await newItem();
      const request = requestOf(sku, 5);
      const same = { ...request, destinationId: "WEST" };
      expect(field(await send("requestTransfer", same))).toEqual({
        code: "INVALID_INPUT",
        field: ["input", "destinationId"],
      });
      const nowhere = { ...request, originId: "NOWHERE" };
      expect(field(await send("requestTransfer", nowhere))).toMatchObject({ code: "UNKNOWN_LOCATION" });
      const many = { ...request, lines: Array.from({ length: limits.commandItemsMax + 1 }, () => request.lines[0]) };
      expect(field(await send("requestTransfer", many))).toMatchObject({ code: "TOO_MANY_ITEMS" });
      await erp.run("saveProducts", { products: [{ sku, name: sku, baseUnit: "EA", active: false }] });
      expect(field(await send("requestTransfer", request))).toMatchObject({ code: "SKU_INACTIVE" });

      const cases = {
        ...request,
        lines: [{ sku: "A", quantity: 2, unit: "CASE" }],
        needBy: "2026-02-01",
        reference: "P-1",
      };
      expect(await send("requestTransfer", cases, paula)).toMatchObject({
        transferOrder: {
          status: "PENDING_APPROVAL",
          requestedBy: "paula",
          needBy: "2026-02-01",
          reference: "P-1",
          lines: [{ line: "1", sku: "A", requested: 24, inTransit: 0 }],
        },
      });
    });

    it("counts once, whatever the decisions after it", async () => {
      const sku = await newItem();
      const input = { idempotencyKey: "once", ...requestOf(sku, 5) };
      const first = (await send("requestTransfer", input, paula)) as Reply;
      await send("approveTransfer", { id: first.transferOrder?.id });
      expect(await send("requestTransfer", input, paula)).toEqual({ ...first, replayed: true });
      expect((await ends(sku)).origin).toEqual([0, 5]);
    });

    it("above the value limit, or of unknown value, needs another person", async () => {
      const erika: Caller = { person: "erika", roles: ["planner"] };
      for (const [unitCost, quantity, refused] of [
        ["1.00", limits.transferSelfApprovalValueMax, []],
        ["1.01", limits.transferSelfApprovalValueMax, ["SAME_PERSON"]],
        [null, 1, ["SAME_PERSON"]],
      ] as const) {
        const id = await requested(await newItem(unitCost), quantity, erika);
        expect(codes(await send("approveTransfer", { id }, erika)), `${unitCost}`).toEqual(refused);
        if (refused.length > 0) expect(codes(await send("approveTransfer", { id }, mona))).toEqual([]);
      }
    });

    it("is decided by those who may, and called off by who asked for it", async () => {
      const sku = await newItem();
      const id = await requested(sku, 5);
      expect(codes(await send("approveTransfer", { id }, paula))).toEqual(["FORBIDDEN"]);
      expect(codes(await send("cancelTransfer", { id }, { person: "pia", roles: ["portal"] }))).toEqual(["FORBIDDEN"]);
      expect(codes(await send("resolveTransferDiscrepancy", { id, resolution: "WRITTEN_OFF" }))).toEqual(["FORBIDDEN"]);
      expect(codes(await send("approveTransfer", { id: "nothing" }))).toEqual(["UNKNOWN_DOCUMENT"]);
      expect(await send("rejectTransfer", { id, note: "Not now." })).toMatchObject({
        transferOrder: { status: "REJECTED", decidedBy: "erika", note: "Not now." },
      });
      expect(codes(await send("approveTransfer", { id }))).toEqual(["ILLEGAL_TRANSITION"]);
      expect((await erp.events("transfer.cancelled")).filter((event) => event.sku === sku)).toEqual([]);
    });
  });

  describe("an approved transfer", () => {
    it("commits its goods, and gives them back when it is cancelled, each told to the warehouse", async () => {
      const sku = await newItem();
      const id = await approved(sku, 8);
      expect((await ends(sku)).origin).toEqual([0, 8]);
      expect(await send("cancelTransfer", { id }, paula)).toMatchObject({ transferOrder: { status: "CANCELLED" } });
      expect((await ends(sku)).origin).toEqual([0, 0]);
      const paper = (await erp.events()).filter((event) => event.documentRef?.id === id);
      expect(paper).toMatchObject([
        {
          type: "transfer.approved",
          locationId: "WEST",
          toLocationId: "EAST",
          quantity: 8,
          documentRef: { type: "TRANSFER", line: "1" },
          data: { transferId: id, committedDelta: 8 },
        },
        { type: "transfer.cancelled", locationId: "WEST", quantity: 8, data: { transferId: id, committedDelta: -8 } },
      ]);
      // Cancelled, and then a shipment that nobody could stop any more: facts beat paper.
      await erp.deliver(told("transfer.shipped", id, sku, 8, { bridged: 8 }));
      expect(await orderOf(id)).toMatchObject({ status: "SHIPPED", inTransit: 8 });
      expect(await ends(sku)).toEqual({ origin: [-8, 0], destination: [0, [8]] });
    });

    it("shipped in parts and closed gives back what was never shipped", async () => {
      const sku = await newItem();
      const id = await approved(sku, 10);
      await erp.deliver(told("pick.confirmed", id, sku, 6, {}));
      expect(await orderOf(id)).toMatchObject({ status: "PICKING" });
      await erp.deliver(told("transfer.shipped", id, sku, 6, { bridged: 6 }));
      expect(codes(await send("cancelTransfer", { id }))).toEqual(["ILLEGAL_TRANSITION"]);
      expect(codes(await send("closeTransfer", { id }))).toEqual(["ILLEGAL_TRANSITION"]);
      await erp.deliver(told("transfer.received", id, sku, 6, { settled: 6 }));
      expect(await ends(sku)).toEqual({ origin: [-6, 4], destination: [6, []] });
      expect(await send("closeTransfer", { id })).toMatchObject({ transferOrder: { status: "CLOSED" } });
      expect((await ends(sku)).origin).toEqual([-6, 0]);
    });

    it("acknowledges exactly what the warehouse bridged, whatever the ERP had committed", async () => {
      const sku = await newItem();
      const id = await approved(sku, 10);
      await erp.deliver(told("transfer.shipped", id, sku, 12, { bridged: 10 }));
      await erp.deliver(told("transfer.received", id, sku, 12, { settled: 12 }));
      const acknowledged = (await erp.events("erp.posting.acknowledged")).filter((event) => event.sku === sku);
      expect(
        acknowledged.map(({ data }) => [data.offset, data.offsetDelta, data.bookDelta, data.committedDelta]),
      ).toEqual([
        ["shipped", -10, -12, -10],
        ["received", -12, 12, 0],
      ]);
    });
  });

  it("transfers are listed newest first, by status and by either end", async () => {
    await erp.run("saveLocations", { locations: ["NORTH", "SOUTH"].map((id) => ({ id, name: id, type: "STORE" })) });
    const sku = await newItem();
    const made: string[] = [];
    for (const [originId, destinationId] of [
      ["NORTH", "EAST"],
      ["EAST", "NORTH"],
      ["SOUTH", "NORTH"],
    ]) {
      erp.clock.advance(1);
      const reply = (await send("requestTransfer", {
        originId,
        destinationId,
        lines: [{ sku, quantity: 1 }],
      })) as Reply;
      made.unshift(reply.transferOrder?.id ?? "");
    }
    const list = async (args: string) => {
      const { data } = await erp.ask<{
        transferOrders: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
      }>(`{ transferOrders(${args}) { nodes { id } pageInfo { hasNextPage endCursor } } }`);
      return { ids: data.transferOrders.nodes.map(({ id }) => id), ...data.transferOrders.pageInfo };
    };
    const first = await list('first: 2, locationId: "NORTH", status: PENDING_APPROVAL');
    expect(first).toMatchObject({ ids: made.slice(0, 2), hasNextPage: true });
    const second = await list(`first: 2, locationId: "NORTH", after: "${first.endCursor}"`);
    expect(second).toMatchObject({ ids: made.slice(2), hasNextPage: false });
    await send("cancelTransfer", { id: made[0] });
    expect((await list('first: 5, locationId: "NORTH", status: CANCELLED')).ids).toEqual([made[0]]);
    expect((await list("first: 3")).ids).toEqual(made);
    const roles: readonly Role[] = [];
    const { errors } = await erp.ask("{ transferOrders { nodes { id } } }", {}, { roles });
    expect(errors?.[0]?.extensions?.["code"]).toBe("UNAUTHENTICATED");
  });
});
