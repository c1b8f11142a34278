/**
 * What a document means here: the schema clients see, and the plan that @apollo/gateway's planner makes of an operation.
 *
 * One planner a supergraph. Keeps nothing: whoever asks twice remembers the first answer. The only door to
 * @apollo/query-planner and @apollo/federation-internals.
 */
import { type Operation, operationFromDocument, Supergraph } from "@apollo/federation-internals";
import { type QueryPlan, QueryPlanner } from "@apollo/query-planner";
import type { DocumentNode, GraphQLSchema } from "graphql";

export interface Planned {
  readonly plan: QueryPlan;
  /** The operation as the planner reads it: with types, fragments and conditions resolved. */
  readonly operation: Operation;
}

export interface Planner {
  /** The owners, and where the supergraph says they are. */
  readonly subgraphs: readonly { readonly name: string; readonly url: string }[];
  /** What clients see. */
  readonly schema: GraphQLSchema;
  /** With what only the planner knows of the subgraphs. */
  readonly supergraphSchema: GraphQLSchema;
  /** Of a document that is valid against `schema`. */
  plan(document: DocumentNode, operationName?: string): Planned;
}

/** `validate`: is the supergraph somebody else's? */
export function createPlanner(supergraphSdl: string, validate: boolean): Planner {
  const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: validate });
  const apiSchema = supergraph.apiSchema();
  const planner = new QueryPlanner(supergraph, { exposeDocumentNodeInFetchNode: true });
  return {
    subgraphs: supergraph.subgraphsMetadata(),
    schema: apiSchema.toGraphQLJSSchema(),
    supergraphSchema: supergraph.schema.toGraphQLJSSchema(),
    plan(document, operationName) {
      const operation = operationFromDocument(apiSchema, document, operationName ? { operationName } : {});
      return { plan: planner.buildQueryPlan(operation), operation };
    },
  };
}
