/**
 * What operations cost: by the schema's weights and list sizes, with the variables as they are coerced.
 */
import fc from "fast-check";
import { buildSchema, parse } from "graphql";
import { describe, expect, it } from "vitest";
import { readCostTable } from "../../../../gateway/admission/cost-table.ts";
import { assertAffordable, createOperationCosts } from "../../../../gateway/admission/operation-costs.ts";
import { limits } from "../../../../shared/limits.ts";

const directives = `
  directive @cost(weight: Int!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
  directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION
  directive @sizedBy(arguments: [String!]!, assumedSize: Int!) on FIELD_DEFINITION
  directive @link(url: String, as: String, import: [String]) repeatable on SCHEMA
`;
const links = (cost: string) => `
  schema @link(url: "https://specs.apollo.dev/cost/v0.1"${cost}) @link(url: "https://some.example/sizedBy/v1.0", import: ["@sizedBy"])
  { query: Query mutation: Mutation }`;
const types = `
  interface Thing { sku: ID! parts: [Item!]! }
  type Item implements Thing { sku: ID! name: String quantity: Int @cost(weight: 3) parts: [Item!]! @listSize(assumedSize: 4) }
  type Box implements Thing { sku: ID! parts: [Item!]! }
  type Page { nodes: [Item!]! edges: [Edge!]! total: Int }
  type Edge { node: Item! }
  type Rare @cost(weight: 50) { id: ID }
  input Line { sku: ID! quantity: Int @cost(weight: 2) inner: Line }
  type Query {
    item(sku: ID @cost(weight: 7)): Item
    items(first: Int = 5, last: Int): [Item!]! @listSize(slicingArguments: ["first", "last"])
    page(first: Int! = 20): Page! @listSize(slicingArguments: ["first"], sizedFields: ["nodes", "edges"], requireOneSlicingArgument: false)
    positions(skus: [ID!]!, places: [ID!]): [Item!]! @sizedBy(arguments: ["skus", "places"], assumedSize: 6)
    plain: [Item!]!
    grid: [[Item!]!]!
    thing: Thing
    rare: Rare
  }
  type Mutation { save(lines: [Line!]!): Item }
`;
const importing = `, import: ["@cost", "@listSize"]`;
const schema = buildSchema(directives + links(importing) + types, { assumeValidSDL: true });

function costIn(sdl: string, query: string, variables: Record<string, unknown> = {}): number | null {
  const document = parse(query);
  const operation = document.definitions[0] as never;
  return createOperationCosts(readCostTable(sdl)).of({ schema, document, operation }, variables);
}
const costOf = (query: string, variables?: Record<string, unknown>) =>
  costIn(links(importing) + types, query, variables);

