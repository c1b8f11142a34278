/**
 * Postings that the books refuse, on every database this machine has: told, kept, tried again, and posted once.
 */
import { afterEach, beforeAll, expect, it } from "vitest";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { limits } from "../../shared/limits.ts";
import { silentLogger } from "../../shared/logging.ts";
import { consumerName, follow, postedTypes } from "../../subgraphs/erp/consumers.ts";
import { createPostingRetries, type PostingRetries } from "../../subgraphs/erp/failed-postings.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { type Erp, openErp, sequences, unexplainedPositions, warehouseFact } from "./erp-fixture.ts";

eachDatabase("a posting that the books refuse", (makeKernel) => {
  let erp: Erp;
  let retries: PostingRetries;
  let items = 0;

  beforeAll(async () => {
    erp = await openErp(makeKernel);
    const { db, clock } = erp;
    const what = { consumer: consumerName, types: postedTypes, post: follow };
    retries = createPostingRetries({ db, clock, log: silentLogger, committed: () => {}, ...what });
  });
  afterEach(async () => {
    // What one story leaves unposted is no business of the next.
    await erp.db.transaction((tx) => tx.run("DELETE FROM dead_letters"));
    expect(await unexplainedPositions(erp.db)).toEqual([]);
    for (const [partition, seqs] of await sequences(erp)) {
      expect(seqs, partition).toEqual(Array.from({ length: seqs.length }, (_, n) => n + 1));
    }
  });

  /** A book that can take no unit more. */
  async function fullItem(): Promise<string> {
    const sku = `F${++items}`;
    await erp.run("saveProducts", { products: [{ sku, name: sku, baseUnit: "EA" }] });
    await balance(sku, limits.quantityMax);
    return sku;
  }
  const balance = (sku: string, onHand: number) =>
    erp.run("saveBookBalances", { balances: [{ sku, locationId: "WEST", onHand }] });
  const told = async (sku: string) =>
    (await erp.events())
      .filter((event) => event.sku === sku && event.type.startsWith("erp.posting"))
      .map(({ type, data }) => [type, data]);
  const letters = (event: AnyEvent) =>
    erp.db.query(
      "SELECT consumer, class, code, hint, attempts, first_seen_at_ms AS first, last_seen_at_ms AS last FROM dead_letters WHERE event_id = ?",
      [event.id],
    );

  it("is told, audited and kept; nothing moves, and the others of its batch are posted", async () => {
    const sku = await fullItem();
    const [before, failing, after] = [-1, 2, -3].map((n) => warehouseFact("adjustment.posted", n, null, { sku }));
    await erp.deliver(before as AnyEvent, failing as AnyEvent, after as AnyEvent);
    expect(await erp.book(sku)).toMatchObject({ onHand: limits.quantityMax - 4 });
    expect(await told(sku)).toMatchObject([
      ["erp.posting.acknowledged", { postedEventId: before?.id, bookDelta: -1 }],
      ["erp.posting.failed", { postedEventId: failing?.id, code: "QUANTITY_OUT_OF_RANGE" }],
      ["erp.posting.acknowledged", { postedEventId: after?.id, bookDelta: -3 }],
    ]);
    const nowMs = erp.clock.now();
    const [letter] = await letters(failing as AnyEvent);
    expect(letter).toMatchObject({ consumer: "erp", class: "SCHEMA", code: "QUANTITY_OUT_OF_RANGE", attempts: 1 });
    expect([Number(letter?.["first"]), Number(letter?.["last"])]).toEqual([nowMs, nowMs]);
    expect(letter?.["hint"]).not.toBe("");
    const audits = await erp.db.query(
      "SELECT outcome, person, correlation_id FROM audit_rows WHERE subject = ? AND action = 'adjustment.posted' ORDER BY id",
      [`position:${sku}|WEST`],
    );
    expect(audits.map(({ outcome }) => outcome)).toEqual(["done", "QUANTITY_OUT_OF_RANGE", "done"]);
    expect(audits[1]).toMatchObject({ person: "system:erp", correlation_id: "story-1" });
  });

  it("is made once the books can take it, not before it is due, and acknowledged once", async () => {
    const sku = await fullItem();
    const receipt = warehouseFact("receipt.recorded", 5, null, { sku });
    await erp.deliver(receipt);
    await balance(sku, 100);
    erp.clock.advance(limits.postingRetryBackoffMs - 1);
    expect(await retries.sweep()).toBe(0);
    erp.clock.advance(1);
    expect((await Promise.all([retries.sweep(), retries.sweep()])).reduce((a, b) => a + b)).toBe(1);
    await erp.deliver(receipt);
    expect(await erp.book(sku)).toMatchObject({ onHand: 105 });
    expect(await told(sku)).toMatchObject([
      ["erp.posting.failed", { postedEventId: receipt.id }],
      ["erp.posting.acknowledged", { postedEventId: receipt.id, bookDelta: 5, offset: "received", offsetDelta: -5 }],
    ]);
    expect(await letters(receipt)).toEqual([]);
  });

  it("counts for its document only when it is made", async () => {
    const sku = await fullItem();
    const lines = [{ line: "1", sku, locationId: "WEST", ordered: 9, promisedOn: "2026-02-01" }];
    const order = { id: `PO-${sku}`, supplierId: "S1", status: "PENDING", orderedOn: "2026-01-02", lines };
    await erp.run("savePurchaseOrder", order);
    await erp.deliver(warehouseFact("receipt.recorded", 5, `PURCHASE_ORDER PO-${sku}/1`, { sku }));
    const inbound = async () => (await erp.book(sku))?.inbound.map(({ quantity }) => quantity);
    expect(await inbound()).toEqual([9]);
    await balance(sku, 0);
    erp.clock.advance(limits.postingRetryBackoffMs);
    expect(await retries.sweep()).toBe(1);
    expect(await inbound()).toEqual([4]);
  });

  it("is tried at ever longer intervals, told once, and in the end left to a person", async () => {
    const sku = await fullItem();
    const receipt = warehouseFact("receipt.recorded", 5, null, { sku });
    await erp.deliver(receipt);
    const firstSeen = erp.clock.now();
    for (let attempt = 2; attempt <= limits.postingAttemptsMax; attempt++) {
      erp.clock.advance(limits.postingRetryBackoffMs * 2 ** (attempt - 2));
      await retries.sweep();
      expect(await letters(receipt)).toMatchObject([{ attempts: attempt }]);
    }
    const [letter] = await letters(receipt);
    expect(Number(letter?.["first"])).toBe(firstSeen);
    expect(Number(letter?.["last"])).toBe(erp.clock.now());
    await balance(sku, 0);
    erp.clock.advance(30 * 24 * 3_600_000);
    expect(await retries.sweep()).toBe(0);
    expect(await told(sku)).toHaveLength(1);
  });

  it("that names no place is set aside without a word, because there is no position to tell it of", async () => {
    const sku = await fullItem();
    const nowhere = warehouseFact("receipt.recorded", 5, null, { sku, locationId: null });
    await erp.deliver(nowhere);
    expect(await letters(nowhere)).toMatchObject([{ code: "INVALID_INPUT", attempts: 1 }]);
    expect(await told(sku)).toEqual([]);
  });
});
