/**
 * Which operations one subgraph of this process answers alone, and how: its own compiled function for the client's
 * document.
 *
 * The planner decides whether one fetch is enough. The document is then asked as the client wrote it, so it must mean
 * the same to the owner as to the supergraph: no introspection, no type or value that only one of them knows.
 */
import { type DocumentNode, type GraphQLSchema, isAbstractType, isEnumType, visit } from "graphql";
import type { CompiledByOwner } from "../../shared/graphql/operations.ts";
import type { LocalSubgraph } from "../endpoints.ts";
import type { Planner } from "../planner.ts";
import type { Admitted } from "./admissions.ts";

/** Null: more than one owner, one that runs elsewhere, or anything unusual. */
export type OneOwner = (admitted: Admitted) => CompiledByOwner | null;

export function createOneOwner(planner: Planner, local: ReadonlyMap<string, LocalSubgraph>): OneOwner {
  const owners = new Map([...local].filter(([, { schema }]) => schema && sharesTypes(planner.schema, schema)));
  return ({ document, operation, operationName }) => {
    if (operation.operation !== "query" || asksAboutSchema(document)) return null;
    const { node } = planner.plan(document, operationName).plan;
    if (node?.kind !== "Fetch" || node.requires || node.contextRewrites?.length) return null;
    if (node.inputRewrites?.length || node.outputRewrites?.length || node.hasDefers) return null;
    return owners.get(node.serviceName)?.compile?.(document, operationName) ?? null;
  };
}

function asksAboutSchema(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Field({ name }) {
      if (name.value === "__schema" || name.value === "__type") found = true;
    },
    // Ours know no others; somebody else's might mean something.
    Directive({ name }) {
      if (name.value !== "skip" && name.value !== "include") found = true;
    },
  });
  return found;
}

/**
 * Are the values of every enum, the members of every abstract type and the name of the query type the same here and
 * there? If not, an answer of the owner may hold what clients may not see, and taking it out is the long way's work.
 */
function sharesTypes(api: GraphQLSchema, owner: GraphQLSchema): boolean {
  if (api.getQueryType()?.name !== owner.getQueryType()?.name) return false;
  return Object.values(owner.getTypeMap()).every((type) => {
    const known = api.getType(type.name);
    if (!known) return true;
    if (isEnumType(type)) {
      return isEnumType(known) && type.getValues().every(({ name }) => known.getValue(name) !== undefined);
    }
    if (!isAbstractType(type)) return true;
    const members = (schema: GraphQLSchema, of: typeof type) => schema.getPossibleTypes(of).map(({ name }) => name);
    return isAbstractType(known) && members(owner, type).every((name) => members(api, known).includes(name));
  });
}
