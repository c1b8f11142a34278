/**
 * The span of a request over HTTP: begun when it comes in, within the caller's trace if it names one, ended when the
 * answer has been sent.
 *
 * Where nothing is recorded no hook is set, and a caller's trace is passed on as it came. What the span is called is
 * said by whoever knows the operation (`plugins/access-log.ts`).
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { parseTraceparent, type Traceparent, traceparentHeader } from "../shared/traceparent.ts";
import type { Span, Tracing } from "../shared/tracing.ts";

/** Which trace an operation belongs to, and its span where one is recorded. */
export interface Traced {
  readonly traceparent?: Traceparent | undefined;
  readonly span?: Span | undefined;
}

export type TraceOf = (request: FastifyRequest) => Traced;

/** To be called before the routes are added. */
export function traceRequests(http: FastifyInstance, tracing: Tracing): TraceOf {
  if (!tracing.isOn) return passOn;
  const spans = new WeakMap<FastifyRequest, Span>();
  http.addHook("onRequest", (request, _reply, done) => {
    const parent = parseTraceparent(request.headers[traceparentHeader]);
    if (request.url.startsWith("/graphql")) spans.set(request, tracing.start("operation", "server", parent));
    done();
  });
  http.addHook("onResponse", (request, reply, done) => {
    const span = spans.get(request);
    span?.end(reply.statusCode >= 500 ? reply.statusCode : undefined);
    done();
  });
  return (request) => {
    const span = spans.get(request);
    return { traceparent: span?.traceparent, span };
  };
}

const untraced: Traced = {};

function passOn({ headers }: FastifyRequest): Traced {
  const given = headers[traceparentHeader];
  return given === undefined ? untraced : { traceparent: parseTraceparent(given) };
}
