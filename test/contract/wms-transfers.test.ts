/**
 * Shipping and receiving transfers in the warehouses: what a person may do, what a connector reports, and the events
 * told of it, on every database.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { AnyEvent, TransferResolution } from "../../shared/events/canonical-event.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import {
  type Caller,
  openWarehouse,
  product,
  stockEvent,
  transferPaper,
  unexplainedPositions,
  type Warehouse,
} from "./wms-fixture.ts";

interface Reply {
  readonly transfer: { readonly lines: readonly object[] } | null;
  readonly transferOrder: { readonly id: string } | null;
  readonly userErrors: readonly { readonly code: string }[];
  readonly replayed: boolean;
}

const rosa: Caller = { person: "rosa", roles: ["warehouse"] };
const scanner: Caller = { person: "scanner", roles: ["connector-wms"] };

let decisions = 0;

function resolved(transferId: string, sku: string, quantity: number, resolution: TransferResolution): AnyEvent {
  return canonicalEvent("erp", "transfer.resolved", `${sku}|WEST|resolved`, ++decisions, {
    sku,
    locationId: "WEST",
    toLocationId: "EAST",
    quantity,
    documentRef: { type: "TRANSFER", id: transferId, line: "1" },
    data: { transferId, resolution },
  });
}

eachDatabase("transfers in the warehouses", (makeKernel) => {
  let warehouse: Warehouse;
  let keys = 0;
  let items = 0;
  beforeAll(async () => {
    warehouse = await openWarehouse(makeKernel);
  });

  async function send(mutation: "shipTransfer" | "receiveTransfer", input: object, caller: Caller = {}) {
    const type = mutation === "shipTransfer" ? "ShipTransferInput" : "ReceiveTransferInput";
    const { data, errors } = await warehouse.ask<Record<string, Reply>>(
      `mutation ($input: ${type}!) { ${mutation}(input: $input) {
         transfer { lines { sku shipped received inTransit } } transferOrder { id } userErrors { code } replayed } }`,
      { input: { idempotencyKey: `move-${++keys}`, ...input } },
      caller,
    );
    if (errors) throw new Error(JSON.stringify(errors));
    return data[mutation] as Reply;
  }

  const ship = (transferId: string, sku: string, quantity: number, caller: Caller = {}, more: object = {}) =>
    send("shipTransfer", { transferId, lines: [{ sku, quantity, ...more }] }, caller);
  const receive = (transferId: string, sku: string, quantity: number, caller: Caller = rosa, more: object = {}) =>
    send("receiveTransfer", { transferId, lines: [{ sku, quantity }], ...more }, caller);
  const refusals = async (reply: Promise<Reply>) => (await reply).userErrors.map(({ code }) => code);

  /** `approved` of a new item, `stock` of which is on the shelf at WEST. */
  async function transfer(approved: number, stock = 100): Promise<{ id: string; sku: string }> {
    const sku = `M${++items}`;
    const id = `T-${sku}`;
    await warehouse.deliver(product(sku));
    if (stock > 0) await warehouse.record([stockEvent({ sku, quantity: stock, toBucket: "UNRESTRICTED" })]);
    if (approved > 0) await warehouse.deliver(transferPaper("transfer.approved", id, sku, approved));
    return { id, sku };
  }

  const documentRef = (id: string) => ({ type: "TRANSFER", id });
  async function told(sku: string): Promise<object[]> {
    return (await warehouse.events(sku)).filter(({ type }) => /^transfer|^shipment/.test(type));
  }

  describe("a person", () => {
    it("ships first what was picked for it, then from the shelf, and the ERP's commitment is bridged", async () => {
      const { id, sku } = await transfer(60);
      await warehouse.record([stockEvent({ sku, type: "PICK", quantity: 20, documentRef: documentRef(id) })]);
      // Picked for somebody else: not touched.
      await warehouse.record([
        stockEvent({ sku, type: "PICK", quantity: 30, documentRef: { type: "ORDER", id: "O1" } }),
      ]);
      expect(await ship(id, sku, 4, {}, { unit: "CASE" })).toEqual({
        transfer: { lines: [{ sku, shipped: 48, received: 0, inTransit: 48 }] },
        transferOrder: { id },
        userErrors: [],
        replayed: false,
      });
      expect(await warehouse.physical(sku)).toMatchObject({ onHand: 52, picked: 30, unrestricted: 22 });
      expect(await told(sku)).toMatchObject([
        { type: "transfer.shipped", quantity: 20, fromBucket: "picked", toLocationId: "EAST", data: { bridged: 20 } },
        { type: "transfer.shipped", quantity: 28, fromBucket: "unrestricted", data: { bridged: 28 } },
      ]);
    });

    it("ships neither what is not there, nor more than is approved, nor what was called off", async () => {
      const { id, sku } = await transfer(60, 40);
      expect(await refusals(ship(id, sku, 41))).toEqual(["INSUFFICIENT_STOCK"]);
      expect(await refusals(ship(id, sku, 61))).toEqual(["TRANSFER_EXCEEDED"]);
      expect(await refusals(ship(id, "A", 1))).toEqual(["UNKNOWN_DOCUMENT"]);
      expect(await refusals(ship(id, sku, 0))).toEqual(["QUANTITY_NOT_POSITIVE"]);
      expect(await refusals(send("shipTransfer", { transferId: id, lines: [] }))).toEqual(["INVALID_INPUT"]);
      expect(await refusals(ship(id, sku, 40))).toEqual([]);
      await warehouse.deliver(transferPaper("transfer.cancelled", id, sku, 20));
      expect(await refusals(ship(id, sku, 1))).toEqual(["ILLEGAL_TRANSITION"]);
      expect(await warehouse.physical(sku)).toMatchObject({ onHand: 0 });
    });

    it("receives onto the dock what somebody else shipped; what does not come with the last of it is settled", async () => {
      const { id, sku } = await transfer(100);
      await ship(id, sku, 100);
      expect(await refusals(receive(id, sku, 97, { person: "wanda", roles: ["warehouse"] }))).toEqual(["SAME_PERSON"]);
      expect(await refusals(receive(id, sku, 101))).toEqual(["TRANSFER_EXCEEDED"]);
      expect(await refusals(receive(id, sku, 50, rosa, { moreToCome: true }))).toEqual([]);
      expect(await receive(id, sku, 47)).toMatchObject({ transfer: { lines: [{ received: 97, inTransit: 3 }] } });
      expect(await warehouse.physical(sku, "EAST")).toMatchObject({ onHand: 97, dock: 97 });
      expect((await told(sku)).slice(1)).toMatchObject([
        { type: "transfer.received", locationId: "EAST", actor: "rosa", quantity: 50, data: { settled: 0 } },
        { type: "transfer.received", locationId: "EAST", quantity: 47, data: { settled: 100 } },
      ]);
    });

    it("repeats a request without effect", async () => {
      const { id, sku } = await transfer(10);
      const input = { idempotencyKey: `once-${sku}`, transferId: id, lines: [{ sku, quantity: 4 }] };
      const first = await send("shipTransfer", input);
      await ship(id, sku, 6);
      expect(await send("shipTransfer", input)).toEqual({ ...first, replayed: true });
      expect(await warehouse.physical(sku)).toMatchObject({ onHand: 90 });
    });

    it("waits for a transfer that is on its way, for a while", async () => {
      const { id, sku } = await transfer(0);
      const shipping = ship(id, sku, 10);
      await warehouse.deliver(transferPaper("transfer.approved", id, sku, 10));
      expect(await shipping).toMatchObject({ userErrors: [] });
      expect(await refusals(ship("never-asked-for", sku, 10))).toEqual(["UNKNOWN_DOCUMENT"]);
    });
  });

  describe("a connector", () => {
    it("reports what has happened, whatever the paper says", async () => {
      const { id, sku } = await transfer(10, 5);
      expect(await refusals(ship(id, sku, 12, scanner))).toEqual([]);
      expect(await refusals(receive(id, sku, 13, scanner))).toEqual([]);
      expect(await warehouse.physical(sku)).toMatchObject({ unrestricted: -7 });
      expect(await told(sku)).toMatchObject([
        { type: "transfer.shipped", data: { bridged: 10 } },
        { type: "transfer.received", data: { settled: 12 } },
      ]);
    });

    it("sends the same facts one by one, also before the paper has come", async () => {
      const { id, sku } = await transfer(0);
      const fact = { sku, documentRef: documentRef(id) };
      const { results } = await warehouse.record([
        stockEvent({ ...fact, type: "RECEIPT", quantity: 8, locationId: "EAST" }),
        stockEvent({ ...fact, type: "SHIPMENT", quantity: 10, fromBucket: "UNRESTRICTED" }),
        stockEvent({ ...fact, type: "SHIPMENT_VOID", quantity: 2, toBucket: "UNRESTRICTED" }),
      ]);
      expect(results.map(({ status }) => status)).toEqual(["ACCEPTED", "ACCEPTED", "ACCEPTED"]);
      await warehouse.deliver(transferPaper("transfer.approved", id, sku, 10));
      expect(await told(sku)).toMatchObject([
        { type: "transfer.received", quantity: 8, data: { settled: 0 } },
        { type: "transfer.shipped", quantity: 10, data: { bridged: 0 } },
        { type: "shipment.voided", quantity: 2, data: { settled: 0 } },
      ]);
      expect(await ship(id, sku, 2)).toMatchObject({
        transfer: { lines: [{ shipped: 10, received: 8, inTransit: 2 }] },
      });
      expect(await refusals(ship(id, sku, 1))).toEqual(["TRANSFER_EXCEEDED"]);
    });

    it("at a place that is not an end of it moves stock, and nothing of the transfer", async () => {
      const { id, sku } = await transfer(10);
      await warehouse.record([
        stockEvent({ sku, type: "SHIPMENT", quantity: 1, locationId: "EAST", documentRef: documentRef(id) }),
      ]);
      expect(await told(sku)).toMatchObject([{ type: "shipment.confirmed", locationId: "EAST" }]);
      expect(await ship(id, sku, 10)).toMatchObject({ transfer: { lines: [{ shipped: 10 }] } });
    });
  });

  describe("what became of missing goods", () => {
    it("found never to have left: they are put back on the origin's shelf, and may be shipped again", async () => {
      const { id, sku } = await transfer(100);
      await ship(id, sku, 100);
      await receive(id, sku, 97);
      const decision = resolved(id, sku, 3, "NOT_SHIPPED");
      await warehouse.deliver(decision);
      await warehouse.deliver(decision);
      expect(await warehouse.physical(sku)).toMatchObject({ onHand: 3, unrestricted: 3 });
      expect((await told(sku)).at(-1)).toMatchObject({
        type: "shipment.voided",
        quantity: 3,
        reasonCode: "NOT_SHIPPED",
        documentRef: documentRef(id),
        data: { settled: -3 },
      });
      expect(await ship(id, sku, 3)).toMatchObject({ transfer: { lines: [{ shipped: 100, inTransit: 3 }] } });
    });

    it("found at the destination before the origin put them back: nothing is put back", async () => {
      const { id, sku } = await transfer(100);
      await ship(id, sku, 100);
      await receive(id, sku, 97);
      await receive(id, sku, 3);
      await warehouse.deliver(resolved(id, sku, 3, "NOT_SHIPPED"));
      expect(await warehouse.physical(sku)).toMatchObject({ onHand: 0 });
    });

    it("counted at the origin after they were thought to have left: put back all the same", async () => {
      const { id, sku } = await transfer(100);
      await ship(id, sku, 100);
      await receive(id, sku, 97);
      await warehouse.record([
        stockEvent({
          sku,
          type: "SNAPSHOT",
          quantity: 7,
          buckets: { unrestricted: 7 },
          occurredAt: "2027-01-01T00:00:00Z",
        }),
      ]);
      await warehouse.deliver(resolved(id, sku, 3, "NOT_SHIPPED"));
      expect(await warehouse.physical(sku)).toMatchObject({ onHand: 10 });
    });

    it("written off: they cannot be received any more", async () => {
      const { id, sku } = await transfer(100);
      await ship(id, sku, 100);
      await receive(id, sku, 97);
      await warehouse.deliver(resolved(id, sku, 3, "WRITTEN_OFF"));
      expect(await refusals(receive(id, sku, 3))).toEqual(["TRANSFER_EXCEEDED"]);
    });
  });

  it("at the end every balance is explained by its journal", async () => {
    expect(await unexplainedPositions(warehouse.db)).toEqual([]);
  });
});
