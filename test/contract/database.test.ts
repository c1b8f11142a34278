/**
 * The promises of `Database`, the same on SQLite and on MySQL/MariaDB: all or nothing, retried as a whole, invisible
 * until committed, and no connection lost on the way.
 *
 * What only a server can show (deadlocks, pools, isolation) stands in `mysql.test.ts`.
 */
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Kernel1767225600001 } from "../../migrations/shared/001-kernel.ts";
import type { Database } from "../../shared/db/database.ts";
import { TransactionConflict } from "../../shared/db/retry.ts";
import {
  forUpdate,
  insertMissing,
  insertRows,
  marks,
  pairMarks,
  upsertNewer,
  upsertRows,
} from "../../shared/db/statements.ts";
import { AppError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { gate } from "../helpers/gate.ts";
import { Things1767225600999, thing } from "../helpers/things.ts";

eachDatabase("database", (makeKernel) => {
  let db: Database;

  beforeAll(async () => {
    const kernel = await makeKernel();
    db = await kernel.openDatabase({
      system: "wms",
      entities: [],
      migrations: [Kernel1767225600001, Things1767225600999],
    });
  });

  beforeEach(async () => {
    await db.transaction((tx) => tx.run("DELETE FROM things"));
  });

  const amounts = async () => {
    const rows = await db.query<{ id: string; amount: number }>("SELECT id, amount FROM things ORDER BY id");
    return Object.fromEntries(rows.map(({ id, amount }) => [id, amount]));
  };

  describe("a transaction", () => {
    it("keeps everything it did and returns what its work returned", async () => {
      const result = await db.transaction(async (tx) => {
        await insertRows(tx, "things", [thing("a"), thing("b")]);
        return "done";
      });
      expect(result).toBe("done");
      expect(await amounts()).toEqual({ a: 1, b: 1 });
    });

    it("undoes everything when its work fails, and passes the failure on", async () => {
      const failure = new AppError("INVALID_INPUT");
      const attempt = db.transaction(async (tx) => {
        await insertRows(tx, "things", [thing("a")]);
        throw failure;
      });
      await expect(attempt).rejects.toBe(failure);
      expect(await amounts()).toEqual({});
    });

    it("undoes everything when a statement fails, and passes the failure on", async () => {
      const attempt = db.transaction(async (tx) => {
        await insertRows(tx, "things", [thing("a")]);
        await insertRows(tx, "things", [thing("a")]);
      });
      await expect(attempt).rejects.toThrow(/unique|duplicate/i);
      expect(await amounts()).toEqual({});
    });

    it("sees its own changes, which nobody else sees before they are committed", async () => {
      const changed = gate();
      const looked = gate();
      const transaction = db.transaction(async (tx) => {
        await insertRows(tx, "things", [thing("a")]);
        expect((await tx.query("SELECT id FROM things")).length).toBe(1);
        changed.open();
        await looked.opened;
      });
      await changed.opened;
      expect(await amounts()).toEqual({});
      looked.open();
      await transaction;
      expect(await amounts()).toEqual({ a: 1 });
    });

    it("can be read from through TypeORM on the same connection", async () => {
      await db.transaction(async (tx) => {
        await insertRows(tx, "things", [thing("a")]);
        expect((await tx.manager.query("SELECT id FROM things")).length).toBe(1);
        expect((await db.manager.query("SELECT id FROM things")).length).toBe(0);
      });
    });

    it("loses no update when 40 of them read a row, then write it", async () => {
      await db.transaction((tx) => insertRows(tx, "things", [thing("a", { amount: 0 })]));
      const increment = () =>
        db.transaction(async (tx) => {
          const [row] = await tx.query<{ amount: number }>(
            `SELECT amount FROM things WHERE id = 'a'${forUpdate(tx.dialect)}`,
          );
          await tx.run("UPDATE things SET amount = ? WHERE id = 'a'", [(row?.amount ?? 0) + 1]);
        });
      await Promise.all(Array.from({ length: 40 }, increment));
      expect(await amounts()).toEqual({ a: 40 });
    });
  });

  describe("a savepoint", () => {
    it("undoes only what was done in it", async () => {
      await db.transaction(async (tx) => {
        await insertRows(tx, "things", [thing("before")]);
        const attempt = tx.savepoint(async () => {
          await insertRows(tx, "things", [thing("inside")]);
          throw new AppError("INVALID_INPUT");
        });
        await expect(attempt).rejects.toThrow(AppError);
        await insertRows(tx, "things", [thing("after")]);
      });
      expect(await amounts()).toEqual({ after: 1, before: 1 });
    });

    it("keeps what succeeded in it and returns its result", async () => {
      await db.transaction(async (tx) => {
        expect(await tx.savepoint(async () => insertMissing(tx, "things", [thing("inside")]))).toBe(1);
      });
      expect(await amounts()).toEqual({ inside: 1 });
    });

    it("undoes what an inner one had kept", async () => {
      await db.transaction(async (tx) => {
        const attempt = tx.savepoint(async () => {
          await insertRows(tx, "things", [thing("outer")]);
          await tx.savepoint(() => insertRows(tx, "things", [thing("inner")]));
          throw new AppError("INVALID_INPUT");
        });
        await expect(attempt).rejects.toThrow(AppError);
      });
      expect(await amounts()).toEqual({});
    });

    it("survives an inner one that fails", async () => {
      await db.transaction(async (tx) => {
        await tx.savepoint(async () => {
          await insertRows(tx, "things", [thing("outer")]);
          const inner = tx.savepoint(async () => {
            await insertRows(tx, "things", [thing("inner")]);
            throw new AppError("INVALID_INPUT");
          });
          await expect(inner).rejects.toThrow(AppError);
        });
      });
      expect(await amounts()).toEqual({ outer: 1 });
    });
  });

  describe("a conflict", () => {
    it("makes the whole transaction run again, on what it had found at its start", async () => {
      let attempts = 0;
      await db.transaction(async (tx) => {
        attempts += 1;
        expect(await tx.query("SELECT id FROM things")).toEqual([]);
        await insertRows(tx, "things", [thing("a", { amount: attempts })]);
        if (attempts < 3) throw new TransactionConflict("met another worker");
      });
      expect(attempts).toBe(3);
      expect(await amounts()).toEqual({ a: 3 });
    });

    it("that never ends is an outage, not a hang", async () => {
      let attempts = 0;
      const attempt = db.transaction(async () => {
        attempts += 1;
        throw new TransactionConflict("met another worker");
      });
      await expect(attempt).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE" });
      expect(attempts).toBe(limits.transactionAttemptsMax);
    });

    it("is what other failures are not: those are not tried again", async () => {
      let attempts = 0;
      const attempt = db.transaction(async () => {
        attempts += 1;
        throw new Error("a bug");
      });
      await expect(attempt).rejects.toThrow("a bug");
      expect(attempts).toBe(1);
    });
  });

  it("is as usable as before after 30 transactions have failed", async () => {
    const failing = () =>
      db.transaction(async (tx) => {
        await insertRows(tx, "things", [thing("a")]);
        throw new Error("on purpose");
      });
    const outcomes = await Promise.allSettled(Array.from({ length: 30 }, failing));
    expect(outcomes.map(({ status }) => status)).toEqual(Array(30).fill("rejected"));
    await db.transaction((tx) => insertRows(tx, "things", [thing("b")]));
    expect(await amounts()).toEqual({ b: 1 });
  });

  describe("multi-row statements", () => {
    const put = <T>(work: Parameters<Database["transaction"]>[0]) => db.transaction(work) as Promise<T>;

    it("count what was missing, also where one call names a row twice", async () => {
      await put((tx) => insertRows(tx, "things", [thing("a", { amount: 7 })]));
      const rows = [thing("a"), thing("b"), thing("b", { amount: 5 }), thing("c")];
      expect(await put((tx) => insertMissing(tx, "things", rows))).toBe(2);
      expect(await amounts()).toEqual({ a: 7, b: 1, c: 1 });
    });

    it("tell codes apart that differ by case only", async () => {
      expect(await put((tx) => insertMissing(tx, "things", [thing("x"), thing("X")]))).toBe(2);
      expect((await db.query("SELECT id FROM things WHERE id = ?", ["X"])).length).toBe(1);
    });

    it("replace the rows whose key is there", async () => {
      await put((tx) => insertRows(tx, "things", [thing("a", { note: "old" })]));
      const rows = [thing("a", { amount: 2, note: null }), thing("b", { amount: 3 })];
      await put((tx) => upsertRows(tx, "things", ["id", "place"], rows));
      expect(await amounts()).toEqual({ a: 2, b: 3 });
      expect(await db.query("SELECT note FROM things WHERE id = 'a'")).toEqual([{ note: null }]);
    });

    it("replace a row only by a newer one", async () => {
      const write = (version: number) =>
        put((tx) => upsertNewer(tx, "things", ["id", "place"], "version", [thing("a", { amount: version, version })]));
      for (const [version, expected] of [
        [2, 2],
        [1, 2],
        [2, 2],
        [3, 3],
      ] as const) {
        await write(version);
        expect(await db.query("SELECT amount, version FROM things")).toEqual([{ amount: expected, version: expected }]);
      }
    });

    it("do nothing for no rows", async () => {
      await put(async (tx) => {
        await insertRows(tx, "things", []);
        await upsertRows(tx, "things", ["id", "place"], []);
        await upsertNewer(tx, "things", ["id", "place"], "version", []);
        expect(await insertMissing(tx, "things", [])).toBe(0);
      });
      expect(await amounts()).toEqual({});
    });

    it("take more rows than one statement can carry", async () => {
      const rows = Array.from({ length: 10_000 }, (_, i) => thing(`t${i}`));
      expect(await put((tx) => insertMissing(tx, "things", rows))).toBe(10_000);
      expect(await put((tx) => insertMissing(tx, "things", rows))).toBe(0);
    });

    it("find rows by pairs of columns", async () => {
      await put((tx) => insertRows(tx, "things", [thing("a"), thing("b"), thing("a", { place: "M" })]));
      const found = await db.query(
        `SELECT id, place FROM things WHERE (id, place) IN ${pairMarks(db.dialect, 2)} ORDER BY id`,
        ["a", "M", "b", "L"],
      );
      expect(found).toEqual([
        { id: "a", place: "M" },
        { id: "b", place: "L" },
      ]);
      expect(marks(3)).toBe("?, ?, ?");
    });

    it("count the rows an UPDATE found, also where they had the value already", async () => {
      await put((tx) => insertRows(tx, "things", [thing("a"), thing("b", { amount: 2 })]));
      expect(await put((tx) => tx.run("UPDATE things SET amount = 1"))).toBe(2);
      expect(await put((tx) => tx.run("UPDATE things SET amount = 1 WHERE id = 'none'"))).toBe(0);
    });
  });

  it("reads whole numbers beyond 32 bits as numbers", async () => {
    const version = 9_007_199_254_740_991;
    await db.transaction((tx) => insertRows(tx, "things", [thing("a", { version })]));
    expect(await db.query("SELECT version FROM things")).toEqual([{ version }]);
  });

  it("may be upgraded again and again", async () => {
    await db.migrate();
    await expect(db.ping()).resolves.toBeUndefined();
  });
});
