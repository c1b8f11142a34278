/**
 * Two small owners and what clients may send them: what the short path and the reply cache must answer as the long way
 * does.
 *
 * `stock` says of its answers what they were made from; `names` runs beside it and makes some questions need both.
 */
import type { Endpoint } from "../../gateway/endpoints.ts";
import { AppError } from "../../shared/errors.ts";
import type { ResolverContext, Resolvers } from "../../shared/graphql/schema.ts";
import { limits } from "../../shared/limits.ts";
import { createTestSubgraph } from "../helpers/gateways.ts";

const stockSdl = `
  scalar DateTime
  enum Size { SMALL LARGE }
  input Filter { sizes: [Size!], minimum: Int = 1, not: Filter }
  interface Thing { sku: ID! }
  type Item implements Thing @key(fields: "sku") { sku: ID! size: Size! quantity: Int parts: [Item!]! at: DateTime self: Thing! }
  type Box implements Thing { sku: ID! width: Float }
  union Anything = Item | Box
  type Query {
    item(sku: ID!): Item
    items(skus: [ID!]!, size: Size = SMALL, filter: Filter): [Item!]!
    things: [Thing!]!
    anything(of: ID! = "box"): Anything
    caller: String
    echo(text: String, number: Float, flag: Boolean, filter: Filter, at: DateTime, ids: [ID]): String
    later(text: String): String
    refuse: String
    explode: String
    explodeLater: String
    mustNot: Missing
    wrong: Int
    nothing: String
    planner: String
  }
  type Missing { value: String! }
  type Mutation { touch(sku: ID!): Item! }`;

const item = (sku: string, size = "SMALL") => ({
  __typename: "Item",
  sku,
  size,
  quantity: sku.length,
  at: 1_767_600_000_000,
});
const box = { __typename: "Box", sku: "box", width: 1.5 };

function stockResolvers(): Resolvers {
  return {
    Query: {
      item: (_: unknown, { sku }: { sku: string }) => (sku === "none" ? null : item(sku)),
      items: async (_: unknown, { skus, size }: { skus: string[]; size: string }) => skus.map((sku) => item(sku, size)),
      things: () => [item("a"), box],
      anything: (_: unknown, { of }: { of: string }) => (of === "box" ? box : item(of)),
      caller: (_: unknown, __: unknown, { request }: ResolverContext) => request.identity.person,
      echo: (_: unknown, args: unknown) => JSON.stringify(args),
      later: async (_: unknown, { text }: { text?: string }) => text ?? "nobody said anything",
      refuse: () => {
        throw new AppError("TOO_MANY_ITEMS", { message: "At most 1000 SKUs.", field: ["skus"] });
      },
      explode: () => {
        throw new TypeError("cannot read secret of undefined");
      },
      explodeLater: async () => {
        throw new TypeError("cannot read secret of undefined");
      },
      mustNot: () => ({ value: null }),
      wrong: () => "not a number",
      nothing: () => null,
      planner: (_: unknown, __: unknown, { request }: ResolverContext) => {
        if (!request.identity.roles.has("planner")) throw new AppError("FORBIDDEN");
        return "for planners";
      },
    },
    Mutation: { touch: (_: unknown, { sku }: { sku: string }) => item(sku) },
    Item: {
      __resolveReference: ({ sku }: { sku: string }) => item(sku),
      parts: ({ sku }: { sku: string }) => [item(`${sku}1`), item(`${sku}2`)],
      self: (own: object) => own,
    },
  };
}

/** Every field of the query type says what it read, but for the one that depends on who asks. */
function withTags(resolvers: Resolvers): Resolvers {
  const read = Object.entries(resolvers["Query"] ?? {}).map(([name, resolve]) => {
    const tagged = (source: unknown, args: unknown, context: ResolverContext, info: unknown) => {
      context.hints.read(() => [stockTag], 60_000);
      return resolve(source, args, context, info);
    };
    return [name, name === "caller" ? resolve : tagged];
  });
  return { ...resolvers, Query: Object.fromEntries(read) };
}

function taggedFields(resolvers: Resolvers): Set<string> {
  const names = Object.entries(resolvers).flatMap(([type, fields]) => Object.keys(fields).map((f) => `${type}.${f}`));
  return new Set(names.filter((n) => !n.includes("__") && !n.startsWith("Mutation.") && n !== "Query.caller"));
}

