/**
 * What a log line shows of an error and of settings, and what it never shows.
 */
import { describe, expect, it } from "vitest";
import { AppError } from "../../../shared/errors.ts";
import { createLogger } from "../../../shared/logging.ts";

function lineOf(fields: object) {
  const lines: string[] = [];
  createLogger("debug", { write: (line) => void lines.push(line) }).warn(fields, "it happened");
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0] ?? "");
}

describe("a log line", () => {
  it("is JSON with a level, a time and a message", () => {
    expect(lineOf({ system: "wms" })).toEqual({
      level: "warn",
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      system: "wms",
      message: "it happened",
    });
  });

  it("shows of an error its name, message, code, stack and causes, and nothing else of it", () => {
    const driver = Object.assign(new Error("Table is gone"), { code: "ER_NO_SUCH_TABLE", sql: "INSERT … 'Ada'" });
    const failed = Object.assign(new Error("Query failed", { cause: driver }), { parameters: ["Ada"] });
    const error = new AppError("SOURCE_UNAVAILABLE", { reason: "Ada" }, { cause: failed });
    expect(lineOf({ error }).error).toEqual({
      type: "AppError",
      code: "SOURCE_UNAVAILABLE",
      message: expect.any(String),
      stack: expect.stringContaining("logging.test.ts"),
      cause: {
        type: "Error",
        message: "Query failed",
        stack: expect.any(String),
        cause: { type: "Error", message: "Table is gone", code: "ER_NO_SUCH_TABLE", stack: expect.any(String) },
      },
    });
  });

  it("shows what was thrown that is no error, and ends with errors that cause each other", () => {
    expect(lineOf({ error: "no error" }).error).toBe("no error");
    const circle: { message: string; cause?: unknown } = { message: "again" };
    circle.cause = circle;
    expect(JSON.stringify(lineOf({ error: circle })).match(/again/g)).toHaveLength(6);
  });

  it.each([
    ["authorization", { headers: { authorization: "hush-hush" } }],
    ["a signed identity", { headers: { "x-signed-identity": "hush-hush" } }],
    ["secrets of the configuration", { config: { internalSecrets: ["hush-hush"], metricsToken: "hush-hush" } }],
    ["a token", { token: "hush-hush", auth: { secret: "hush-hush" } }],
  ])("never shows %s", (_, fields) => {
    expect(JSON.stringify(lineOf(fields))).not.toContain("hush");
  });
});
