/**
 * What leaves and what stays: keys, published events and inbox rows go after their time, everything else is kept.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Transaction } from "../../shared/db/database.ts";
import { insertRows } from "../../shared/db/statements.ts";
import { limits } from "../../shared/limits.ts";
import { silentLogger } from "../../shared/logging.ts";
import { createHousekeeping, type Housekeeping } from "../../shared/messaging/housekeeping.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { gate } from "../helpers/gate.ts";
import { openWire, type Wire } from "../helpers/messaging.ts";

eachDatabase("housekeeping", (makeKernel, kind) => {
  let wire: Wire;
  let housekeeping: Housekeeping;

  beforeAll(async () => {
    wire = await openWire(makeKernel, kind);
    housekeeping = createHousekeeping({ db: wire.publisher, clock: wire.clock, log: silentLogger });
  });
  afterEach(async () => {
    await wire.reset();
    await wire.publisher.transaction((tx) => tx.run("DELETE FROM idempotency_keys"));
  });
  afterAll(() => wire.close());

  const key = (name: string, ageMs: number) => ({
    caller: "walter",
    operation: "add",
    idempotency_key: name,
    input_hash: "x".repeat(64),
    reply: "{}",
    created_at_ms: wire.clock.now() - ageMs,
  });
  const taken = (id: string, ageMs: number) => ({
    consumer: "erp",
    source: "wms",
    event_id: id,
    received_at_ms: wire.clock.now() - ageMs,
  });
  const put = (work: (tx: Transaction) => Promise<unknown>) => wire.publisher.transaction(work);
  const left = async (column: string, table: string) => {
    const rows = await wire.publisher.query<{ name: string }>(
      `SELECT ${column} AS name FROM ${table} ORDER BY ${column}`,
    );
    return rows.map(({ name }) => name);
  };

  it("removes idempotency keys and inbox rows that are older than they are kept, and no others", async () => {
    await put(async (tx) => {
      const { idempotencyKeptMs, inboxKeptMs } = limits;
      await insertRows(tx, "idempotency_keys", [key("old", idempotencyKeptMs + 1), key("young", idempotencyKeptMs)]);
      await insertRows(tx, "inbox", [taken("old", inboxKeptMs + 1), taken("young", inboxKeptMs)]);
    });
    expect(await housekeeping.sweep()).toBe(2);
    expect(await left("idempotency_key", "idempotency_keys")).toEqual(["young"]);
    expect(await left("event_id", "inbox")).toEqual(["young"]);
    expect(await housekeeping.sweep()).toBe(0);
  });

  it("removes more than one statement would", async () => {
    const many = Array.from({ length: 2_500 }, (_, i) => taken(`old ${i}`, limits.inboxKeptMs + 1));
    await put((tx) => insertRows(tx, "inbox", many));
    expect(await housekeeping.sweep()).toBe(2_500);
    expect(await left("event_id", "inbox")).toEqual([]);
  });

  it("removes events that were published long ago, never one that was not", async () => {
    await wire.emit("PUBLISHED");
    await wire.relay.flush();
    const [waiting] = await wire.emit("WAITING");
    wire.clock.advance(limits.publishedEventKeptMs + 1);
    expect(await housekeeping.sweep()).toBe(1);
    expect(await left("event_id", "outbox")).toEqual([waiting?.id]);
  });

  // SQLite has one writer: there it would wait for its turn.
  it.skipIf(kind === "sqlite")("does not wait for a command that is under way", async () => {
    await put((tx) => insertRows(tx, "idempotency_keys", [key("old", limits.idempotencyKeptMs + 1)]));
    const begun = gate();
    const finish = gate();
    const command = put(async (tx) => {
      await insertRows(tx, "idempotency_keys", [key("new", 0)]);
      begun.open();
      await finish.opened;
    });
    await begun.opened;
    expect(await housekeeping.sweep()).toBe(1);
    finish.open();
    await command;
    expect(await left("idempotency_key", "idempotency_keys")).toEqual(["new"]);
  });

  it("never touches audit rows and dead letters", async () => {
    await put(async (tx) => {
      await insertRows(tx, "audit_rows", [
        {
          subject: "thing:a",
          action: "add",
          outcome: "done",
          person: "walter",
          roles: "",
          correlation_id: "s",
          idempotency_key: null,
          detail: "{}",
          recorded_at_ms: 1,
        },
      ]);
    });
    wire.clock.advance(limits.inboxKeptMs * 10);
    await housekeeping.sweep();
    expect(await left("subject", "audit_rows")).toEqual(["thing:a"]);
  });

  describe("once started", () => {
    it("can be stopped", async () => {
      await housekeeping.start();
      await expect(housekeeping.stop()).resolves.toBeUndefined();
    });
  });
});