export interface Owners {
  readonly endpoints: readonly Endpoint[];
  /** How often `stock` has run a compiled operation. */
  readonly runs: { compiled: number };
}

/** What every answer of `stock` was made from, as it says. */
export const stockTag = "position:a|WEST";

export function createOwners(): Owners {
  const runs = { compiled: 0 };
  const resolvers = withTags(stockResolvers());
  const stock = createTestSubgraph(stockSdl, resolvers, undefined, taggedFields(resolvers));
  const names = createTestSubgraph(
    `type Item @key(fields: "sku") { sku: ID! name: String } type Query { count: Int }`,
    {
      Query: { count: () => 2 },
      Item: { name: ({ sku }: { sku: string }) => `name of ${sku}` },
    },
  );
  const counted: typeof stock.compile = (document, operationName) => {
    const run = stock.compile?.(document, operationName) ?? null;
    if (!run) return null;
    return (...args) => {
      runs.compiled += 1;
      return run(...args);
    };
  };
  return {
    runs,
    endpoints: [
      { name: "stock", local: { ...stock, compile: counted } },
      { name: "names", local: names },
    ],
  };
}

export interface Sent {
  readonly name: string;
  readonly path?: string;
  readonly init: RequestInit;
}

const json = { "content-type": "application/json" };

function post(name: string, body: unknown, headers: Record<string, string> = {}): Sent {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { name, init: { method: "POST", headers: { ...json, ...headers }, body: text } };
}

function query(
  name: string,
  text: string,
  variables?: Record<string, unknown>,
  headers?: Record<string, string>,
): Sent {
  return post(name, { query: text, ...(variables ? { variables } : {}) }, headers);
}

const two = 'query A { caller } query B { item(sku: "b") { sku } }';
const echo =
  "query($t: String, $n: Float, $b: Boolean, $f: Filter, $d: DateTime, $i: [ID]) { echo(text: $t, number: $n, flag: $b, filter: $f, at: $d, ids: $i) }";

