/**
 * Sales allocations and book balances through the ERP's own schema, on every database this machine has.
 *
 * Whatever happens, a position is what its journal adds up to, and its committed demand is what is open of its orders.
 */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { eachDatabase } from "../helpers/databases.ts";
import { type Erp, openErp, sequences, unexplainedPositions, untouched } from "./erp-fixture.ts";

eachDatabase("orders and books", (makeKernel, kind) => {
  let erp: Erp;
  beforeAll(async () => {
    erp = await openErp(makeKernel);
  });
  afterEach(async () => {
    expect(await unexplainedPositions(erp.db)).toEqual([]);
  });

  /** Makes an item that no other test has. */
  let items = 0;
  async function newItem(): Promise<string> {
    const sku = `I${++items}`;
    const units = [
      { unit: "CASE", numerator: 12, denominator: 1 },
      { unit: "THIRD", numerator: 1, denominator: 3 },
    ];
    await erp.run("saveProducts", { products: [{ sku, name: sku, baseUnit: "EA", units }] });
    return sku;
  }
  const at = (sku: string, quantity: number, more: object = {}) => ({
    line: "1",
    sku,
    locationId: "WEST",
    quantity,
    ...more,
  });
  const allocate = (orderId: string, ...lines: object[]) =>
    erp.run("allocateOrder", { orderId, channel: "WEB", lines });

  describe("allocateOrder", () => {
    it("commits every line at its position, and tells the order, the line and the channel", async () => {
      const sku = await newItem();
      const reply = await allocate("O-1", at(sku, 5), at(sku, 2, { line: "2", locationId: "EAST" }));
      expect(reply.userErrors).toEqual([]);
      expect(reply.orderAllocation).toEqual({
        orderId: "O-1",
        channel: "WEB",
        lines: [
          { line: "1", sku, locationId: "WEST", allocated: 5, shipped: 0, open: 5 },
          { line: "2", sku, locationId: "EAST", allocated: 2, shipped: 0, open: 2 },
        ],
      });
      expect(await erp.book(sku)).toMatchObject({ onHand: 0, committed: 5, version: 1 });
      const told = (await erp.events("order.allocated")).filter((event) => event.sku === sku);
      expect(told).toMatchObject([
        {
          partitionKey: `${sku}|WEST`,
          sourceSeq: 1,
          quantity: 5,
          uom: "EA",
          documentRef: { type: "ORDER", id: "O-1", line: "1" },
          channel: "WEB",
          data: { committedDelta: 5 },
        },
        { partitionKey: `${sku}|EAST`, sourceSeq: 1, data: { committedDelta: 2 } },
      ]);
      expect(await erp.db.query("SELECT outcome FROM audit_rows WHERE subject = 'order:O-1'")).toHaveLength(1);
    });

    it("counts other units up to whole base units, because demand must not be too small", async () => {
      const sku = await newItem();
      await allocate("O-2", at(sku, 2, { unit: "CASE" }), at(sku, 4, { line: "2", unit: "THIRD" }));
      expect(await erp.book(sku)).toMatchObject({ committed: 26 });
      const [event] = (await erp.events("order.allocated")).filter((found) => found.sku === sku);
      expect(event).toMatchObject({ quantity: 24, uom: "CASE", enteredQuantity: 2 });
    });

    it.each([
      [{ sku: "NOWHERE" }, "UNKNOWN_SKU", "sku"],
      [{ locationId: "NOWHERE" }, "UNKNOWN_LOCATION", "locationId"],
      [{ unit: "PALLET" }, "UOM_UNMAPPED", "unit"],
      [{ quantity: 0 }, "QUANTITY_NOT_POSITIVE", "quantity"],
      [{ line: "1" }, "INVALID_INPUT", "line"],
      [{ line: " 2" }, "INVALID_INPUT", "line"],
    ])("refuses %j and names the place, and the good line beside it is not allocated", async (bad, code, member) => {
      const sku = await newItem();
      const reply = await allocate("O-3", at(sku, 1), at(sku, 1, { line: "2", ...bad }));
      expect(reply).toMatchObject({
        orderAllocation: null,
        userErrors: [{ code, field: ["input", "lines", "1", member] }],
      });
      expect(await erp.book(sku)).toMatchObject(untouched);
    });

    it("refuses an order without lines, with too many, and with a channel that is no code", async () => {
      const many = Array.from({ length: 1_001 }, (_, n) => at("A", 1, { line: String(n) }));
      expect((await allocate("O-4")).userErrors).toMatchObject([{ code: "INVALID_INPUT", field: ["input", "lines"] }]);
      expect((await allocate("O-4", ...many)).userErrors).toMatchObject([{ code: "TOO_MANY_ITEMS" }]);
      const odd = await erp.run("allocateOrder", { orderId: "O-4", channel: " WEB", lines: [at("A", 1)] });
      expect(odd.userErrors).toMatchObject([{ code: "INVALID_INPUT", field: ["input", "channel"] }]);
    });

    it("refuses a line that is already allocated, and takes further lines of the same order", async () => {
      const sku = await newItem();
      await allocate("O-5", at(sku, 3));
      const again = await allocate("O-5", at(sku, 1, { line: "2" }), at(sku, 3));
      expect(again.userErrors).toMatchObject([{ code: "ORDER_LINE_EXISTS", field: ["input", "lines", "1", "line"] }]);
      expect(await erp.book(sku)).toMatchObject({ committed: 3 });
      const more = await allocate("O-5", at(sku, 1, { line: "2" }));
      expect(more.orderAllocation?.lines.map(({ line, open }) => [line, open])).toEqual([
        ["1", 3],
        ["2", 1],
      ]);
    });

    it("keeps an order in the channel of its first allocation", async () => {
      const sku = await newItem();
      await allocate("O-6", at(sku, 1));
      const other = await erp.run("allocateOrder", {
        orderId: "O-6",
        channel: "B2B",
        lines: [at(sku, 1, { line: "2" })],
      });
      expect(other.userErrors).toMatchObject([{ code: "INVALID_INPUT", field: ["input", "channel"] }]);
      const silent = await erp.run("allocateOrder", { orderId: "O-6", lines: [at(sku, 1, { line: "2" })] });
      expect(silent.orderAllocation).toMatchObject({ channel: "WEB" });
    });

    it("refuses more than a balance can hold", async () => {
      const sku = await newItem();
      const reply = await allocate("O-7", at(sku, 2_147_483_647), at(sku, 1, { line: "2" }));
      expect(reply.userErrors).toMatchObject([{ code: "QUANTITY_OUT_OF_RANGE" }]);
      expect(await erp.book(sku)).toMatchObject(untouched);
    });

    it("answers a copy with the stored reply, and commits once", async () => {
      const sku = await newItem();
      const input = { idempotencyKey: `copy-${sku}`, orderId: "O-8", lines: [at(sku, 4)] };
      const copies = await Promise.all(Array.from({ length: 8 }, () => erp.run("allocateOrder", input)));
      expect(copies.filter(({ replayed }) => !replayed)).toHaveLength(1);
      expect(new Set(copies.map(({ orderAllocation }) => JSON.stringify(orderAllocation))).size).toBe(1);
      expect(await erp.book(sku)).toMatchObject({ committed: 4, version: 1 });
      const reused = await erp.run("allocateOrder", { ...input, orderId: "O-8b" });
      expect(reused.userErrors).toMatchObject([{ code: "IDEMPOTENCY_KEY_REUSED" }]);
    });

    it("loses no update when many orders are allocated at once in opposite orders", async () => {
      const [a, b] = [await newItem(), await newItem()];
      const orders = Array.from({ length: 24 }, (_, n) => {
        const lines = [at(a, 1), at(b, 2, { line: "2" }), at(a, 3, { line: "3", locationId: "EAST" })];
        return allocate(`R-${n}`, ...(n % 2 === 0 ? lines : lines.toReversed()));
      });
      expect((await Promise.all(orders)).flatMap(({ userErrors }) => userErrors)).toEqual([]);
      expect(await erp.book(a)).toMatchObject({ committed: 24, version: 24 });
      expect(await erp.book(b)).toMatchObject({ committed: 48, version: 24 });
      expect(await erp.book(a, "EAST")).toMatchObject({ committed: 72, version: 24 });
      const numbers = Array.from({ length: 24 }, (_, n) => n + 1);
      expect((await sequences(erp)).get(`${a}|WEST`)).toEqual(numbers);
    });

    it("gives a line to one of two requests that allocate it at once", async () => {
      const [a, b] = [await newItem(), await newItem()];
      await allocate("O-9", at(a, 1));
      for (const line of ["2", "3", "4", "5"]) {
        const replies = await Promise.all([allocate("O-9", at(a, 1, { line })), allocate("O-9", at(b, 1, { line }))]);
        const codes = replies.flatMap(({ userErrors }) => userErrors.map(({ code }) => code));
        expect(codes).toEqual(["ORDER_LINE_EXISTS"]);
      }
    });
  });

  describe("deallocateOrder", () => {
    it("gives back a part, then the rest of a line, then everything", async () => {
      const sku = await newItem();
      await allocate("D-1", at(sku, 10), at(sku, 5, { line: "2" }));
      const open = async (lines?: object[]) => {
        const { orderAllocation } = await erp.run("deallocateOrder", { orderId: "D-1", ...(lines ? { lines } : {}) });
        return orderAllocation?.lines.map((line) => line.open);
      };
      expect(await open([{ line: "1", quantity: 4 }])).toEqual([6, 5]);
      expect(await open([{ line: "1" }])).toEqual([0, 5]);
      expect(await open()).toEqual([0, 0]);
      expect(await erp.book(sku)).toMatchObject({ committed: 0 });
      const told = (await erp.events("order.deallocated")).filter((event) => event.sku === sku);
      expect(told.map(({ channel, quantity, data }) => [channel, quantity, data.committedDelta])).toEqual([
        ["WEB", 4, -4],
        ["WEB", 6, -6],
        ["WEB", 5, -5],
      ]);
    });

    it("refuses more than is open, an unknown line and an unknown order", async () => {
      const sku = await newItem();
      await allocate("D-2", at(sku, 3));
      const refusal = async (orderId: string, lines: object[]) =>
        (await erp.run("deallocateOrder", { orderId, lines })).userErrors;
      const path = ["input", "lines", "0"];
      expect(await refusal("D-2", [{ line: "1", quantity: 4 }])).toMatchObject([
        { code: "ALLOCATION_EXCEEDED", field: [...path, "quantity"] },
      ]);
      expect(await refusal("D-2", [{ line: "9" }])).toMatchObject([
        { code: "UNKNOWN_DOCUMENT", field: [...path, "line"] },
      ]);
      expect(await refusal("D-2", [{ line: "1", quantity: 0 }])).toMatchObject([{ code: "QUANTITY_NOT_POSITIVE" }]);
      expect(await refusal("NOWHERE", [])).toMatchObject([{ code: "UNKNOWN_DOCUMENT", field: ["input", "orderId"] }]);
      expect(await erp.book(sku)).toMatchObject({ committed: 3, version: 1 });
    });

    it("does nothing where nothing is open, and leaves the line free to be allocated again", async () => {
      const sku = await newItem();
      await allocate("D-3", at(sku, 3));
      await erp.run("deallocateOrder", { orderId: "D-3" });
      const events = (await erp.events()).length;
      expect((await erp.run("deallocateOrder", { orderId: "D-3" })).userErrors).toEqual([]);
      expect((await erp.events()).length).toBe(events);
      expect((await allocate("D-3", at(sku, 8))).userErrors).toEqual([]);
      expect(await erp.book(sku)).toMatchObject({ committed: 8 });
    });

    it("gives nothing back twice when two requests give back the same at once", async () => {
      const sku = await newItem();
      await allocate("D-4", at(sku, 10));
      const lines = [{ line: "1", quantity: 6 }];
      const replies = await Promise.all([1, 2].map(() => erp.run("deallocateOrder", { orderId: "D-4", lines })));
      expect(replies.flatMap(({ userErrors }) => userErrors.map(({ code }) => code))).toEqual(["ALLOCATION_EXCEEDED"]);
      expect(await erp.book(sku)).toMatchObject({ committed: 4 });
    });
  });

  describe("saveBookBalances", () => {
    const save = async (...balances: object[]) =>
      (await erp.run("saveBookBalances", { balances })).results.map(({ id, status, code }) => [id, code ?? status]);

    it("records the difference, and nothing when there is none", async () => {
      const sku = await newItem();
      const balance = (onHand: number) => ({ sku, locationId: "WEST", onHand });
      expect(await save(balance(40))).toEqual([[`${sku}|WEST`, "CREATED"]]);
      expect(await save(balance(40))).toEqual([[`${sku}|WEST`, "UNCHANGED"]]);
      expect(await save(balance(-3))).toEqual([[`${sku}|WEST`, "UPDATED"]]);
      expect(await erp.book(sku)).toMatchObject({ onHand: -3, version: 2, asOf: "2026-01-05T08:00:00.000Z" });
      const told = (await erp.events("book.balance.changed")).filter((event) => event.sku === sku);
      expect(told.map(({ sourceSeq, data }) => [sourceSeq, data.bookDelta])).toEqual([
        [1, 40],
        [2, -43],
      ]);
    });

    it("records also that there is nothing, where nothing was recorded before", async () => {
      const sku = await newItem();
      expect(await save({ sku, locationId: "WEST", onHand: 0 })).toEqual([[`${sku}|WEST`, "CREATED"]]);
      expect(await erp.book(sku)).toMatchObject({ onHand: 0, version: 1, asOf: "2026-01-05T08:00:00.000Z" });
      expect(await save({ sku, locationId: "WEST", onHand: 0 })).toEqual([[`${sku}|WEST`, "UNCHANGED"]]);
    });

    it("say 0 of an item and a place that are known, and nothing of one that is not", async () => {
      const sku = await newItem();
      expect(await erp.book(sku, "EAST")).toMatchObject(untouched);
      expect(await erp.book(sku, "NOWHERE")).toBeNull();
      expect(await erp.book("NOWHERE")).toBeNull();
    });

    it("rejects what it cannot know and saves the others", async () => {
      const sku = await newItem();
      expect(
        await save(
          { sku, locationId: "WEST", onHand: 1 },
          { sku, locationId: "WEST", onHand: 2 },
          { sku: "NOWHERE", locationId: "WEST", onHand: 1 },
          { sku, locationId: "NOWHERE", onHand: 1 },
          { sku, locationId: "EAST", onHand: -2_147_483_648 },
        ),
      ).toEqual([
        [`${sku}|WEST`, "CREATED"],
        [`${sku}|WEST`, "INVALID_INPUT"],
        ["NOWHERE|WEST", "UNKNOWN_SKU"],
        [`${sku}|NOWHERE`, "UNKNOWN_LOCATION"],
        [`${sku}|EAST`, "QUANTITY_OUT_OF_RANGE"],
      ]);
      expect(await erp.book(sku)).toMatchObject({ onHand: 1 });
    });

    it("leaves committed demand alone", async () => {
      const sku = await newItem();
      await allocate("B-1", at(sku, 5));
      await save({ sku, locationId: "WEST", onHand: 20 });
      expect(await erp.book(sku)).toMatchObject({ onHand: 20, committed: 5 });
    });
  });

  it(`takes an order of 1,000 lines on ${kind}`, async () => {
    const products = Array.from({ length: 500 }, (_, n) => ({ sku: `M${n}`, name: `M${n}`, baseUnit: "EA" }));
    await erp.run("saveProducts", { products });
    const lines = products.flatMap(({ sku }) => [
      at(sku, 1, { line: sku }),
      at(sku, 2, { line: `${sku}-E`, locationId: "EAST" }),
    ]);
    expect((await allocate("M-1", ...lines)).userErrors).toEqual([]);
    expect(await erp.book("M499", "EAST")).toMatchObject({ committed: 2 });
  });
});
