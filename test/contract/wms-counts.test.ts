/**
 * Counts through the warehouse's GraphQL schema: evidence beside the book, and what becomes of each variance.
 *
 * At the end every balance is the sum of its movements.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../shared/limits.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import { type AdjustmentDesk, mona, openAdjustmentDesk, refused, rosa, sven } from "./wms-adjustment-fixture.ts";
import { type Caller, stockEvent, unexplainedPositions } from "./wms-fixture.ts";

interface Line {
  readonly outcome: string;
  readonly adjustment: { readonly id: string; readonly contentHash: string; readonly status: string } | null;
  readonly [member: string]: unknown;
}

interface Count {
  readonly id: string;
  readonly lines: readonly Line[];
  readonly [member: string]: unknown;
}

interface Reply {
  readonly stockCount: Count | null;
  readonly userErrors: readonly { readonly code: string; readonly field: readonly string[] | null }[];
  readonly replayed: boolean;
}

const fields = `id locationId countedBy recordedBy recordedAt recountOf note
  lines { sku bucket expectedQuantity countedQuantity variance outcome
          adjustment { id status tier reasons contentHash requestedBy countedBy evidence changeFromQuantity delta } }`;

eachDatabase("counts", (makeKernel) => {
  let desk: AdjustmentDesk;
  let keys = 0;

  beforeAll(async () => {
    desk = await openAdjustmentDesk(makeKernel);
  });

  async function send(input: Readonly<Record<string, unknown>>, caller: Caller = rosa): Promise<Reply> {
    const { data, errors } = await desk.warehouse.ask<{ recordCount: Reply }>(
      `mutation ($input: RecordCountInput!) {
         recordCount(input: $input) { stockCount { ${fields} } userErrors { code field } replayed } }`,
      { input: { idempotencyKey: `count-${++keys}`, locationId: "WEST", ...input } },
      caller,
    );
    expect(errors).toBeUndefined();
    return data.recordCount;
  }

  async function count(lines: readonly object[], more: object = {}, caller: Caller = rosa): Promise<Count> {
    const { stockCount, userErrors } = await send({ lines, ...more }, caller);
    expect(userErrors).toEqual([]);
    return stockCount as Count;
  }

  async function find(id: string): Promise<Count | null> {
    const { data } = await desk.warehouse.ask<{ stockCount: Count | null }>(
      `query ($id: ID!) { stockCount(id: $id) { ${fields} } }`,
      { id },
    );
    return data.stockCount;
  }

  const one = (sku: string, countedQuantity: number, more: object = {}) => [{ sku, countedQuantity, ...more }];
  const asked = (counted: Count) => counted.lines[0]?.adjustment as NonNullable<Line["adjustment"]>;

  it("that agree with the book leave evidence and move nothing", async () => {
    await desk.stocked("SAME", 500);
    const counted = await count(one("SAME", 500), { note: "aisle 4" });
    const line = { expectedQuantity: 500, countedQuantity: 500, variance: 0, outcome: "MATCHED", adjustment: null };
    expect(counted).toMatchObject({ countedBy: "rosa", recordedBy: "rosa", note: "aisle 4", lines: [line] });
    expect(await desk.told("SAME")).toEqual(["inventory.snapshot"]);
    const events = (await desk.warehouse.events()).filter(({ partitionKey }) => partitionKey === `count:${counted.id}`);
    expect(events).toMatchObject([
      {
        type: "count.recorded",
        sourceSeq: 1,
        sku: null,
        locationId: "WEST",
        documentRef: { type: "COUNT", id: counted.id },
        data: { countId: counted.id, lines: [{ sku: "SAME", expected: 500, counted: 500, adjustmentId: null }] },
      },
    ]);
    const audits = await desk.warehouse.db.query("SELECT person, outcome FROM audit_rows WHERE subject = ?", [
      `count:${counted.id}`,
    ]);
    expect(audits).toEqual([{ person: "rosa", outcome: "done" }]);
    expect(await find(counted.id)).toEqual(counted);
  });

  it("that vary within every tolerance are posted at once, with the count as evidence", async () => {
    await desk.stocked("NEAR", 500);
    const counted = await count(one("NEAR", 497));
    expect(counted.lines[0]).toMatchObject({
      variance: -3,
      outcome: "ADJUSTED",
      adjustment: {
        status: "POSTED_WMS",
        delta: -3,
        changeFromQuantity: 500,
        evidence: [`count:${counted.id}`],
        requestedBy: "rosa",
        countedBy: null,
      },
    });
    expect(await desk.shelf("NEAR")).toBe(497);
    expect(await desk.told("NEAR")).toEqual([
      "inventory.snapshot",
      "adjustment.requested",
      "adjustment.approved",
      "adjustment.posted",
    ]);
    await desk.warehouse.deliver(
      canonicalEvent("erp", "erp.posting.acknowledged", "NEAR|WEST", 1, {
        sku: "NEAR",
        locationId: "WEST",
        data: {
          postedEventId: (await desk.find(asked(counted).id))?.movement?.id ?? "",
          bookDelta: -3,
          committedDelta: 0,
          offset: "adjusted",
          offsetDelta: 3,
        },
      }),
    );
    expect((await find(counted.id))?.lines[0]).toMatchObject({ adjustment: { status: "POSTED_ERP" } });
  });

  it("that vary more wait for another person, by the tier of their value", async () => {
    await desk.stocked("FAR", 500);
    const counted = await count(one("FAR", 460));
    expect(counted.lines[0]).toMatchObject({
      outcome: "PENDING_APPROVAL",
      adjustment: { status: "PENDING_APPROVAL", tier: "SUPERVISOR", reasons: ["QUANTITY", "PERCENT"] },
    });
    expect(await desk.shelf("FAR")).toBe(500);
    expect((await desk.approve(asked(counted), sven)).adjustment?.status).toBe("POSTED_WMS");
    expect(await desk.shelf("FAR")).toBe(460);
    expect((await find(counted.id))?.lines[0]).toMatchObject({ expectedQuantity: 500, outcome: "ADJUSTED" });
  });

  it("are compared line by line: many lines, each with what became of it", async () => {
    for (const sku of ["MANY-C", "MANY-A", "MANY-B"]) await desk.stocked(sku, 500);
    const counted = await count([...one("MANY-C", 500), ...one("MANY-A", 0), ...one("MANY-B", 501)]);
    expect(counted.lines.map(({ sku, outcome }) => [sku, outcome])).toEqual([
      ["MANY-C", "MATCHED"],
      ["MANY-A", "PENDING_APPROVAL"],
      ["MANY-B", "ADJUSTED"],
    ]);
  });

  it("of one item on several shelves and in several units are added up", async () => {
    await desk.stocked("SHELF", 500);
    const lines = [...one("SHELF", 40, { unit: "CASE" }), ...one("SHELF", 20, { bucket: "UNRESTRICTED" })];
    expect((await count(lines)).lines).toMatchObject([{ countedQuantity: 500, outcome: "MATCHED" }]);
  });

  it("of a bucket correct that bucket, and both buckets of an item count towards one total", async () => {
    await desk.stocked("TWO", 500);
    const counted = await count([...one("TWO", 496), ...one("TWO", 2, { bucket: "DAMAGED" })]);
    expect(counted.lines).toMatchObject([
      { bucket: "UNRESTRICTED", outcome: "ADJUSTED" },
      { bucket: "DAMAGED", expectedQuantity: 0, outcome: "PENDING_APPROVAL", adjustment: { tier: "SUPERVISOR" } },
    ]);
    expect(counted.lines[1]?.adjustment).toMatchObject({ reasons: ["PERCENT", "ROLLING_TOTAL"] });
    expect(await desk.warehouse.physical("TWO")).toMatchObject({ unrestricted: 496, damaged: 0 });
  });

  it("split into many counts do not pass together what one may not", async () => {
    await desk.stocked("SLICE", 1000);
    const outcomes: unknown[] = [];
    for (const quantity of [998, 996, 994]) outcomes.push((await count(one("SLICE", quantity))).lines[0]?.outcome);
    expect(outcomes).toEqual(["ADJUSTED", "ADJUSTED", "PENDING_APPROVAL"]);
  });

  describe("are decided by neither who entered them nor who counted", () => {
    it("whichever roles they have", async () => {
      await desk.stocked("DUTY", 500);
      const adjustment = asked(await count(one("DUTY", 460), { countedBy: "carl" }));
      expect(adjustment).toMatchObject({ requestedBy: "rosa", countedBy: "carl" });
      for (const person of ["rosa", "carl"]) {
        const caller: Caller = { person, roles: ["supervisor", "controller"] };
        expect(await desk.approve(adjustment, caller)).toEqual(refused("SAME_PERSON"));
        expect(await desk.reject(adjustment, caller)).toEqual(refused("SAME_PERSON"));
      }
      expect((await desk.approve(adjustment, mona)).adjustment?.decidedBy).toBe("mona");
    });

    it("and the name of the counter cannot be taken off afterwards", async () => {
      await desk.stocked("EDITED", 500);
      const adjustment = asked(await count(one("EDITED", 460), { countedBy: "carl" }));
      await desk.warehouse.db.transaction((tx) =>
        tx.run("UPDATE adjustments SET counted_by = NULL WHERE id = ?", [adjustment.id]),
      );
      const carl: Caller = { person: "carl", roles: ["supervisor"] };
      expect(await desk.approve(adjustment, carl)).toEqual(refused("CONTENT_CHANGED"));
    });
  });

  it("whose bucket has changed before the approval are stale", async () => {
    await desk.stocked("STALE", 500);
    const adjustment = asked(await count(one("STALE", 460)));
    await desk.warehouse.record([stockEvent({ sku: "STALE", type: "PICK", quantity: 1 })]);
    expect(await desk.approve(adjustment, sven)).toEqual(refused("CHANGE_FROM_QUANTITY_STALE"));
    expect(await desk.shelf("STALE")).toBe(499);
  });

  it("that replace an earlier one withdraw what that one still asks for, of what is counted again", async () => {
    for (const sku of ["AGAIN", "KEPT"]) await desk.stocked(sku, 500);
    const first = await count([...one("AGAIN", 460), ...one("KEPT", 460)]);
    const second = await count(one("AGAIN", 499), { recountOf: first.id });
    expect(second).toMatchObject({ recountOf: first.id, lines: [{ expectedQuantity: 500, outcome: "ADJUSTED" }] });
    expect((await find(first.id))?.lines.map(({ outcome }) => outcome)).toEqual(["REJECTED", "PENDING_APPROVAL"]);
    expect(await desk.find(asked(first).id)).toMatchObject({
      status: "REJECTED",
      decidedBy: "system:wms",
      decisionNote: `Replaced by count ${second.id}.`,
    });
    expect(await desk.approve(asked(first), sven)).toEqual(refused("ILLEGAL_TRANSITION"));
    expect(await desk.shelf("AGAIN")).toBe(499);
  });

  it("with one key count once, also at the same moment", async () => {
    await desk.stocked("ONCE", 500);
    const input = { idempotencyKey: "count-once", lines: one("ONCE", 499) };
    const replies = await Promise.all(Array.from({ length: 5 }, () => send(input)));
    expect(new Set(replies.map(({ stockCount }) => stockCount?.id)).size).toBe(1);
    expect(replies.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await desk.shelf("ONCE")).toBe(499);
    expect(await send({ ...input, lines: one("ONCE", 498) })).toMatchObject({
      userErrors: [{ code: "IDEMPOTENCY_KEY_REUSED" }],
    });
  });

  it("of one shelf by two people at the same moment correct it once", async () => {
    await desk.stocked("RACE", 500);
    const people = ["rosa", "carl", "dora"].map((person): Caller => ({ person, roles: ["warehouse"] }));
    const counts = await Promise.all(people.map((caller) => count(one("RACE", 497), {}, caller)));
    expect(counts.map(({ lines }) => lines[0]?.outcome).sort()).toEqual(["ADJUSTED", "MATCHED", "MATCHED"]);
    expect(await desk.shelf("RACE")).toBe(497);
  });

  it("that cannot be understood are refused as a whole, and say which line", async () => {
    await desk.stocked("BAD", 500);
    const good = { sku: "BAD", countedQuantity: 499 };
    const bad: readonly (readonly [string, Record<string, unknown>, readonly string[]])[] = [
      [
        "INVALID_INPUT",
        { lines: [good, { ...good, countedQuantity: -1 }] },
        ["input", "lines", "1", "countedQuantity"],
      ],
      ["UOM_UNMAPPED", { lines: [{ ...good, unit: "PALLET" }] }, ["input", "lines", "0", "unit"]],
      ["UNKNOWN_SKU", { lines: [good, { ...good, sku: "NOWHERE" }] }, ["input", "lines", "1", "sku"]],
      ["UNKNOWN_LOCATION", { lines: [good], locationId: "MOON" }, ["input", "locationId"]],
      ["UNKNOWN_DOCUMENT", { lines: [good], recountOf: "C-0" }, ["input", "recountOf"]],
      ["INVALID_INPUT", { lines: [good], countedBy: "system:wms" }, ["input", "countedBy"]],
      ["INVALID_INPUT", { lines: [] }, ["input", "lines"]],
      ["QUANTITY_OUT_OF_RANGE", { lines: [good, { ...good, countedQuantity: 2_147_483_647 }] }, ["input", "lines"]],
      ["TOO_MANY_ITEMS", { lines: Array.from({ length: limits.countLinesMax + 1 }, () => good) }, ["input", "lines"]],
    ];
    for (const [code, input, field] of bad) {
      expect(await send(input)).toMatchObject({ stockCount: null, userErrors: [{ code, field }] });
    }
    const elsewhere = await count([{ sku: "BAD", countedQuantity: 0 }], { locationId: "EAST" });
    expect(await send({ lines: [good], recountOf: elsewhere.id })).toMatchObject({
      userErrors: [{ code: "INVALID_INPUT", field: ["input", "recountOf"] }],
    });
    expect(await desk.shelf("BAD")).toBe(500);
  });

  it("are for the people of the warehouse", async () => {
    const caller: Caller = { person: "paula", roles: ["planner"] };
    const { errors } = await desk.warehouse.ask(
      `mutation { recordCount(input: { idempotencyKey: "no", locationId: "WEST", lines: [] }) { replayed } }`,
      {},
      caller,
    );
    expect(errors?.[0]?.extensions?.["code"]).toBe("FORBIDDEN");
    expect(await find("no-such-count")).toBeNull();
  });

  it("at the end every balance is the sum of its movements", async () => {
    expect(await unexplainedPositions(desk.warehouse.db)).toEqual([]);
  });
});
