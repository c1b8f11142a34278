/**
 * A subgraph's executable schema: SDL + resolvers + the access table, checked against each other at start.
 *
 * The only door to @apollo/subgraph. Every root field must have an access rule, and every rule a field.
 */
import { buildSubgraphSchema } from "@apollo/subgraph";
import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLSchema, isObjectType, parse } from "graphql";
import { type AccessTable, assertAllowed } from "../access.ts";
import type { RequestContext } from "../command.ts";
import { DateOnly, DateTime, Decimal } from "./scalars.ts";

/** What every resolver finds in its context, beside what its subgraph adds. */
export interface ResolverContext {
  readonly request: RequestContext;
}

/** Resolvers by type and field, as `@apollo/subgraph` takes them; each file types its own arguments. */
// biome-ignore lint/suspicious/noExplicitAny: a resolver map holds functions of many argument types.
export type Resolvers = Record<string, Record<string, (...args: any[]) => unknown>>;

export interface SchemaParts {
  readonly sdl: string;
  readonly resolvers: Resolvers;
  readonly access: AccessTable;
}

export function createSubgraphSchema({ sdl, resolvers, access }: SchemaParts): GraphQLSchema {
  const schema = buildSubgraphSchema({
    typeDefs: parse(sdl),
    resolvers: {
      ...resolvers,
      DateTime,
      Date: DateOnly,
      Decimal,
      UserError: { __resolveType: () => "InputError" },
    } as never,
  });
  guardFields(schema, access);
  return schema;
}

function guardFields(schema: GraphQLSchema, access: AccessTable): void {
  const unused = new Set(Object.keys(access));
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    const isRoot = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].includes(type);
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      const rule = access[coordinate];
      if (rule === undefined) {
        // `_service` and `_entities` are federation's own; the fields behind them carry their rules.
        if (isRoot && !field.name.startsWith("_")) throw new Error(`No access rule for ${coordinate}`);
        continue;
      }
      unused.delete(coordinate);
      if (rule === "anyone") continue;
      const resolve = (field.resolve ?? defaultFieldResolver) as GraphQLFieldResolver<unknown, ResolverContext>;
      field.resolve = (source, args, context: ResolverContext, info) => {
        assertAllowed(rule, context.request.identity, coordinate);
        return resolve(source, args, context, info);
      };
    }
  }
  if (unused.size > 0) throw new Error(`Access rules for fields that do not exist: ${[...unused].join(", ")}`);
}
