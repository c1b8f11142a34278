/**
 * Questions that try every door: for each field of a subgraph's schema the least that can be asked, with arguments made
 * from its types, and what its table says of whoever asks.
 */
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isUnionType,
} from "graphql";
import type { AccessNotes, AccessTable } from "../../shared/access.ts";
import type { SystemName } from "../../shared/config.ts";
import * as availability from "../../subgraphs/availability/access.ts";
import * as control from "../../subgraphs/control/access.ts";
import * as erp from "../../subgraphs/erp/access.ts";
import * as returns from "../../subgraphs/returns/access.ts";
import * as wms from "../../subgraphs/wms/access.ts";

export interface Tables {
  readonly name: SystemName;
  readonly access: AccessTable;
  readonly notes: AccessNotes;
}

/** Whose tables the system has, in the order of `systemNames`. */
export const owners: readonly Tables[] = Object.entries({ erp, wms, returns, availability, control }).map(
  ([name, { access, notes }]) => ({ name: name as SystemName, access, notes }),
);

export interface RootQuestion {
  readonly kind: "query" | "mutation" | "subscription";
  readonly coordinate: string;
  readonly text: string;
}

/** The least that can be asked of each root field. `key`: an idempotency key nobody has used. */
export function rootQuestions(schema: GraphQLSchema, key: () => string): RootQuestion[] {
  const roots = [
    ["query", schema.getQueryType()],
    ["mutation", schema.getMutationType()],
    ["subscription", schema.getSubscriptionType()],
  ] as const;
  return roots.flatMap(([kind, type]) =>
    Object.values(type?.getFields() ?? {})
      .filter(({ name }) => !name.startsWith("_"))
      .map((field) => ({
        kind,
        coordinate: `${type?.name}.${field.name}`,
        text: `${kind} { ${selectionOf(field, key)} }`,
      })),
  );
}

export interface EntityQuestion {
  readonly typeName: string;
  readonly coordinates: readonly string[];
  readonly text: string;
  readonly variables: { readonly representations: readonly object[] };
}

/** For each entity that references resolve to, one question for all its fields, whichever way it came. */
export function entityQuestions(schema: GraphQLSchema): EntityQuestion[] {
  const union = schema.getType("_Entity");
  if (!isUnionType(union)) return [];
  return union.getTypes().map((type) => {
    const fields = Object.values(type.getFields());
    const selections = fields.map((field) => `${field.name}: ${selectionOf(field, () => "k")}`);
    return {
      typeName: type.name,
      coordinates: fields.map(({ name }) => `${type.name}.${name}`),
      text: `query ($representations: [_Any!]!) {
        _entities(representations: $representations) { ... on ${type.name} { ${selections.join(" ")} } } }`,
      variables: { representations: [{ __typename: type.name, ...keyOf(type) }] },
    };
  });
}

/** Whatever is a key here has one of these names. */
const values: Readonly<Record<string, string>> = {
  sku: "A",
  skus: "A",
  locationId: "WEST",
  locationIds: "WEST",
  originId: "EAST",
  destinationId: "WEST",
  id: "WEST",
};

function keyOf(type: GraphQLObjectType): Record<string, string> {
  const names = ["sku", "locationId", "id"].filter((name) => name in type.getFields());
  return Object.fromEntries(names.map((name) => [name, values[name] as string]));
}

function selectionOf(field: GraphQLField<unknown, unknown>, key: () => string): string {
  const given = field.args.filter(isNeeded).map((arg) => `${arg.name}: ${literal(arg.name, arg.type, key)}`);
  const args = given.length === 0 ? "" : `(${given.join(", ")})`;
  return `${field.name}${args}${isCompositeType(getNamedType(field.type)) ? " { __typename }" : ""}`;
}

function isNeeded({ type, defaultValue }: Pick<GraphQLArgument, "type" | "defaultValue">): boolean {
  return isNonNullType(type) && defaultValue === undefined;
}

function literal(name: string, type: GraphQLInputType, key: () => string): string {
  if (isNonNullType(type)) return literal(name, type.ofType as GraphQLInputType, key);
  if (isListType(type)) return `[${literal(name, type.ofType as GraphQLInputType, key)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? "";
  if (isInputObjectType(type)) {
    const needed = Object.values(type.getFields()).filter(isNeeded);
    return `{ ${needed.map((field) => `${field.name}: ${literal(field.name, field.type, key)}`).join(", ")} }`;
  }
  if (name === "idempotencyKey") return JSON.stringify(key());
  const scalars: Readonly<Record<string, string>> = {
    Int: "1",
    Float: "1",
    Boolean: "true",
    Date: '"2026-02-01"',
    DateTime: '"2026-02-01T00:00:00Z"',
    Decimal: '"1"',
  };
  return scalars[type.name] ?? JSON.stringify(values[name] ?? "X");
}
