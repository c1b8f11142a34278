/**
 * Spans that a test can read, instead of sending them anywhere.
 */
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { createTracing, type Tracing } from "../../shared/tracing.ts";

export interface RecordedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
}

export function recordedTraces(): { readonly tracing: Tracing; spans(): RecordedSpan[] } {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  return {
    tracing: createTracing(provider.getTracer("test")),
    spans: () =>
      exporter.getFinishedSpans().map((span) => ({
        name: span.name,
        traceId: span.spanContext().traceId,
        spanId: span.spanContext().spanId,
        parentId: span.parentSpanId,
        attributes: span.attributes,
        failed: span.status.code === 2,
      })),
  };
}

/** As a client sends it. */
export const given = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
export const givenTraceparent = `00-${given.traceId}-${given.spanId}-01`;
