/**
 * What the gateway counts: operations by their end, fetches by owner, replies that are kept, subscribers.
 *
 * What happens on every request is counted by children whose labels are bound beforehand; everything else is read when
 * somebody scrapes. Labels are codes of the error table and names of subgraphs, never what a client sent.
 */
import { errorTable } from "../shared/errors.ts";
import type { Counter, Metrics } from "../shared/metrics/metrics.ts";
import type { LoadGate } from "./admission/load-gate.ts";
import type { CacheCounters } from "./cache/response-cache.ts";
import type { Subscriptions } from "./subscriptions/subscriptions.ts";

export interface OperationWatch {
  /** Answered with what was kept, and by the short way: queries without errors. */
  kept(elapsedMs: number): void;
  short(elapsedMs: number): void;
  /** By the server; `operation` null where the document was not understood. */
  long(operation: string | null, codes: readonly unknown[], elapsedMs: number): void;
  /** Refused before it was known what is asked. */
  refused(codes: readonly unknown[]): void;
  /** Refused at the door. */
  readonly turnedAway: (code: "RATE_LIMITED" | "OVERLOADED") => void;
}

export function watchOperations(metrics: Metrics): OperationWatch {
  const counted = createCounted(metrics);
  const fine = counted("query", "OK");
  const seconds = (operation: string, way: string) =>
    metrics.histogram("inventory_operation_seconds", { operation, way });
  const kept = seconds("query", "kept");
  const short = seconds("query", "short");
  const long = new Map(["query", "mutation", "subscription", "unknown"].map((name) => [name, seconds(name, "long")]));
  return {
    kept(elapsedMs) {
      fine.add();
      kept.observe(elapsedMs / 1_000);
    },
    short(elapsedMs) {
      fine.add();
      short.observe(elapsedMs / 1_000);
    },
    long(operation, codes, elapsedMs) {
      const name = operation ?? "unknown";
      counted(name, codeLabel(codes)).add();
      long.get(name)?.observe(elapsedMs / 1_000);
    },
    refused: (codes) => counted("unknown", codeLabel(codes)).add(),
    turnedAway: (code) => metrics.counter("inventory_refusals_total", { code }).add(),
  };
}

function createCounted(metrics: Metrics): (operation: string, code: string) => Counter {
  const known = new Map<string, Counter>();
  return (operation, code) => {
    const key = `${operation} ${code}`;
    const counter = known.get(key) ?? metrics.counter("inventory_operations_total", { operation, code });
    known.set(key, counter);
    return counter;
  };
}

/** A subgraph of somebody else may send any code: such ones are one. */
function codeLabel([code]: readonly unknown[]): string {
  if (code === undefined) return "OK";
  return typeof code === "string" && (code in errorTable || code === "PERSISTED_QUERY_NOT_FOUND") ? code : "OTHER";
}

export type CallOutcome = "ok" | "errors" | "unavailable" | "left_alone" | "failed";

export interface SourceWatch {
  ended(outcome: CallOutcome, elapsedMs: number): void;
}

export function watchSource(metrics: Metrics, subgraph: string, isLeftAlone: () => boolean): SourceWatch {
  const seconds = metrics.histogram("inventory_subgraph_call_seconds", { subgraph });
  metrics.read(`breaker:${subgraph}`, (put) => put("inventory_breaker_open", { subgraph }, isLeftAlone() ? 1 : 0));
  return {
    ended(outcome, elapsedMs) {
      metrics.counter("inventory_subgraph_calls_total", { subgraph, outcome }).add();
      if (outcome !== "left_alone") seconds.observe(elapsedMs / 1_000);
    },
  };
}

/** What is looked at when somebody scrapes. */
export interface GatewayState {
  readonly cache: CacheCounters | null;
  readonly gate: LoadGate;
  readonly subscriptions: Subscriptions;
}

export function readGateway(metrics: Metrics, { cache, gate, subscriptions }: GatewayState): void {
  metrics.read("operations", (put) => put("inventory_operations_underway", {}, gate.underWay));
  if (cache) {
    metrics.read("reply-cache", (put) => {
      const { hits, misses, fills, refused, dropped, replies, bytes } = cache;
      for (const [result, count] of Object.entries({ hit: hits, miss: misses, fill: fills, refused, dropped })) {
        put("inventory_reply_cache_total", { result }, count);
      }
      put("inventory_reply_cache_replies", {}, replies);
      put("inventory_reply_cache_bytes", {}, bytes);
    });
  }
  metrics.read("subscriptions", (put) => {
    put("inventory_sockets", {}, subscriptions.sockets);
    const { hub } = subscriptions;
    if (!hub) return;
    const { changes, dropped, executions } = hub.counters;
    put("inventory_subscription_changes_total", { result: "given" }, changes - dropped);
    put("inventory_subscription_changes_total", { result: "dropped" }, dropped);
    put("inventory_subscription_executions_total", {}, executions);
    const { groups, queued } = hub.state();
    put("inventory_subscription_groups", {}, groups);
    put("inventory_subscribers", {}, queued.length);
    put(
      "inventory_subscription_queued",
      {},
      queued.reduce((sum, length) => sum + length, 0),
    );
    put(
      "inventory_subscription_queue_longest",
      {},
      queued.reduce((a, b) => Math.max(a, b), 0),
    );
  });
}
