/**
 * Commands that share a transaction: each has its effect once under its key, and nothing of another's.
 *
 * What a key leaves behind is the same as after `runCommand`; here stands what only a batch can meet.
 */
import { beforeEach, expect, it } from "vitest";
import { Kernel1767225600001 } from "../../migrations/shared/001-kernel.ts";
import { manualClock } from "../../shared/clock.ts";
import { type Accepted, accept, type CommandDeps, causeOfCommand, runCommand } from "../../shared/command.ts";
import { type Decided, runCommands } from "../../shared/command-batch.ts";
import type { Database, Transaction } from "../../shared/db/database.ts";
import { insertRows } from "../../shared/db/statements.ts";
import { AppError } from "../../shared/errors.ts";
import { anonymous } from "../../shared/identity.ts";
import type { Recorder } from "../../shared/recorder.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { gate } from "../helpers/gate.ts";
import { Things1767225600999, thing } from "../helpers/things.ts";

interface Input {
  readonly idempotencyKey: string;
  readonly amount: number;
}
interface Result {
  readonly amount: number | null;
}

eachDatabase("commands in one transaction", (makeKernel, kind) => {
  let db: Database;
  let deps: CommandDeps;
  let commits: number[];
  const clock = manualClock();

  beforeEach(async () => {
    const kernel = await makeKernel({ clock });
    db = await kernel.openDatabase({
      system: "wms",
      entities: [],
      migrations: [Kernel1767225600001, Things1767225600999],
    });
    await db.transaction((tx) => insertRows(tx, "things", [thing("stock", { amount: 0 })]));
    commits = [];
    deps = { system: "wms", db, clock, committed: (events) => void commits.push(events.length) };
  });

  const refusing = { operation: "add", refused: { amount: null } as Result };
  const command = (idempotencyKey: string, amount = 1, person = "walter"): Accepted<Input> =>
    accept(
      { idempotencyKey, amount },
      { identity: { ...anonymous, person, roles: new Set(["warehouse" as const]) }, correlationId: `of ${person}` },
    );

  function tell(recorder: Recorder, accepted: Accepted<Input>): void {
    const cause = causeOfCommand(accepted);
    recorder.audit({ subject: "thing:stock", action: "add", detail: { amount: accepted.input.amount } }, cause);
    recorder.event({ type: "policy.changed", sourceSeq: 1, partitionKey: "stock", data: { policyVersion: 1 } }, cause);
  }

  /** Adds what is above zero, refuses what is below, fails at zero, and leaves out what is above 100. */
  async function work(tx: Transaction, recorder: Recorder, commands: readonly Accepted<Input>[]) {
    let added = 0;
    const decided = commands.map((accepted): Decided<Result> => {
      const { amount } = accepted.input;
      if (amount > 100) return "alone";
      if (amount < 0) return { error: new AppError("QUANTITY_NOT_POSITIVE") };
      if (amount === 0) return { error: new Error("a defect") };
      added += amount;
      tell(recorder, accepted);
      return { result: { amount } };
    });
    await tx.run("UPDATE things SET amount = amount + ? WHERE id = 'stock'", [added]);
    return decided;
  }

  const run = (commands: readonly Accepted<Input>[], prepare: (tx: Transaction) => Promise<void> = async () => {}) =>
    runCommands<Input, Result, void>(deps, { ...refusing, commands, prepare, work });
  const stock = async () => (await db.query<{ amount: number }>("SELECT amount FROM things"))[0]?.amount;
  const count = async (table: string) =>
    Number((await db.query<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`))[0]?.n);
  const left = async () => ({
    stock: await stock(),
    audits: await count("audit_rows"),
    events: await count("outbox"),
    keys: await count("idempotency_keys"),
  });
  const granted = (amount: number, replayed = false) => ({
    status: "fulfilled",
    value: { amount, userErrors: [], replayed },
  });

  it("have their effects together, and each its own reply, audit row and event", async () => {
    expect(await run([command("1", 2, "ann"), command("1", 3, "bob"), command("2", 4, "bob")])).toEqual([
      granted(2),
      granted(3),
      granted(4),
    ]);
    expect(await left()).toEqual({ stock: 9, audits: 3, events: 3, keys: 3 });
    const audits = await db.query("SELECT person, correlation_id, idempotency_key FROM audit_rows ORDER BY id");
    expect(audits.map((row) => Object.values(row))).toEqual([
      ["ann", "of ann", "1"],
      ["bob", "of bob", "1"],
      ["bob", "of bob", "2"],
    ]);
    expect(commits).toEqual([3]);
  });

  it("are refused, fail, or are left out without any harm to the others", async () => {
    const outcomes = await run([
      command("no", -1),
      command("1", 5),
      command("bad", 0),
      command("big", 101),
      command("2", 6),
    ]);
    expect(outcomes).toMatchObject([
      { value: { amount: null, userErrors: [{ code: "QUANTITY_NOT_POSITIVE" }], replayed: false } },
      granted(5),
      { status: "rejected", reason: { message: "a defect" } },
      { status: "fulfilled", value: "alone" },
      granted(6),
    ]);
    expect(await left()).toEqual({ stock: 11, audits: 3, events: 2, keys: 3 });
  });

  it("find what was stored under their keys before, by a batch or without", async () => {
    await run([command("1", 5), command("no", -1)]);
    const alone = (accepted: Accepted<Input>) =>
      runCommand<Result>(deps, {
        ...refusing,
        input: accepted.input,
        context: accepted.context,
        work: async (tx, recorder) => {
          const [decided] = await work(tx, recorder, [accepted]);
          return (decided as { result: Result }).result;
        },
      });
    await alone(command("2", 7));
    const before = await left();
    const outcomes = await run([command("1", 5), command("2", 7), command("no", -1), command("1", 6, "walter")]);
    expect(outcomes).toMatchObject([
      granted(5, true),
      granted(7, true),
      { value: { amount: null, userErrors: [{ code: "QUANTITY_NOT_POSITIVE" }], replayed: true } },
      { value: { amount: null, userErrors: [{ code: "IDEMPOTENCY_KEY_REUSED" }], replayed: false } },
    ]);
    expect(await alone(command("1", 5))).toEqual(granted(5, true).value);
    expect(await left()).toEqual(before);
    expect(commits).toEqual([1, 1]);
  });

  it("that are copies of each other have one effect, and the copies the first one's reply", async () => {
    const copies = [command("1", 5), command("1", 5), command("1", 6), command("no", -1), command("no", -1)];
    expect(await run(copies)).toMatchObject([
      granted(5),
      granted(5, true),
      { value: { userErrors: [{ code: "IDEMPOTENCY_KEY_REUSED" }] } },
      { value: { userErrors: [{ code: "QUANTITY_NOT_POSITIVE" }], replayed: false } },
      { value: { userErrors: [{ code: "QUANTITY_NOT_POSITIVE" }], replayed: true } },
    ]);
    expect(await left()).toEqual({ stock: 5, audits: 2, events: 1, keys: 2 });
  });

  it("whose first copy failed or was left out are not answered for it", async () => {
    expect(await run([command("bad", 0), command("bad", 0), command("big", 101), command("big", 101)])).toMatchObject([
      { status: "rejected" },
      { value: "alone" },
      { value: "alone" },
      { value: "alone" },
    ]);
    expect(await left()).toEqual({ stock: 0, audits: 0, events: 0, keys: 0 });
  });

  it("leave nothing when the transaction fails", async () => {
    const broken = runCommands<Input, Result, void>(deps, {
      ...refusing,
      commands: [command("1"), command("2")],
      prepare: async () => {},
      work: async (tx, recorder, commands) => {
        await work(tx, recorder, commands);
        throw new Error("the disk is full");
      },
    });
    await expect(broken).rejects.toThrow("the disk is full");
    expect(await left()).toEqual({ stock: 0, audits: 0, events: 0, keys: 0 });
    expect(commits).toEqual([]);
  });

  it.runIf(kind === "mysql")("whose key somebody else takes meanwhile begin again, and find the reply", async () => {
    const looked = gate();
    const other = gate();
    let attempts = 0;
    const late = runCommands<Input, Result, void>(deps, {
      ...refusing,
      commands: [command("1", 5), command("2", 6)],
      prepare: async () => {},
      work: async (tx, recorder, commands) => {
        attempts += 1;
        looked.open();
        await other.opened;
        return work(tx, recorder, commands);
      },
    });
    await looked.opened;
    expect(await run([command("1", 5)])).toEqual([granted(5)]);
    other.open();
    expect(await late).toEqual([granted(5, true), granted(6)]);
    expect(attempts).toBe(2);
    expect(await left()).toEqual({ stock: 11, audits: 2, events: 2, keys: 2 });
  });
});
