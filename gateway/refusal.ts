/**
 * A request that is refused before it is executed: how that looks over HTTP and over a socket.
 *
 * The code, what may be shown beside it, the status, and when it is worth coming back. What a code means stands in the
 * error table, which knows nothing of HTTP.
 */
import type { FastifyReply } from "fastify";
import { GraphQLError } from "graphql";
import { type AppError, type ErrorCode, errorTable } from "../shared/errors.ts";

const statuses: Readonly<Partial<Record<ErrorCode, number>>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  PAYLOAD_TOO_LARGE: 413,
  SOURCE_UNAVAILABLE: 503,
  IDENTITY_UNAVAILABLE: 503,
  DOCUMENT_NOT_TRUSTED: 403,
  RATE_LIMITED: 429,
  OVERLOADED: 503,
};

/** As Apollo Server answers it. */
export function toGraphqlError(error: AppError): GraphQLError {
  const http = { status: statusOf(error), headers: new Map(Object.entries(headersOf(error))) };
  return new GraphQLError(error.message, { extensions: { ...shownOf(error), http } });
}

/** Where it is not asked. `beside`: what else the answer says. */
export function sendRefusal(reply: FastifyReply, error: AppError, beside: object = {}): FastifyReply {
  const errors = [{ message: error.message, extensions: shownOf(error) }];
  return reply
    .status(statusOf(error))
    .headers(headersOf(error))
    .send({ errors, ...beside });
}

function statusOf({ code }: AppError): number {
  return statuses[code] ?? 400;
}

function shownOf({ details, code }: AppError): Record<string, unknown> {
  const { message: _, ...shown } = details;
  return { ...shown, code };
}

function headersOf({ code, details }: AppError): Record<string, string> {
  const { retryAfterS } = details;
  return {
    ...(code === "UNAUTHENTICATED" ? { "www-authenticate": 'Bearer error="invalid_token"' } : {}),
    ...(errorTable[code].retryable && typeof retryAfterS === "number" ? { "retry-after": String(retryAfterS) } : {}),
  };
}
