/**
 * Sealing on real databases: every committed row once, in one chain, whoever commits late, seals at once or dies.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { Kernel1767225600001 } from "../../migrations/shared/001-kernel.ts";
import { AuditSeals1767225600005 } from "../../migrations/shared/005-audit-seals.ts";
import { auditColumns, auditSource } from "../../shared/audit/audit-store.ts";
import { createHeadExport, parseHeads } from "../../shared/audit/heads.ts";
import { createSealer, type Sealer } from "../../shared/audit/sealer.ts";
import { verifyAudit } from "../../shared/audit/verify.ts";
import { manualClock } from "../../shared/clock.ts";
import type { Database, Transaction } from "../../shared/db/database.ts";
import { insertRows } from "../../shared/db/statements.ts";
import { limits } from "../../shared/limits.ts";
import { silentLogger } from "../../shared/logging.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { gate } from "../helpers/gate.ts";

eachDatabase("audit sealer", (makeKernel, kind) => {
  const clock = manualClock();
  const dir = mkdtempSync(join(tmpdir(), "iag-heads-"));
  const file = join(dir, "heads", "audit.jsonl");
  let db: Database;
  let again: () => Promise<Database>;
  let sealer: Sealer;

  beforeAll(async () => {
    const kernel = await makeKernel({ clock });
    const migrations = [Kernel1767225600001, AuditSeals1767225600005];
    again = () => kernel.openDatabase({ system: "wms", entities: [], migrations });
    db = await again();
  });
  beforeEach(async () => {
    for (const table of ["audit_rows", "audit_seals", "audit_gaps"]) {
      await db.transaction((tx) => tx.run(`DELETE FROM ${table}`));
    }
    sealer = sealerOn(db);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  function sealerOn(database: Database): Sealer {
    const heads = createHeadExport({ file, clock, log: silentLogger });
    return createSealer({ db: database, clock, log: silentLogger, heads });
  }
  const row = (subject: string, more: object = {}) => ({
    subject,
    action: "add",
    outcome: "done",
    person: "walter",
    roles: "warehouse",
    correlation_id: "story",
    idempotency_key: null,
    detail: '{"text":"Ünïcode \u{1F4E6} and \\"quotes\\""}',
    recorded_at_ms: clock.now(),
    ...more,
  });
  const write = (...subjects: string[]) =>
    db.transaction((tx) =>
      insertRows(
        tx,
        "audit_rows",
        subjects.map((subject) => row(subject)),
      ),
    );
  const sealedSubjects = async () =>
    (
      await db.query<{ subject: string }>(
        "SELECT a.subject FROM audit_seals s JOIN audit_rows a ON a.id = s.audit_id ORDER BY s.sequence",
      )
    ).map(({ subject }) => subject);
  /** Those between the rows; the numbers of rows of earlier tests are none of ours. */
  const gaps = async () =>
    (
      await db.query(
        "SELECT from_id, to_id FROM audit_gaps WHERE from_id > (SELECT MIN(id) FROM audit_rows) ORDER BY from_id",
      )
    ).map(({ from_id, to_id }) => [Number(from_id), Number(to_id)]);
  const verdict = async () => verifyAudit(auditSource(db), [], clock.now());

  it("seals every row once, in the order of their numbers", async () => {
    await write("a", "b");
    expect(await sealer.seal()).toBe(2);
    await write("c");
    expect(await sealer.seal()).toBe(1);
    expect(await sealer.seal()).toBe(0);
    expect(await sealedSubjects()).toEqual(["a", "b", "c"]);
    expect(await verdict()).toMatchObject({ verdict: "intact", rows: 3, sealed: 3, waiting: 0, brokenPlaces: 0 });
  });

  it("covers every column that an audit row has", async () => {
    await write("a");
    const [whole] = await db.query("SELECT * FROM audit_rows");
    expect(Object.keys(whole ?? {}).sort()).toEqual([...auditColumns].sort());
  });

  it("seals more than a page, and goes on where it was interrupted", async () => {
    const subjects = Array.from({ length: 2 * limits.auditSealPageMax + 3 }, (_, i) => `s${i}`);
    await write(...subjects);
    const failing = sealerOn({ ...db, transaction: once(db.transaction) });
    await expect(failing.seal()).rejects.toThrow("killed");
    expect(await sealedSubjects()).toHaveLength(limits.auditSealPageMax);
    expect(await verdict()).toMatchObject({ verdict: "intact", waiting: limits.auditSealPageMax + 3 });
    await sealerOn(db).seal();
    expect(await sealedSubjects()).toEqual(subjects);
    expect(await verdict()).toMatchObject({ verdict: "intact", waiting: 0 });
  });

  it("leaves nothing of a page whose transaction does not commit", async () => {
    await write("a", "b");
    const dying = sealerOn({
      ...db,
      transaction: (work) =>
        db.transaction(async (tx) => {
          await work(tx);
          throw new Error("killed before COMMIT");
        }),
    });
    await expect(dying.seal()).rejects.toThrow("killed before COMMIT");
    expect(await sealedSubjects()).toEqual([]);
    await sealer.seal();
    expect(await sealedSubjects()).toEqual(["a", "b"]);
  });

  it("seals what turns up later below what is sealed already", async () => {
    await write("first");
    await sealer.seal();
    const [first] = await db.query<{ id: number }>("SELECT id FROM audit_rows");
    const id = Number(first?.id);
    await db.transaction((tx) => insertRows(tx, "audit_rows", [row("high", { id: id + 6 })]));
    await sealer.seal();
    expect(await gaps()).toEqual([[id + 1, id + 5]]);
    await db.transaction((tx) => insertRows(tx, "audit_rows", [row("late", { id: id + 3 })]));
    expect(await sealer.seal()).toBe(1);
    expect(await gaps()).toEqual([
      [id + 1, id + 2],
      [id + 4, id + 5],
    ]);
    expect(await sealedSubjects()).toEqual(["first", "high", "late"]);
    expect(await verdict()).toMatchObject({ verdict: "intact", waiting: 0 });
  });

  it("looks into every gap, however many there are, and gives those up that stay empty", async () => {
    const many = 2 * limits.auditGapPageMax + 10;
    const ids = Array.from({ length: many }, (_, i) => 1_000_000 + 2 * i);
    await db.transaction((tx) =>
      insertRows(
        tx,
        "audit_rows",
        ids.map((id) => row(`s${id}`, { id })),
      ),
    );
    await sealer.seal();
    expect(await gaps()).toHaveLength(many - 1);
    await db.transaction((tx) => insertRows(tx, "audit_rows", [row("late", { id: 1_000_003 })]));
    let sealed = 0;
    for (let i = 0; i < 4; i++) sealed += await sealer.seal();
    expect(sealed).toBe(1);
    clock.advance(limits.auditGapWatchedMs + 1);
    for (let i = 0; i < 6; i++) await sealer.seal();
    expect(await db.query("SELECT * FROM audit_gaps")).toEqual([]);
    await db.transaction((tx) => insertRows(tx, "audit_rows", [row("forged", { id: 1_000_005 })]));
    await sealer.seal();
    expect(await verdict()).toMatchObject({
      verdict: "broken",
      firstBroken: { finding: "ROW_NEVER_SEALED", auditId: 1_000_005 },
    });
  });

  // SQLite has one writer, whose numbers are in the order of COMMIT.
  it.skipIf(kind === "sqlite")("of two transactions, the one with the lower number commits last", async () => {
    const begun = gate();
    const finish = gate();
    const slow = db.transaction(async (tx: Transaction) => {
      await insertRows(tx, "audit_rows", [row("slow"), row("slow too")]);
      begun.open();
      await finish.opened;
    });
    await begun.opened;
    await write("fast");
    expect(await sealer.seal()).toBe(1);
    expect(await verdict()).toMatchObject({ verdict: "intact", rows: 1 });
    finish.open();
    await slow;
    expect(await verdict()).toMatchObject({ verdict: "intact", rows: 3, waiting: 2 });
    expect(await sealer.seal()).toBe(2);
    expect(await sealedSubjects()).toEqual(["fast", "slow", "slow too"]);
    expect(await gaps()).toEqual([]);
    expect(await verdict()).toMatchObject({ verdict: "intact", waiting: 0 });
  });

  it.skipIf(kind === "sqlite")("beside writers that commit late, roll back and are many, every row once", async () => {
    const other = sealerOn(await again());
    let committed = 0;
    let working = true;
    const writers = Array.from({ length: 6 }, async (_, w) => {
      for (let i = 0; i < 15; i++) {
        const rows = Array.from({ length: 1 + ((w + i) % 4) }, (_, n) => row(`${w}-${i}-${n}`));
        const work = db.transaction(async (tx) => {
          await insertRows(tx, "audit_rows", rows);
          // Others get numbers, and may commit them, before this one does.
          for (let turn = 0; turn < w; turn++) await tx.query("SELECT 1 AS one");
          if ((w + i) % 5 === 0) throw new Error("rolled back");
        });
        const count = await work.then(
          () => rows.length,
          () => 0,
        );
        committed += count;
      }
    });
    const sealers = [sealer, other].map(async (mine) => {
      while (working) await mine.seal();
    });
    await Promise.all(writers);
    working = false;
    await Promise.all(sealers);
    await sealer.seal();
    expect(await verdict()).toMatchObject({ verdict: "intact", rows: committed, sealed: committed, waiting: 0 });
    expect((await gaps()).length).toBeGreaterThan(0);
  });

  it("of two sealers that seal at once, each row has one seal and the chain one end", async () => {
    // SQLite is for one process, which has one writer.
    const other = sealerOn(kind === "sqlite" ? db : await again());
    for (let round = 0; round < 10; round++) {
      const subjects = Array.from({ length: 40 }, (_, i) => `${round}-${i}`);
      await write(...subjects);
      await Promise.all([sealer.seal(), other.seal(), write(`${round}-late`), other.seal(), sealer.seal()]);
    }
    await sealer.seal();
    expect(await verdict()).toMatchObject({ verdict: "intact", rows: 410, sealed: 410, waiting: 0 });
  });

  it("writes the head down now and then, and when it stops", async () => {
    await write("a");
    await sealer.start();
    await sealer.stop();
    const [head] = parseHeads(readFileSync(file, "utf8")).get("wms") ?? [];
    expect(head).toEqual((await verdict()).head);
  });

  it("tells at once when the chain is cut off behind it, and writes down what it was before", async () => {
    const told: string[] = [];
    const log = { ...silentLogger, error: (_: object, message: string) => void told.push(message) };
    const other = sealerOn(db);
    const watching = createSealer({ db, clock, log, heads: createHeadExport({ file, clock, log }) });
    await write("a", "b");
    await watching.seal();
    const before = (await verdict()).head;
    await write("c");
    await other.seal();
    await watching.seal();
    expect(told).toEqual([]);
    clock.advance(1);
    await db.transaction((tx) => tx.run("DELETE FROM audit_seals WHERE sequence > 1"));
    await watching.seal();
    expect(told).toEqual(["the audit chain was cut off or computed anew behind the sealer"]);
    // Sealed anew, it looks whole; the head says that it is another.
    expect(await verdict()).toMatchObject({ verdict: "intact", sealed: 3 });
    const written = parseHeads(readFileSync(file, "utf8")).get("wms") ?? [];
    expect(written).toContainEqual(before);
    expect(await verifyAudit(auditSource(db), [before], clock.now())).toMatchObject({
      verdict: "broken",
      firstBroken: { finding: "HEAD_DIFFERS", sequence: 2 },
    });
  });

  it("says which rows nobody seals", async () => {
    await write("a");
    expect(await verdict()).toMatchObject({ verdict: "intact", waiting: 1, overdue: 0 });
    clock.advance(limits.auditOverdueMs + 1);
    expect(await verdict()).toMatchObject({ verdict: "unsealed", waiting: 1, overdue: 1 });
  });
});

/** Works once, then the process is gone. */
function once(transaction: Database["transaction"]): Database["transaction"] {
  let calls = 0;
  return (work) => {
    calls += 1;
    if (calls > 1) throw new Error("killed");
    return transaction(work);
  };
}
