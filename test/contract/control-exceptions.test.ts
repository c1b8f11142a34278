/**
 * The queue of exceptions: what facts put into it and take out of it, and what people do about what is in it.
 *
 * Events come through the memory bus, so they have been handled when `deliver` resolves.
 */
import { beforeAll, expect, it } from "vitest";
import { type AnyEvent, noStock } from "../../shared/events/canonical-event.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import { type ControlDesk, openControl } from "./control-fixture.ts";

interface Shown {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly status: string;
  readonly quantity: number | null;
  readonly occurrences: number;
  readonly assignee: string | null;
  readonly resolution: string | null;
}

const fields = "id type subject status quantity occurrences assignee resolution";

eachDatabase("the queue of exceptions", (makeKernel) => {
  let desk: ControlDesk;
  let seq = 0;

  beforeAll(async () => {
    desk = await openControl(makeKernel);
  });

  async function queue(status = "OPEN"): Promise<readonly Shown[]> {
    const { data } = await desk.ask<{ exceptions: { nodes: Shown[] } }>(
      `query ($status: ExceptionStatus) { exceptions(status: $status) { nodes { ${fields} } } }`,
      { status },
    );
    return data.exceptions.nodes;
  }

  const about = (subject: string, status?: string) =>
    queue(status).then((rows) => rows.filter((row) => row.subject === subject));

  const missing = (transferId: string, units: number): AnyEvent =>
    canonicalEvent("erp", "transfer.discrepancy", "A|EAST", ++seq, {
      sku: "A",
      locationId: "EAST",
      data: { transferId, missing: units },
    });

  const change = async (name: string, input: object) => {
    const { data } = await desk.ask<Record<string, { exception: Shown | null; userErrors: { code: string }[] }>>(
      `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) {
        ${name}(input: $input) { exception { ${fields} } userErrors { code } } }`,
      { input: { idempotencyKey: `key-${++seq}`, ...input } },
    );
    return data[name] as NonNullable<(typeof data)[string]>;
  };

  it("has one exception a subject, however often it is told, until facts take it back", async () => {
    const first = missing("T-1", 3);
    await desk.deliver(first, first, missing("T-1", 2));
    expect(await about("transfer:T-1|A")).toMatchObject([
      { type: "TRANSFER_DISCREPANCY", status: "OPEN", quantity: 2, occurrences: 2 },
    ]);
    await desk.deliver(missing("T-1", 0));
    expect(await about("transfer:T-1|A")).toEqual([]);
    expect(await about("transfer:T-1|A", "RESOLVED")).toMatchObject([{ resolution: null, occurrences: 2 }]);
    await desk.deliver(missing("T-1", 1));
    expect(await about("transfer:T-1|A")).toMatchObject([{ quantity: 1, occurrences: 1 }]);
  });

  it("tells what a supplier left out from what was too much, damaged or wrong", async () => {
    const told = (discrepancies: { type: string; quantity: number }[]) =>
      canonicalEvent("wms", "receipt.discrepancy", "receipt:R-1", ++seq, {
        sku: "B",
        locationId: "WEST",
        data: { receiptId: "R-1", status: "SHORT", expected: 100, received: 92, discrepancies },
      });
    await desk.deliver(
      told([
        { type: "SHORT", quantity: 8 },
        { type: "DAMAGED", quantity: 3 },
      ]),
    );
    const rows = await about("receipt:R-1|B");
    expect(rows.map(({ type, quantity }) => [type, quantity]).sort()).toEqual([
      ["SHORT_RECEIPT", 8],
      ["SUPPLIER_DISCREPANCY", 3],
    ]);
    await desk.deliver(told([{ type: "DAMAGED", quantity: 3 }]));
    expect((await about("receipt:R-1|B")).map(({ type }) => type)).toEqual(["SUPPLIER_DISCREPANCY"]);
  });

  it("has what a warehouse reports below zero, until its next snapshot says otherwise", async () => {
    const snapshot = (unrestricted: number) =>
      canonicalEvent("wms", "inventory.snapshot", "B|EAST", ++seq, {
        ...{ sku: "B", locationId: "EAST" },
        data: { asOfSeq: seq, wms: { ...noStock, unrestricted, picked: 5 } },
      });
    await desk.deliver(snapshot(-3));
    expect(await about("position:B|EAST")).toMatchObject([{ type: "NEGATIVE_STOCK", quantity: 3 }]);
    await desk.deliver(snapshot(0));
    expect(await about("position:B|EAST")).toEqual([]);
  });

  it("has what an order's books call short or rejected, a case of each for each line", async () => {
    const told = (short: number, rejected: number) =>
      canonicalEvent("erp", "supply.discrepancy", "purchase-order:PO-9", ++seq, {
        ...{ sku: "B", locationId: "EAST" },
        data: { purchaseOrderId: "PO-9", line: "2", supplierId: "S1", short, rejected },
      });
    await desk.deliver(told(4, 2));
    const shown = async () => (await about("purchase-order:PO-9|2")).map((row) => `${row.type} ${row.quantity}`).sort();
    expect(await shown()).toEqual(["SHORT_RECEIPT 4", "SUPPLIER_DISCREPANCY 2"]);
    await desk.deliver(told(0, 2));
    expect(await shown()).toEqual(["SUPPLIER_DISCREPANCY 2"]);
  });

  it("is worked on by people, each step once and on record", async () => {
    await desk.deliver(missing("T-2", 5));
    const [open] = await about("transfer:T-2|A");
    const id = open?.id;
    expect((await change("assignException", { id })).exception).toMatchObject({
      status: "ASSIGNED",
      assignee: "petra",
    });
    expect((await change("resolveException", { id, resolution: " " })).userErrors).toMatchObject([
      { code: "INVALID_INPUT" },
    ]);
    expect((await change("resolveException", { id, resolution: "Found behind the shelf." })).exception).toMatchObject({
      status: "RESOLVED",
      resolution: "Found behind the shelf.",
    });
    expect((await change("assignException", { id })).userErrors).toMatchObject([{ code: "ILLEGAL_TRANSITION" }]);
    expect((await change("assignException", { id: "nobody" })).userErrors).toMatchObject([
      { code: "UNKNOWN_DOCUMENT" },
    ]);
    const audited = await desk.db.query<{ action: string }>(
      "SELECT action FROM audit_rows WHERE subject = ? ORDER BY id",
      [`exception:${id}`],
    );
    expect(audited.map(({ action }) => action)).toEqual(["raiseException", "assignException", "resolveException"]);
  });

  it("is not for customers", async () => {
    const { errors } = await desk.ask("{ exceptions { nodes { id } } }", {}, ["storefront"], "sam");
    expect(errors?.[0]?.extensions?.["code"]).toBe("FORBIDDEN");
  });

  it("tells the story of a correlation id, a cause before what follows from it", async () => {
    const shipped = canonicalEvent("wms", "shipment.confirmed", "A|WEST", 900, {
      ...{ sku: "A", locationId: "WEST", quantity: 4, correlationId: "story-9" },
      data: { deltas: { picked: -4 } },
    });
    const posted = canonicalEvent("erp", "erp.posting.acknowledged", "A|WEST", 901, {
      ...{ correlationId: "story-9", causationId: shipped.id, sku: "A", locationId: "WEST" },
      data: { postedEventId: shipped.id, bookDelta: -4, committedDelta: 0, offset: "shipped", offsetDelta: -4 },
    });
    await desk.deliver(posted, shipped);
    const { data } = await desk.ask<{ eventLineage: { type: string; actor: string; data: string }[] }>(
      '{ eventLineage(correlationId: "story-9") { type actor data } }',
    );
    expect(data.eventLineage.map(({ type }) => type)).toEqual(["shipment.confirmed", "erp.posting.acknowledged"]);
    expect(JSON.parse(data.eventLineage[0]?.data ?? "")).toEqual({ deltas: { picked: -4 } });
  });
});
