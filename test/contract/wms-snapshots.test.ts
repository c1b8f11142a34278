/**
 * Snapshots against the journal: whatever comes first, balance = newest snapshot + every move it does not cover.
 *
 * The pure rule has its own tests; here the moves it needs come out of the database, across requests.
 */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Buckets, noStock, onHandOf } from "../../shared/events/canonical-event.ts";
import type { StockEventInput } from "../../subgraphs/wms/stock-reports.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { openWarehouse, product, stockEvent, unexplainedPositions, type Warehouse } from "./wms-fixture.ts";

eachDatabase("snapshots of a warehouse", (makeKernel) => {
  let warehouse: Warehouse;
  let skus = 0;

  beforeAll(async () => {
    warehouse = await openWarehouse(makeKernel);
  });

  async function newSku(): Promise<string> {
    const sku = `SNAP-${++skus}`;
    await warehouse.deliver(product(sku));
    return sku;
  }

  async function statuses(events: readonly StockEventInput[], source = "wms-west"): Promise<string[]> {
    const { results } = await warehouse.record(events, { source });
    return results.map(({ status, code }) => code ?? status);
  }

  /** Hours of the day, so that a story reads. */
  const at = (hour: number) => `2026-01-05T${String(hour).padStart(2, "0")}:00:00.000Z`;

  const receipt = (sku: string, quantity: number, sourceSeq: number | null, hour = 7) =>
    stockEvent({ sku, quantity, toBucket: "UNRESTRICTED", sourceSeq, occurredAt: at(hour) });

  const snapshot = (sku: string, counted: Partial<Buckets>, sourceSeq: number | null, hour = 7) =>
    stockEvent({
      sku,
      type: "SNAPSHOT",
      quantity: onHandOf({ ...noStock, ...counted }),
      buckets: counted,
      sourceSeq,
      occurredAt: at(hour),
    });

  it("a snapshot sets the balance, negative buckets included, and tells it as of its version", async () => {
    const sku = await newSku();
    await statuses([receipt(sku, 3, 1)]);
    expect(await statuses([snapshot(sku, { unrestricted: 20, picked: 4, damaged: -1 }, 2)])).toEqual(["ACCEPTED"]);
    expect(await warehouse.physical(sku)).toMatchObject({
      unrestricted: 20,
      picked: 4,
      damaged: -1,
      onHand: 23,
      version: 2,
    });
    expect((await warehouse.events(sku)).at(-1)).toMatchObject({
      type: "inventory.snapshot",
      sourceSeq: 2,
      quantity: 23,
      data: { asOfSeq: 2, wms: { ...noStock, unrestricted: 20, picked: 4, damaged: -1 } },
    });
  });

  it("counts in the unit it names", async () => {
    const sku = await newSku();
    await statuses([{ ...snapshot(sku, { unrestricted: 2, hold: 1 }, 1), unit: "CASE" }]);
    expect(await warehouse.physical(sku)).toMatchObject({ unrestricted: 24, hold: 12 });
  });

  it("a late move below the snapshot's sequence number is journalled as superseded", async () => {
    const sku = await newSku();
    await statuses([snapshot(sku, { unrestricted: 50 }, 10)]);
    const late = receipt(sku, 7, 10);
    expect(await statuses([late])).toEqual(["SUPERSEDED"]);
    expect(await statuses([late])).toEqual(["DUPLICATE"]);
    expect(await warehouse.physical(sku)).toMatchObject({ unrestricted: 50, version: 1 });
    const journal = await warehouse.db.query(
      "SELECT entry_no, status, version, unrestricted_delta FROM stock_movements WHERE sku = ? ORDER BY entry_no",
      [sku],
    );
    expect(journal.map((row) => [Number(row["entry_no"]), row["status"], row["unrestricted_delta"]])).toEqual([
      [1, "ACCEPTED", 50],
      [2, "SUPERSEDED", 7],
    ]);
    expect(await warehouse.events(sku)).toHaveLength(1);
  });

  it("moves above its sequence number that came before it survive it", async () => {
    const sku = await newSku();
    await statuses([receipt(sku, 1, 9), receipt(sku, 5, 11)]);
    await statuses([receipt(sku, 2, 12)]);
    expect(await statuses([snapshot(sku, { unrestricted: 100 }, 10)])).toEqual(["ACCEPTED"]);
    expect(await warehouse.physical(sku)).toMatchObject({ unrestricted: 107, version: 4 });
    expect((await warehouse.events(sku)).at(-1)).toMatchObject({ data: { asOfSeq: 4, wms: { unrestricted: 107 } } });
  });

  it("without sequence numbers the moment decides: strictly earlier is covered", async () => {
    const sku = await newSku();
    await statuses([receipt(sku, 1, null, 8), receipt(sku, 2, null, 9), receipt(sku, 4, null, 10)]);
    await statuses([snapshot(sku, { unrestricted: 100 }, null, 9)]);
    expect(await warehouse.physical(sku)).toMatchObject({ unrestricted: 106 });
    expect(await statuses([receipt(sku, 8, null, 8), receipt(sku, 16, null, 9)])).toEqual(["SUPERSEDED", "ACCEPTED"]);
    expect(await warehouse.physical(sku)).toMatchObject({ unrestricted: 122 });
  });

  it("sequence numbers of another source say nothing: between sources the moment decides", async () => {
    const sku = await newSku();
    await statuses([receipt(sku, 1, 500, 8)], "wms-east");
    await statuses([receipt(sku, 2, 1, 10)], "wms-east");
    await statuses([snapshot(sku, { unrestricted: 100 }, 10, 9)]);
    expect(await warehouse.physical(sku)).toMatchObject({ unrestricted: 102 });
    expect(await statuses([receipt(sku, 4, 2, 11), receipt(sku, 8, 600, 7)], "wms-east")).toEqual([
      "ACCEPTED",
      "SUPERSEDED",
    ]);
    expect(await warehouse.physical(sku)).toMatchObject({ unrestricted: 106 });
  });

  it("an older snapshot loses, a newer one wins", async () => {
    const sku = await newSku();
    await statuses([snapshot(sku, { unrestricted: 50 }, 10)]);
    expect(await statuses([snapshot(sku, { unrestricted: 40 }, 9), snapshot(sku, { unrestricted: 60 }, 11)])).toEqual([
      "SUPERSEDED",
      "ACCEPTED",
    ]);
    expect(await warehouse.physical(sku)).toMatchObject({ unrestricted: 60, version: 2 });
  });

  it("several snapshots of several positions in one request each keep what is theirs", async () => {
    const [a, b] = [await newSku(), await newSku()];
    await statuses([receipt(a, 1, 3), receipt(a, 2, 6), receipt(b, 4, 3), receipt(b, 8, 6)]);
    await statuses([
      snapshot(a, { unrestricted: 100 }, 2),
      receipt(a, 16, 7),
      snapshot(b, { unrestricted: 200 }, 5),
      snapshot(a, { unrestricted: 300 }, 5),
    ]);
    expect(await warehouse.physical(a)).toMatchObject({ unrestricted: 318 });
    expect(await warehouse.physical(b)).toMatchObject({ unrestricted: 208 });
    const told = (await warehouse.events(a)).filter((event) => event.type === "inventory.snapshot");
    expect(told.map(({ data }) => data)).toMatchObject([
      { wms: { unrestricted: 103 } },
      { wms: { unrestricted: 318 } },
    ]);
  });

  it("more snapshots than one statement can ask for each keep what is theirs", async () => {
    const many = Array.from({ length: 300 }, (_, i) => `MANY-${String(i).padStart(3, "0")}`);
    await warehouse.deliver(...many.map((sku) => product(sku)));
    await statuses(many.map((sku, i) => receipt(sku, i + 1, 9)));
    await statuses(many.map((sku) => snapshot(sku, { unrestricted: 1_000 }, 8)));
    const rows = await warehouse.db.query(
      "SELECT unrestricted FROM stock_balances WHERE sku LIKE 'MANY-%' ORDER BY sku",
    );
    expect(rows.map((row) => row["unrestricted"])).toEqual(many.map((_, i) => 1_001 + i));
  });

  describe("in any order, with any copies, in any requests", () => {
    const eventOf = fc.record({
      type: fc.constantFrom("move", "move", "move", "snapshot"),
      quantity: fc.integer({ min: 1, max: 50 }),
      source: fc.constantFrom("north", "south"),
      counts: fc.boolean(),
    });

    it("the balance is what a run in order leaves", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(eventOf, { minLength: 1, maxLength: 14 }),
          fc.array(fc.nat(13), { maxLength: 6 }),
          fc.infiniteStream(fc.nat()),
          fc.integer({ min: 1, max: 5 }),
          async (story, copies, dice, batchSize) => {
            const sku = await newSku();
            // Sequence and time agree, as they do in a warehouse; some events carry no sequence number.
            const inOrder = story.map(({ type, quantity, source, counts }, i) => ({
              source,
              event: (type === "move" ? receipt : snapshotOf)(sku, quantity, counts ? i + 1 : null, i),
            }));
            const shuffled = shuffle([...inOrder, ...copies.flatMap((i) => inOrder[i] ?? [])], dice);
            for (const [source, run] of runsOf(shuffled, batchSize)) {
              expect(["ACCEPTED", "SUPERSEDED", "DUPLICATE"]).toEqual(
                expect.arrayContaining(await statuses(run, source)),
              );
            }
            const expected = story.reduce((stock, e) => (e.type === "move" ? stock + e.quantity : e.quantity), 0);
            expect(await warehouse.physical(sku)).toMatchObject({ unrestricted: expected });
          },
        ),
        { numRuns: 40 },
      );
      expect(await unexplainedPositions(warehouse.db)).toEqual([]);
    });

    const snapshotOf = (sku: string, quantity: number, seq: number | null, hour: number) =>
      snapshot(sku, { unrestricted: quantity }, seq, hour);
  });

  it("at the end every balance is the sum of its movements", async () => {
    expect(await unexplainedPositions(warehouse.db)).toEqual([]);
  });
});

interface Sent {
  readonly source: string;
  readonly event: StockEventInput;
}

function shuffle<T>(items: readonly T[], dice: Iterator<number>): T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(dice.next().value % left.length, 1));
}

/** Requests of up to `size` events, each of one source, in the order given. */
function runsOf(sent: readonly Sent[], size: number): [string, StockEventInput[]][] {
  const runs: [string, StockEventInput[]][] = [];
  for (const { source, event } of sent) {
    const last = runs.at(-1);
    if (last && last[0] === source && last[1].length < size) last[1].push(event);
    else runs.push([source, [event]]);
  }
  return runs;
}
