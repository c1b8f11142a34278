/**
 * Spans on their way to a collector, as OTLP over HTTP, gathered and sent in batches. The only door to the SDK.
 *
 * Loaded only where a collector is configured: everybody else pays neither for its code nor for its timers. What the
 * SDK can be told stands in OpenTelemetry's own variables (OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS, …).
 */
import { withinDeadline } from "./deadline.ts";
import { limits } from "./limits.ts";
import { createTracing, type Tracing } from "./tracing.ts";

export interface TraceExport {
  /** Of the collector; spans go to `/v1/traces` below it. */
  readonly url: string;
  /** Whose spans they are. */
  readonly serviceName: string;
}

export async function openTraceExport({ url, serviceName }: TraceExport): Promise<Tracing> {
  const [{ BasicTracerProvider, BatchSpanProcessor }, { Resource }, { OTLPTraceExporter }] = await Promise.all([
    import("@opentelemetry/sdk-trace-base"),
    import("@opentelemetry/resources"),
    import("@opentelemetry/exporter-trace-otlp-http"),
  ]);
  const exporter = new OTLPTraceExporter({ url: `${url.replace(/\/$/, "")}/v1/traces` });
  const provider = new BasicTracerProvider({
    resource: new Resource({ "service.name": serviceName }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  // A collector that is away or silent keeps nobody from stopping.
  const close = () => withinDeadline(limits.traceFlushMs, () => provider.shutdown()).catch(() => {});
  return createTracing(provider.getTracer(serviceName), close);
}
