/**
 * Spans: what was done for whom, within what, and how long it took. The only door to OpenTelemetry's API.
 *
 * The parent is handed over as a text (`traceparent.ts`), so nothing is looked up in an asynchronous context, which
 * every promise of the process would pay for. Switched off, what was given is passed on and nothing else happens. What
 * becomes of spans is decided by whoever makes the tracer (`trace-export.ts`).
 */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import { AppError } from "./errors.ts";
import { spanIdOf, type Traceparent, traceIdOf } from "./traceparent.ts";

/** Codes, names of parts and counts; never what a client sent. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;
export type Kind = Lowercase<keyof typeof SpanKind>;

export interface Span {
  /** For what is done within it; undefined: there is no trace. */
  readonly traceparent: Traceparent | undefined;
  /** What is known only later. */
  describe(name: string, attributes: Attributes): void;
  /** `error`: what it failed with. */
  end(error?: unknown): void;
}

export interface Tracing {
  /** False: `start` records nothing, so nobody needs to prepare anything for it. */
  readonly isOn: boolean;
  start(name: string, kind: Kind, parent: Traceparent | undefined, attributes?: Attributes): Span;
  /** Sends what has not been sent. */
  close(): Promise<void>;
}

export const noTracing: Tracing = {
  isOn: false,
  start: (_name, _kind, parent) => ({ traceparent: parent, describe: () => {}, end: () => {} }),
  close: async () => {},
};

export function createTracing(tracer: Tracer, close: () => Promise<void> = async () => {}): Tracing {
  return {
    isOn: true,
    start(name, kind, parent, attributes = {}) {
      const options = { kind: kinds[kind], attributes };
      const span = tracer.startSpan(name, options, parent === undefined ? ROOT_CONTEXT : contextOf(parent));
      const { traceId, spanId, traceFlags } = span.spanContext();
      return {
        traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`,
        describe: (later, more) => void span.updateName(later).setAttributes(more),
        end(error) {
          if (error !== undefined) {
            span.setStatus({ code: SpanStatusCode.ERROR });
            span.setAttribute("error.type", error instanceof AppError ? error.code : "INTERNAL");
          }
          span.end();
        },
      };
    },
    close,
  };
}

/** Does `work` within a span; it is told under which parent. */
export async function within<T>(
  tracing: Tracing | undefined,
  [name, kind, parent, attributes]: Parameters<Tracing["start"]>,
  work: (traceparent: Traceparent | undefined) => Promise<T>,
): Promise<T> {
  if (!tracing?.isOn) return work(parent);
  const span = tracing.start(name, kind, parent, attributes);
  try {
    const result = await work(span.traceparent);
    span.end();
    return result;
  } catch (error) {
    span.end(error);
    throw error;
  }
}

/** One span for each event that belongs to a trace, around what is done to all of them. */
export async function withinEach<T>(
  tracing: Tracing | undefined,
  what: string,
  kind: Kind,
  events: readonly { readonly type: string; readonly traceparent?: Traceparent }[],
  work: () => Promise<T>,
): Promise<T> {
  const traced = tracing?.isOn ? events.filter(({ traceparent }) => traceparent !== undefined) : [];
  if (!tracing || traced.length === 0) return work();
  const spans = traced.map(({ type, traceparent }) => tracing.start(`${what} ${type}`, kind, traceparent));
  try {
    const result = await work();
    for (const span of spans) span.end();
    return result;
  } catch (error) {
    for (const span of spans) span.end(error);
    throw error;
  }
}

const kinds: Readonly<Record<Kind, SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

function contextOf(parent: Traceparent) {
  const traceFlags = Number.parseInt(parent.slice(53, 55), 16);
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: traceIdOf(parent),
    spanId: spanIdOf(parent),
    traceFlags,
    isRemote: true,
  });
}
