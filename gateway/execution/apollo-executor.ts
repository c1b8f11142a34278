/**
 * What stands in for @apollo/gateway: the schema and the executor that Apollo Server asks for.
 *
 * It is asked for operations that are parsed and found valid.
 * Where introspection is open, a request may ask for its plan with a header, as with @apollo/gateway. Everything else
 * is in `executor.ts`.
 */

import type { OperationContext } from "../context.ts";
import type { DataSource } from "../data-source.ts";
import type { Planner } from "../planner.ts";
import type { SupergraphExecutor } from "../server.ts";
import { createPlanExecutor, type Prepared, printPlan } from "./executor.ts";

type ApolloExecutor = NonNullable<Awaited<ReturnType<SupergraphExecutor["load"]>>["executor"]>;
type RequestContext = Parameters<ApolloExecutor>[0];
type Listener = Parameters<SupergraphExecutor["onSchemaLoadOrUpdate"]>[0];

export interface StockGatewayParts {
  readonly supergraphSdl: string;
  /** What we composed ourselves is valid by construction. */
  readonly validate: boolean;
  /** May a client see the plan of its query? */
  readonly introspection: boolean;
  /** Fails with CONFIG_INVALID. */
  sourceOf(name: string, url: string | undefined): DataSource;
}

export interface OwnGatewayParts extends StockGatewayParts {
  readonly planner: Planner;
}

export function createOwnGateway(parts: OwnGatewayParts): SupergraphExecutor {
  const listeners = new Set<Listener>();
  return {
    onSchemaLoadOrUpdate(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async load() {
      const { supergraphSdl: coreSupergraphSdl, planner } = parts;
      const executor = createApolloExecutor(planner, parts);
      for (const listener of listeners) listener({ apiSchema: planner.schema, coreSupergraphSdl });
      return { executor };
    },
    async stop() {},
  };
}

function createApolloExecutor(planner: Planner, { sourceOf, introspection }: OwnGatewayParts): ApolloExecutor {
  const sources = new Map(planner.subgraphs.map(({ name, url }) => [name, sourceOf(name, url)]));
  const plans = createPlanExecutor({
    planner,
    async ask(serviceName, fetch, context) {
      const source = sources.get(serviceName);
      if (!source) throw new Error(`The plan names an owner that the supergraph does not: ${serviceName}`);
      return source.ask(fetch, context);
    },
  });
  return async (requestContext) => {
    const { queryHash, document, operation, request, context } = requestContext;
    const prepared = plans.prepare(queryHash, document, operation);
    const result = await plans.execute(prepared, request.variables, context as OperationContext);
    if (!introspection) return result;
    const shown = planShown(requestContext, prepared);
    return shown === undefined ? result : { ...result, extensions: { __queryPlanExperimental: shown } };
  };
}

function planShown({ request }: RequestContext, prepared: Prepared): unknown {
  const headers = request.http?.headers;
  if (!headers?.get("apollo-query-plan-experimental")) return undefined;
  const format = headers.get("apollo-query-plan-experimental-format") ?? "prettified";
  if (format === "internal") return prepared.plan;
  return format === "prettified" ? (printPlan(prepared) ?? true) : true;
}