describe("an operation costs", () => {
  it.each<[string, number, string, Record<string, unknown>?]>([
    ["nothing for values alone", 0, "{ __typename }"],
    ["one for an object", 1, "{ item { sku name } }"],
    ["what a field weighs", 4, "{ item { quantity } }"],
    ["what a type weighs", 50, "{ rare { id } }"],
    ["what an argument weighs, if it is given", 8, '{ item(sku: "A") { sku } }'],
    ["as many objects as asked for", 12, "{ items(first: 12) { sku } }"],
    ["the larger of two sizes", 30, "{ items(first: 12, last: 30) { sku } }"],
    ["an argument's default", 5, "{ items { sku } }"],
    ["what a list is assumed to be where null is sent", limits.listSizeAssumed, "{ items(first: null) { sku } }"],
    ["what is below, as often", 3 * (1 + 4), "{ items(first: 3) { parts { sku } } }"],
    ["a page and its rows", 1 + 7, "{ page(first: 7) { nodes { sku } total } }"],
    [
      "a page's rows twice where both are asked for",
      1 + 7 + 7 * 2,
      "{ page(first: 7) { nodes { sku } edges { node { sku } } } }",
    ],
    [
      "each combination of the lists it is asked with",
      2 * 3,
      '{ positions(skus: ["A", "B"], places: ["X", "Y", "Z"]) { sku } }',
    ],
    ["an assumed number for a list that is absent", 2 * 6, '{ positions(skus: ["A", "B"]) { sku } }'],
    ["nothing for a list of nothing", 0, "{ positions(skus: []) { sku } }"],
    ["what no list is known of", limits.listSizeAssumed, "{ plain { sku } }"],
    ["lists in lists", limits.listSizeAssumed ** 2, "{ grid { sku } }"],
    ["fields of an interface as they are implemented", 1 + 4, "{ thing { parts { sku } } }"],
    [
      "fragments on several types, all of them",
      1 + 4 + 10,
      "{ thing { ... on Item { parts { sku } } ... on Box { parts { sku } } } }",
    ],
    [
      "named fragments where they are used",
      2,
      "query { a: item { ...F } b: item { ...F } } fragment F on Item { sku }",
    ],
    [
      "ten for a mutation, and one for every object that is sent",
      10 + 1 + 2,
      'mutation { save(lines: [{ sku: "A" }, { sku: "B" }]) { sku } }',
    ],
    [
      "what fields of inputs weigh, also inside",
      10 + 1 + 3 + 1,
      'mutation { save(lines: { sku: "A", quantity: 1, inner: { sku: "B" } }) { sku } }',
    ],
    ["nothing for what is skipped", 1, "{ item { sku } items @skip(if: true) { sku } }"],
    ["variables as they are sent", 9, "query ($n: Int) { items(first: $n) { sku } }", { n: 9 }],
    ["a variable's default", 8, "query ($n: Int = 8) { items(first: $n) { sku } }"],
    ["the argument's default where a variable is absent", 5, "query ($n: Int) { items(first: $n) { sku } }"],
    ["lists in variables", 2 * 2, "query ($s: [ID!]!) { positions(skus: $s, places: $s) { sku } }", { s: ["A", "B"] }],
    ["one value where a list may stand", 6, "query ($s: [ID!]!) { positions(skus: $s) { sku } }", { s: "A" }],
    ["lists with variables inside", 2 * 6, 'query ($s: ID!) { positions(skus: ["A", $s]) { sku } }', { s: "B" }],
    ["what a variable includes", 1, "query ($w: Boolean!) { item @include(if: $w) { sku } }", { w: true }],
    ["not what a variable leaves out", 0, "query ($w: Boolean!) { item @include(if: $w) { sku } }", { w: false }],
    ["nothing less for a size below zero", 0, "query ($n: Int) { page: items(first: $n, last: 0) { sku } }", { n: -5 }],
    [
      "inputs in variables",
      10 + 1 + 3,
      "mutation ($l: [Line!]!) { save(lines: $l) { sku } }",
      { l: [{ sku: "A", quantity: 2 }] },
    ],
  ])("%s: %i", (_, cost, query, variables) => {
    expect(costOf(query, variables)).toBe(cost);
  });

  it("is nobody's to say where a variable does not fit", () => {
    expect(costOf("mutation ($l: [Line!]!) { save(lines: $l) { sku } }", { l: "many" })).toBeNull();
    // Executed it is refused; until then nobody knows how many that are.
    const some = "query ($n: Int) { items(first: $n) { sku } }";
    expect(costOf(some, { n: "many" })).toBe(costOf("{ plain { sku } }"));
  });

  it("the same in variables as in literals, and more for more", () => {
    const size = fc.nat(500);
    fc.assert(
      fc.property(size, size, fc.boolean(), (first, more, isPage) => {
        const query = (size: string) =>
          isPage
            ? `{ page(first: ${size}) { nodes { parts { sku } } } }`
            : `{ items(first: ${size}) { parts { sku } } }`;
        const literal = costOf(query(String(first))) as number;
        expect(costOf(`query ($n: Int!) ${query("$n")}`, { n: first })).toBe(literal);
        expect(costOf(query(String(first + more)))).toBeGreaterThanOrEqual(literal);
      }),
      { numRuns: 50 },
    );
  });
});

describe("a schema", () => {
  it("may import the directives under other names, or not at all", () => {
    const renamed = `, import: ["@cost", { name: "@listSize", as: "@long" }]`;
    expect(costIn(links(renamed) + types.replaceAll("@listSize", "@long"), "{ item { parts { sku } } }")).toBe(5);
    const prefixed = `, as: "price"`;
    const sdl = types.replaceAll("@listSize", "@price__listSize").replaceAll("@cost", "@price");
    expect(costIn(links(prefixed) + sdl, "{ item { parts { sku } quantity } }")).toBe(1 + 3 + 4);
  });

  it("that does not name the specification is not guessed at, whatever its directives are called", () => {
    expect(costIn(`schema { query: Query }${types}`, "{ item { quantity parts { sku } } }")).toBe(2);
  });
});

it("what one operation may cost is a limit, named in the refusal", () => {
  expect(() => assertAffordable(limits.operationCostMax)).not.toThrow();
  const cost = limits.operationCostMax + 1;
  expect(() => assertAffordable(cost)).toThrow(
    expect.objectContaining({
      code: "QUERY_TOO_EXPENSIVE",
      details: expect.objectContaining({ cost, limit: limits.operationCostMax }),
    }),
  );
});
