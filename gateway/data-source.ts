/**
 * How the gateway asks one subgraph: within a deadline, with the parsed document where it runs in this process.
 *
 * A subgraph that does not answer costs the client its fields and nothing else: each is null with SOURCE_UNAVAILABLE
 * and the owner's name. One that has not answered several times in a row is left alone for a moment (`breaker.ts`). A
 * defect in a local subgraph is thrown on, to be masked and logged at the edge.
 */
import type { GraphQLDataSource, GraphQLDataSourceProcessOptions } from "@apollo/gateway";
import { type DocumentNode, Kind } from "graphql";
import { createBreaker } from "../shared/breaker.ts";
import type { Clock } from "../shared/clock.ts";
import { withinDeadline } from "../shared/deadline.ts";
import { AppError } from "../shared/errors.ts";
import type { OperationResult } from "../shared/graphql/execute.ts";
import { limits } from "../shared/limits.ts";
import type { Logger } from "../shared/logging.ts";
import type { Metrics } from "../shared/metrics/metrics.ts";
import { storyOf } from "../shared/traceparent.ts";
import { type Tracing, within } from "../shared/tracing.ts";
import type { OperationContext } from "./context.ts";
import type { SubgraphClient } from "./endpoints.ts";
import type { Fetch } from "./execution/plan.ts";
import { type CallOutcome, watchSource } from "./gateway-metrics.ts";
import { sourceErrors } from "./source-errors.ts";

export interface Deadlines {
  readonly queryMs: number;
  readonly mutationMs: number;
}

export interface DataSourceParts {
  readonly name: string;
  readonly client: SubgraphClient;
  readonly deadlines: Deadlines;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of what a mutation changed, before its caller is. */
  readonly changed?: ((tags: readonly string[]) => void) | undefined;
  readonly metrics: Metrics;
  readonly tracing?: Tracing | undefined;
}

/** The one way to a subgraph for whatever executes plans. */
export interface DataSource {
  ask(fetch: Fetch, request: OperationContext): Promise<OperationResult>;
}

export function createDataSource(parts: DataSourceParts): DataSource {
  const { name, client, deadlines, clock, log, changed, metrics, tracing } = parts;
  const breaker = createBreaker({ failuresMax: limits.breakerFailuresMax, retryMs: limits.breakerRetryMs });
  const watch = watchSource(metrics, name, () => breaker.isOpen);

  return {
    async ask(fetch, request) {
      const { query, document, variables, operationName, representationsText } = fetch;
      // Entities fetched after a mutation are a query of their own, so the fetched document decides.
      const operation = document && operationOf(document);
      const isQuery = operation === "query" || operation === "subscription";
      const extensions = operation === "subscription" && request.change ? { change: request.change } : undefined;
      if (!breaker.allows(clock.now())) {
        watch.ended("left_alone", 0);
        return { errors: sourceErrors(name, document, variables) };
      }
      const startedAt = performance.now();
      const ended = (outcome: CallOutcome) => watch.ended(outcome, performance.now() - startedAt);
      try {
        const asked = { query, document, variables, operationName, extensions };
        const result = await within(tracing, [`ask ${name}`, "client", request.traceparent], (traceparent) =>
          withinDeadline(isQuery ? deadlines.queryMs : deadlines.mutationMs, (signal) =>
            client.execute(asked, traceparent === request.traceparent ? request : { ...request, traceparent }, {
              signal,
              repeatable: isQuery,
              representationsText,
            }),
          ),
        );
        breaker.succeeded();
        ended(result.errors ? "errors" : "ok");
        const { changed: tags } = result.extensions?.cache ?? {};
        if (tags && tags.length > 0) changed?.(tags);
        return result;
      } catch (error) {
        const isAway = isUnavailable(error);
        ended(isAway ? "unavailable" : "failed");
        if (!isAway) throw error;
        breaker.failed(clock.now());
        log.warn({ subgraph: name, error: error.cause ?? error, ...storyOf(request) }, "a subgraph does not answer");
        return { errors: sourceErrors(name, document, variables) };
      }
    },
  };
}

/** For @apollo/gateway's own executor. */
export function toApolloDataSource(source: DataSource): GraphQLDataSource {
  return {
    async process(options) {
      const { query = "", variables = {}, operationName } = options.request;
      const document = "document" in options ? options.document : undefined;
      return source.ask({ query, document, variables, operationName }, requestOf(options));
    },
  };
}

function requestOf(options: GraphQLDataSourceProcessOptions): OperationContext {
  // The gateway's own health checks and schema polling, which have no caller, are not used.
  if (!("incomingRequestContext" in options)) throw new Error(`Unexpected call of a data source: ${options.kind}`);
  return options.incomingRequestContext.context as OperationContext;
}

function operationOf(document: DocumentNode): string | undefined {
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) return definition.operation;
  }
  return undefined;
}

function isUnavailable(error: unknown): error is AppError {
  return error instanceof AppError && (error.code === "SOURCE_UNAVAILABLE" || error.code === "DEADLINE_EXCEEDED");
}
