/**
 * Transfer orders in the ERP: who may decide what, what is committed and expected, and facts of the warehouse in any
 * order, on every database.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { AnyEvent, EventData } from "../../shared/events/canonical-event.ts";
import type { Role } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import { type Caller, type Erp, openErp, sequences } from "./erp-fixture.ts";

interface Order {
  readonly id: string;
  readonly status: string;
  readonly inTransit: number;
  readonly lines: readonly object[];
}

interface Reply {
  readonly transferOrder: Order | null;
  readonly userErrors: readonly { readonly code: string; readonly field: readonly string[] | null }[];
  readonly replayed: boolean;
}

const fields = `id status inTransit originId destinationId needBy reference reason requestedBy decidedBy note version
  lines { line sku requested shipped received writtenOff inTransit }`;
const inputs = {
  requestTransfer: "RequestTransferInput",
  approveTransfer: "DecideTransferInput",
  rejectTransfer: "DecideTransferInput",
  cancelTransfer: "DecideTransferInput",
  closeTransfer: "DecideTransferInput",
  resolveTransferDiscrepancy: "ResolveTransferInput",
} as const;

const paula: Caller = { person: "paula", roles: ["portal"] };
const mona: Caller = { person: "mona", roles: ["manager"] };

let facts = 0;

/** What a warehouse tells of a transfer's item. */
function told<T extends "transfer.shipped" | "transfer.received" | "shipment.voided" | "pick.confirmed">(
  type: T,
  transferId: string,
  sku: string,
  quantity: number,
  data: Partial<EventData[T]>,
  more: { readonly locationId?: string; readonly actor?: string; readonly reasonCode?: string } = {},
): AnyEvent {
  const locationId = more.locationId ?? (type === "transfer.received" ? "EAST" : "WEST");
  const actor = more.actor ?? (type === "transfer.received" ? "rosa" : "sam");
  return canonicalEvent<T>("wms", type, `${sku}|${locationId}|transfers`, ++facts, {
    sku,
    locationId,
    quantity,
    actor,
    reasonCode: more.reasonCode ?? null,
    documentRef: { type: "TRANSFER", id: transferId, line: "1" },
    data: { deltas: {}, ...data } as EventData[T],
  });
}

eachDatabase("transfer orders", (makeKernel) => {
  let erp: Erp;
  let keys = 0;
  let items = 0;
  beforeAll(async () => {
    erp = await openErp(makeKernel);
  });

  async function send(mutation: keyof typeof inputs, input: object, caller: Caller = {}) {
    const { data, errors } = await erp.ask<Record<string, Reply> | null>(
      `mutation ($input: ${inputs[mutation]}!) {
         ${mutation}(input: $input) { transferOrder { ${fields} } userErrors { code field } replayed } }`,
      { input: { idempotencyKey: `transfer-${++keys}`, ...input } },
      caller,
    );
    return errors ? { code: errors[0]?.extensions?.["code"] } : { ...(data?.[mutation] as Reply) };
  }

  const codes = (reply: Awaited<ReturnType<typeof send>>) =>
    "userErrors" in reply ? reply.userErrors.map(({ code }) => code) : [reply.code];

  async function newItem(unitCost: string | null = "1.00"): Promise<string> {
    const sku = `T${++items}`;
    await erp.run("saveProducts", { products: [{ sku, name: sku, baseUnit: "EA", unitCost }] });
    return sku;
  }

  const requestOf = (sku: string, quantity: number) => ({
    originId: "WEST",
    destinationId: "EAST",
    lines: [{ sku, quantity }],
  });

  async function requested(sku: string, quantity: number, caller: Caller = paula): Promise<string> {
    const reply = await send("requestTransfer", requestOf(sku, quantity), caller);
    if (!("transferOrder" in reply) || !reply.transferOrder) throw new Error(JSON.stringify(reply));
    return reply.transferOrder.id;
  }

  async function approved(sku: string, quantity: number): Promise<string> {
    const id = await requested(sku, quantity);
    expect(codes(await send("approveTransfer", { id }))).toEqual([]);
    return id;
  }

  async function orderOf(id: string): Promise<Order> {
    const { data } = await erp.ask<{ transferOrder: Order }>(
      `query ($id: ID!) { transferOrder(id: $id) { ${fields} } }`,
      { id },
    );
    return data.transferOrder;
  }

  async function ends(sku: string) {
    const [origin, destination] = await Promise.all([erp.book(sku, "WEST"), erp.book(sku, "EAST")]);
    return {
      origin: [origin?.onHand, origin?.committed],
      destination: [destination?.onHand, destination?.inbound.map(({ quantity }) => quantity)],
    };
  }

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
