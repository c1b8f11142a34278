/**
 * Who asks, and under which correlation id: the context of one operation.
 *
 * No token is an anonymous caller. A token that is not valid is refused as a whole, with HTTP 401, and never treated
 * as no token. What the caller may do is not decided here but by the subgraph that owns the data.
 */
import type { FastifyRequest } from "fastify";
import { GraphQLError } from "graphql";
import type { RequestContext } from "../shared/command.ts";
import { AppError } from "../shared/errors.ts";
import type { Authenticator, Identity } from "../shared/identity.ts";
import type { Logger } from "../shared/logging.ts";

/** Fails with UNAUTHENTICATED. */
export async function createContext(
  authenticator: Authenticator,
  log: Logger,
  request: FastifyRequest,
): Promise<RequestContext> {
  let identity: Identity;
  try {
    identity = await authenticator.authenticate(request.headers.authorization);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log.info({ correlationId: request.id, reason: error.message }, "token refused");
    const http = { status: 401, headers: new Map([["www-authenticate", 'Bearer error="invalid_token"']]) };
    throw new GraphQLError(error.message, { extensions: { code: error.code, http } });
  }
  return { identity, correlationId: request.id };
}
