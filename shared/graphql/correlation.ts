/**
 * One correlation id for everything a request causes: taken from the caller or made here, echoed in every reply.
 *
 * It is Fastify's request id, so that replies that never reach GraphQL (too large, not JSON) carry it as well.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";

export const correlationHeader = "x-correlation-id";

const acceptable = /^[\x20-\x7e]{1,128}$/;

/** The caller's id where it is fit to be logged and passed on, else a new one. */
export function correlationIdOf({ headers }: Pick<IncomingMessage, "headers">): string {
  const given = headers[correlationHeader];
  return typeof given === "string" && acceptable.test(given) ? given : randomUUID();
}

export function echoCorrelationId(http: FastifyInstance): void {
  http.addHook("onRequest", (request, reply, done) => {
    reply.header(correlationHeader, request.id);
    done();
  });
}
