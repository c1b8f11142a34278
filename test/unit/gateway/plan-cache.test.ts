/**
 * Remembered plans: bounded by their size, and executable where the gateway's own executor would refuse.
 */
import { describe, expect, it } from "vitest";
import { createPlanCache } from "../../../gateway/plan-cache.ts";

type Plan = Parameters<ReturnType<typeof createPlanCache>["set"]>[1];

const fetchOf = (serviceName: string) => ({ kind: "Fetch", serviceName, operation: "{ a }" });
const plan = (node: object) => ({ kind: "QueryPlan", node }) as unknown as Plan;

describe("the plan cache", () => {
  it("forgets first what was not used for longest, and never holds more than its size", async () => {
    const one = 2 * JSON.stringify(plan(fetchOf("erp"))).length + 1;
    const cache = createPlanCache(2 * one);
    await cache.set("a", plan(fetchOf("erp")));
    await cache.set("b", plan(fetchOf("erp")));
    expect(await cache.get("a")).toBeDefined();
    await cache.set("c", plan(fetchOf("erp")));
    expect(await cache.get("b")).toBeUndefined();
    expect(await cache.get("a")).toBeDefined();
    await cache.delete("a");
    expect(await cache.get("a")).toBeUndefined();
    cache.clear();
    expect(await cache.get("c")).toBeUndefined();
  });

  it("turns the plan of a subscription into the steps for one event, and leaves others as they are", async () => {
    const cache = createPlanCache();
    const [primary, rest] = [fetchOf("availability"), fetchOf("wms")];
    const [whole, short, query] = [
      plan({ kind: "Subscription", primary, rest }),
      plan({ kind: "Subscription", primary }),
      plan(primary),
    ];
    await cache.set("whole", whole);
    await cache.set("short", short);
    await cache.set("query", query);
    // In place: the plan that was just made is the one that runs.
    expect(whole.node).toEqual({ kind: "Sequence", nodes: [primary, rest] });
    expect(short.node).toEqual(primary);
    expect(query.node).toEqual(primary);
  });
});
