/**
 * One subgraph as plans ask it: what its silence costs, and when it is left alone.
 */
import { parse } from "graphql";
import { describe, expect, it } from "vitest";
import { createDataSource } from "../../../gateway/data-source.ts";
import { AppError } from "../../../shared/errors.ts";
import { anonymous } from "../../../shared/identity.ts";
import { limits } from "../../../shared/limits.ts";
import { silentLogger } from "../../../shared/logging.ts";
import { createMetrics } from "../../../shared/metrics/metrics.ts";

function sourceWith(client: () => Promise<object>) {
  const clock = { nowMs: 0, now: () => clock.nowMs };
  let calls = 0;
  const source = createDataSource({
    name: "stock",
    client: {
      execute: () => {
        calls += 1;
        return client();
      },
    },
    deadlines: { queryMs: 60_000, mutationMs: 60_000 },
    clock,
    log: silentLogger,
    metrics: createMetrics(),
  });
  const query = "{ total }";
  const fetch = { query, document: parse(query), operationName: undefined, variables: {} };
  const ask = () => source.ask(fetch, { identity: anonymous, correlationId: "c" });
  return { ask, clock, calls: () => calls };
}

const silence = {
  errors: [
    {
      message: expect.any(String),
      path: ["total"],
      extensions: { code: "SOURCE_UNAVAILABLE", service: "stock" },
    },
  ],
};

describe("a subgraph that does not answer", () => {
  it("is left alone after a while, with the same answer, and asked again a moment later", async () => {
    let isUp = false;
    const { ask, clock, calls } = sourceWith(async () => {
      if (!isUp) throw new AppError("SOURCE_UNAVAILABLE");
      return { data: { total: 7 } };
    });
    for (let i = 0; i < limits.breakerFailuresMax; i++) expect(await ask()).toEqual(silence);
    expect(await ask()).toEqual(silence);
    expect(calls()).toBe(limits.breakerFailuresMax);

    clock.nowMs = limits.breakerRetryMs;
    expect(await ask()).toEqual(silence);
    expect(await ask()).toEqual(silence);
    expect(calls()).toBe(limits.breakerFailuresMax + 1);

    isUp = true;
    clock.nowMs = 2 * limits.breakerRetryMs;
    expect(await ask()).toEqual({ data: { total: 7 } });
    expect(await ask()).toEqual({ data: { total: 7 } });
  });

  it("is not what a subgraph with a defect is: that one is asked every time", async () => {
    const { ask, calls } = sourceWith(async () => {
      throw new TypeError("a defect");
    });
    const times = limits.breakerFailuresMax + 5;
    for (let i = 0; i < times; i++) await expect(ask()).rejects.toThrow("a defect");
    expect(calls()).toBe(times);
  });
});
