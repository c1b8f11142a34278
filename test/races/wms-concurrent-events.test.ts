/**
 * Eight callers report about the same few positions at once: no update is lost, no event counts twice, every balance
 * is explained by its journal, and the events told have no hole and no copy in their sequence.
 */
import { beforeAll, expect, it } from "vitest";
import type { StockEventInput } from "../../subgraphs/wms/stock-reports.ts";
import { openWarehouse, product, stockEvent, unexplainedPositions, type Warehouse } from "../contract/wms-fixture.ts";
import { eachDatabase } from "../helpers/databases.ts";

const callers = Array.from({ length: 8 }, (_, i) => i);

eachDatabase("eight callers", (makeKernel) => {
  let warehouse: Warehouse;

  beforeAll(async () => {
    warehouse = await openWarehouse(makeKernel);
  });

  async function newSkus(prefix: string, count: number): Promise<string[]> {
    const skus = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
    await warehouse.deliver(...skus.map((sku) => product(sku)));
    return skus;
  }

  /** Each caller sends its batches one after the other; the callers all at once. */
  async function race(batchesOf: (caller: number) => readonly StockEventInput[][]): Promise<string[]> {
    const replies = await Promise.all(
      callers.map(async (caller) => {
        const statuses: string[] = [];
        for (const batch of batchesOf(caller)) {
          const { results, userErrors } = await warehouse.record(batch, { source: "wms-west" });
          expect(userErrors).toEqual([]);
          statuses.push(...results.map(({ status, code }) => code ?? status));
        }
        return statuses;
      }),
    );
    return replies.flat();
  }

  const countOf = (statuses: readonly string[], status: string) => statuses.filter((s) => s === status).length;

  it("on new and on known positions, in opposite orders: nothing is lost", async () => {
    const skus = await newSkus("MIXED", 6);
    const events = (caller: number, round: number) => {
      // Each round brings one position more into play, so that some are new in every round.
      const inPlay = skus.slice(0, round + 2).map((sku) => stockEvent({ sku, quantity: caller + 1 }));
      return caller % 2 === 0 ? inPlay : inPlay.reverse();
    };
    const statuses = await race((caller) => [0, 1, 2, 3, 4].map((round) => events(caller, round)));
    expect(countOf(statuses, "ACCEPTED")).toBe(statuses.length);
    const perRound = callers.reduce((sum, caller) => sum + caller + 1, 0);
    const rounds = [5, 5, 4, 3, 2, 1];
    for (const [i, sku] of skus.entries()) {
      const version = (rounds[i] as number) * callers.length;
      expect(await warehouse.physical(sku)).toMatchObject({ dock: perRound * (rounds[i] as number), version });
    }
  });

  it("with the same events: each counts once", async () => {
    const [sku = ""] = await newSkus("COPIES", 1);
    const events = Array.from({ length: 40 }, () => stockEvent({ sku, quantity: 1 }));
    const statuses = await race((caller) => [events.slice(caller, caller + 30), events]);
    expect(countOf(statuses, "ACCEPTED")).toBe(40);
    expect(countOf(statuses, "DUPLICATE")).toBe(statuses.length - 40);
    expect(await warehouse.physical(sku)).toMatchObject({ dock: 40, version: 40 });
  });

  it("with one event id for eight positions: one of them wins, the others are told so", async () => {
    const skus = await newSkus("CLASH", 8);
    const id = "one-id-for-all";
    const statuses = await race((caller) => [[stockEvent({ id, sku: skus[caller] ?? "", quantity: 1 })]]);
    expect(countOf(statuses, "ACCEPTED")).toBe(1);
    expect(countOf(statuses, "EVENT_ID_REUSED")).toBe(7);
  });

  it("with snapshots between moves: the newest snapshot and what follows it are what is there", async () => {
    const [sku = ""] = await newSkus("COUNTS", 1);
    const statuses = await race((caller) =>
      [0, 1, 2].map((round) => {
        const sourceSeq = round * 100 + caller * 10;
        return [
          stockEvent({ sku, quantity: 1, sourceSeq: sourceSeq + 1 }),
          stockEvent({
            sku,
            type: "SNAPSHOT",
            quantity: sourceSeq,
            buckets: { dock: sourceSeq },
            sourceSeq: sourceSeq + 2,
          }),
          stockEvent({ sku, quantity: 2, sourceSeq: sourceSeq + 3 }),
        ];
      }),
    );
    expect(countOf(statuses, "ACCEPTED") + countOf(statuses, "SUPERSEDED")).toBe(statuses.length);
    // The newest snapshot is the last caller's in the last round, number 272; only its own second move follows.
    expect(await warehouse.physical(sku)).toMatchObject({ dock: 270 + 2 });
  });

  it("at the end every balance is explained, and every position's events run 1, 2, 3, … without a hole", async () => {
    expect(await unexplainedPositions(warehouse.db)).toEqual([]);
    const sequences = new Map<string, number[]>();
    for (const { partitionKey, sourceSeq } of await warehouse.events()) {
      sequences.set(partitionKey, [...(sequences.get(partitionKey) ?? []), sourceSeq]);
    }
    expect(sequences.size).toBe(9);
    for (const told of sequences.values()) {
      expect(told.sort((a, b) => a - b)).toEqual(told.map((_, i) => i + 1));
    }
  });
});
