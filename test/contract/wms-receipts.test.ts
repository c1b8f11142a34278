/**
 * Receipts of purchase orders through the warehouse's GraphQL schema: what every fact that names an order makes of them.
 */
import { beforeAll, expect, it } from "vitest";
import type { AnyEvent, CanonicalEvent } from "../../shared/events/canonical-event.ts";
import type { StockEventInput } from "../../subgraphs/wms/stock-reports.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import {
  type Caller,
  openWarehouse,
  product,
  stockEvent,
  unexplainedPositions,
  type Warehouse,
} from "./wms-fixture.ts";

interface Receipt {
  readonly id: string;
  readonly status: string;
  readonly lines: readonly Record<string, unknown>[];
  readonly [member: string]: unknown;
}

const fields = `id purchaseOrderId locationId status shippedAt arrivedAt unloadedAt version
  lines { sku expected received damaged putaway posted discrepancy discrepancies { type quantity } }`;

eachDatabase("receipts", (makeKernel) => {
  let warehouse: Warehouse;
  let keys = 0;
  const seqs = new Map<string, number>();

  beforeAll(async () => {
    warehouse = await openWarehouse(makeKernel);
  });

  function fromErp<T extends "supply.expected.changed" | "erp.posting.acknowledged">(
    type: T,
    sku: string,
    more: Partial<CanonicalEvent<T>> & Pick<CanonicalEvent<T>, "data">,
  ): AnyEvent {
    const seq = (seqs.get(sku) ?? 0) + 1;
    seqs.set(sku, seq);
    return canonicalEvent<T>("erp", type, `${sku}|WEST`, seq, { sku, locationId: "WEST", ...more });
  }

  function supply(po: string, sku: string, orderedQuantity: number, closed = false): AnyEvent {
    const document = { documentType: "PURCHASE_ORDER", documentId: po, line: "1" } as const;
    const nobody = { promisedOn: null, from: null, arrivedOn: null };
    const openQuantity = closed ? 0 : orderedQuantity;
    return fromErp("supply.expected.changed", sku, {
      quantity: openQuantity,
      data: { ...document, ...nobody, orderedQuantity, openQuantity, closed },
    });
  }

  const posted = (po: string, sku: string, bookDelta: number): AnyEvent =>
    fromErp("erp.posting.acknowledged", sku, {
      documentRef: { type: "PURCHASE_ORDER", id: po },
      data: { postedEventId: `m-${++keys}`, bookDelta, committedDelta: 0, offset: "received", offsetDelta: -bookDelta },
    });

  /** Facts of the warehouse that name the order. */
  const record = (po: string, ...events: readonly Partial<StockEventInput>[]) =>
    warehouse.record(
      events.map((event) => stockEvent({ ...event, documentRef: { type: "PURCHASE_ORDER", id: po, line: "1" } })),
    );

  async function progress(po: string, step: string, more: object = {}, caller: Caller = {}) {
    const { data, errors } = await warehouse.ask<{
      recordReceiptProgress: { receipt: Receipt | null; userErrors: unknown[]; replayed: boolean };
    }>(
      `mutation ($input: RecordReceiptProgressInput!) { recordReceiptProgress(input: $input) {
         receipt { ${fields} } userErrors { code field } replayed } }`,
      { input: { idempotencyKey: `step-${++keys}`, purchaseOrderId: po, locationId: "WEST", step, ...more } },
      caller,
    );
    return { ...data?.recordReceiptProgress, errors };
  }

  async function list(args: string): Promise<{ nodes: Receipt[]; pageInfo: Record<string, unknown> }> {
    const { data, errors } = await warehouse.ask<{ receipts: { nodes: Receipt[]; pageInfo: Record<string, unknown> } }>(
      `{ receipts(${args}) { nodes { ${fields} } pageInfo { hasNextPage endCursor } } }`,
    );
    expect(errors).toBeUndefined();
    return data.receipts;
  }
  const find = async (po: string) => (await list(`purchaseOrderId: "${po}"`)).nodes[0] as Receipt;

  async function newOrder(quantity: number): Promise<{ sku: string; po: string }> {
    const sku = `R${++keys}`;
    const po = `PO-${sku}`;
    await warehouse.deliver(product(sku), supply(po, sku, quantity));
    return { sku, po };
  }

  const discrepancies = async (sku: string) =>
    (await warehouse.events(sku)).filter((event) => event.type === "receipt.discrepancy");

  it("follow a delivery from the order to the books", async () => {
    const { sku, po } = await newOrder(100);
    expect(await find(po)).toMatchObject({
      status: "EXPECTED",
      purchaseOrderId: po,
      locationId: "WEST",
      lines: [{ sku, expected: 100, received: 0, discrepancy: null, discrepancies: [] }],
    });
    expect((await progress(po, "SHIPPED", { occurredAt: "2026-01-04T08:00:00.000Z" })).receipt).toMatchObject({
      status: "SHIPPED",
      shippedAt: "2026-01-04T08:00:00.000Z",
    });
    expect((await progress(po, "ARRIVED")).receipt?.status).toBe("ARRIVED");
    await record(po, { sku, quantity: 5, unit: "CASE" });
    expect((await find(po)).status).toBe("RECEIVING");
    await record(po, { sku, quantity: 40 });
    expect((await find(po)).status).toBe("RECEIVED");
    await record(po, { sku, type: "PUTAWAY", quantity: 100 });
    expect((await find(po)).status).toBe("PUTAWAY");
    await warehouse.deliver(posted(po, sku, 60), posted(po, sku, 40));
    expect(await find(po)).toMatchObject({
      status: "MATCHED",
      lines: [{ expected: 100, received: 100, damaged: 0, putaway: 100, posted: 100 }],
    });
    await warehouse.deliver(supply(po, sku, 100, true));
    const receipt = await find(po);
    expect(receipt.status).toBe("CLOSED");
    expect(await discrepancies(sku)).toEqual([]);
    const audits = await warehouse.db.query("SELECT detail FROM audit_rows WHERE subject = ? ORDER BY id", [
      `receipt:${receipt.id}`,
    ]);
    expect(audits.map(({ detail }) => JSON.parse(detail as string).status)).toEqual([
      "SHIPPED",
      "ARRIVED",
      "RECEIVING",
      "RECEIVED",
      "PUTAWAY",
      "MATCHED",
      "CLOSED",
    ]);
    const { data } = await warehouse.ask("query ($id: ID!) { receipt(id: $id) { status } }", { id: receipt.id });
    expect(data).toEqual({ receipt: { status: "CLOSED" } });
  });

  it("say what is wrong, once for each time that changes, and take it back when it is put right", async () => {
    const { sku, po } = await newOrder(100);
    await record(po, { sku, quantity: 89 }, { sku, quantity: 3, toBucket: "DAMAGED" });
    await progress(po, "UNLOADED");
    await progress(po, "UNLOADED");
    expect(await find(po)).toMatchObject({
      status: "DAMAGED",
      lines: [
        {
          received: 92,
          damaged: 3,
          putaway: 3,
          discrepancy: "DAMAGED",
          discrepancies: [
            { type: "SHORT", quantity: 8 },
            { type: "DAMAGED", quantity: 3 },
          ],
        },
      ],
    });
    await record(po, { sku, quantity: 8 });
    await warehouse.deliver(supply(po, sku, 97));
    const receiptId = (await find(po)).id;
    const partitionKey = `receipt:${receiptId}|${sku}`;
    const documentRef = { type: "PURCHASE_ORDER", id: po };
    expect(await discrepancies(sku)).toMatchObject([
      { sourceSeq: 1, partitionKey, documentRef, data: { discrepancies: [{ type: "DAMAGED", quantity: 3 }] } },
      {
        sourceSeq: 2,
        locationId: "WEST",
        data: { receiptId, status: "DAMAGED", expected: 100, received: 92, discrepancies: [{ type: "SHORT" }, {}] },
      },
      { sourceSeq: 3, data: { received: 100, discrepancies: [{ type: "DAMAGED" }] } },
      { sourceSeq: 4, data: { expected: 97, discrepancies: [{ type: "OVER", quantity: 3 }, { type: "DAMAGED" }] } },
    ]);
  });

  it("count units that are found damaged on the dock, and those that go back to the supplier from there", async () => {
    const { sku, po } = await newOrder(10);
    await record(
      po,
      { sku, quantity: 10 },
      { sku, type: "STATUS_CHANGE", quantity: 2, fromBucket: "DOCK", toBucket: "DAMAGED" },
      { sku, type: "SHIPMENT", quantity: 1, fromBucket: "DOCK" },
    );
    expect((await find(po)).lines).toMatchObject([{ received: 10, damaged: 2, putaway: 3 }]);
  });

  it("name an item that the order does not ask for", async () => {
    const { sku, po } = await newOrder(10);
    await warehouse.deliver(product("STRANGER"));
    await record(po, { sku, quantity: 10 }, { sku: "STRANGER", quantity: 2 });
    const receipt = await find(po);
    expect(receipt.status).toBe("WRONG_ITEM");
    expect(receipt.lines[1]).toMatchObject({ sku: "STRANGER", expected: null, discrepancy: "WRONG_ITEM" });
    // The order follows: it was right after all.
    await warehouse.deliver(supply(po, "STRANGER", 2));
    expect(await find(po)).toMatchObject({ status: "RECEIVED" });
    expect((await discrepancies("STRANGER")).at(-1)).toMatchObject({ data: { discrepancies: [] } });
  });

  it("end the same in every order of facts, and however often they come", async () => {
    const ends = new Set<string>();
    for (const order of [
      [0, 1, 2, 3, 4],
      [4, 3, 2, 1, 0],
      [2, 0, 4, 1, 3],
      [3, 1, 0, 4, 2],
    ]) {
      const sku = `ANY${++keys}`;
      const po = `PO-${sku}`;
      await warehouse.deliver(product(sku));
      const [first, last] = [supply(po, sku, 90), supply(po, sku, 100)];
      const receipt = stockEvent({ sku, quantity: 97, documentRef: { type: "PURCHASE_ORDER", id: po } });
      const acknowledgement = posted(po, sku, 97);
      const steps = [
        () => warehouse.deliver(first, last),
        () => warehouse.record([receipt, receipt]),
        () => record(po, { sku, type: "PUTAWAY", quantity: 97 }),
        () => warehouse.deliver(acknowledgement, acknowledgement),
        () => progress(po, "UNLOADED"),
      ];
      for (const step of order) await steps[step]?.();
      for (const step of [3, 1, 0]) await steps[step]?.();
      const { status, lines } = await find(po);
      ends.add(JSON.stringify([status, lines.map(({ sku: _, ...line }) => line)]));
    }
    expect([...ends]).toHaveLength(1);
    expect([...ends][0]).toContain("ERP_POSTED");
  });

  it("know nothing of facts that name no order, and of orders elsewhere only what comes here", async () => {
    const { sku, po } = await newOrder(10);
    await warehouse.record([stockEvent({ sku }), stockEvent({ sku, documentRef: { type: "RETURN", id: po } })]);
    expect((await find(po)).lines).toMatchObject([{ received: 0 }]);
    await record(po, { sku, locationId: "EAST", quantity: 4 });
    expect((await list(`purchaseOrderId: "${po}", locationId: "EAST"`)).nodes).toMatchObject([
      { status: "RECEIVING", lines: [{ expected: null, received: 4, discrepancy: null }] },
    ]);
  });

  it("are listed by status, place and order, page by page", async () => {
    const orders = [await newOrder(1), await newOrder(1), await newOrder(1)];
    for (const { sku, po } of orders) await record(po, { sku, quantity: 2 }, { sku, locationId: "EAST", quantity: 1 });
    const over = (await list('status: OVER, locationId: "WEST", first: 200')).nodes.map(
      (node) => node["purchaseOrderId"],
    );
    expect(over).toEqual(orders.map(({ po }) => po).sort());
    const seen: string[] = [];
    let after: unknown = null;
    do {
      const page = await list(`first: 2${after ? `, after: "${after}"` : ""}`);
      seen.push(...page.nodes.map(({ id }) => id));
      after = page.pageInfo["hasNextPage"] ? page.pageInfo["endCursor"] : null;
    } while (after);
    expect(new Set(seen).size).toBe(seen.length);
    const [row] = await warehouse.db.query<{ n: number }>("SELECT COUNT(*) AS n FROM receipts");
    expect(seen).toHaveLength(Number(row?.n));
  });

  it("take a step once per key, from those whose business it is, at a place that is known", async () => {
    const { po } = await newOrder(1);
    const once = { idempotencyKey: "arrived-once" };
    expect(await progress(po, "ARRIVED", once)).toMatchObject({ userErrors: [], replayed: false });
    expect(await progress(po, "ARRIVED", once)).toMatchObject({ replayed: true, receipt: { status: "ARRIVED" } });
    expect(await progress(po, "ARRIVED", { locationId: "MOON" })).toMatchObject({
      receipt: null,
      userErrors: [{ code: "UNKNOWN_LOCATION", field: ["input", "locationId"] }],
    });
    const { errors } = await progress(po, "ARRIVED", {}, { roles: ["crm"] });
    expect(errors).toMatchObject([{ extensions: { code: "FORBIDDEN" } }]);
    const told = (await warehouse.events()).filter(
      ({ type, documentRef }) => type === "receipt.progressed" && documentRef?.id === po,
    );
    expect(told).toMatchObject([{ sourceSeq: 1, data: { step: "ARRIVED" } }]);
  });

  it("of two dispatches at the same moment count both", async () => {
    const { sku, po } = await newOrder(40);
    await Promise.all(Array.from({ length: 4 }, () => record(po, { sku, quantity: 10 })));
    expect(await find(po)).toMatchObject({ status: "RECEIVED", lines: [{ received: 40 }] });
  });

  it("at the end every balance is the sum of its movements", async () => {
    expect(await unexplainedPositions(warehouse.db)).toEqual([]);
  });
});
