/**
 * The short way for events: a subscription whose plan is one fetch from a subgraph in this process is asked of that
 * subgraph as the client wrote it, once per event, with nothing in between.
 *
 * Its document was admitted like every other. It answers only what the long way would have answered: a plan of several
 * parts, another owner, any error at all goes the long way, which says what is wrong and masks it.
 */
import { type DocumentNode, parse } from "graphql";
import type { RequestContext } from "../../shared/command.ts";
import { withinDeadline } from "../../shared/deadline.ts";
import { limits } from "../../shared/limits.ts";
import type { Logger } from "../../shared/logging.ts";
import { storyOf } from "../../shared/traceparent.ts";
import type { LocalSubgraph } from "../endpoints.ts";
import type { Planner } from "../planner.ts";
import type { SubscriptionRequest } from "./admission.ts";
import { isUnseen } from "./change-queue.ts";
import type { Run } from "./hub.ts";

export interface DirectRunParts {
  readonly planner: Planner;
  readonly local: ReadonlyMap<string, Pick<LocalSubgraph, "execute">>;
  readonly deadlineMs: number;
  readonly longWay: Run;
  readonly log: Logger;
}

interface Direct {
  readonly document: DocumentNode;
  readonly owner: Pick<LocalSubgraph, "execute">;
}

export function createDirectRun(parts: DirectRunParts): Run {
  const { deadlineMs, longWay } = parts;
  /** By text and operation; null: only the long way. */
  const known = new Map<string, Direct | null>();

  function find(request: SubscriptionRequest, context: RequestContext): Direct | null {
    const key = `${request.operationName ?? ""}\n${request.query}`;
    let direct = known.get(key);
    if (direct === undefined) {
      direct = planned(parts, request, context);
      if (known.size >= limits.subscriptionDocumentsMax) known.delete(known.keys().next().value as string);
      known.set(key, direct);
    }
    return direct;
  }

  return async (request, context) => {
    const { change } = context;
    const direct = change ? find(request, context) : null;
    if (!change || !direct) return longWay(request, context);
    const { operationName, variables } = request;
    const operation = { document: direct.document, operationName, variables, extensions: { change } };
    try {
      const result = await withinDeadline(deadlineMs, () => direct.owner.execute(operation, context));
      const { data, errors } = result;
      if (data && !errors) return { data };
      if (isUnseen(result)) return result;
    } catch {
      // What happened is found out again, and told, on the long way.
    }
    return longWay(request, context);
  };
}

function planned(
  { planner, local, log }: DirectRunParts,
  { query, operationName }: SubscriptionRequest,
  context: RequestContext,
) {
  try {
    const document = parse(query, { maxTokens: limits.queryTokensMax });
    const { node } = planner.plan(document, operationName).plan;
    if (node?.kind !== "Subscription" || node.rest) return null;
    const { serviceName, requires, inputRewrites, outputRewrites, contextRewrites, hasDefers } = node.primary;
    const isPlain =
      !requires && !hasDefers && [inputRewrites, outputRewrites, contextRewrites].every((r) => !r?.length);
    const owner = local.get(serviceName);
    return isPlain && owner ? { document, owner } : null;
  } catch (error) {
    log.warn({ error, ...storyOf(context) }, "a subscription cannot be planned by itself; its events go the long way");
    return null;
  }
}
