/**
 * Query plans, remembered per document and bounded by their size.
 *
 * Also the place where a subscription's plan becomes one that @apollo/gateway executes: it plans subscriptions and then
 * refuses to run them, because it keeps no streams. Here a stream is kept elsewhere and a plan runs once per event:
 * first the owner's part, which gets the event, then the rest, as for a query.
 */
import type { GatewayConfig } from "@apollo/gateway";
import { limits } from "../shared/limits.ts";

type PlanCache = NonNullable<NonNullable<GatewayConfig["queryPlannerConfig"]>["cache"]>;
type Plan = Parameters<PlanCache["set"]>[1];

export function createPlanCache(bytesMax: number = limits.queryPlanBytesMax): PlanCache {
  const plans = new Map<string, { plan: Plan; bytes: number }>();
  let total = 0;

  function drop(key: string): void {
    total -= plans.get(key)?.bytes ?? 0;
    plans.delete(key);
  }

  return {
    async get(key) {
      const known = plans.get(key);
      if (!known) return undefined;
      // The one used last stands last.
      plans.delete(key);
      plans.set(key, known);
      return known.plan;
    },
    async set(key, plan) {
      makeExecutable(plan);
      const bytes = key.length + sizeOf(plan);
      drop(key);
      plans.set(key, { plan, bytes });
      total += bytes;
      for (const oldest of plans.keys()) {
        if (total <= bytesMax) break;
        drop(oldest);
      }
    },
    async delete(key) {
      drop(key);
    },
    clear() {
      plans.clear();
      total = 0;
    },
  };
}

/** In place: the plan that was just made is the one that is executed next. */
function makeExecutable(plan: Plan): void {
  const { node } = plan;
  if (node?.kind !== "Subscription") return;
  plan.node = node.rest ? { kind: "Sequence", nodes: [node.primary, node.rest] } : node.primary;
}

/** Roughly, in bytes: the text of the plan, twice for the documents it was parsed into. */
function sizeOf(plan: Plan): number {
  return 2 * JSON.stringify(plan).length;
}
