/**
 * How the books follow the warehouse, on every database this machine has.
 *
 * Every fact is posted once and acknowledged once, with exactly the offset that `availability` gave it; the order in
 * which facts and orders come does not matter.
 */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Transaction } from "../../shared/db/database.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { causeOf } from "../../shared/messaging/consumer.ts";
import { createRecorder } from "../../shared/recorder.ts";
import { createConsumers } from "../../subgraphs/erp/consumers.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import { type Erp, openErp, sequences, unexplainedPositions, warehouseFact } from "./erp-fixture.ts";

eachDatabase("the books follow the warehouse", (makeKernel, kind) => {
  let erp: Erp;
  beforeAll(async () => {
    erp = await openErp(makeKernel);
  });
  afterEach(async () => {
    expect(await unexplainedPositions(erp.db)).toEqual([]);
    for (const [partition, seqs] of await sequences(erp)) {
      expect(seqs, partition).toEqual(Array.from({ length: seqs.length }, (_, n) => n + 1));
    }
  });

  let items = 0;
  async function newItem(): Promise<string> {
    const sku = `I${++items}`;
    await erp.run("saveProducts", { products: [{ sku, name: sku, baseUnit: "EA" }] });
    await erp.run("saveBookBalances", { balances: [{ sku, locationId: "WEST", onHand: 50 }] });
    return sku;
  }
  const allocate = (orderId: string, sku: string, ...quantities: number[]) =>
    erp.run("allocateOrder", {
      orderId,
      lines: quantities.map((quantity, n) => ({ line: `${n + 1}`, sku, locationId: "WEST", quantity })),
    });
  const acknowledged = async (sku: string) =>
    (await erp.events("erp.posting.acknowledged")).filter((event) => event.sku === sku).map(({ data }) => data);
  /** What is still open of each line. */
  const open = async (orderId: string) =>
    (
      await erp.db.query<{ n: number }>(
        "SELECT allocated - shipped AS n FROM order_lines WHERE order_id = ? ORDER BY line_no",
        [orderId],
      )
    ).map(({ n }) => Number(n));

  describe("shipments", () => {
    it("take from the book and from what the order has open, and are acknowledged", async () => {
      const sku = await newItem();
      await allocate(`O-${sku}`, sku, 40);
      const shipment = warehouseFact("shipment.confirmed", 30, `ORDER O-${sku}`, { sku });
      await erp.deliver(shipment);
      expect(await erp.book(sku)).toMatchObject({ onHand: 20, committed: 10 });
      expect(await open(`O-${sku}`)).toEqual([10]);
      expect(await acknowledged(sku)).toEqual([
        {
          ...{ postedEventId: shipment.id, postedRecordedAt: shipment.recordedAt },
          ...{ bookDelta: -30, committedDelta: -30, offset: "shipped", offsetDelta: -30 },
        },
      ]);
      const [row] = await erp.db.query(
        "SELECT person, correlation_id FROM audit_rows WHERE subject = ? AND action = ?",
        [`position:${sku}|WEST`, "shipment.confirmed"],
      );
      expect(row).toEqual({ person: "system:erp", correlation_id: "story-1" });
    });

    it("of more than the order has open take no more than that, but all of it from the book", async () => {
      const sku = await newItem();
      await allocate(`O-${sku}`, sku, 10);
      await erp.deliver(warehouseFact("shipment.confirmed", 15, `ORDER O-${sku}`, { sku }));
      expect(await erp.book(sku)).toMatchObject({ onHand: 35, committed: 0 });
      expect(await acknowledged(sku)).toMatchObject([{ bookDelta: -15, committedDelta: -10, offsetDelta: -15 }]);
    });

    it("take from the line they name, else from the oldest line", async () => {
      const sku = await newItem();
      await allocate(`O-${sku}`, sku, 5, 5, 5);
      await erp.deliver(warehouseFact("shipment.confirmed", 2, `ORDER O-${sku}/3`, { sku }));
      expect(await open(`O-${sku}`)).toEqual([5, 5, 3]);
      await erp.deliver(warehouseFact("shipment.confirmed", 6, `ORDER O-${sku}`, { sku }));
      expect(await open(`O-${sku}`)).toEqual([0, 4, 3]);
    });

    it("from another location leave the order's position alone", async () => {
      const sku = await newItem();
      await allocate(`O-${sku}`, sku, 5);
      await erp.deliver(warehouseFact("shipment.confirmed", 5, `ORDER O-${sku}`, { sku, locationId: "EAST" }));
      expect(await erp.book(sku)).toMatchObject({ onHand: 50, committed: 5 });
      expect(await erp.book(sku, "EAST")).toMatchObject({ onHand: -5, committed: 0 });
    });

    it("without an order have no offset to clear", async () => {
      const sku = await newItem();
      await erp.deliver(
        warehouseFact("shipment.confirmed", 5, "TRANSFER T-1", { sku }),
        warehouseFact("shipment.confirmed", 1, null, { sku }),
      );
      expect(await erp.book(sku)).toMatchObject({ onHand: 44 });
      expect(await acknowledged(sku)).toMatchObject([
        { bookDelta: -5, committedDelta: 0, offset: "none", offsetDelta: 0 },
        { bookDelta: -1, committedDelta: 0, offset: "none", offsetDelta: 0 },
      ]);
    });

    it("that are voided give back to the book, and open again what they had closed", async () => {
      const sku = await newItem();
      await allocate(`O-${sku}`, sku, 10);
      await erp.deliver(warehouseFact("shipment.confirmed", 10, `ORDER O-${sku}`, { sku }));
      await erp.deliver(warehouseFact("shipment.voided", 4, `ORDER O-${sku}`, { sku }));
      expect(await erp.book(sku)).toMatchObject({ onHand: 44, committed: 4 });
      expect((await acknowledged(sku))[1]).toMatchObject({
        bookDelta: 4,
        committedDelta: 4,
        offset: "shipped",
        offsetDelta: 4,
      });
      await erp.run("deallocateOrder", { orderId: `O-${sku}` });
      expect(await open(`O-${sku}`)).toEqual([0]);
    });

    it("that come before their order count for it as soon as it is there", async () => {
      const sku = await newItem();
      await erp.deliver(warehouseFact("shipment.confirmed", 7, `ORDER O-${sku}`, { sku }));
      const { orderAllocation } = await allocate(`O-${sku}`, sku, 10);
      expect(orderAllocation?.lines).toMatchObject([{ allocated: 10, shipped: 7, open: 3 }]);
      expect(await erp.book(sku)).toMatchObject({ onHand: 43, committed: 3 });
      const [event] = (await erp.events("order.allocated")).filter((found) => found.sku === sku);
      expect(event).toMatchObject({ quantity: 10, data: { committedDelta: 3 } });
    });
  });

  describe("receipts, adjustments and returns", () => {
    it("move the book by what arrived or was found, and clear their offsets", async () => {
      const sku = await newItem();
      await erp.deliver(
        warehouseFact("receipt.recorded", 8, "RECEIPT R-1", { sku }),
        warehouseFact("receipt.recorded", 2, "RETURN RMA-1", { sku }),
        warehouseFact("adjustment.posted", -3, null, { sku }),
        warehouseFact("adjustment.posted", 1, null, { sku, data: { deltas: { unrestricted: -2, damaged: 3 } } }),
      );
      expect(await erp.book(sku)).toMatchObject({ onHand: 58, committed: 0 });
      expect(
        (await acknowledged(sku)).map(({ bookDelta, offset, offsetDelta }) => [bookDelta, offset, offsetDelta]),
      ).toEqual([
        [8, "received", -8],
        [2, "received", -2],
        [-3, "adjusted", 3],
        [1, "adjusted", -1],
      ]);
    });

    it("leave the book alone when stock only moves inside the building, or is counted", async () => {
      const sku = await newItem();
      const before = await erp.book(sku);
      const partition = `${sku}|WEST`;
      const inside = ["putaway.completed", "pick.confirmed", "stock.status.changed"] as const;
      const place = { sku, locationId: "WEST" };
      await erp.deliver(
        ...inside.map((type, n) =>
          canonicalEvent("wms", type, partition, 9_001 + n, {
            ...place,
            quantity: 5,
            data: { deltas: { dock: -5, picked: 5 } },
          }),
        ),
        canonicalEvent("wms", "inventory.snapshot", partition, 9_009, { ...place, data: { asOfSeq: 9_009 } }),
      );
      expect(await erp.book(sku)).toEqual(before);
      expect(await acknowledged(sku)).toEqual([]);
    });
  });

  it("posts a fact once, however often it comes", async () => {
    const sku = await newItem();
    const fact = warehouseFact("shipment.confirmed", 5, null, { sku });
    await erp.deliver(fact, fact);
    await Promise.all([erp.deliver(fact), erp.deliver(fact)]);
    expect(await erp.book(sku)).toMatchObject({ onHand: 45 });
    expect(await acknowledged(sku)).toHaveLength(1);
  });

  it("ends the same in every order of facts and commands", async () => {
    const ends = new Set<string>();
    for (const order of permutations([0, 1, 2, 3])) {
      const sku = await newItem();
      const document = `ORDER O-${sku}`;
      const steps = [
        () => erp.deliver(warehouseFact("shipment.confirmed", 6, document, { sku })),
        () => erp.deliver(warehouseFact("shipment.voided", 2, document, { sku })),
        () => erp.deliver(warehouseFact("shipment.confirmed", 1, `${document}/2`, { sku })),
        () => allocate(`O-${sku}`, sku, 3, 3),
      ];
      for (const step of order) await steps[step]?.();
      const { onHand, committed } = (await erp.book(sku)) ?? {};
      ends.add(JSON.stringify([onHand, committed, await open(`O-${sku}`)]));
    }
    expect([...ends]).toEqual([JSON.stringify([45, 1, [0, 1]])]);
  });

  it("sets aside the one fact that cannot be posted, and posts the others of its batch", async () => {
    const sku = await newItem();
    await erp.deliver(
      warehouseFact("receipt.recorded", 1, null, { sku }),
      warehouseFact("receipt.recorded", 2_147_483_647, null, { sku }),
      warehouseFact("receipt.recorded", 1, null, { sku, quantity: null }),
      warehouseFact("receipt.recorded", 3, null, { sku }),
    );
    expect(await erp.book(sku)).toMatchObject({ onHand: 54 });
    const letters = await erp.db.query("SELECT code FROM dead_letters ORDER BY code");
    expect(letters).toEqual([{ code: "QUANTITY_NOT_POSITIVE" }, { code: "QUANTITY_OUT_OF_RANGE" }]);
  });

  it("does not take a fact of anybody else for the warehouse's", async () => {
    const sku = await newItem();
    await erp.deliver(
      canonicalEvent("returns", "receipt.recorded", `${sku}|WEST`, 1, {
        sku,
        locationId: "WEST",
        quantity: 5,
        data: { deltas: { quarantine: 5 } },
      }),
    );
    expect(await erp.book(sku)).toMatchObject({ onHand: 50 });
  });

  describe("a request for a snapshot", () => {
    const request = (system: "erp" | "wms", sku: string, seq: number): AnyEvent =>
      canonicalEvent("availability", "snapshot.requested", `${sku}|WEST`, seq, {
        sku,
        locationId: "WEST",
        data: { system },
      });

    it("is answered with everything up to and including the answer", async () => {
      const sku = await newItem();
      await allocate(`O-${sku}`, sku, 5);
      const lines = [{ line: "1", sku, locationId: "WEST", ordered: 9, promisedOn: "2026-02-01" }];
      const order = { id: `PO-${sku}`, supplierId: "S1", status: "PENDING", orderedOn: "2026-01-02", lines };
      await erp.run("savePurchaseOrder", order);
      await erp.deliver(
        request("erp", sku, 1),
        warehouseFact("receipt.recorded", 2, `PURCHASE_ORDER PO-${sku}/1`, { sku }),
        request("erp", sku, 2),
      );
      const snapshots = (await erp.events("inventory.snapshot")).filter((event) => event.sku === sku);
      const inbound = [
        {
          documentType: "PURCHASE_ORDER",
          documentId: `PO-${sku}`,
          line: "1",
          openQuantity: 7,
          orderedQuantity: 9,
          promisedOn: "2026-02-01",
        },
      ];
      expect(snapshots).toMatchObject([
        {
          sourceSeq: 6,
          causationId: `availability/${sku}|WEST/2`,
          data: { asOfSeq: 6, erp: { book: 52, committed: 5 } },
        },
      ]);
      expect(snapshots[0]?.data.erp?.inbound).toMatchObject(inbound);
      expect(await erp.book(sku)).toMatchObject({ version: 6 });
    });

    it("of another system is not ours", async () => {
      const sku = await newItem();
      await erp.deliver(request("wms", sku, 1));
      expect((await erp.events("inventory.snapshot")).filter((event) => event.sku === sku)).toEqual([]);
    });
  });

  it(`takes as many statements for 500 facts as for 5, on ${kind}`, async () => {
    const skus = await Promise.all(Array.from({ length: 50 }, newItem));
    for (const [n, sku] of skus.entries()) {
      await allocate(`S-${n}`, sku, 100);
      const lines = [{ line: "1", sku, locationId: "WEST", ordered: 100 }];
      const order = { id: `S-${n}`, supplierId: "S1", status: "PENDING", orderedOn: "2026-01-02", lines };
      await erp.run("savePurchaseOrder", order);
    }
    const statementsFor = (count: number) =>
      erp.db.transaction(async (tx) => {
        const events = Array.from({ length: count }, (_, n) => {
          const type = n % 2 === 0 ? "shipment.confirmed" : "receipt.recorded";
          const document = `${n % 2 === 0 ? "ORDER" : "PURCHASE_ORDER"} S-${n % skus.length}`;
          return warehouseFact(type, 1, document, { sku: skus[n % skus.length] ?? "" });
        });
        const counted = countStatements(tx);
        const cause = causeOf("erp", events[0] as AnyEvent);
        const recorder = createRecorder("erp", erp.clock, cause);
        await createConsumers(erp.clock)[0]?.handle(counted.tx, events, recorder);
        await recorder.flush(counted.tx);
        return counted.statements();
      });
    expect(await statementsFor(5)).toBe(await statementsFor(500));
    expect(await erp.book(skus[0] ?? "")).toMatchObject({ onHand: 50 - 11, committed: 100 - 11 });
  });
});

function countStatements(tx: Transaction): { tx: Transaction; statements: () => number } {
  let statements = 0;
  const counted: Transaction = {
    ...tx,
    query: (sql, params) => {
      statements++;
      return tx.query(sql, params);
    },
    run: (sql, params) => {
      statements++;
      return tx.run(sql, params);
    },
  };
  return { tx: counted, statements: () => statements };
}

function permutations<T>(values: readonly T[]): T[][] {
  if (values.length <= 1) return [[...values]];
  return values.flatMap((value, n) => permutations(values.toSpliced(n, 1)).map((rest) => [value, ...rest]));
}
