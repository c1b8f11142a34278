/**
 * The table of errors: every row can be shown, and says who may do something about it.
 *
 * That each code is used and provoked is checked by the tidy tests.
 */
import { describe, expect, it } from "vitest";
import { AppError, type ErrorCode, errorTable, isUserError } from "../../../shared/errors.ts";

const rows = Object.entries(errorTable) as [ErrorCode, (typeof errorTable)[ErrorCode]][];

describe("the table of errors", () => {
  it.each(rows)("%s is named and worded as all are", (code, row) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(row.message).toMatch(/^[A-Z].*\.$/);
    expect(["TRANSIENT", "MAPPING", "BUSINESS_RULE", "DUPLICATE", "SCHEMA", "ACCESS", "DEFECT"]).toContain(row.class);
    expect(["request", "user"]).toContain(row.shown);
  });

  it("calls retryable only what somebody else may have finished meanwhile", () => {
    const retryable = rows.filter(([, row]) => row.retryable).map(([, row]) => row.class);
    expect(new Set(retryable)).toEqual(new Set(["TRANSIENT", "DUPLICATE"]));
  });

  it("never asks the caller to put right a defect or an access right", () => {
    for (const [, row] of rows) if (row.shown === "user") expect(["DEFECT", "ACCESS"]).not.toContain(row.class);
  });

  it("has no two codes that say the same", () => {
    const messages = rows.map(([, row]) => row.message);
    expect(new Set(messages).size).toBe(messages.length);
  });
});

describe("an error", () => {
  it("says what its row says, unless it knows better", () => {
    expect(new AppError("UNKNOWN_SKU").message).toBe(errorTable.UNKNOWN_SKU.message);
    expect(new AppError("UNKNOWN_SKU", { message: "No such SKU: X." }).message).toBe("No such SKU: X.");
  });

  it("keeps its details, its row and its cause", () => {
    const cause = new Error("why");
    const error = new AppError("UNKNOWN_SKU", { sku: "X", field: ["input", "sku"] }, { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe("AppError");
    expect(error.details).toEqual({ sku: "X", field: ["input", "sku"] });
    expect(error.row).toBe(errorTable.UNKNOWN_SKU);
    expect(error.cause).toBe(cause);
  });

  it("is the caller's to put right where its row says so", () => {
    expect(isUserError(new AppError("INSUFFICIENT_STOCK"))).toBe(true);
    expect(isUserError(new AppError("FORBIDDEN"))).toBe(false);
    expect(isUserError(new Error("INSUFFICIENT_STOCK"))).toBe(false);
    expect(isUserError({ code: "INSUFFICIENT_STOCK", row: { shown: "user" } })).toBe(false);
  });
});
