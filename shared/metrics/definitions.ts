/**
 * Every metric there is, those of the process itself aside: name, type, labels, meaning. `docs/operations.md` has the same table, and a test compares them.
 *
 * Label values are few and come from us, never from a client: a SKU, a person or a document is no label. Times are
 * seconds and names end in their unit, as Prometheus asks for.
 */

export type MetricType = "counter" | "gauge" | "histogram";

export interface Definition {
  readonly type: MetricType;
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds, of a histogram. */
  readonly buckets?: readonly number[];
}

/** Of what is answered while somebody waits. */
const answerS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Of what happens afterwards; has every bound that is promised: 5 s, 60 s, 5 min. */
const followS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 3_600];
const counts = [1, 2, 5, 10, 20, 50, 100, 200];

const gateway = {
  inventory_operations_total: {
    type: "counter",
    labels: ["operation", "code"],
    help: "Operations answered over HTTP and WebSocket; code is OK or that of the first error",
  },
  inventory_operation_seconds: {
    type: "histogram",
    labels: ["operation", "way"],
    help: "How long an answer took once the request had been read, by way: kept, short, long",
    buckets: answerS,
  },
  inventory_operations_underway: { type: "gauge", labels: [], help: "Operations that are not answered yet" },
  inventory_refusals_total: {
    type: "counter",
    labels: ["code"],
    help: "Operations refused at the door: RATE_LIMITED, OVERLOADED",
  },
  inventory_reply_cache_total: {
    type: "counter",
    labels: ["result"],
    help: "Replies that are kept: hit, miss, fill, refused, dropped",
  },
  inventory_reply_cache_replies: { type: "gauge", labels: [], help: "Replies that are kept now" },
  inventory_reply_cache_bytes: { type: "gauge", labels: [], help: "What kept replies take up" },
  inventory_subgraph_calls_total: {
    type: "counter",
    labels: ["subgraph", "outcome"],
    help: "Fetches of plans by owner: ok, errors, unavailable, left_alone (its breaker is open), failed",
  },
  inventory_subgraph_call_seconds: {
    type: "histogram",
    labels: ["subgraph"],
    help: "How long an owner took, unless it was left alone",
    buckets: answerS,
  },
  inventory_breaker_open: { type: "gauge", labels: ["subgraph"], help: "1 while an owner is left alone" },
  inventory_sockets: { type: "gauge", labels: [], help: "WebSockets that are open" },
  inventory_subscribers: { type: "gauge", labels: [], help: "Subscriptions that are served" },
  inventory_subscription_groups: {
    type: "gauge",
    labels: [],
    help: "Subscriptions that differ: an event is executed once for each it concerns",
  },
  inventory_subscription_changes_total: {
    type: "counter",
    labels: ["result"],
    help: "Changes read from the log for subscribers: given, or dropped as late or twice",
  },
  inventory_subscription_executions_total: { type: "counter", labels: [], help: "Executions for subscribers" },
  inventory_subscription_queued: {
    type: "gauge",
    labels: [],
    help: "Changes that wait for slow readers, all together",
  },
  inventory_subscription_queue_longest: { type: "gauge", labels: [], help: "Changes that wait for the slowest reader" },
} as const satisfies Record<string, Definition>;

const subgraphs = {
  inventory_outbox_waiting: {
    type: "gauge",
    labels: ["system"],
    help: "Events committed and not published yet; counted up to 10,000",
  },
  inventory_outbox_oldest_seconds: { type: "gauge", labels: ["system"], help: "How long the oldest of them waits" },
  inventory_events_published_total: { type: "counter", labels: ["system", "topic"], help: "Events put on the bus" },
  inventory_events_applied_total: {
    type: "counter",
    labels: ["consumer", "type"],
    help: "Events that had their effect here, each once",
  },
  inventory_event_apply_seconds: {
    type: "histogram",
    labels: ["consumer", "type"],
    help: "From the owner's recordedAt to COMMIT of the effect: what the promises of docs/operations.md are about",
    buckets: followS,
  },
  inventory_consumer_lag: {
    type: "gauge",
    labels: ["topic", "group", "partition"],
    help: "Events in a stream that its group has not read; only with Redis, by every process that has the group",
  },
  inventory_consumer_pending: {
    type: "gauge",
    labels: ["topic", "group", "partition"],
    help: "Events read and not acknowledged; only with Redis",
  },
  inventory_source_age_seconds: {
    type: "gauge",
    labels: ["source"],
    help: "How old the oldest watermark of an owner is; +Inf: never heard of",
  },
  inventory_dead_letters: {
    type: "gauge",
    labels: ["system", "class"],
    help: "Events set aside, by class of their error; counted up to 1,000 each",
  },
  inventory_database_connections: {
    type: "gauge",
    labels: ["system", "state"],
    help: "used, idle; on SQLite the one writer",
  },
  inventory_database_waiting: { type: "gauge", labels: ["system"], help: "Statements that wait for a connection" },
  inventory_audit_unsealed_rows: {
    type: "gauge",
    labels: ["system"],
    help: "Audit rows committed and not sealed yet; counted up to 10,000",
  },
  inventory_row_cache_total: {
    type: "counter",
    labels: ["rows", "result"],
    help: "Rows that answers were made of: hit, shared_hit, load, bypassed, refused",
  },
  inventory_reservation_batch_size: {
    type: "histogram",
    labels: [],
    help: "Reservations that shared one transaction",
    buckets: counts,
  },
  inventory_reservations_waiting: { type: "gauge", labels: [], help: "Reservations that wait for a transaction" },
} as const satisfies Record<string, Definition>;

const everywhere = {
  inventory_scrape_failures_total: {
    type: "counter",
    labels: ["reader"],
    help: "Readings that were late or failed; the gauges they are for are left out meanwhile",
  },
} as const satisfies Record<string, Definition>;

export const definitions = { ...gateway, ...subgraphs, ...everywhere };

export type MetricName = keyof typeof definitions;
type Of<T extends MetricType> = {
  [N in MetricName]: (typeof definitions)[N]["type"] extends T ? N : never;
}[MetricName];
export type CounterName = Of<"counter">;
export type GaugeName = Of<"gauge">;
export type HistogramName = Of<"histogram">;
/** A value for every label, no more and no less. */
export type Labels<N extends MetricName> = Readonly<Record<(typeof definitions)[N]["labels"][number], string>>;