/** Answered by one owner, without errors and without anything unusual: the short path must take them. */
export const ordinary: readonly Sent[] = [
  query("one field", '{ item(sku: "a") { sku quantity } }'),
  query("null where nothing is", '{ item(sku: "none") { sku } nothing }'),
  query("variables", "query($s: [ID!]!) { items(skus: $s) { sku size } }", { s: ["a", "b"] }),
  query("a number where an ID is", "query($s: [ID!]!) { items(skus: $s) { sku } }", { s: [1, "2"] }),
  query("one value where a list is", "query($s: [ID!]!) { items(skus: $s) { sku } }", { s: "a" }),
  query("an empty list", "query($s: [ID!]!) { items(skus: $s) { sku } }", { s: [] }),
  query("a default of the schema", '{ items(skus: ["a"]) { size } anything { __typename } }'),
  query("a default of the document", 'query($z: Size = LARGE) { items(skus: ["a"], size: $z) { size } }'),
  query("a default of the document, and null", 'query($z: Size = LARGE) { items(skus: ["a"], size: $z) { sku } }', {
    z: "SMALL",
  }),
  query("every kind of variable", echo, {
    t: 'ü "\u2028',
    n: 1.5,
    b: false,
    f: { sizes: "SMALL", not: { minimum: null } },
    d: "2026-01-05T08:00:00+01:00",
    i: [1, null, "x"],
  }),
  query("variables that are null", echo, { t: null, n: null, f: null, i: null }),
  query("variables that are left out", echo, {}),
  query("a variable nobody declared", echo, { unknown: 1 }),
  query("large and small numbers", echo, { n: 1e300 }),
  query(
    "literals",
    '{ echo(text: """block\n text""", number: 3, flag: true, filter: {sizes: [SMALL, LARGE], not: {minimum: 2}}, ids: [1, "b"]) }',
  ),
  query(
    "a variable inside a literal",
    "query($z: Size!, $m: Int) { echo(filter: {sizes: [$z], not: {minimum: $m}}) }",
    { z: "LARGE" },
  ),
  query("a variable inside a list", "query($z: Size!, $i: ID) { echo(filter: {sizes: [$z, LARGE]}, ids: [$i, 2]) }", {
    z: "SMALL",
  }),
  query(
    "a variable left out, of an argument with a default",
    "query($z: ID!, $s: Size) { items(skus: [$z], size: $s) { size } }",
    { z: "x" },
  ),
  query("a variable inside a list in a list", 'query($s: ID!) { items(skus: [$s, "b"]) { sku } }', { s: "a" }),
  query("aliases", '{ b: item(sku: "b") { z: sku a: quantity } a: item(sku: "a") { sku } }'),
  query(
    "fragments",
    'query { item(sku: "a") { ...F quantity ... on Item { size } ... { sku } } } fragment F on Item { size sku }',
  ),
  query(
    "fields asked for twice",
    '{ item(sku: "a") { parts { sku } sku parts { quantity sku } } item(sku: "a") { size } }',
  ),
  query("an interface", "{ things { __typename sku ... on Item { quantity } ... on Box { width } } }"),
  query("a union", '{ anything(of: "x") { ... on Item { sku self { ... on Item { at } } } ... on Box { width } } }'),
  query("__typename everywhere", '{ __typename item(sku: "a") { t: __typename self { __typename sku } } }'),
  query("lists in lists", '{ items(skus: ["a", "b"]) { parts { parts { sku at } } } }'),
  query("later", "query($t: String) { later(text: $t) nothing }", { t: "later" }),
  query(
    "conditions that hold",
    'query($y: Boolean!, $n: Boolean!) { item(sku: "a") { size @include(if: $y) sku quantity @skip(if: $n) } planned: nothing @include(if: $y) }',
    { y: true, n: false },
  ),
  query(
    "conditions that do not",
    'query($y: Boolean!, $n: Boolean!) { item(sku: "a") { size @include(if: $y) sku size quantity @skip(if: $n) } later }',
    { y: false, n: true },
  ),
  query("conditions without variables", '{ item(sku: "a") { sku @skip(if: true) size @include(if: true) } }'),
  post("an operation by its name", { query: two, operationName: "B" }),
  post("operationName and variables that are null", {
    query: '{ item(sku: "a") { sku } }',
    operationName: null,
    variables: null,
  }),
  post("white space around everything", '  {\n "query" : "{ item(sku: \\"a\\") { sku } }"\r\n}  '),
  post("a key twice", '{"query": "{ later }", "query": "{ nothing }"}'),
  query("accept: the newer type", '{ item(sku: "a") { sku } }', {}, { accept: "application/graphql-response+json" }),
  query(
    "accept: both types, weighed",
    '{ item(sku: "a") { sku } }',
    {},
    { accept: "application/graphql-response+json;q=0.5, application/json;q=0.4" },
  ),
  query("accept: anything", '{ item(sku: "a") { sku } }', {}, { accept: "*/*" }),
  post("a charset", { query: '{ item(sku: "a") { sku } }' }, { "content-type": "application/json; charset=utf-8" }),
];

const wide = `{ ${Array.from({ length: limits.queryAliasesMax + 1 }, (_, i) => `a${i}: caller`).join(" ")} }`;

