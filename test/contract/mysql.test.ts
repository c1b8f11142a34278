/**
 * What only a MySQL or MariaDB server can show: deadlocks, lock timeouts, isolation, lost connections, a pool that is
 * used up.
 *
 * Part of the database contract (`database.test.ts`); skipped where no server answers.
 */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Kernel1767225600001 } from "../../migrations/shared/001-kernel.ts";
import type { Database, Transaction } from "../../shared/db/database.ts";
import { insertRows, literal, pairMarks } from "../../shared/db/statements.ts";
import { limits } from "../../shared/limits.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { barrier, gate } from "../helpers/gate.ts";

eachDatabase(
  "MySQL server",
  (makeKernel) => {
    let db: Database;
    const spec = { system: "wms", entities: [], migrations: [Kernel1767225600001] } as const;

    beforeAll(async () => {
      const kernel = await makeKernel();
      db = await kernel.openDatabase(spec);
    });

    /** Two rows to meet on; the relay's small table serves. */
    beforeEach(() =>
      db.transaction(async (tx) => {
        await tx.run("DELETE FROM relay_state");
        await tx.run("INSERT INTO relay_state (name, value) VALUES ('a', '0'), ('b', '0')");
      }),
    );

    const values = async () => {
      const rows = await db.query<{ name: string; value: string }>("SELECT name, value FROM relay_state ORDER BY name");
      return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
    };
    const add = (tx: Transaction, name: string) =>
      tx.run("UPDATE relay_state SET value = value + 1 WHERE name = ?", [name]);
    /** Makes the server fail the transaction with an error number of its own. */
    const signal = (tx: Transaction, errno: number) =>
      tx.query(`SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = ${errno}, MESSAGE_TEXT = 'as if'`);
    const connectionId = async (tx: Transaction) =>
      (await tx.query<{ id: number }>("SELECT CONNECTION_ID() AS id"))[0]?.id ?? 0;

    /** Every connection of the pool inside a transaction at the same time: fails where one was lost. */
    async function withWholePool<T>(work: (tx: Transaction) => Promise<T>): Promise<T[]> {
      const together = barrier(limits.databasePoolSize);
      return Promise.all(
        Array.from({ length: limits.databasePoolSize }, () =>
          db.transaction(async (tx) => {
            await together();
            return work(tx);
          }),
        ),
      );
    }

    describe("values written into the text of a statement", () => {
      const pieces = [
        "'",
        "''",
        "\\",
        "\\'",
        "'\\",
        '"',
        "?",
        "??",
        "%",
        ";",
        "--",
        "/*",
        "#",
        "\0",
        "\n",
        "\r",
        "\x1a",
        "ä",
        "😀",
        "a",
      ];

      it("come back as they were, whatever quotes, backslashes and marks they are made of", async () => {
        const texts = pieces.flatMap((a) => pieces.flatMap((b) => [a, a + b, `${b}${a}'), ('x', '1'`, a + b + a]));
        const distinct = [...new Set(texts)];
        await db.transaction(async (tx) => {
          await tx.run("DELETE FROM dead_letters");
          await insertRows(
            tx,
            "dead_letters",
            distinct.map((body, i) => {
              const row = {
                id: `${i}`,
                consumer: "c",
                source: "s",
                event_id: `${i}`,
                type: "t",
                class: "c",
                code: "c",
              };
              return { ...row, hint: "h", body, attempts: -i, first_seen_at_ms: 2 ** 52, last_seen_at_ms: 0 };
            }),
          );
        });
        const rows = await db.query<{ body: string; attempts: number; first_seen_at_ms: number }>(
          "SELECT body, attempts, first_seen_at_ms FROM dead_letters ORDER BY attempts DESC",
        );
        expect(rows.map(({ body }) => body)).toEqual(distinct);
        expect(rows.every((row, i) => row.attempts === -i && row.first_seen_at_ms === 2 ** 52)).toBe(true);
        await db.transaction((tx) => tx.run("DELETE FROM dead_letters"));
      });

      it("end their text also where the server takes a backslash for itself", async () => {
        await db.transaction(async (tx) => {
          await tx.run("SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')");
          await insertRows(tx, "relay_state", [{ name: "it's", value: "\\'" }]);
          await tx.run("SET SESSION sql_mode = REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', '')");
        });
        expect(await values()).toMatchObject({ "it's": expect.stringContaining("'") });
      });

      it("are numbers, texts or nothing", () => {
        expect([literal(null), literal(-1.5), literal("")]).toEqual(["NULL", "-1.5", "''"]);
        for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, undefined, {}, true]) {
          expect(() => literal(wrong as never)).toThrow(TypeError);
        }
      });
    });

    describe("conflicts", () => {
      it("a deadlock of two transactions ends with both done, the victim's whole work repeated", async () => {
        const bothHoldOne = barrier(2);
        let attempts = 0;
        const cross = (first: string, second: string) =>
          db.transaction(async (tx) => {
            attempts += 1;
            await add(tx, first);
            await bothHoldOne();
            await add(tx, second);
          });
        await Promise.all([cross("a", "b"), cross("b", "a")]);
        expect(attempts).toBe(3);
        expect(await values()).toEqual({ a: "2", b: "2" });
      });

      it.each([
        ["deadlock", 1213],
        ["lock timeout", 1205],
      ])("after a %s nothing of the failed attempt is left", async (_, errno) => {
        let attempts = 0;
        await db.transaction(async (tx) => {
          attempts += 1;
          await add(tx, "a");
          if (attempts < 3) await signal(tx, errno);
        });
        expect(attempts).toBe(3);
        expect(await values()).toEqual({ a: "1", b: "0" });
      });

      it("a lock timeout inside a savepoint repeats the whole transaction, not the savepoint", async () => {
        let attempts = 0;
        await db.transaction(async (tx) => {
          attempts += 1;
          await add(tx, "a");
          await tx.savepoint(async () => {
            await add(tx, "b");
            if (attempts < 2) await signal(tx, 1205);
          });
        });
        expect(await values()).toEqual({ a: "1", b: "1" });
      });

      it("a savepoint in which nothing is changed costs no statement", async () => {
        await db.transaction(async (tx) => {
          const sent = async () =>
            (await tx.query<{ Value: string }>("SHOW SESSION STATUS LIKE 'Com_savepoint'"))[0]?.Value;
          const before = Number(await sent());
          await tx.savepoint(() => tx.query("SELECT 1"));
          expect(Number(await sent())).toBe(before);
          await tx.savepoint(() => tx.savepoint(() => add(tx, "a")));
          expect(Number(await sent())).toBe(before + 2);
        });
      });

      it("other errors of the server are final", async () => {
        let attempts = 0;
        const attempt = db.transaction(async (tx) => {
          attempts += 1;
          await signal(tx, 1644);
        });
        await expect(attempt).rejects.toMatchObject({ errno: 1644 });
        expect(attempts).toBe(1);
      });
    });

    describe("the pool", () => {
      afterEach(() => {
        vi.useRealTimers();
      });

      it("gives every connection the same isolation and patience, the first one too", async () => {
        const settings = await withWholePool((tx) =>
          tx.query<{ Variable_name: string; Value: string }>(
            "SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation', 'innodb_lock_wait_timeout')",
          ),
        );
        for (const rows of settings) {
          expect(
            Object.fromEntries(rows.map((row) => [row.Variable_name.replace(/^tx_/, "transaction_"), row.Value])),
          ).toEqual({
            transaction_isolation: "READ-COMMITTED",
            innodb_lock_wait_timeout: String(limits.lockWaitS),
          });
        }
      });

      it("is whole after more failures than it has connections", async () => {
        const failing = () =>
          db.transaction(async (tx) => {
            await add(tx, "a");
            throw new Error("on purpose");
          });
        await Promise.allSettled(Array.from({ length: 3 * limits.databasePoolSize }, failing));
        expect((await withWholePool(connectionId)).length).toBe(limits.databasePoolSize);
        expect(await values()).toEqual({ a: "0", b: "0" });
      });

      it("replaces a connection that is cut in the middle of a transaction, whose work is done again", async () => {
        let attempts = 0;
        await db.transaction(async (tx) => {
          attempts += 1;
          await add(tx, "a");
          if (attempts === 1) await db.query(`KILL ${await connectionId(tx)}`);
          await add(tx, "b");
        });
        expect(attempts).toBe(2);
        expect(await values()).toEqual({ a: "1", b: "1" });
        expect(new Set(await withWholePool(connectionId)).size).toBe(limits.databasePoolSize);
      });

      it("hands no half-done transaction to the next caller when a connection is cut before COMMIT", async () => {
        await db
          .transaction(async (tx) => {
            await add(tx, "a");
            await db.query(`KILL ${await connectionId(tx)}`);
            throw new Error("on purpose");
          })
          .catch(() => {});
        await withWholePool((tx) => tx.query("SELECT 1"));
        expect(await values()).toEqual({ a: "0", b: "0" });
      });

      it("lets nobody wait without end for a free connection, and is whole again afterwards", async () => {
        const inside = barrier(limits.databasePoolSize + 1);
        const done = gate();
        const holders = Array.from({ length: limits.databasePoolSize }, () =>
          db.transaction(async (tx) => {
            await tx.query("SELECT 1");
            void inside();
            await done.opened;
          }),
        );
        await inside();
        vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
        const late = expect(db.query("SELECT 1")).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE" });
        vi.advanceTimersByTime(limits.lockWaitS * 1000);
        await late;
        vi.useRealTimers();
        done.open();
        await Promise.all(holders);
        expect((await withWholePool(connectionId)).length).toBe(limits.databasePoolSize);
      });
    });

    it("looks up the rows of a DELETE or UPDATE by their key, be they one or several", async () => {
      const many = Array.from({ length: 3_000 }, (_, i) => ({
        consumer: "c",
        event_id: `e${i}`,
        source: "s",
        received_at_ms: 1,
      }));
      await db.transaction((tx) => insertRows(tx, "inbox", many));
      for (const n of [1, 2, 50]) {
        const keys = many.slice(0, n).flatMap(({ consumer, event_id }) => [consumer, event_id]);
        const found = `WHERE (consumer, event_id) IN ${pairMarks("mysql", n)}`;
        for (const statement of [`DELETE FROM inbox ${found}`, `UPDATE inbox SET received_at_ms = 2 ${found}`]) {
          const plan = await db.query<{ rows: number }>(`EXPLAIN ${statement}`, keys);
          expect(Number(plan[0]?.rows), `${statement.slice(0, 6)} of ${n}`).toBeLessThanOrEqual(2 * n);
        }
      }
    });

    it("lets two processes that start together upgrade one after the other", async () => {
      const kernel = await makeKernel();
      const both = await Promise.all([kernel.openDatabase(spec), kernel.openDatabase(spec)]);
      for (const opened of both) {
        expect(await opened.query("SELECT name FROM migrations")).toEqual([{ name: "Kernel1767225600001" }]);
      }
    });
  },
  ["mysql"],
);
