/**
 * The returns desk through its GraphQL schema: authorise and receive, on every database this machine has.
 *
 * Ends with the proof that every unit of every position is explained by its movements.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../shared/limits.ts";
import { eachDatabase } from "../helpers/databases.ts";
import {
  authorizeReturn,
  openReturnsDesk,
  type Reply,
  type ReturnsDesk,
  receiveReturn,
  stockOf,
  unexplainedPositions,
} from "./returns-fixture.ts";

eachDatabase("returns desk", (makeKernel) => {
  let desk: ReturnsDesk;
  let keys = 0;
  const nextKey = () => `key-${++keys}`;

  beforeAll(async () => {
    desk = await openReturnsDesk(makeKernel);
  });

  async function authorize(input: Record<string, unknown>): Promise<Reply> {
    const { data, errors } = await desk.ask<{ authorizeReturn: Reply }>(authorizeReturn, {
      input: { idempotencyKey: nextKey(), orderId: "O1", locationId: "WEST", ...input },
    });
    expect(errors).toBeUndefined();
    return data.authorizeReturn;
  }

  async function receive(input: Record<string, unknown>): Promise<Reply> {
    const { data, errors } = await desk.ask<{ receiveReturn: Reply }>(receiveReturn, {
      input: { idempotencyKey: nextKey(), ...input },
    });
    expect(errors).toBeUndefined();
    return data.receiveReturn;
  }

  describe("authorising", () => {
    it("answers with the return and tells the others, moving no stock", async () => {
      const reply = await authorize({
        id: "RMA-1",
        lines: [{ sku: "A", quantity: 2, unit: "CASE", reasonCode: "DEFECT" }],
      });
      expect(reply).toEqual({
        return: {
          id: "RMA-1",
          orderId: "O1",
          locationId: "WEST",
          status: "AUTHORIZED",
          announced: true,
          version: 1,
          createdAt: "2026-01-05T08:00:00.000Z",
          updatedAt: "2026-01-05T08:00:00.000Z",
          lines: [
            {
              lineId: "1",
              sku: "A",
              authorized: 24,
              received: 0,
              restocked: 0,
              reasonCode: "DEFECT",
              condition: null,
              disposition: null,
            },
          ],
        },
        userErrors: [],
        replayed: false,
      });
      expect(await stockOf(desk, "A")).toMatchObject({ quarantined: 0 });
      const [event] = (await desk.events("return.authorized")).filter((e) => e.documentRef?.id === "RMA-1");
      expect(event).toMatchObject({
        source: "returns",
        partitionKey: "A|WEST",
        sku: "A",
        locationId: "WEST",
        quantity: 24,
        uom: "CASE",
        enteredQuantity: 2,
        documentRef: { type: "RETURN", id: "RMA-1", line: "1" },
        reasonCode: "DEFECT",
        data: { returnId: "RMA-1" },
        actor: "rita",
        correlationId: "story-1",
      });
    });

    it("makes up a number where the caller has none", async () => {
      const one = await authorize({ lines: [{ sku: "A", quantity: 1, reasonCode: "DEFECT" }] });
      const two = await authorize({ lines: [{ sku: "A", quantity: 1, reasonCode: "DEFECT" }] });
      expect(one.return.id).not.toBe(two.return.id);
    });

    it("refuses a number that another return has", async () => {
      await authorize({ id: "RMA-2", lines: [{ sku: "A", quantity: 1, reasonCode: "DEFECT" }] });
      const again = await authorize({ id: "RMA-2", lines: [{ sku: "B", quantity: 9, reasonCode: "DEFECT" }] });
      expect(again.return).toBeNull();
      expect(again.userErrors).toEqual([expect.objectContaining({ code: "DOCUMENT_EXISTS", field: ["input", "id"] })]);
    });

    it("leaves an audit row for a refusal and an event for none", async () => {
      const before = (await desk.events()).length;
      const refused = { idempotencyKey: nextKey(), lines: [{ sku: "A", quantity: 0, reasonCode: "DEFECT" }] };
      await authorize(refused);
      expect((await desk.events()).length).toBe(before);
      const [row] = await desk.db.query("SELECT subject, outcome, person FROM audit_rows WHERE idempotency_key = ?", [
        refused.idempotencyKey,
      ]);
      expect(row).toEqual({ subject: "command:authorizeReturn", outcome: "QUANTITY_NOT_POSITIVE", person: "rita" });
    });
  });

  describe("receiving", () => {
    it("takes a part, then the rest, and raises what is in quarantine", async () => {
      await authorize({ id: "RMA-3", lines: [{ sku: "B", quantity: 10, reasonCode: "DEFECT" }] });
      const first = await receive({ returnId: "RMA-3", lines: [{ sku: "B", quantity: 4 }] });
      expect(first.return).toMatchObject({ status: "RECEIVED", lines: [{ lineId: "1", authorized: 10, received: 4 }] });
      const second = await receive({ returnId: "RMA-3", locationId: "WEST", lines: [{ sku: "B", quantity: 6 }] });
      expect(second.return).toMatchObject({ status: "RECEIVED", version: 3, lines: [{ received: 10 }] });
      expect(await stockOf(desk, "B")).toEqual({
        quarantined: 10,
        inInspection: 0,
        restockApproved: 0,
        version: 3,
        asOf: "2026-01-05T08:00:00.000Z",
      });
    });

    it("tells the warehouse how many units belong into quarantine, numbered without a hole", async () => {
      const events = (await desk.events()).filter((event) => event.partitionKey === "B|WEST" && event.sku === "B");
      expect(events.map((event) => [event.sourceSeq, event.type, event.quantity, event.data])).toEqual([
        [1, "return.authorized", 10, { returnId: "RMA-3" }],
        [2, "return.received", 4, { returnId: "RMA-3", quarantinedDelta: 4, announced: true }],
        [3, "return.received", 6, { returnId: "RMA-3", quarantinedDelta: 6, announced: true }],
      ]);
      expect(events[1]).toMatchObject({
        documentRef: { type: "RETURN", id: "RMA-3", line: "1" },
        toBucket: "quarantine",
        reasonCode: "DEFECT",
      });
    });

    it("refuses more than was authorised and changes nothing", async () => {
      await authorize({ id: "RMA-4", lines: [{ sku: "A", quantity: 1, unit: "CASE", reasonCode: "DEFECT" }] });
      const before = await stockOf(desk, "A");
      const reply = await receive({ returnId: "RMA-4", lines: [{ sku: "A", quantity: 13 }] });
      expect(reply.userErrors).toEqual([
        {
          code: "RETURN_EXCEEDED",
          message: "Return RMA-4: 13 of A arrived, 12 may still arrive.",
          field: ["input", "lines", "0", "quantity"],
        },
      ]);
      expect(await stockOf(desk, "A")).toEqual(before);
    });

    it("accepts a return nobody announced, marked as such", async () => {
      const reply = await receive({ locationId: "EAST", orderId: "O9", lines: [{ sku: "C", quantity: 3 }] });
      expect(reply.return).toMatchObject({
        orderId: "O9",
        locationId: "EAST",
        status: "RECEIVED",
        announced: false,
        lines: [{ lineId: "1", sku: "C", authorized: 0, received: 3 }],
      });
      expect(await stockOf(desk, "C", "EAST")).toMatchObject({ quarantined: 3, version: 1 });
      const [event] = (await desk.events("return.received")).filter((e) => e.documentRef?.id === reply.return.id);
      expect(event?.data).toEqual({ returnId: reply.return.id, quarantinedDelta: 3, announced: false });
    });

    it.each<[string, Record<string, unknown>, string, string[] | null]>([
      [
        "a return that does not exist",
        { returnId: "RMA-NONE", lines: [{ sku: "A", quantity: 1 }] },
        "UNKNOWN_DOCUMENT",
        ["input", "returnId"],
      ],
      ["no location and no return", { lines: [{ sku: "A", quantity: 1 }] }, "INVALID_INPUT", ["input", "locationId"]],
      [
        "an unknown SKU",
        { locationId: "WEST", lines: [{ sku: "NOPE", quantity: 1 }] },
        "UNKNOWN_SKU",
        ["input", "lines", "0", "sku"],
      ],
      [
        "an unknown unit",
        { locationId: "WEST", lines: [{ sku: "B", quantity: 1, unit: "CASE" }] },
        "UOM_UNMAPPED",
        ["input", "lines", "0", "unit"],
      ],
      [
        "an unknown location",
        { locationId: "NOPE", lines: [{ sku: "A", quantity: 1 }] },
        "UNKNOWN_LOCATION",
        ["input", "locationId"],
      ],
      [
        "a malformed SKU",
        { locationId: "WEST", lines: [{ sku: " A", quantity: 1 }] },
        "INVALID_INPUT",
        ["input", "lines", "0", "sku"],
      ],
      ["no lines", { locationId: "WEST", lines: [] }, "INVALID_INPUT", ["input", "lines"]],
      [
        "too much",
        { locationId: "WEST", lines: [{ sku: "A", quantity: limits.quantityMax, unit: "CASE" }] },
        "QUANTITY_OUT_OF_RANGE",
        null,
      ],
      [
        "too many lines",
        {
          locationId: "WEST",
          lines: Array.from({ length: limits.commandItemsMax + 1 }, () => ({ sku: "A", quantity: 1 })),
        },
        "TOO_MANY_ITEMS",
        ["input", "lines"],
      ],
    ])("refuses %s", async (_, input, code, field) => {
      const reply = await receive(input);
      expect(reply.return).toBeNull();
      expect(reply.userErrors.map((error) => [error.code, error.field])).toEqual([[code, field]]);
    });

    it("refuses a position that would pass what a quantity may be", async () => {
      const most = { locationId: "EAST", lines: [{ sku: "B", quantity: limits.quantityMax }] };
      expect((await receive(most)).userErrors).toEqual([]);
      expect((await receive(most)).userErrors).toMatchObject([{ code: "QUANTITY_OUT_OF_RANGE" }]);
      expect(await stockOf(desk, "B", "EAST")).toMatchObject({ quarantined: limits.quantityMax });
    });
  });

  describe("the same request again", () => {
    it("has its effect once and the same reply, marked as replayed", async () => {
      const input = { idempotencyKey: nextKey(), locationId: "WEST", lines: [{ sku: "C", quantity: 2 }] };
      const first = await receive(input);
      const second = await receive(input);
      expect(first.replayed).toBe(false);
      expect(second).toEqual({ ...first, replayed: true });
      expect(await stockOf(desk, "C")).toMatchObject({ quarantined: 2 });
    });

    it("is refused when the key comes with another input", async () => {
      const input = { idempotencyKey: nextKey(), locationId: "WEST", lines: [{ sku: "A", quantity: 2 }] };
      await receive(input);
      const other = await receive({ ...input, lines: [{ sku: "A", quantity: 3 }] });
      expect(other.userErrors).toMatchObject([{ code: "IDEMPOTENCY_KEY_REUSED" }]);
    });
  });

  describe("many at once", () => {
    it("takes 20 parcels of a return of 50, 5 units each: ten are taken, ten refused", async () => {
      await authorize({ id: "RMA-RACE", lines: [{ sku: "C", quantity: 50, reasonCode: "DEFECT" }] });
      const before = Number((await stockOf(desk, "C"))?.["quarantined"]);
      const replies = await Promise.all(
        Array.from({ length: 20 }, () => receive({ returnId: "RMA-RACE", lines: [{ sku: "C", quantity: 5 }] })),
      );
      expect(replies.filter((reply) => reply.userErrors.length === 0).length).toBe(10);
      expect(replies.flatMap((reply) => reply.userErrors.map((error) => error.code))).toEqual(
        Array(10).fill("RETURN_EXCEEDED"),
      );
      expect(await stockOf(desk, "C")).toMatchObject({ quarantined: before + 50 });
    });

    it("loses no unit when returns meet on new positions from both ends", async () => {
      const skus = ["A", "B", "C"];
      const before = await Promise.all(skus.map((sku) => stockOf(desk, sku)));
      await Promise.all(
        Array.from({ length: 12 }, (_, i) =>
          receive({
            locationId: "WEST",
            lines: (i % 2 ? skus : skus.toReversed()).map((sku) => ({ sku, quantity: 1 })),
          }),
        ),
      );
      const after = await Promise.all(skus.map((sku) => stockOf(desk, sku)));
      const gained = after.map((stock, i) => Number(stock?.["quarantined"]) - Number(before[i]?.["quarantined"]));
      expect(gained).toEqual([12, 12, 12]);
    });

    it("gives one number to one return, however many ask for it at once", async () => {
      const replies = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          authorize({ id: "RMA-WANTED", lines: [{ sku: "A", quantity: i + 1, reasonCode: "DEFECT" }] }),
        ),
      );
      const granted = replies.filter((reply) => reply.userErrors.length === 0);
      expect(granted.length).toBe(1);
      const { data } = await desk.ask<{ return: { lines: unknown[] } }>(
        `{ return(id: "RMA-WANTED") { lines { authorized } } }`,
      );
      expect(data.return.lines).toEqual([{ authorized: granted[0]?.return.lines[0]?.["authorized"] }]);
    });
  });

  it("explains every unit of every position by its movements, and every version by an event", async () => {
    expect(await unexplainedPositions(desk.db)).toEqual([]);
    const events = await desk.events();
    const positions = await desk.db.query<{ sku: string; location_id: string; version: number }>(
      "SELECT sku, location_id, version FROM return_positions",
    );
    expect(positions.length).toBeGreaterThan(4);
    for (const { sku, location_id, version } of positions) {
      const numbers = events.filter((e) => e.sku === sku && e.locationId === location_id).map((e) => e.sourceSeq);
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: version }, (_, i) => i + 1));
    }
  });
});
