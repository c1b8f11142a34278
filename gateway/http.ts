/**
 * The HTTP side of the gateway: limits on what comes in, headers on what goes out, errors in the shape of GraphQL.
 *
 * A request that never becomes an operation (too large, not JSON, no such route) is answered with `errors` as well, so
 * that a client reads one shape. Knows nothing of Apollo and nothing of subgraphs.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import cors, { type FastifyCorsOptions } from "@fastify/cors";
import Fastify, { type FastifyError, type FastifyInstance } from "fastify";
import type { Doors } from "../shared/config.ts";
import { type ErrorCode, errorTable } from "../shared/errors.ts";
import { correlationHeader, correlationIdOf, echoCorrelationId } from "../shared/graphql/correlation.ts";
import { limits } from "../shared/limits.ts";
import type { Logger } from "../shared/logging.ts";
import { storyOf } from "../shared/traceparent.ts";
import type { Tracing } from "../shared/tracing.ts";
import { type TraceOf, traceRequests } from "./request-traces.ts";

export interface Http {
  readonly http: FastifyInstance;
  readonly traceOf: TraceOf;
}

export function createHttp(log: Logger, doors: Pick<Doors, "corsOrigins" | "https">, tracing: Tracing): Http {
  const http = Fastify({
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: limits.requestReceiveMs,
    forceCloseConnections: "idle",
    // Whoever has a connection is answered until the end (`shared/leaving.ts`).
    return503OnClosing: false,
    genReqId: correlationIdOf,
  });
  echoCorrelationId(http);
  const traceOf = traceRequests(http, tracing);
  const headers = doors.https ? { ...securityHeaders, ...onlyHttps } : securityHeaders;
  http.addHook("onRequest", (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
  if (doors.corsOrigins.length > 0) http.register(cors, { ...crossOrigin, origin: [...doors.corsOrigins] });
  http.setErrorHandler(async (error: FastifyError, request, reply) => {
    const { status, code, message } = classify(error);
    if (status === 413) await discardBody(request.raw);
    const incident = code === "INTERNAL" ? { incidentId: randomUUID() } : {};
    const fields = { status, code, ...storyOf({ ...traceOf(request), correlationId: request.id }), ...incident };
    if (code === "INTERNAL") log.error({ ...fields, error }, "internal error");
    else log.info(fields, "request refused");
    return reply.status(status).send({ errors: [{ message, extensions: { code, ...incident } }] });
  });
  http.setNotFoundHandler((request, reply) => {
    const message = `There is no ${request.method} ${request.url.split("?")[0]}: the API is at /graphql.`;
    return reply.status(404).send({ errors: [{ message, extensions: { code: "BAD_USER_INPUT" } }] });
  });
  return { http, traceOf };
}

const securityHeaders = {
  "x-content-type-options": "nosniff",
  // For browsers that do not know frame-ancestors.
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  // Answers depend on the caller and on the moment.
  "cache-control": "no-store",
};

/** Only behind https: a browser that has read it once never asks without again. */
const onlyHttps = { "strict-transport-security": "max-age=31536000" };

/** Without credentials: whoever asks shows a token, and no cookie means anything here. */
const crossOrigin: FastifyCorsOptions = {
  methods: ["GET", "POST"],
  allowedHeaders: ["authorization", "content-type", "if-none-match", "apollo-require-preflight", correlationHeader],
  exposedHeaders: [
    ...["etag", "retry-after", correlationHeader],
    ...["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"],
  ],
  maxAge: 600,
};

/**
 * Reads what is still coming and forgets it, up to a limit. A connection closed on a client that is still sending is
 * reset, and the client never sees the answer that says why.
 */
export function discardBody(body: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    if (body.readableEnded || body.destroyed) return resolve();
    let bytes = 0;
    body.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limits.bodyDiscardedBytesMax) return;
      body.pause();
      resolve();
    });
    body.once("close", resolve);
    body.once("end", resolve);
    body.resume();
  });
}

interface Refusal {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
}

function classify(error: FastifyError): Refusal {
  if (error.statusCode === 413) {
    const message = `${errorTable.PAYLOAD_TOO_LARGE.message} At most ${limits.bodyBytesMax} bytes are read.`;
    return { status: 413, code: "PAYLOAD_TOO_LARGE", message };
  }
  // A Host header that is no host: the request's own URL cannot be read.
  if (error.code === "ERR_INVALID_URL") return { status: 400, code: "BAD_USER_INPUT", message: "Invalid URL." };
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return { status: error.statusCode, code: "BAD_USER_INPUT", message: error.message };
  }
  return { status: 500, code: "INTERNAL", message: errorTable.INTERNAL.message };
}
