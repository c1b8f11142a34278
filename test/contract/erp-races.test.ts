/**
 * A command and a warehouse fact at the same moment, with the fact half way through: MySQL or MariaDB only, because a
 * SQLite file has one writer.
 *
 * The fact is applied, the command runs until it asks for the position, then the fact commits; nothing here is timed.
 */
import { afterEach, beforeAll, expect, it } from "vitest";
import type { Database } from "../../shared/db/database.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { causeOf } from "../../shared/messaging/consumer.ts";
import { createRecorder } from "../../shared/recorder.ts";
import { createConsumers } from "../../subgraphs/erp/consumers.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { type Erp, openErp, unexplainedPositions, warehouseFact } from "./erp-fixture.ts";

eachDatabase("a command that meets a fact", (makeKernel, kind) => {
  let erp: Erp;
  let overheard: (sql: string) => void = () => {};
  beforeAll(async () => {
    erp = await openErp(async (overrides) => {
      const kernel = await makeKernel(overrides);
      return {
        ...kernel,
        openDatabase: async (spec) => listeningTo(await kernel.openDatabase(spec), (sql) => overheard(sql)),
      };
    });
  });
  afterEach(async () => {
    expect(await unexplainedPositions(erp.db)).toEqual([]);
  });
  const race = it.skipIf(kind === "sqlite");

  let items = 0;
  async function newItem(): Promise<string> {
    const sku = `I${++items}`;
    await erp.run("saveProducts", { products: [{ sku, name: sku, baseUnit: "EA" }] });
    return sku;
  }

  /** Starts the command when the fact is applied but not committed; commits when the command asks for the position. */
  async function during<T>(fact: AnyEvent, command: () => Promise<T>): Promise<T> {
    let running: Promise<T> | undefined;
    await erp.db.transaction(async (tx) => {
      const recorder = createRecorder("erp", erp.clock, causeOf("erp", fact));
      await createConsumers(erp.clock)[0]?.handle(tx, [fact], recorder);
      await recorder.flush(tx);
      const asked = new Promise<void>((resolve) => {
        overheard = (sql) => /FROM book_positions .*FOR UPDATE/s.test(sql) && resolve();
      });
      running ??= command();
      await asked;
    });
    if (!running) throw new Error("The command was not started.");
    return running;
  }

  race("gives back what is open after the shipment, not before it", async () => {
    const sku = await newItem();
    const orderId = `O-${sku}`;
    await erp.run("allocateOrder", { orderId, lines: [{ line: "1", sku, locationId: "WEST", quantity: 10 }] });
    const shipment = warehouseFact("shipment.confirmed", 4, `ORDER ${orderId}`, { sku });
    const reply = await during(shipment, () => erp.run("deallocateOrder", { orderId }));
    expect(reply.orderAllocation?.lines).toMatchObject([{ allocated: 4, shipped: 4, open: 0 }]);
    expect(await erp.book(sku)).toMatchObject({ onHand: -4, committed: 0 });
  });

  race("counts a shipment for an order that is being allocated", async () => {
    const sku = await newItem();
    const orderId = `O-${sku}`;
    const shipment = warehouseFact("shipment.confirmed", 4, `ORDER ${orderId}`, { sku });
    const lines = [{ line: "1", sku, locationId: "WEST", quantity: 10 }];
    const reply = await during(shipment, () => erp.run("allocateOrder", { orderId, lines }));
    expect(reply.orderAllocation?.lines).toMatchObject([{ allocated: 10, shipped: 4, open: 6 }]);
    expect(await erp.book(sku)).toMatchObject({ committed: 6 });
  });

  race("expects no more than is still to come after the receipt", async () => {
    const sku = await newItem();
    const order = (ordered: number) => ({
      id: `PO-${sku}`,
      supplierId: "S1",
      status: "APPROVED",
      orderedOn: "2026-01-02",
      lines: [{ line: "1", sku, locationId: "WEST", ordered }],
    });
    await erp.run("savePurchaseOrder", order(10));
    const receipt = warehouseFact("receipt.recorded", 6, `PURCHASE_ORDER PO-${sku}`, { sku });
    await during(receipt, () => erp.run("savePurchaseOrder", order(20)));
    expect((await erp.book(sku))?.inbound).toMatchObject([{ quantity: 14 }]);
  });

  race("sets the balance that was given, whatever was posted just before", async () => {
    const sku = await newItem();
    const receipt = warehouseFact("receipt.recorded", 6, null, { sku });
    const balances = [{ sku, locationId: "WEST", onHand: 100 }];
    await during(receipt, () => erp.run("saveBookBalances", { balances }));
    expect(await erp.book(sku)).toMatchObject({ onHand: 100, version: 2 });
  });
});

function listeningTo(db: Database, overheard: (sql: string) => void): Database {
  return {
    ...db,
    transaction: (work) =>
      db.transaction((tx) =>
        work({
          ...tx,
          query: (sql, params) => {
            overheard(sql);
            return tx.query(sql, params);
          },
        }),
      ),
  };
}
