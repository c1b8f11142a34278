/**
 * What a process counts, as Prometheus reads it. The only door to prom-client.
 *
 * One registry a kernel, handed to whoever counts; nothing is global, so two systems in one process do not mix. What
 * has to be asked for (a table, Redis) is read when somebody scrapes, each within a deadline and at most once a second;
 * a reading that fails leaves its gauges out rather than show what was. Decides about no alert.
 */
import {
  collectDefaultMetrics,
  Gauge,
  Counter as PromCounter,
  Histogram as PromHistogram,
  Registry,
} from "prom-client";
import { withinDeadline } from "../deadline.ts";
import { limits } from "../limits.ts";
import {
  type CounterName,
  type Definition,
  definitions,
  type GaugeName,
  type HistogramName,
  type Labels,
} from "./definitions.ts";

export interface Counter {
  add(count?: number): void;
}

export interface Histogram {
  observe(value: number): void;
}

/** Puts down one value of a reading. A counter is told its value since the start. */
export type Put = <N extends GaugeName | CounterName>(name: N, labels: Labels<N>, value: number) => void;

export interface Metrics {
  /** With its labels bound, for whoever counts often. */
  counter<N extends CounterName>(name: N, labels: Labels<N>): Counter;
  histogram<N extends HistogramName>(name: N, labels: Labels<N>): Histogram;
  /** Reads when somebody scrapes. */
  read(reader: string, reading: (put: Put) => unknown): void;
  /** Everything, in Prometheus' text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

export interface MetricsOptions {
  readonly now?: () => number;
  readonly readMs?: number;
}

type Values = Readonly<Record<string, string>>;

export function createMetrics(options: MetricsOptions = {}): Metrics {
  const { now = () => performance.now(), readMs = limits.scrapeReadMs } = options;
  const registry = new Registry();
  const counters = new Map<string, PromCounter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, PromHistogram>();
  for (const [name, { type, labels, help, ...rest }] of Object.entries<Definition>(definitions)) {
    const how = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === "counter") counters.set(name, new PromCounter(how));
    else if (type === "gauge") gauges.set(name, unread(new Gauge(how)));
    else histograms.set(name, new PromHistogram({ ...how, buckets: [...(rest.buckets ?? [])] }));
  }
  const readings: (() => Promise<void>)[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  let underWay: Promise<unknown> | undefined;

  function readAll(): Promise<unknown> {
    // The process itself is watched from the first scrape on: it costs timers that nobody needs who never looks.
    if (readAt === Number.NEGATIVE_INFINITY) collectDefaultMetrics({ register: registry });
    if (now() - readAt < limits.scrapeKeptMs && underWay) return underWay;
    readAt = now();
    underWay = Promise.all(readings.map((read) => read()));
    return underWay;
  }

  const metrics: Metrics = {
    counter(name, labels) {
      const child = (counters.get(name) as PromCounter).labels(labels as Values);
      return { add: (count = 1) => child.inc(count) };
    },
    histogram: (name, labels) => (histograms.get(name) as PromHistogram).labels(labels as Values),
    read(reader, reading) {
      const failures = metrics.counter("inventory_scrape_failures_total", { reader });
      const sink = createSink(gauges, counters);
      readings.push(async () => {
        const round = sink.begin();
        try {
          await withinDeadline(readMs, async () => reading(round.put));
        } catch {
          round.discard();
          failures.add();
        }
      });
    },
    async text() {
      await readAll();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
  return metrics;
}

/** A gauge without labels begins with 0; what nobody has read is not 0. */
function unread(gauge: Gauge): Gauge {
  gauge.remove({});
  return gauge;
}

/** Where a reader's values go: those of the time before are gone when it begins again. */
function createSink(gauges: ReadonlyMap<string, Gauge>, counters: ReadonlyMap<string, PromCounter>) {
  const shown = new Map<string, () => void>();
  const counted = new Map<string, number>();

  function clear(): void {
    for (const remove of shown.values()) remove();
    shown.clear();
  }

  return {
    begin() {
      clear();
      let isOpen = true;
      const put: Put = (name, labels, value) => {
        // A reading that was given up may still come in.
        if (!isOpen) return;
        const key = `${name} ${Object.values(labels).join(" ")}`;
        const gauge = gauges.get(name);
        if (gauge) {
          gauge.set(labels as Values, value);
          shown.set(key, () => gauge.remove(labels as Values));
          return;
        }
        const more = value - (counted.get(key) ?? 0);
        if (more > 0) counters.get(name)?.inc(labels as Values, more);
        counted.set(key, value);
      };
      return {
        put,
        discard() {
          isOpen = false;
          clear();
        },
      };
    },
  };
}
