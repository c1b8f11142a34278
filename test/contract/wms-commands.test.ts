/**
 * The warehouse through its GraphQL schema: facts in bulk, changes of status, the journal; on every database this
 * machine has.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../shared/limits.ts";
import type { StockEventInput } from "../../subgraphs/wms/stock-reports.ts";
import { eachDatabase } from "../helpers/databases.ts";
import {
  openWarehouse,
  product,
  recordStockEvents,
  stockEvent,
  unexplainedPositions,
  type Warehouse,
} from "./wms-fixture.ts";

const accepted = { status: "ACCEPTED", code: null, message: null };

eachDatabase("warehouse", (makeKernel) => {
  let warehouse: Warehouse;
  let skus = 0;

  beforeAll(async () => {
    warehouse = await openWarehouse(makeKernel);
  });

  /** A product of its own, so that each story starts from nothing. */
  async function newSku(): Promise<string> {
    const sku = `SKU-${++skus}`;
    await warehouse.deliver(product(sku));
    return sku;
  }

  /** Journal and audit rows of one SKU. */
  function journal(sku: string) {
    return warehouse.db.query("SELECT * FROM stock_movements WHERE sku = ? ORDER BY location_id, entry_no", [sku]);
  }

  describe("a receipt", () => {
    it("raises the dock, is journalled, audited and told to the others", async () => {
      const sku = await newSku();
      const { results, userErrors, replayed } = await warehouse.record([
        stockEvent({
          id: "r-1",
          sku,
          quantity: 4,
          unit: "CASE",
          documentRef: { type: "PURCHASE_ORDER", id: "PO-1", line: "2" },
          note: "two pallets",
        }),
      ]);
      expect({ results, userErrors, replayed }).toEqual({
        results: [{ id: "r-1", ...accepted }],
        userErrors: [],
        replayed: false,
      });
      expect(await warehouse.physical(sku)).toEqual({
        onHand: 48,
        unrestricted: 0,
        picked: 0,
        dock: 48,
        damaged: 0,
        hold: 0,
        expired: 0,
        quarantine: 0,
        version: 1,
        asOf: "2026-01-05T07:00:00.000Z",
      });
      const [movement] = await journal(sku);
      expect(movement).toMatchObject({
        source: "wanda",
        event_id: "r-1",
        type: "RECEIPT",
        status: "ACCEPTED",
        quantity: 48,
        entered_quantity: 4,
        unit: "CASE",
        dock_delta: 48,
        document_id: "PO-1",
        document_line: "2",
        person: "wanda",
      });
      expect(await warehouse.events(sku)).toMatchObject([
        {
          id: movement?.["movement_id"],
          type: "receipt.recorded",
          source: "wms",
          sourceSeq: 1,
          partitionKey: `${sku}|WEST`,
          time: "2026-01-05T07:00:00.000Z",
          sku,
          locationId: "WEST",
          quantity: 48,
          enteredQuantity: 4,
          uom: "CASE",
          fromBucket: null,
          toBucket: "dock",
          documentRef: { type: "PURCHASE_ORDER", id: "PO-1", line: "2" },
          note: "two pallets",
          actor: "wanda",
          data: { deltas: { dock: 48 } },
        },
      ]);
      const audit = await warehouse.db.query("SELECT * FROM audit_rows WHERE subject = ?", [`position:${sku}|WEST`]);
      expect(audit).toMatchObject([{ action: "recordStockEvents", outcome: "done", person: "wanda" }]);
    });
    it("of which all or none may count: one that is refused undoes the others, which count when it is gone", async () => {
      const [sku, other] = [await newSku(), await newSku()];
      const good = [stockEvent({ id: "m-1", sku, quantity: 3 }), stockEvent({ id: "m-2", sku: other, quantity: 4 })];
      const bad = stockEvent({ id: "m-3", sku, quantity: 1, unit: "BARREL" });
      const refused = await warehouse.record([...good, bad], { allOrNone: true });
      expect(refused).toMatchObject({
        results: [],
        userErrors: [{ code: "UOM_UNMAPPED", field: ["input", "events", "2"] }],
      });
      expect([await journal(sku), await journal(other)]).toEqual([[], []]);
      const { results } = await warehouse.record(good, { allOrNone: true });
      expect(results).toEqual(good.map(({ id }) => ({ id, ...accepted })));
    });
  });

  describe("the way of goods through the house", () => {
    it("each event moves its buckets, counts one version and tells one event", async () => {
      const sku = await newSku();
      const { results } = await warehouse.record([
        stockEvent({ sku, type: "RECEIPT", quantity: 100 }),
        stockEvent({ sku, type: "RECEIPT", quantity: 7, toBucket: "QUARANTINE" }),
        stockEvent({ sku, type: "PUTAWAY", quantity: 90 }),
        stockEvent({ sku, type: "PUTAWAY", quantity: 2, fromBucket: "QUARANTINE" }),
        stockEvent({ sku, type: "PICK", quantity: 40 }),
        stockEvent({ sku, type: "SHIPMENT", quantity: 30, documentRef: { type: "ORDER", id: "O-1" } }),
        stockEvent({ sku, type: "SHIPMENT_VOID", quantity: 5 }),
        stockEvent({ sku, type: "STATUS_CHANGE", quantity: 3, fromBucket: "UNRESTRICTED", toBucket: "DAMAGED" }),
        stockEvent({ sku, type: "ADJUSTMENT", quantity: -4 }),
        stockEvent({ sku, type: "ADJUSTMENT", quantity: 1, toBucket: "HOLD" }),
      ]);
      expect(results.map(({ status }) => status)).toEqual(Array(10).fill("ACCEPTED"));
      expect(await warehouse.physical(sku)).toMatchObject({
        unrestricted: 45,
        picked: 15,
        dock: 10,
        damaged: 3,
        hold: 1,
        expired: 0,
        quarantine: 5,
        onHand: 79,
        version: 10,
      });
      const events = await warehouse.events(sku);
      expect(events.map(({ type, sourceSeq, quantity, data }) => [sourceSeq, type, quantity, data])).toEqual([
        [1, "receipt.recorded", 100, { deltas: { dock: 100 } }],
        [2, "receipt.recorded", 7, { deltas: { quarantine: 7 } }],
        [3, "putaway.completed", 90, { deltas: { unrestricted: 90, dock: -90 } }],
        [4, "putaway.completed", 2, { deltas: { unrestricted: 2, quarantine: -2 } }],
        [5, "pick.confirmed", 40, { deltas: { unrestricted: -40, picked: 40 } }],
        [6, "shipment.confirmed", 30, { deltas: { picked: -30 } }],
        [7, "shipment.voided", 5, { deltas: { picked: 5 } }],
        [8, "stock.status.changed", 3, { deltas: { unrestricted: -3, damaged: 3 } }],
        [9, "adjustment.posted", -4, { deltas: { unrestricted: -4 } }],
        [10, "adjustment.posted", 1, { deltas: { hold: 1 } }],
      ]);
    });

    it("a pick that overtakes its putaway drives the shelf below zero, visibly, until the putaway comes", async () => {
      const sku = await newSku();
      await warehouse.record([stockEvent({ sku, type: "PICK", quantity: 6 })]);
      expect(await warehouse.physical(sku)).toMatchObject({ unrestricted: -6, picked: 6, onHand: 0 });
      await warehouse.record([stockEvent({ sku, type: "RECEIPT", quantity: 6 })]);
      await warehouse.record([stockEvent({ sku, type: "PUTAWAY", quantity: 6 })]);
      expect(await warehouse.physical(sku)).toMatchObject({ unrestricted: 0, picked: 6, dock: 0, onHand: 6 });
    });

    it("a part of a base unit rounds down when it comes in and up when it goes out", async () => {
      const sku = await newSku();
      await warehouse.record([
        stockEvent({ sku, type: "RECEIPT", quantity: 11, unit: "THIRD" }),
        stockEvent({ sku, type: "PICK", quantity: 4, unit: "THIRD" }),
      ]);
      expect(await warehouse.physical(sku)).toMatchObject({ dock: 3, unrestricted: -2, picked: 2 });
    });
  });

  describe("copies", () => {
    it("of a request get its stored reply, and nothing happens twice", async () => {
      const sku = await newSku();
      const events = [stockEvent({ sku })];
      const first = await warehouse.record(events, { idempotencyKey: "copy-1" });
      const second = await warehouse.record(events, { idempotencyKey: "copy-1" });
      expect(second).toEqual({ ...first, replayed: true });
      expect(await warehouse.physical(sku)).toMatchObject({ dock: 10, version: 1 });
    });

    it("of an idempotency key with another input are refused", async () => {
      const sku = await newSku();
      await warehouse.record([stockEvent({ sku })], { idempotencyKey: "copy-2" });
      const other = await warehouse.record([stockEvent({ sku })], { idempotencyKey: "copy-2" });
      expect(other).toMatchObject({ results: [], userErrors: [{ code: "IDEMPOTENCY_KEY_REUSED" }] });
      expect(await warehouse.physical(sku)).toMatchObject({ dock: 10, version: 1 });
    });

    it("of an event count once, in another request and in the same", async () => {
      const sku = await newSku();
      const event = stockEvent({ sku });
      const statuses = async () => (await warehouse.record([event, event])).results.map(({ status }) => status);
      expect(await statuses()).toEqual(["ACCEPTED", "DUPLICATE"]);
      expect(await statuses()).toEqual(["DUPLICATE", "DUPLICATE"]);
      expect(await warehouse.physical(sku)).toMatchObject({ dock: 10, version: 1 });
    });

    it("of an event id with another content are refused, in another request and in the same", async () => {
      const sku = await newSku();
      const event = stockEvent({ sku });
      const other = { ...event, quantity: 11 };
      const refused = { status: "REJECTED", code: "EVENT_ID_REUSED" };
      expect((await warehouse.record([event, other])).results).toMatchObject([accepted, refused]);
      expect((await warehouse.record([other])).results).toMatchObject([refused]);
      expect((await warehouse.record([{ ...event, locationId: "EAST" }])).results).toMatchObject([refused]);
      expect(await warehouse.physical(sku)).toMatchObject({ dock: 10, version: 1 });
    });

    it("of an event id from another source are other events", async () => {
      const sku = await newSku();
      const event = stockEvent({ sku });
      await warehouse.record([event], { source: "wms-north" });
      const { results } = await warehouse.record([event], { source: "wms-south" });
      expect(results).toMatchObject([accepted]);
      expect(await warehouse.physical(sku)).toMatchObject({ dock: 20, version: 2 });
    });

    it("of an event whose unit has been taken away since are still copies", async () => {
      const sku = await newSku();
      const event = stockEvent({ sku, unit: "CASE" });
      await warehouse.record([event]);
      await warehouse.deliver(product(sku, { version: 2, units: [] }));
      expect((await warehouse.record([event])).results).toMatchObject([{ status: "DUPLICATE" }]);
    });
  });

  describe("what cannot be understood", () => {
    const noSuch: readonly [string, Partial<StockEventInput>][] = [
      ["UNKNOWN_SKU", { sku: "nobody's" }],
      ["UNKNOWN_LOCATION", { locationId: "NOWHERE" }],
      ["UOM_UNMAPPED", { unit: "PALLET" }],
      ["QUANTITY_NOT_POSITIVE", { quantity: 0 }],
      ["QUANTITY_NOT_POSITIVE", { type: "PICK", quantity: -1 }],
      ["QUANTITY_NOT_POSITIVE", { type: "ADJUSTMENT", quantity: 0 }],
      ["QUANTITY_NOT_POSITIVE", { quantity: 2, unit: "THIRD" }],
      ["QUANTITY_OUT_OF_RANGE", { quantity: 2_000_000_000, unit: "CASE" }],
      ["BUCKET_INVALID", { toBucket: "PICKED" }],
      ["BUCKET_INVALID", { type: "PUTAWAY", fromBucket: "DAMAGED" }],
      ["BUCKET_INVALID", { type: "STATUS_CHANGE", fromBucket: "HOLD" }],
      ["BUCKET_INVALID", { type: "STATUS_CHANGE", fromBucket: "HOLD", toBucket: "HOLD" }],
      ["SNAPSHOT_MISMATCH", { type: "SNAPSHOT", quantity: 3, buckets: { unrestricted: 2 } }],
      ["INVALID_INPUT", { type: "SNAPSHOT", quantity: 0 }],
      ["INVALID_INPUT", { buckets: { dock: 10 } }],
      ["INVALID_INPUT", { sku: " A" }],
      ["INVALID_INPUT", { id: "" }],
      ["INVALID_INPUT", { sourceSeq: -1 }],
      ["INVALID_INPUT", { note: "x".repeat(limits.noteLengthMax + 1) }],
    ];

    it("is refused event by event, leaves no movement, and is audited; the others count", async () => {
      const sku = await newSku();
      const bad = noSuch.map(([, more]) => stockEvent({ sku, ...more }));
      const { results, userErrors } = await warehouse.record([stockEvent({ sku }), ...bad, stockEvent({ sku })]);
      expect(userErrors).toEqual([]);
      expect(results.map(({ status, code }) => code ?? status)).toEqual([
        "ACCEPTED",
        ...noSuch.map(([code]) => code),
        "ACCEPTED",
      ]);
      expect(results.map(({ id }) => id).slice(1, -1)).toEqual(bad.map(({ id }) => id));
      expect(await journal(sku)).toHaveLength(2);
      expect(await warehouse.physical(sku)).toMatchObject({ dock: 20, version: 2 });
      const audit = await warehouse.db.query<{ outcome: string }>(
        "SELECT outcome FROM audit_rows WHERE subject LIKE 'stock-event:wanda|%' AND detail LIKE ? ORDER BY id",
        [`%"sku":"${sku}"%`],
      );
      expect(audit.map(({ outcome }) => outcome)).toEqual(
        noSuch.filter(([, { sku: other }]) => other === undefined).map(([code]) => code),
      );
    });

    it("a balance beyond 32 bits refuses that event only", async () => {
      const sku = await newSku();
      const { results } = await warehouse.record([
        stockEvent({ sku, quantity: limits.quantityMax }),
        stockEvent({ sku, quantity: 1 }),
        stockEvent({ sku, type: "ADJUSTMENT", quantity: 1 }),
        stockEvent({ sku, type: "SHIPMENT", quantity: 7, fromBucket: "DOCK" }),
        stockEvent({ sku, quantity: 7 }),
      ]);
      expect(results.map(({ status, code }) => code ?? status)).toEqual([
        "ACCEPTED",
        "QUANTITY_OUT_OF_RANGE",
        "QUANTITY_OUT_OF_RANGE",
        "ACCEPTED",
        "ACCEPTED",
      ]);
      expect(await warehouse.physical(sku)).toMatchObject({ onHand: limits.quantityMax, version: 3 });
    });

    it("a refused event may come again once its unit is known", async () => {
      const sku = await newSku();
      const event = stockEvent({ sku, quantity: 2, unit: "PALLET" });
      expect((await warehouse.record([event])).results).toMatchObject([{ code: "UOM_UNMAPPED" }]);
      expect(await warehouse.physical(sku)).toBeNull();
      await warehouse.deliver(
        product(sku, { version: 2, units: [{ unit: "PALLET", numerator: 480, denominator: 1 }] }),
      );
      expect((await warehouse.record([event])).results).toMatchObject([accepted]);
      expect(await warehouse.physical(sku)).toMatchObject({ dock: 960 });
    });

    it("a request without events, or with too many, is refused as a whole", async () => {
      const field = ["input", "events"];
      expect(await warehouse.record([])).toMatchObject({ results: [], userErrors: [{ code: "INVALID_INPUT", field }] });
      const tooMany = Array.from({ length: limits.commandItemsMax + 1 }, () => stockEvent({ sku: "A" }));
      expect(await warehouse.record(tooMany)).toMatchObject({
        results: [],
        userErrors: [{ code: "TOO_MANY_ITEMS", field }],
      });
      for (const source of ["", "system:returns"]) {
        expect(await warehouse.record([stockEvent()], { source })).toMatchObject({
          userErrors: [{ code: "INVALID_INPUT", field: ["input", "source"] }],
        });
      }
      expect(await warehouse.physical("A")).toBeNull();
    });
  });

  it("a fact that overtakes its product's master data waits for it", async () => {
    const sku = `SKU-${++skus}`;
    const recording = warehouse.record([stockEvent({ sku, unit: "CASE" })]);
    const [{ results }] = await Promise.all([recording, warehouse.deliver(product(sku))]);
    expect(results).toMatchObject([accepted]);
    expect(await warehouse.physical(sku)).toMatchObject({ dock: 120 });
  });

  describe("who may", () => {
    const physical = `query { _entities(representations: [{ __typename: "StockPosition", sku: "A", locationId: "WEST" }]) {
      ... on StockPosition { sku physical { onHand } } } }`;

    it("anonymous callers see no physical stock and report nothing", async () => {
      const read = await warehouse.ask(physical, {}, { roles: [] });
      expect(read.errors).toMatchObject([{ extensions: { code: "UNAUTHENTICATED" } }]);
      const input = { idempotencyKey: "nobody", events: [stockEvent()] };
      const write = await warehouse.ask(recordStockEvents, { input }, { roles: [] });
      expect(write.errors).toMatchObject([{ extensions: { code: "UNAUTHENTICATED" } }]);
    });

    it("any person sees it; only the warehouse and its connector report", async () => {
      expect((await warehouse.ask(physical, {}, { roles: ["auditor"] })).errors).toBeUndefined();
      const input = { idempotencyKey: "auditor", events: [stockEvent()] };
      const write = await warehouse.ask(recordStockEvents, { input }, { person: "otto", roles: ["auditor"] });
      expect(write.errors).toMatchObject([{ extensions: { code: "FORBIDDEN" } }]);
      const sku = await newSku();
      const connector = { person: "wms-west", roles: ["connector-wms"] } as const;
      expect((await warehouse.record([stockEvent({ sku })], {}, connector)).results).toMatchObject([accepted]);
    });

    it("a person does not correct stock past the approval of adjustments; the rest of what they report counts", async () => {
      const sku = await newSku();
      const events = () => [
        stockEvent({ sku, quantity: 5 }),
        stockEvent({ sku, type: "ADJUSTMENT", quantity: -2, fromBucket: "DOCK" }),
        stockEvent({ sku, type: "SNAPSHOT", quantity: 1, buckets: { dock: 1 } }),
      ];
      const forbidden = { status: "REJECTED", code: "FORBIDDEN" };
      for (const role of ["warehouse", "connector-wms", "admin"] as const) {
        const { results } = await warehouse.record(events(), {}, { person: `${role}-1`, roles: [role] });
        expect(results, role).toMatchObject(
          role === "warehouse" ? [accepted, forbidden, forbidden] : [accepted, accepted, accepted],
        );
        if (role === "warehouse") expect(await warehouse.physical(sku)).toMatchObject({ dock: 5 });
      }
      const audits = await warehouse.db.query(
        "SELECT outcome FROM audit_rows WHERE person = 'warehouse-1' AND subject LIKE 'stock-event:%'",
      );
      expect(audits).toEqual([{ outcome: "FORBIDDEN" }, { outcome: "FORBIDDEN" }]);
    });
  });

  it("at the end every balance is the sum of its movements", async () => {
    expect(await unexplainedPositions(warehouse.db)).toEqual([]);
  });
});
