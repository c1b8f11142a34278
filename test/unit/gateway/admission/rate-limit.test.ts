/**
 * Budgets: decided here and at once, settled with everybody else's count a moment later.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callerName, createRateLimiter } from "../../../../gateway/admission/rate-limit.ts";
import { manualClock } from "../../../../shared/clock.ts";
import { anonymous } from "../../../../shared/identity.ts";
import { silentLogger } from "../../../../shared/logging.ts";
import type { RateStore } from "../../../../shared/rate-store.ts";

const budget = { points: 100, windowS: 10 };

/** What everybody together has used, in a window that begins with the first. */
function createStore(clock = manualClock()) {
  const counts = new Map<string, { used: number; endsAtMs: number }>();
  const store = {
    clock,
    fails: false,
    calls: 0,
    async add(key: string, points: number) {
      store.calls += 1;
      if (store.fails) throw new Error("away");
      const nowMs = clock.now();
      const known = counts.get(key);
      const count = known && known.endsAtMs > nowMs ? known : { used: 0, endsAtMs: nowMs + budget.windowS * 1_000 };
      count.used += points;
      counts.set(key, count);
      return { used: count.used, resetMs: count.endsAtMs - nowMs };
    },
    close: async () => {},
  };
  return store satisfies RateStore;
}

const limiterOver = (store: ReturnType<typeof createStore>) =>
  createRateLimiter({ budget, store, clock: store.clock, log: silentLogger });

describe("a budget", () => {
  it("is used up by what operations cost, and whole again after its window", async () => {
    const store = createStore();
    const rates = limiterOver(store);
    expect(rates.open("ada").pays(70)).toBe(true);
    expect(rates.open("ada").pays(31)).toBe(false);
    expect(rates.open("ada").pays(30)).toBe(true);
    expect(rates.open("ada").empty).toBe(true);
    expect(rates.open("bob").empty).toBe(false);
    store.clock.advance(budget.windowS * 1_000);
    expect(rates.open("ada").pays(100)).toBe(true);
    await rates.stop();
  });

  it("says what is left of it, and when to come back", async () => {
    const store = createStore();
    const rates = limiterOver(store);
    const till = rates.open("ada");
    till.pays(40);
    store.clock.advance(2_500);
    expect(till.headers).toEqual({ "ratelimit-limit": "100", "ratelimit-remaining": "60", "ratelimit-reset": "8" });
    expect(till.refusal()).toMatchObject({
      code: "RATE_LIMITED",
      details: { limit: 100, remaining: 60, retryAfterS: 8 },
    });
    await rates.stop();
  });

  it("pays for a request once, however many ways it is tried to answer it", async () => {
    const rates = limiterOver(createStore());
    const till = rates.open("ada");
    expect([till.pays(60), till.pays(60)]).toEqual([true, true]);
    till.close();
    expect(till.headers["ratelimit-remaining"]).toBe("40");
    await rates.stop();
  });

  it("loses one by a request that nobody understood", async () => {
    const rates = limiterOver(createStore());
    rates.open("ada").close();
    const till = rates.open("ada");
    till.pays(0);
    expect(till.headers["ratelimit-remaining"]).toBe("98");
    await rates.stop();
  });

  it("that is smaller than an operation lets one through, and then none", async () => {
    const rates = limiterOver(createStore());
    expect(rates.open("ada").pays(1_000)).toBe(true);
    expect(rates.open("ada").pays(1)).toBe(false);
    await rates.stop();
  });
});

describe("several gateways", () => {
  it("know of each other's callers after a settlement", async () => {
    const store = createStore();
    const [here, there] = [limiterOver(store), limiterOver(store)];
    here.open("ada").pays(90);
    await here.settle();
    there.open("ada").pays(5);
    await there.settle();
    expect(there.open("ada").pays(6)).toBe(false);
    expect(there.open("ada").pays(5)).toBe(true);
    await Promise.all([here.stop(), there.stop()]);
  });

  it("settle many requests of a caller at once, and go on without a store that does not answer", async () => {
    const store = createStore();
    const rates = limiterOver(store);
    for (let i = 0; i < 10; i++) rates.open("ada").pays(1);
    await rates.settle();
    expect(store.calls).toBe(1);
    store.fails = true;
    expect(rates.open("ada").pays(80)).toBe(true);
    await rates.settle();
    expect(rates.open("ada").pays(20)).toBe(false);
    store.fails = false;
    rates.open("ada").pays(1);
    await rates.settle();
    expect((await store.add("ada", 0)).used).toBe(91);
    await rates.stop();
  });

  it("overdraw a budget by what they gave out since they last settled, and by no more", async () => {
    const step = fc.record({ gateway: fc.nat(2), cost: fc.integer({ min: 1, max: 40 }), settles: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const store = createStore();
        const gateways = [limiterOver(store), limiterOver(store), limiterOver(store)] as const;
        const unsettled = [0, 0, 0];
        let given = 0;
        for (const { gateway, cost, settles } of steps) {
          const others = unsettled.reduce((sum, points, i) => sum + (i === gateway ? 0 : points), 0);
          if (gateways[gateway as 0].open("ada").pays(cost)) {
            given += cost;
            unsettled[gateway] = (unsettled[gateway] as number) + cost;
            // What this gateway has not heard of yet is all that may be too much.
            expect(given).toBeLessThanOrEqual(budget.points + others);
          }
          if (!settles) continue;
          for (const each of gateways) await each.settle();
          for (const each of gateways) each.open("ada").close();
          for (const each of gateways) await each.settle();
          unsettled.fill(0);
          const isUsedUp = given >= budget.points;
          if (isUsedUp) expect(gateways.map((each) => each.open("ada").pays(1))).toEqual([false, false, false]);
        }
        await Promise.all(gateways.map((each) => each.stop()));
      }),
      { numRuns: 30 },
    );
  });
});

it("persons have budgets, and addresses where nobody says who it is", () => {
  const never = () => {
    throw new Error("nobody asks for the address of a person");
  };
  expect(callerName({ person: "ada" }, never)).toBe("person ada");
  expect(callerName(anonymous, () => "10.0.0.7")).toBe("address 10.0.0.7");
});