/** Everything else: refused, partial, by several owners, or asked in an unusual way. */
export const others: readonly Sent[] = [
  query("two owners", '{ item(sku: "a") { sku name } }'),
  query("two owners side by side", '{ count item(sku: "a") { sku } }'),
  query("only the name of the type", "{ __typename }"),
  query("introspection", "{ __schema { queryType { name fields { name } } } }"),
  query("introspection beside data", '{ item(sku: "a") { sku } __type(name: "Item") { fields { name } } }'),
  query("a refusal of the owner", '{ refuse item(sku: "a") { sku } }'),
  query("a defect of the owner", '{ explode item(sku: "a") { sku } }'),
  query("a defect of the owner, later", "{ a: explodeLater b: explodeLater later }"),
  query("null where none may be", "{ mustNot { value } caller }"),
  query("a value of the wrong kind", "{ wrong caller }"),
  query("nobody's field", "{ caller planner }"),
  query("a mutation", "mutation($s: ID!) { touch(sku: $s) { sku } }", { s: "a" }),
  query("a mutation of several fields", 'mutation { b: touch(sku: "b") { sku } a: touch(sku: "a") { sku name } }'),
  query("a subscription", "subscription { caller }"),
  query("a variable that is missing", "query($s: [ID!]!) { items(skus: $s) { sku } }"),
  query("a variable that does not fit", "query($s: [ID!]!) { items(skus: $s) { sku } }", { s: [{}] }),
  query("a value that no enum has", "query($z: Size) { items(skus: [], size: $z) { sku } }", { z: "HUGE" }),
  query("an input field that is not there", echo, { f: { colour: "red" } }),
  query("a moment that is none", echo, { d: "yesterday" }),
  query("null for an argument that may not be null", "query($z: ID) { anything(of: $z) { __typename } }", { z: null }),
  query("an unknown field", "{ colour }"),
  query("an argument that is missing", "{ item { sku } }"),
  query("no document", '{ item(sku: "a") { sku '),
  query("an unknown directive", "{ caller @fast }"),
  query("too many aliases", wide),
  query("an unused fragment", "{ caller } fragment F on Item { sku }"),
  post("several operations and no name", { query: two }),
  post("a name that no operation has", { query: two, operationName: "C" }),
  post("an empty name", { query: "{ caller }", operationName: "" }),
  post("a name that is no text", { query: "{ caller }", operationName: 7 }),
  post("a name with the document in it", {
    query: "}",
    operationName: 'B\nquery A { caller } query B { item(sku: "b") { sku }',
  }),
  post("variables that are a list", { query: "{ caller }", variables: [] }),
  post("variables that are text", { query: "{ caller }", variables: "{}" }),
  post("extensions", { query: "{ caller }", extensions: {} }),
  post("extensions that are text", { query: "{ caller }", extensions: "x" }),
  post("an empty query", { query: "" }),
  post("a query that is no text", { query: { kind: "Document" } }),
  post("no query", {}),
  post("no body", ""),
  post("no JSON", "{"),
  post("JSON that is no object", "[]"),
  post("JSON that is null", "null"),
  post("a batch", [{ query: "{ caller }" }, { query: "{ caller }" }]),
  post("a key that reaches for prototypes", '{"query": "{ caller }", "variables": {"__proto__": {}}}'),
  post(
    "a key that reaches for constructors",
    '{"query": "{ caller }", "variables": {"constructor": {"prototype": {}}}}',
  ),
  post("another type", "{}", { "content-type": "application/graphql" }),
  post("a plain form", '{"query": "{ caller }"}', { "content-type": "text/plain" }),
  post("a plain form that is allowed to ask", '{"query": "{ caller }"}', {
    "content-type": "text/plain",
    "apollo-require-preflight": "1",
  }),
  post("a type nobody has", { query: "{ caller }" }, { accept: "text/html" }),
  post("a type nobody has, of a form", { query: "{ caller }" }, { accept: "image/png" }),
  post("a question for the plan", { query: '{ item(sku: "a") { sku } }' }, { "apollo-query-plan-experimental": "1" }),
  post("a token that is none", { query: "{ caller }" }, { authorization: "Bearer not.a.token" }),
  post("another kind of authorization", { query: "{ caller }" }, { authorization: "Basic YWRhOmFkYQ==" }),
  { name: "GET without anything", path: "", init: {} },
  { name: "GET without a header that another site cannot send", path: "?query={caller}", init: {} },
  { name: "GET", path: "?query={item(sku:%22a%22){sku}}", init: { headers: { "apollo-require-preflight": "1" } } },
  { name: "GET as JSON", path: "?query={item(sku:%22a%22){sku}}", init: { headers: json } },
  {
    name: "GET with variables",
    path: "?query=query($s:ID!){item(sku:$s){sku}}&variables={%22s%22:%22b%22}",
    init: { headers: json },
  },
  { name: "GET with variables that are no JSON", path: "?query={caller}&variables={", init: { headers: json } },
  { name: "GET twice the same parameter", path: "?query={caller}&query={nothing}", init: { headers: json } },
  { name: "GET of a mutation", path: "?query=mutation{touch(sku:%22a%22){sku}}", init: { headers: json } },
  {
    name: "GET by a person",
    path: "?query={nothing}",
    init: { headers: { ...json, authorization: "Bearer not.a.token" } },
  },
  { name: "PUT", init: { method: "PUT", headers: json, body: "{}" } },
];
