/**
 * A subgraph's executable schema: SDL + resolvers + the access table, checked against each other at start.
 *
 * The only door to @apollo/subgraph. Every root field must have an access rule, and every rule a field.
 */
import { buildSubgraphSchema } from "@apollo/subgraph";
import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLSchema, isObjectType, parse } from "graphql";
import { type AccessTable, assertAllowed } from "../access.ts";
import type { RequestContext } from "../command.ts";
import { AppError } from "../errors.ts";
import type { CacheHintCollector } from "./cache-hints.ts";
import { DateOnly, DateTime, Decimal } from "./scalars.ts";

/** What every resolver finds in its context, beside what its subgraph adds. */
export interface ResolverContext {
  readonly request: RequestContext;
  /** What was read, for whoever might keep the answer. */
  readonly hints: CacheHintCollector;
}

/** Resolvers by type and field, as `@apollo/subgraph` takes them; each file types its own arguments. */
// biome-ignore lint/suspicious/noExplicitAny: a resolver map holds functions of many argument types.
export type Resolvers = Record<string, Record<string, (...args: any[]) => unknown>>;

export interface SchemaParts {
  readonly sdl: string;
  readonly resolvers: Resolvers;
  readonly access: AccessTable;
  /** Fields with a resolver that says itself what it read; whatever else has one makes an answer that is not kept. */
  readonly tagged?: ReadonlySet<string>;
  /** Told of everybody who asked for a mutation and was refused with FORBIDDEN, before they are. */
  readonly refused?: (mutation: string, request: RequestContext) => Promise<void>;
}

export function createSubgraphSchema({
  sdl,
  resolvers,
  access,
  tagged = new Set(),
  refused,
}: SchemaParts): GraphQLSchema {
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
  noteUntagged(schema, resolvers, tagged);
  guardFields(schema, access);
  if (refused) noteRefused(schema, refused);
  return schema;
}

function noteRefused(schema: GraphQLSchema, refused: NonNullable<SchemaParts["refused"]>): void {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const resolve = field.resolve as GraphQLFieldResolver<unknown, ResolverContext>;
    field.resolve = async (source, args, context: ResolverContext, info) => {
      try {
        return await resolve(source, args, context, info);
      } catch (error) {
        if (error instanceof AppError && error.code === "FORBIDDEN") await refused(field.name, context.request);
        throw error;
      }
    };
  }
}

function noteUntagged(schema: GraphQLSchema, resolvers: Resolvers, tagged: ReadonlySet<string>): void {
  const unused = new Set(tagged);
  for (const [typeName, fields] of Object.entries(resolvers)) {
    const type = schema.getType(typeName);
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (unused.delete(`${typeName}.${field.name}`) || !Object.hasOwn(fields, field.name)) continue;
      const resolve = field.resolve as GraphQLFieldResolver<unknown, ResolverContext>;
      field.resolve = (source, args, context: ResolverContext, info) => {
        context.hints.readUntagged();
        return resolve(source, args, context, info);
      };
    }
  }
  if (unused.size > 0) throw new Error(`Tagged fields that have no resolver: ${[...unused].join(", ")}`);
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
