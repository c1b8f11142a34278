/**
 * What other systems' facts do at the returns desk: master data, putaways of returned units, requests for a snapshot.
 *
 * Facts come through the memory bus, so they have been handled when `deliver` resolves.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import {
  openReturnsDesk,
  product,
  putaway,
  type Reply,
  type ReturnsDesk,
  receiveReturn,
  stockOf,
  unexplainedPositions,
} from "./returns-fixture.ts";

eachDatabase("what other systems tell the returns desk", (makeKernel) => {
  let desk: ReturnsDesk;
  let keys = 0;

  beforeAll(async () => {
    desk = await openReturnsDesk(makeKernel);
  });

  /** A return nobody announced, at WEST; its number. */
  async function received(...lines: { sku: string; quantity: number; unit?: string }[]): Promise<string> {
    const { data } = await desk.ask<{ receiveReturn: Reply }>(receiveReturn, {
      input: { idempotencyKey: `key-${++keys}`, locationId: "WEST", lines },
    });
    expect(data.receiveReturn.userErrors).toEqual([]);
    return data.receiveReturn.return.id;
  }

  const statusOf = async (id: string) =>
    (await desk.ask<{ return: { status: string } }>(`query ($id: ID!) { return(id: $id) { status } }`, { id })).data
      .return.status;
  const deadLetters = (eventId: string) =>
    desk.db.query<{ code: string; class: string; hint: string }>(
      "SELECT code, class, hint FROM dead_letters WHERE event_id = ?",
      [eventId],
    );

  describe("a putaway of returned units", () => {
    it("takes them out of quarantine, closes the return and says so", async () => {
      const id = await received({ sku: "A", quantity: 5 });
      const fact = putaway(id, "A", 5);
      await desk.deliver(fact);
      expect(await stockOf(desk, "A")).toMatchObject({ quarantined: 0, version: 2 });
      expect(await statusOf(id)).toBe("RESTOCKED");
      expect((await desk.events("return.restocked")).at(-1)).toMatchObject({
        sourceSeq: 2,
        partitionKey: "A|WEST",
        quantity: 5,
        fromBucket: "quarantine",
        toBucket: "unrestricted",
        documentRef: { type: "RETURN", id, line: "1" },
        causationId: fact.id,
        correlationId: fact.correlationId,
        actor: "system:returns",
        data: { returnId: id, quarantinedDelta: -5 },
      });
    });

    it("has its effect once, however often it comes", async () => {
      const id = await received({ sku: "B", quantity: 4 });
      const fact = putaway(id, "B", 1);
      await desk.deliver(fact, fact);
      await desk.deliver(fact);
      expect(await stockOf(desk, "B")).toMatchObject({ quarantined: 3 });
    });

    it("counts 300 putaways of one batch one by one, in one go", async () => {
      const id = await received({ sku: "C", quantity: 400 });
      await desk.deliver(...Array.from({ length: 300 }, () => putaway(id, "C", 1)));
      expect(await stockOf(desk, "C")).toMatchObject({ quarantined: 100, version: 301 });
      expect(await statusOf(id)).toBe("RECEIVED");
    });

    it.each<[string, Partial<AnyEvent>]>([
      ["from the dock", { fromBucket: "dock" }],
      ["of a purchase order", { documentRef: { type: "PURCHASE_ORDER", id: "PO-1" } }],
      ["without a document", { documentRef: null }],
    ])("%s is not the desk's business", async (_, more) => {
      const before = await stockOf(desk, "C");
      await desk.deliver(putaway("any", "C", 1, more));
      expect(await stockOf(desk, "C")).toEqual(before);
    });

    it("that cannot be true is set aside, and the good ones around it count", async () => {
      const id = await received({ sku: "C", quantity: 2 });
      const before = Number((await stockOf(desk, "C"))?.["quarantined"]);
      const tooMany = putaway(id, "C", 3);
      const unknown = putaway("NOBODY-KNOWS", "C", 1);
      await desk.deliver(putaway(id, "C", 1), tooMany, unknown, putaway(id, "C", 1));
      expect(await stockOf(desk, "C")).toMatchObject({ quarantined: before - 2 });
      expect(await deadLetters(tooMany.id)).toMatchObject([{ code: "RETURN_EXCEEDED", class: "BUSINESS_RULE" }]);
      expect(await deadLetters(unknown.id)).toEqual([
        { code: "UNKNOWN_DOCUMENT", class: "BUSINESS_RULE", hint: "No such return: NOBODY-KNOWS." },
      ]);
    });
  });

  describe("a request for a snapshot", () => {
    const request = (n: number, sku: string, system: "returns" | "wms" = "returns") =>
      canonicalEvent("availability", "snapshot.requested", `${sku}|WEST`, n, {
        sku,
        locationId: "WEST",
        data: { system },
      });

    it("is answered with the whole position, numbered like any event of it", async () => {
      await received({ sku: "B", quantity: 7 });
      const before = (await stockOf(desk, "B")) as { quarantined: number; version: number };
      await desk.deliver(request(1, "B"), request(2, "B"));
      const [snapshot, ...more] = await desk.events("inventory.snapshot");
      expect(more).toEqual([]);
      expect(snapshot).toMatchObject({
        source: "returns",
        sourceSeq: before.version + 1,
        partitionKey: "B|WEST",
        data: {
          asOfSeq: before.version + 1,
          returns: { quarantined: before.quarantined, inInspection: 0, restockApproved: 0 },
        },
      });
      expect(await stockOf(desk, "B")).toMatchObject({ quarantined: before.quarantined, version: before.version + 1 });
    });

    it("of a position never touched says that nothing is there", async () => {
      await desk.deliver(request(1, "NEVER"));
      expect((await desk.events("inventory.snapshot")).at(-1)).toMatchObject({
        partitionKey: "NEVER|WEST",
        sourceSeq: 1,
        data: { asOfSeq: 1, returns: { quarantined: 0, inInspection: 0, restockApproved: 0 } },
      });
    });

    it("to another system is left to it", async () => {
      const before = (await desk.events("inventory.snapshot")).length;
      await desk.deliver(request(9, "B", "wms"));
      expect((await desk.events("inventory.snapshot")).length).toBe(before);
    });
  });

  it("a unit that arrives with master data a moment later can be used at once", async () => {
    const arriving = received({ sku: "B", quantity: 2, unit: "BOX" });
    await desk.deliver(product("B", [{ unit: "BOX", numerator: 6, denominator: 1 }], 2));
    const id = await arriving;
    const { data } = await desk.ask(`query ($id: ID!) { return(id: $id) { lines { received } } }`, { id });
    expect(data).toEqual({ return: { lines: [{ received: 12 }] } });
  });

  it("explains every unit of every position by its movements", async () => {
    expect(await unexplainedPositions(desk.db)).toEqual([]);
  });
});
