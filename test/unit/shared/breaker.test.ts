/**
 * When an owner that fails is left alone, and how soon it is asked again.
 */
import { describe, expect, it } from "vitest";
import { createBreaker } from "../../../shared/breaker.ts";

const limits = { failuresMax: 3, retryMs: 500 };

function failing(times: number, nowMs = 1_000) {
  const breaker = createBreaker(limits);
  for (let i = 0; i < times; i++) breaker.failed(nowMs);
  return breaker;
}

describe("a circuit breaker", () => {
  it("lets everything through until so many calls in a row have failed", () => {
    expect(failing(2).allows(1_000)).toBe(true);
    expect(failing(3).allows(1_000)).toBe(false);
  });

  it("counts failures in a row only", () => {
    const breaker = failing(2);
    breaker.succeeded();
    breaker.failed(1_000);
    breaker.failed(1_000);
    expect(breaker.allows(1_000)).toBe(true);
  });

  it("lets one call through after a while, and one more after each further while, however long the first takes", () => {
    const breaker = failing(3);
    expect(breaker.allows(1_499)).toBe(false);
    expect(breaker.allows(1_500)).toBe(true);
    expect(breaker.allows(1_500)).toBe(false);
    expect(breaker.allows(1_999)).toBe(false);
    expect(breaker.allows(2_000)).toBe(true);
  });

  it("is not put off by calls that were under way and fail later", () => {
    const breaker = failing(3);
    breaker.failed(1_400);
    expect(breaker.allows(1_500)).toBe(true);
  });

  it("closes with the first call that succeeds", () => {
    const breaker = failing(5);
    expect(breaker.allows(1_500)).toBe(true);
    breaker.succeeded();
    expect([breaker.allows(1_500), breaker.allows(1_500)]).toEqual([true, true]);
  });
});
