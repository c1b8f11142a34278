/**
 * Which database errors are worth another try.
 *
 * The retrying itself is shown on real databases in `test/contract/database.test.ts` and `mysql.test.ts`.
 */
import { describe, expect, it } from "vitest";
import { isLockTimeout, judge, TransactionConflict } from "../../../shared/db/retry.ts";
import { AppError } from "../../../shared/errors.ts";

const driverError = (fields: object) => Object.assign(new Error("driver"), fields);
const wrapped = (driver: Error) => Object.assign(new Error("query failed"), { driverError: driver });

describe("a database error", () => {
  it.each([
    ["a deadlock", driverError({ errno: 1213 })],
    ["a lock timeout", driverError({ errno: 1205 })],
    ["a busy SQLite file", driverError({ code: "SQLITE_BUSY_SNAPSHOT" })],
    ["a meeting of two workers", new TransactionConflict("inbox")],
  ])("is a conflict: %s", (_, error) => {
    expect(judge(error)).toBe("conflict");
    expect(judge(wrapped(error))).toBe("conflict");
    expect(judge(new Error("above", { cause: wrapped(error) }))).toBe("conflict");
  });

  it.each(["PROTOCOL_CONNECTION_LOST", "ECONNRESET", "ECONNREFUSED", "EPIPE", "ETIMEDOUT", "ER_SERVER_SHUTDOWN"])(
    "is a lost connection: %s",
    (code) => {
      expect(judge(driverError({ code }))).toBe("disconnected");
      expect(judge(wrapped(driverError({ code })))).toBe("disconnected");
    },
  );

  it("is a lost connection: a statement on one that is closed already, which has no code", () => {
    expect(judge(wrapped(driverError({ fatal: true })))).toBe("disconnected");
    expect(judge(driverError({ fatal: true, code: "ER_ACCESS_DENIED_ERROR" }))).toBe("final");
  });

  it.each([
    ["a duplicate key", driverError({ errno: 1062, code: "ER_DUP_ENTRY" })],
    ["a failed check", driverError({ errno: 4025, code: "ER_CONSTRAINT_FAILED" })],
    ["a refusal of ours", new AppError("INSUFFICIENT_STOCK")],
    ["no error at all", "1213"],
    ["nothing", undefined],
  ])("is final: %s", (_, error) => {
    expect(judge(error)).toBe("final");
  });

  it("is a lock timeout only with that number", () => {
    expect(isLockTimeout(wrapped(driverError({ errno: 1205 })))).toBe(true);
    expect(isLockTimeout(wrapped(driverError({ errno: 1213 })))).toBe(false);
    expect(isLockTimeout(undefined)).toBe(false);
  });

  it("that is its own cause is looked at once", () => {
    const error = new Error("circle");
    error.cause = error;
    expect(judge(error)).toBe("final");
  });
});
