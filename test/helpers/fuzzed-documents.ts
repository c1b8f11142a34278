/**
 * GraphQL documents by chance, from a schema: many are valid, most are nearly valid, some are nothing at all.
 *
 * The same seed makes the same documents. Knows the schema only to get past validation often enough; expects no answer.
 */
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from "graphql";

/** A whole number from 0, smaller than `below`. */
export type Chance = (below: number) => number;

export function chanceFrom(seed: number): Chance {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

export interface FuzzedRequest {
  readonly query: string;
  readonly variables?: unknown;
  readonly operationName?: unknown;
}

const oneOf = <T>(chance: Chance, values: readonly T[]): T => values[chance(values.length)] as T;

const oddTexts = ["", " ", "A", "OWL-1", "\u0000", "🦉", "é".repeat(300), "' OR 1=1 --", "null", "-0", "1e400", "{}"];
const oddLiterals = [
  "null",
  "0",
  "-1",
  "2147483648",
  "1.5",
  "true",
  '"x"',
  "[]",
  "{}",
  "[[1]]",
  "ENUM",
  "$none",
  "1e999",
];
const oddTokens = [
  ..."{}()[]:!$@|&=.,",
  "...",
  '"',
  '"""',
  "on",
  "fragment",
  "query",
  "#",
  "\\",
  "\u0000",
  "🦉",
  "-",
  "0x",
];
const oddVariables = [
  null,
  0,
  -1,
  2 ** 31,
  1.5,
  true,
  "",
  "A",
  "\u0000",
  [],
  [null],
  {},
  { a: 1 },
  [[1]],
  "2026-99-99",
];

/** A source of requests. `depthMax`: how deep selections go. */
export function fuzzedRequests(schema: GraphQLSchema, chance: Chance, depthMax = 5): () => FuzzedRequest {
  return () => {
    const { query, variables } = operation(schema, chance, 1 + chance(depthMax));
    const broken = chance(3) === 0 ? brokenText(query, chance) : query;
    const named = chance(20) === 0 ? { operationName: oneOf(chance, [...oddVariables, "Q"]) } : {};
    const given = chance(20) === 0 ? oneOf(chance, oddVariables) : variables;
    return { query: broken, variables: given, ...named };
  };
}

function operation(schema: GraphQLSchema, chance: Chance, depth: number) {
  const kinds = [schema.getQueryType(), schema.getQueryType(), schema.getMutationType()];
  const root = oneOf(chance, kinds) ?? (schema.getQueryType() as GraphQLObjectType);
  const keyword = root === schema.getMutationType() ? "mutation" : "query";
  const asked: Asked = { schema, chance, declared: [], variables: {}, fragments: [] };
  const body = selection(asked, root, depth);
  const head = asked.declared.length > 0 ? `(${asked.declared.join(" ")})` : "";
  return { query: `${keyword} Q${head} ${body}\n${asked.fragments.join("\n")}`, variables: asked.variables };
}

interface Asked {
  readonly schema: GraphQLSchema;
  readonly chance: Chance;
  readonly declared: string[];
  readonly variables: Record<string, unknown>;
  readonly fragments: string[];
}

function selection(asked: Asked, type: GraphQLObjectType, depth: number): string {
  const { chance } = asked;
  const fields = Object.values(type.getFields());
  const parts = Array.from({ length: 1 + chance(3) }, () => {
    const field = oneOf(chance, fields);
    const alias = chance(6) === 0 ? `a${chance(4)}: ` : "";
    const directive = chance(15) === 0 ? ` ${oneOf(chance, ["@skip(if: true)", "@include(if: $none)", "@x"])}` : "";
    return `${alias}${field.name}${argumentsOf(asked, field)}${directive}${below(asked, field, depth - 1)}`;
  });
  if (chance(10) === 0) parts.push(`... on ${type.name} { __typename }`);
  if (chance(20) === 0) parts.push(fragment(asked, type, depth - 1));
  return `{ ${parts.join(" ")} }`;
}

/** A fragment, sometimes one that contains itself. */
function fragment(asked: Asked, type: GraphQLObjectType, depth: number): string {
  const name = `F${asked.fragments.length}`;
  asked.fragments.push("");
  const inner = asked.chance(5) === 0 || depth < 1 ? `{ __typename ...${name} }` : selection(asked, type, depth);
  asked.fragments[Number(name.slice(1))] = `fragment ${name} on ${type.name} ${inner}`;
  return `...${name}`;
}

function below(asked: Asked, field: GraphQLField<unknown, unknown>, depth: number): string {
  const type = getNamedType(field.type);
  if (isUnionType(type) || isInterfaceType(type)) {
    const possible = oneOf(asked.chance, asked.schema.getPossibleTypes(type));
    return ` { __typename ... on ${possible.name} ${selection(asked, possible, Math.max(depth, 0))} }`;
  }
  if (!isObjectType(type)) return asked.chance(50) === 0 ? " { x }" : "";
  if (depth < 1) return asked.chance(20) === 0 ? "" : " { __typename }";
  return ` ${selection(asked, type, depth)}`;
}

function argumentsOf(asked: Asked, field: GraphQLField<unknown, unknown>): string {
  const { chance } = asked;
  const given = field.args.filter(({ type }) => (isNonNullType(type) ? chance(20) > 0 : chance(3) === 0));
  if (given.length === 0) return "";
  const written = given.map(({ name, type }) => {
    if (chance(3) > 0) return `${name}: ${literal(chance, type)}`;
    const variable = `v${asked.declared.length}`;
    asked.declared.push(`$${variable}: ${chance(20) === 0 ? "Int" : String(type)}`);
    asked.variables[variable] = chance(5) === 0 ? oneOf(chance, oddVariables) : value(chance, type);
    return `${name}: $${variable}`;
  });
  return `(${written.join(" ")})`;
}

function literal(chance: Chance, type: GraphQLInputType): string {
  if (chance(12) === 0) return oneOf(chance, oddLiterals);
  if (isNonNullType(type)) return literal(chance, type.ofType);
  if (isListType(type)) return `[${Array.from({ length: chance(4) }, () => literal(chance, type.ofType)).join(" ")}]`;
  if (isEnumType(type)) return oneOf(chance, type.getValues()).name;
  if (!isInputObjectType(type)) return JSON.stringify(plain(chance, type.name));
  const given = Object.values(type.getFields()).filter((field) => isNonNullType(field.type) || chance(3) === 0);
  return `{ ${given.map((field) => `${field.name}: ${literal(chance, field.type)}`).join(" ")} }`;
}

function value(chance: Chance, type: GraphQLInputType): unknown {
  if (chance(12) === 0) return oneOf(chance, oddVariables);
  if (isNonNullType(type)) return value(chance, type.ofType);
  if (isListType(type)) return Array.from({ length: chance(4) }, () => value(chance, type.ofType));
  if (isEnumType(type)) return oneOf(chance, type.getValues()).name;
  if (!isInputObjectType(type)) return plain(chance, type.name);
  const given = Object.values(type.getFields()).filter((field) => isNonNullType(field.type) || chance(3) === 0);
  return Object.fromEntries(given.map((field) => [field.name, value(chance, field.type)]));
}

function plain(chance: Chance, scalar: string): unknown {
  if (scalar === "Boolean") return chance(2) === 0;
  if (scalar === "Int") return oneOf(chance, [0, 1, 5, 200, 201, -1, 2_147_483_647]);
  if (scalar === "DateTime") return oneOf(chance, ["2026-03-01T08:00:00Z", "2026-02-30T08:00:00Z", "soon"]);
  if (scalar === "Date") return oneOf(chance, ["2026-03-01", "2026-13-01", ""]);
  if (scalar === "Decimal") return oneOf(chance, ["1.50", "-0.001", "1e3", "NaN"]);
  return oneOf(chance, oddTexts);
}

/** Some of its tokens or characters are gone, twice there, elsewhere or others. */
export function brokenText(text: string, chance: Chance): string {
  const parts = chance(2) === 0 ? [...text] : (text.match(/\w+|\s+|[^\w\s]/g) ?? []);
  for (let n = 1 + chance(4); n > 0; n--) {
    const at = chance(parts.length + 1);
    const how = chance(5);
    if (how === 0) parts.splice(at, 1 + chance(3));
    else if (how === 1) parts.splice(at, 0, oneOf(chance, oddTokens));
    else if (how === 2) parts.splice(at, 1, oneOf(chance, oddTokens));
    else if (how === 3) parts.splice(at, 0, ...parts.slice(at, at + chance(10)));
    else parts.splice(at, 0, oneOf(chance, ["{", "[", "(", "a{"]).repeat(1 + chance(60)));
  }
  return parts.join("");
}
