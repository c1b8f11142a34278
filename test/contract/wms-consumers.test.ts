/**
 * What other systems' events do in the warehouse: master data, returns that arrive, requests for a snapshot.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { limits } from "../../shared/limits.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import { openWarehouse, product, stockEvent, unexplainedPositions, type Warehouse } from "./wms-fixture.ts";

eachDatabase("consumers of the warehouse", (makeKernel) => {
  let warehouse: Warehouse;

  beforeAll(async () => {
    warehouse = await openWarehouse(makeKernel);
  });

  function returned(sku: string, seq: number, more: Partial<AnyEvent> = {}): AnyEvent {
    const event = canonicalEvent("returns", "return.received", `${sku}|WEST`, seq, {
      sku,
      locationId: "WEST",
      quantity: 4,
      documentRef: { type: "RETURN", id: "RMA-1", line: "1" },
      time: "2026-01-05T07:30:00.000Z",
      data: { returnId: "RMA-1", quarantinedDelta: 4 },
    });
    return { ...event, ...more } as AnyEvent;
  }

  function snapshotRequest(sku: string, seq: number, system: "wms" | "erp" = "wms"): AnyEvent {
    return canonicalEvent("availability", "snapshot.requested", `${sku}|WEST`, seq, {
      sku,
      locationId: "WEST",
      data: { system },
    });
  }

  function deadLetters(eventId: string) {
    return warehouse.db.query("SELECT code FROM dead_letters WHERE event_id = ?", [eventId]);
  }

  describe("a return that arrives", () => {
    it("enters quarantine once, and is told as a receipt in the story it came from", async () => {
      const event = returned("R1", 1);
      await warehouse.deliver(event);
      await warehouse.deliver(event, returned("R1", 2));
      expect(await warehouse.physical("R1")).toMatchObject({
        quarantine: 8,
        onHand: 8,
        version: 2,
        asOf: "2026-01-05T07:30:00.000Z",
      });
      expect(await warehouse.events("R1")).toMatchObject([
        {
          type: "receipt.recorded",
          sourceSeq: 1,
          quantity: 4,
          fromBucket: null,
          toBucket: "quarantine",
          documentRef: { type: "RETURN", id: "RMA-1", line: "1" },
          correlationId: "story-1",
          causationId: event.id,
          actor: "system:wms",
          data: { deltas: { quarantine: 4 } },
        },
        { type: "receipt.recorded", sourceSeq: 2 },
      ]);
    });

    it("that says no sound quantity is set aside, and the next one counts", async () => {
      const bad = returned("R2", 1, { quantity: 0 });
      await warehouse.deliver(bad, returned("R2", 2));
      expect(await deadLetters(bad.id)).toEqual([{ code: "QUANTITY_NOT_POSITIVE" }]);
      expect(await warehouse.physical("R2")).toMatchObject({ quarantine: 4, version: 1 });
    });

    it("that would take the balance out of range is set aside", async () => {
      await warehouse.deliver(returned("R3", 1, { quantity: limits.quantityMax }), returned("R3", 2));
      expect(await deadLetters(returned("R3", 2).id)).toEqual([{ code: "QUANTITY_OUT_OF_RANGE" }]);
      expect(await warehouse.physical("R3")).toMatchObject({ quarantine: limits.quantityMax, version: 1 });
    });
  });

  describe("a request for a snapshot", () => {
    it("is answered with the whole stock under a sequence number of its own", async () => {
      await warehouse.deliver(product("S1"));
      await warehouse.record([stockEvent({ sku: "S1", quantity: 9 })]);
      await warehouse.deliver(snapshotRequest("S1", 1), snapshotRequest("S1", 2));
      await warehouse.record([stockEvent({ sku: "S1", quantity: 1 })]);
      expect(await warehouse.events("S1")).toMatchObject([
        { type: "receipt.recorded", sourceSeq: 1 },
        { type: "inventory.snapshot", sourceSeq: 2, quantity: 9, data: { asOfSeq: 2, wms: { dock: 9, picked: 0 } } },
        { type: "receipt.recorded", sourceSeq: 3 },
      ]);
      expect(await warehouse.physical("S1")).toMatchObject({ dock: 10, version: 3 });
    });

    it("is not answered when nothing was ever reported, or when another system is asked", async () => {
      await warehouse.deliver(product("S2"), product("S3"));
      await warehouse.record([stockEvent({ sku: "S3" })]);
      await warehouse.deliver(snapshotRequest("S2", 1), snapshotRequest("S3", 1, "erp"));
      expect(await warehouse.events("S2")).toEqual([]);
      expect(await warehouse.physical("S2")).toBeNull();
      expect(await warehouse.events("S3")).toHaveLength(1);
    });
  });

  it("an older version of a product does not undo a newer one", async () => {
    const units = [{ unit: "BOX", numerator: 6, denominator: 1 }];
    await warehouse.deliver(product("M1", { version: 2, units }));
    await warehouse.deliver(product("M1", { version: 1 }));
    const { results } = await warehouse.record([
      stockEvent({ sku: "M1", unit: "BOX", quantity: 2 }),
      stockEvent({ sku: "M1", unit: "CASE" }),
    ]);
    expect(results).toMatchObject([{ status: "ACCEPTED" }, { code: "UOM_UNMAPPED" }]);
    expect(await warehouse.physical("M1")).toMatchObject({ dock: 12 });
  });

  it("at the end every balance is the sum of its movements", async () => {
    expect(await unexplainedPositions(warehouse.db)).toEqual([]);
  });
});
