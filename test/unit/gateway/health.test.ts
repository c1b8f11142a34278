/**
 * Ready or not: what counts, what is only reported, and that a check which hangs is an answer as well.
 */
import { describe, expect, it } from "vitest";
import type { SubgraphClient } from "../../../gateway/endpoints.ts";
import { checkHealth } from "../../../gateway/health.ts";
import { silentLogger } from "../../../shared/logging.ts";

const answering: SubgraphClient = { execute: async () => ({ data: { __typename: "Query" } }) };
const hanging: SubgraphClient = { execute: () => new Promise(() => {}) };
const fine = { name: "erp", ready: async () => {} };
const stuck = { name: "wms", ready: () => new Promise<void>(() => {}) };

describe("health", () => {
  it("is ready when every part here answers, whatever runs elsewhere", async () => {
    const remote = new Map([
      ["returns", answering],
      ["availability", hanging],
    ]);
    expect(await checkHealth({ local: [fine], remote, log: silentLogger, deadlineMs: 20 })).toEqual({
      status: "ready",
      parts: {
        erp: { status: "ready", remote: false },
        returns: { status: "ready", remote: true },
        availability: { status: "unavailable", remote: true },
      },
    });
  });

  it("is not ready when a part here hangs", async () => {
    const report = await checkHealth({ local: [fine, stuck], remote: new Map(), log: silentLogger, deadlineMs: 20 });
    expect(report).toEqual({
      status: "not ready",
      parts: { erp: { status: "ready", remote: false }, wms: { status: "unavailable", remote: false } },
    });
  });
});
