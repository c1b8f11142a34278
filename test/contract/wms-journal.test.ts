/**
 * The journal as it is read, and what reading and writing in bulk costs.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { Database, Transaction } from "../../shared/db/database.ts";
import { noStock } from "../../shared/events/canonical-event.ts";
import { anonymous } from "../../shared/identity.ts";
import { createRecorder } from "../../shared/recorder.ts";
import { effectOf, type StockFact } from "../../subgraphs/wms/domain/stock-fact.ts";
import { createLoaders } from "../../subgraphs/wms/loaders.ts";
import { postFacts } from "../../subgraphs/wms/posting.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { openWarehouse, stockEvent, unexplainedPositions, type Warehouse } from "./wms-fixture.ts";

interface Page {
  readonly nodes: readonly { eventId: string }[];
  readonly edges: readonly { cursor: string }[];
  readonly pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null };
}

eachDatabase("journal of the warehouse", (makeKernel) => {
  let warehouse: Warehouse;

  beforeAll(async () => {
    warehouse = await openWarehouse(makeKernel);
    await warehouse.record(
      [1, 2, 3, 4, 5].map((n) => stockEvent({ id: `j-${n}`, quantity: n })),
      { source: "wms-west" },
    );
    await warehouse.record([stockEvent({ id: "j-east", locationId: "EAST" })]);
  });

  async function pages(locationIds: readonly string[], args: string): Promise<Page[]> {
    const representations = locationIds.map((locationId) => ({ __typename: "StockPosition", sku: "A", locationId }));
    const { data, errors } = await warehouse.ask<{ _entities: { movements: Page }[] }>(
      `query ($representations: [_Any!]!) { _entities(representations: $representations) {
         ... on StockPosition { movements(${args}) {
           nodes { eventId } edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor }
         } }
       } }`,
      { representations },
    );
    if (errors) throw new Error(errors[0]?.extensions?.["code"] as string);
    return data._entities.map(({ movements }) => movements);
  }

  const idsOf = (page: Page | undefined) => page?.nodes.map(({ eventId }) => eventId);

  describe("pages", () => {
    it("run from the newest movement to the oldest, without overlap", async () => {
      const [first] = await pages(["WEST"], "first: 2");
      expect(idsOf(first)).toEqual(["j-5", "j-4"]);
      expect(first?.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
      const [second] = await pages(["WEST"], `first: 2, after: "${first?.pageInfo.endCursor}"`);
      expect(idsOf(second)).toEqual(["j-3", "j-2"]);
      const [third] = await pages(["WEST"], `first: 2, after: "${second?.pageInfo.endCursor}"`);
      expect(idsOf(third)).toEqual(["j-1"]);
      expect(third?.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    });

    it("keep their place while new movements arrive", async () => {
      const [first] = await pages(["EAST"], "first: 1");
      await warehouse.record([stockEvent({ id: "j-east-2", locationId: "EAST" })]);
      const [next] = await pages(["EAST"], `first: 1, after: "${first?.pageInfo.endCursor}"`);
      expect(idsOf(first)).toEqual(["j-east"]);
      expect(idsOf(next)).toEqual([]);
    });

    it("of many positions come together; a position nobody reported has an empty one", async () => {
      const [nowhere, east, west] = await pages(["NOWHERE", "EAST", "WEST"], "first: 1");
      expect([nowhere, east, west].map(idsOf)).toEqual([[], ["j-east-2"], ["j-5"]]);
      expect(nowhere?.pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: false, endCursor: null });
    });

    it("refuse a size or a cursor that makes no sense", async () => {
      await expect(pages(["WEST"], "first: 0")).rejects.toThrow("BAD_USER_INPUT");
      await expect(pages(["WEST"], 'first: 1, after: "nonsense"')).rejects.toThrow("BAD_USER_INPUT");
      const words = Buffer.from('["two"]').toString("base64url");
      await expect(pages(["WEST"], `first: 1, after: "${words}"`)).rejects.toThrow("BAD_USER_INPUT");
    });
  });

  it("a movement is found by its id, with everything that was reported", async () => {
    const event = stockEvent({
      id: "full",
      type: "ADJUSTMENT",
      quantity: -2,
      unit: "CASE",
      fromBucket: "DAMAGED",
      sourceSeq: 41,
      reasonCode: "BROKEN",
      note: "fell",
      documentRef: { type: "COUNT", id: "C-7" },
    });
    await warehouse.record([event], { source: "wms-west" });
    const [told] = (await warehouse.events("A")).slice(-1);
    const { data } = await warehouse.ask(
      `query ($id: ID!) {
         stockMovement(id: $id) {
           id type status sku locationId product { sku } location { id } position { sku locationId }
           quantity enteredQuantity unit fromBucket toBucket deltas { bucket quantity } onHandDelta version source
           eventId sourceSeq occurredAt recordedAt document { type id line } reasonCode note person correlationId
         }
         nothing: stockMovement(id: "nothing") { id }
       }`,
      { id: told?.id },
    );
    expect(data).toEqual({
      stockMovement: {
        id: told?.id,
        type: "ADJUSTMENT",
        status: "ACCEPTED",
        sku: "A",
        locationId: "WEST",
        product: { sku: "A" },
        location: { id: "WEST" },
        position: { sku: "A", locationId: "WEST" },
        quantity: -24,
        enteredQuantity: -2,
        unit: "CASE",
        fromBucket: "DAMAGED",
        toBucket: null,
        deltas: [{ bucket: "DAMAGED", quantity: -24 }],
        onHandDelta: -24,
        version: 6,
        source: "wms-west",
        eventId: "full",
        sourceSeq: 41,
        occurredAt: "2026-01-05T07:00:00.000Z",
        recordedAt: "2026-01-05T08:00:00.000Z",
        document: { type: "COUNT", id: "C-7", line: null },
        reasonCode: "BROKEN",
        note: "fell",
        person: "wanda",
        correlationId: "story-1",
      },
      nothing: null,
    });
  });

  describe("the cost", () => {
    /** Events 2n and 2n + 1 are a receipt and an earlier snapshot of one position. */
    const fact = (n: number): StockFact => ({
      id: `cost-${n}`,
      type: n % 2 === 0 ? "RECEIPT" : "SNAPSHOT",
      sku: `COST-${Math.floor(n / 2) % 1_000}`,
      locationId: "WEST",
      quantity: 5,
      unit: null,
      occurredAtMs: n % 2 === 0 ? 2_000 : 1_000,
      sourceSeq: null,
      documentRef: null,
      fromBucket: null,
      toBucket: null,
      reasonCode: null,
      note: null,
      buckets: n % 2 === 0 ? null : { ...noStock, unrestricted: 5 },
    });

    async function statementsFor(firstFact: number, count: number): Promise<number> {
      let statements = 0;
      await warehouse.db.transaction(async (tx) => {
        const counting: Transaction = {
          ...tx,
          query(sql, params) {
            statements += 1;
            return tx.query(sql, params);
          },
          run(sql, params) {
            statements += 1;
            return tx.run(sql, params);
          },
        };
        const cause = { person: "p", roles: [], correlationId: "c", causationId: null, idempotencyKey: null };
        const recorder = createRecorder("wms", warehouse.clock, cause);
        const entries = Array.from({ length: count }, (_, n) => {
          const reported = fact(firstFact + n);
          return { fact: reported, effect: effectOf(reported, (quantity) => quantity), uom: "EA" };
        });
        const verdicts = await postFacts(counting, recorder, { source: "cost", action: "test", nowMs: 0, entries });
        expect(new Set(verdicts.map(({ status }) => status))).toEqual(new Set(["ACCEPTED"]));
        await recorder.flush(counting);
      });
      return statements;
    }

    it("of a bulk command is the same few statements, however many events it has", async () => {
      const few = await statementsFor(0, 4);
      const many = await statementsFor(100, 450);
      expect([few, many]).toEqual([8, 8]);
      const fewAgain = await statementsFor(2_000, 4);
      const manyAgain = await statementsFor(2_100, 450);
      expect([fewAgain, manyAgain]).toEqual([7, 7]);
    });

    it("of reading is one statement for all positions of an operation", async () => {
      let statements = 0;
      const counting: Database = {
        ...warehouse.db,
        query(sql, params) {
          statements += 1;
          return warehouse.db.query(sql, params);
        },
      };
      const loaders = createLoaders(counting, anonymous);
      const keys = Array.from({ length: 150 }, (_, n) => ({ sku: `COST-${100 + n}`, locationId: "WEST" }));
      const balances = await Promise.all(keys.map((key) => loaders.balance.load(key)));
      expect(balances.filter((balance) => balance !== null)).toHaveLength(150);
      expect(statements).toBe(1);
      const journals = await Promise.all(keys.map((key) => loaders.journal.load({ ...key, size: 2, before: null })));
      expect(journals.every((rows) => rows.length === 3)).toBe(true);
      expect(statements).toBe(3);
    });
  });

  it("at the end every balance is the sum of its movements", async () => {
    expect(await unexplainedPositions(warehouse.db)).toEqual([]);
  });
});
