/**
 * The promise of every mutation: under its key a command has its effect once and the same reply for ever; what is
 * refused leaves an audit row and nothing else; what fails leaves nothing at all.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { Kernel1767225600001 } from "../../migrations/shared/001-kernel.ts";
import { manualClock } from "../../shared/clock.ts";
import { type CommandDeps, type Payload, type RequestContext, runCommand } from "../../shared/command.ts";
import type { Database, Transaction } from "../../shared/db/database.ts";
import { TransactionConflict } from "../../shared/db/retry.ts";
import { insertRows } from "../../shared/db/statements.ts";
import { AppError } from "../../shared/errors.ts";
import { anonymous } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import type { Recorder } from "../../shared/recorder.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { barrier, gate } from "../helpers/gate.ts";
import { Things1767225600999, thing } from "../helpers/things.ts";

interface Input {
  readonly idempotencyKey: string;
  readonly amount?: number;
  readonly nested?: object;
}
interface Outcome {
  readonly amount: number | null;
}

eachDatabase("command", (makeKernel, kind) => {
  let db: Database;
  let deps: CommandDeps;
  let commits = 0;
  let keys = 0;
  const nextKey = () => `key ${++keys}`;
  const clock = manualClock();

  beforeAll(async () => {
    const kernel = await makeKernel({ clock });
    const migrations = [Kernel1767225600001, Things1767225600999];
    db = await kernel.openDatabase({ system: "wms", entities: [], migrations });
    await db.transaction((tx) => insertRows(tx, "things", [thing("stock", { amount: 0 })]));
    deps = {
      system: "wms",
      db,
      clock,
      committed: () => {
        commits += 1;
      },
    };
  });

  const as = (person: string | null): RequestContext => ({
    identity: { ...anonymous, person, roles: new Set(["warehouse"]) },
    correlationId: "story-1",
  });

  /** Adds to the stock, with an audit row and an event. */
  async function add(tx: Transaction, recorder: Recorder, amount: number): Promise<Outcome> {
    await tx.run("UPDATE things SET amount = amount + ? WHERE id = 'stock'", [amount]);
    recorder.audit({ subject: "thing:stock", action: "add", detail: { amount } });
    recorder.event({
      type: "policy.changed",
      sourceSeq: 1,
      partitionKey: "stock",
      data: { policyVersion: amount },
    });
    const [row] = await tx.query<{ amount: number }>("SELECT amount FROM things WHERE id = 'stock'");
    return { amount: row?.amount ?? null };
  }

  interface Run {
    readonly operation?: string;
    readonly context?: RequestContext;
    readonly deps?: CommandDeps;
    readonly work?: (tx: Transaction, recorder: Recorder) => Promise<Outcome>;
  }

  function run(input: Input, more: Run = {}): Promise<Payload<Outcome>> {
    return runCommand<Outcome>(more.deps ?? deps, {
      operation: more.operation ?? "add",
      input,
      context: more.context ?? as("walter"),
      refused: { amount: null },
      work: more.work ?? ((tx, recorder) => add(tx, recorder, input.amount ?? 1)),
    });
  }

  const stock = async () => {
    const [row] = await db.query<{ amount: number }>("SELECT amount FROM things WHERE id = 'stock'");
    return row?.amount ?? 0;
  };
  const audits = (key: string) =>
    db.query("SELECT subject, action, outcome, person, roles, detail FROM audit_rows WHERE idempotency_key = ?", [key]);
  const events = async (key: string) => {
    const rows = await db.query<{ body: string }>("SELECT body FROM outbox ORDER BY id");
    return rows.map(({ body }) => JSON.parse(body)).filter((event) => event.idempotencyKey === key);
  };
  /** Everything a key has left behind. */
  const traces = async (key: string) => ({ audits: (await audits(key)).length, events: (await events(key)).length });

  describe("the first request", () => {
    it("has its effect, an audit row and an event, and then says so", async () => {
      const before = await stock();
      const idempotencyKey = nextKey();
      const commitsBefore = commits;
      expect(await run({ idempotencyKey, amount: 5 })).toEqual({ amount: before + 5, userErrors: [], replayed: false });
      expect(await stock()).toBe(before + 5);
      expect(await audits(idempotencyKey)).toEqual([
        {
          subject: "thing:stock",
          action: "add",
          outcome: "done",
          person: "walter",
          roles: "warehouse",
          detail: JSON.stringify({ amount: 5 }),
        },
      ]);
      expect(await events(idempotencyKey)).toMatchObject([
        { source: "wms", actor: "walter", correlationId: "story-1", causationId: null, data: { policyVersion: 5 } },
      ]);
      expect(commits).toBe(commitsBefore + 1);
    });

    it("of an anonymous caller belongs to nobody by name", async () => {
      const idempotencyKey = nextKey();
      await run({ idempotencyKey }, { context: as(null) });
      expect(await audits(idempotencyKey)).toMatchObject([{ person: "anonymous" }]);
    });
  });

  describe("a request that changes nothing", () => {
    it("is on record all the same", async () => {
      const idempotencyKey = nextKey();
      await run({ idempotencyKey }, { work: async () => ({ amount: 0 }) });
      expect(await audits(idempotencyKey)).toMatchObject([
        { subject: "command:add", action: "add", outcome: "unchanged", person: "walter" },
      ]);
    });
  });

  describe("the same request again", () => {
    it("gets the stored reply, and nothing happens", async () => {
      const input = { idempotencyKey: nextKey(), amount: 3 };
      const first = await run(input);
      const before = await stock();
      const commitsBefore = commits;
      const second = await run(input, {
        work: () => {
          throw new Error("must not run");
        },
      });
      expect(second).toEqual({ ...first, replayed: true });
      expect(await stock()).toBe(before);
      expect(await traces(input.idempotencyKey)).toEqual({ audits: 1, events: 1 });
      // The relay is left alone: there is nothing for it.
      expect(commits).toBe(commitsBefore);
    });

    it("is the same request in whatever order its members come", async () => {
      const idempotencyKey = nextKey();
      await run({ idempotencyKey, amount: 1, nested: { a: 1, b: [{ c: 2, d: 3 }] } });
      const again = await run({ nested: { b: [{ d: 3, c: 2 }], a: 1 }, amount: 1, idempotencyKey });
      expect(again).toMatchObject({ replayed: true, userErrors: [] });
    });

    it("with another input is refused, and the first reply stays", async () => {
      const input = { idempotencyKey: nextKey(), amount: 3 };
      const first = await run(input);
      expect(await run({ ...input, amount: 4 })).toEqual({
        amount: null,
        replayed: false,
        userErrors: [
          {
            code: "IDEMPOTENCY_KEY_REUSED",
            message: "This idempotency key was used with another input.",
            field: ["input", "idempotencyKey"],
          },
        ],
      });
      expect(await run(input)).toEqual({ ...first, replayed: true });
    });

    it.each([
      ["another caller", { context: as("wanda") }],
      ["another operation", { operation: "addMore" }],
    ])("of %s is another request", async (_, more) => {
      const input = { idempotencyKey: nextKey(), amount: 2 };
      await run(input);
      const before = await stock();
      expect(await run(input, more)).toEqual({ amount: before + 2, userErrors: [], replayed: false });
    });
  });

  describe("a refused request", () => {
    const refusing = async (tx: Transaction, recorder: Recorder): Promise<Outcome> => {
      await add(tx, recorder, 100);
      throw new AppError("INSUFFICIENT_STOCK", { left: 2, field: ["input", "amount"] });
    };

    it("changes nothing and publishes nothing, but is audited", async () => {
      const before = await stock();
      const commitsBefore = commits;
      const idempotencyKey = nextKey();
      expect(await run({ idempotencyKey, amount: 9 }, { work: refusing })).toEqual({
        amount: null,
        replayed: false,
        userErrors: [
          { code: "INSUFFICIENT_STOCK", message: "There is not enough to promise.", field: ["input", "amount"] },
        ],
      });
      expect(await stock()).toBe(before);
      expect(await events(idempotencyKey)).toEqual([]);
      expect(commits).toBe(commitsBefore);
      const [row, ...more] = await audits(idempotencyKey);
      expect(more).toEqual([]);
      expect(row).toMatchObject({ subject: "command:add", action: "add", outcome: "INSUFFICIENT_STOCK" });
      expect(JSON.parse(String(row?.["detail"]))).toMatchObject({ input: { amount: 9 }, left: 2 });
    });

    it("stays refused under its key, also when it would be granted now", async () => {
      const input = { idempotencyKey: nextKey(), amount: 9 };
      const first = await run(input, { work: refusing });
      const before = await stock();
      expect(await run(input)).toEqual({ ...first, replayed: true });
      expect(await stock()).toBe(before);
    });

    it.each(["", " key", "key\n", "k".repeat(limits.idempotencyKeyLengthMax + 1)])(
      "whose key is %j is not even begun",
      async (idempotencyKey) => {
        const before = await stock();
        expect(await run({ idempotencyKey })).toMatchObject({
          amount: null,
          userErrors: [{ code: "INVALID_INPUT", field: ["input", "idempotencyKey"] }],
        });
        expect(await stock()).toBe(before);
        expect(
          await db.query("SELECT 1 AS one FROM idempotency_keys WHERE idempotency_key = ?", [idempotencyKey]),
        ).toEqual([]);
      },
    );
  });

  describe("a request that fails", () => {
    it.each([
      ["a bug", new Error("a bug")],
      ["an error that is not the caller's to put right", new AppError("FORBIDDEN")],
    ])("by %s leaves nothing, and its key is free", async (_, failure) => {
      const before = await stock();
      const commitsBefore = commits;
      const idempotencyKey = nextKey();
      const failing = run(
        { idempotencyKey },
        {
          work: async (tx, recorder) => {
            await add(tx, recorder, 50);
            throw failure;
          },
        },
      );
      await expect(failing).rejects.toBe(failure);
      expect(await stock()).toBe(before);
      expect(await traces(idempotencyKey)).toEqual({ audits: 0, events: 0 });
      expect(commits).toBe(commitsBefore);
      expect(await run({ idempotencyKey })).toMatchObject({ amount: before + 1, replayed: false });
    });

    it("by a conflict is done again as a whole, with one effect", async () => {
      const before = await stock();
      const idempotencyKey = nextKey();
      let attempts = 0;
      const reply = await run(
        { idempotencyKey },
        {
          work: async (tx, recorder) => {
            attempts += 1;
            const outcome = await add(tx, recorder, 7);
            if (attempts < 3) throw new TransactionConflict("met another worker");
            return outcome;
          },
        },
      );
      expect(reply).toEqual({ amount: before + 7, userErrors: [], replayed: false });
      expect(await traces(idempotencyKey)).toEqual({ audits: 1, events: 1 });
    });
  });

  describe("copies at the same time", () => {
    it("20 of them have one effect and the same reply, which one of them got first", async () => {
      const input = { idempotencyKey: nextKey(), amount: 11 };
      const before = await stock();
      const replies = await Promise.all(Array.from({ length: 20 }, () => run(input)));
      expect(replies.filter(({ replayed }) => !replayed).length).toBe(1);
      for (const reply of replies)
        expect({ ...reply, replayed: false }).toEqual({ amount: before + 11, userErrors: [], replayed: false });
      expect(await stock()).toBe(before + 11);
      expect(await traces(input.idempotencyKey)).toEqual({ audits: 1, events: 1 });
    });

    it("one that waits for a first one that fails does the work itself", async () => {
      const input = { idempotencyKey: nextKey(), amount: 13 };
      const before = await stock();
      const begun = gate();
      const fail = gate();
      const first = run(input, {
        work: async (tx, recorder) => {
          await add(tx, recorder, 13);
          begun.open();
          await fail.opened;
          throw new Error("on purpose");
        },
      });
      await begun.opened;
      const second = run(input);
      fail.open();
      await expect(first).rejects.toThrow("on purpose");
      expect(await second).toEqual({ amount: before + 13, userErrors: [], replayed: false });
    });

    // SQLite has one writer: there the second copy waits in line and finds the reply.
    it.skipIf(kind === "sqlite")(
      "one that has waited long enough is told that the first is still running",
      async () => {
        await shortenPatience();
        const input = { idempotencyKey: nextKey(), amount: 17 };
        const begun = gate();
        const finish = gate();
        const first = run(input, {
          work: async (tx, recorder) => {
            begun.open();
            await finish.opened;
            return add(tx, recorder, 17);
          },
        });
        await begun.opened;
        expect(await run(input)).toMatchObject({ amount: null, userErrors: [{ code: "IDEMPOTENCY_IN_PROGRESS" }] });
        finish.open();
        const reply = await first;
        expect(await run(input)).toEqual({ ...reply, replayed: true });
      },
    );

    it("never runs without its key: one whose key is gone when it looks begins again", async () => {
      const idempotencyKey = nextKey();
      let missed = 0;
      const forgetful: Database = {
        ...db,
        transaction: (work) =>
          db.transaction((tx) =>
            work({
              ...tx,
              // As if housekeeping had taken the row away between the INSERT that met it and the SELECT.
              run: (sql, params) =>
                sql.includes("idempotency_keys") && missed++ === 0 ? Promise.resolve(0) : tx.run(sql, params),
            }),
          ),
      };
      const first = await run({ idempotencyKey }, { deps: { ...deps, db: forgetful } });
      expect(first.replayed).toBe(false);
      expect(await run({ idempotencyKey })).toEqual({ ...first, replayed: true });
      expect(await traces(idempotencyKey)).toEqual({ audits: 1, events: 1 });
    });
  });

  /** A lock is waited for one second instead of five, on every connection of the pool. */
  async function shortenPatience(): Promise<void> {
    const together = barrier(limits.databasePoolSize);
    const shorten = () =>
      db.transaction(async (tx) => {
        await together();
        await tx.query("SET SESSION innodb_lock_wait_timeout = 1");
      });
    await Promise.all(Array.from({ length: limits.databasePoolSize }, shorten));
  }
});
