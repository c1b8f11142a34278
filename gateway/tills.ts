/**
 * Requests over HTTP and what they are charged: one till for each, opened when it is known who asks.
 *
 * Whose budget is used up is refused before its document is read. Whoever shows a token that is not valid pays as the
 * address it comes from.
 */
import type { FastifyRequest } from "fastify";
import { type Authenticator, anonymous, type Identity } from "../shared/identity.ts";
import type { Logger } from "../shared/logging.ts";
import { addressOf } from "./address.ts";
import { callerName, type RateLimiter, type Till } from "./admission/rate-limit.ts";
import { createContext, type OperationContext } from "./context.ts";
import { toGraphqlError } from "./refusal.ts";
import type { TraceOf } from "./request-traces.ts";

interface ContextParts {
  readonly authenticator: Authenticator;
  readonly log: Logger;
  readonly traceOf: TraceOf;
}

/** One for each request, whichever way it takes. */
export interface Tills {
  open(request: FastifyRequest, identity: Identity | null): Till;
  of(request: FastifyRequest): Till | undefined;
}

export function createTills(rates: RateLimiter, proxies: number): Tills {
  const open = new WeakMap<FastifyRequest, Till>();
  return {
    of: (request) => open.get(request),
    open(request, identity) {
      const known = open.get(request);
      if (known) return known;
      const till = rates.open(callerName(identity ?? anonymous, () => addressOf(request.raw, proxies)));
      open.set(request, till);
      return till;
    },
  };
}

/** Fails with UNAUTHENTICATED, RATE_LIMITED. */
export async function createPaidContext(
  { authenticator, log, traceOf }: ContextParts,
  tills: Tills | null,
  request: FastifyRequest,
): Promise<OperationContext> {
  let context: OperationContext;
  try {
    context = await createContext(authenticator, log, request, traceOf(request));
  } catch (error) {
    const till = tills?.open(request, null);
    if (till?.empty) throw toGraphqlError(till.refusal());
    throw error;
  }
  const till = tills?.open(request, context.identity);
  if (till?.empty) throw toGraphqlError(till.refusal());
  return till ? { ...context, till } : context;
}
