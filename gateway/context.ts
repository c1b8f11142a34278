/**
 * Who asks, and under which correlation id: the context of one operation.
 *
 * No token is an anonymous caller. A token that is not valid is refused as a whole, with HTTP 401, and never treated
 * as no token. What the caller may do is not decided here but by the subgraph that owns the data.
 */
import type { FastifyRequest } from "fastify";
import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from "graphql";
import type { RequestContext } from "../shared/command.ts";
import { AppError } from "../shared/errors.ts";
import type { LoggedEvent } from "../shared/graphql/execute.ts";
import type { Authenticator, Identity } from "../shared/identity.ts";
import type { Logger } from "../shared/logging.ts";
import { storyOf } from "../shared/traceparent.ts";
import type { Till } from "./admission/rate-limit.ts";
import { toGraphqlError } from "./refusal.ts";
import type { Traced } from "./request-traces.ts";

/** What the gateway knows of one operation; the subgraphs get the part that is a `RequestContext`. */
export interface OperationContext extends RequestContext, Traced {
  /** The operation is a subscription, to be executed for this one event. */
  readonly change?: LoggedEvent;
  /** The gateway asks this itself, in words of its own. */
  readonly own?: boolean;
  /** Where the operation is paid for; absent: nobody counts. */
  readonly till?: Till | undefined;
  /** The operation may be a subscription, which is then handed over here, valid and not executed. */
  readonly admit?: (subscription: AdmittedSubscription) => void;
}

/** A subscription that has passed everything a query has to pass. */
export interface AdmittedSubscription {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Fails with UNAUTHENTICATED. */
export async function createContext(
  authenticator: Authenticator,
  log: Logger,
  request: FastifyRequest,
  traced: Traced = {},
): Promise<RequestContext & Traced> {
  let identity: Identity;
  try {
    identity = await authenticator.authenticate(request.headers.authorization);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log.info({ ...storyOf({ ...traced, correlationId: request.id }), reason: error.message }, "token refused");
    throw toGraphqlError(error);
  }
  return { identity, correlationId: request.id, ...traced };
}
