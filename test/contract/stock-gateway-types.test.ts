/**
 * Any supergraph is answered as stock `@apollo/gateway` answers it: abstract types, and what a client may name.
 *
 * Interfaces, unions, @interfaceObject, fragments, aliases, conditions, arguments, introspection beside data.
 */
import { describe, expect, it } from "vitest";
import { askAll, fed2, type StockCase } from "../helpers/stock-gateway.ts";

const same = { __resolveReference: (reference: object) => reference };

const media = [
  { __typename: "Book", id: "b1", title: "Gates", pages: 300 },
  { __typename: "Movie", id: "m1", title: "Doors", minutes: 90 },
  { __typename: "Book", id: "b2", title: null, pages: null },
];

const library = {
  sdl: fed2(`type Query { media: [Media!] search(text: String = "x"): [Hit] first: Media hit: Hit }
    interface Media { id: ID! title: String }
    type Book implements Media @key(fields: "id") { id: ID! title: String pages: Int }
    type Movie implements Media @key(fields: "id") { id: ID! title: String minutes: Int }
    type Note { title: Int text: String } union Hit = Book | Movie | Note`),
  resolvers: {
    Query: {
      media: () => media,
      search: (_: unknown, { text }: { text: string }) => [
        media[1],
        { __typename: "Note", title: 7, text },
        null,
        media[0],
      ],
      first: () => media[0],
      hit: () => ({ __typename: "Note", title: 1, text: "t" }),
    },
    Book: same,
    Movie: same,
  },
};

const ratings = {
  sdl: fed2(`type Book @key(fields: "id") { id: ID! rating: Int similar: [Book] }
    type Movie @key(fields: "id") { id: ID! rating: Int cast(first: Int! = 1, order: Order = ASC): [String!] }
    enum Order { ASC DESC }`),
  resolvers: {
    Book: { ...same, rating: () => 5, similar: ({ id }: { id: string }) => (id === "b1" ? [{ id: "b2" }, null] : []) },
    Movie: {
      ...same,
      rating: () => 4,
      cast: (_: unknown, { first, order }: { first: number; order: string }) =>
        (order === "ASC" ? ["A", "B"] : ["B", "A"]).slice(0, first),
    },
  },
};

const cases: Record<string, StockCase> = {
  "interfaces and unions over two owners": {
    subgraphs: { library, ratings },
    questions: [
      "{ media { title ... on Book { rating pages } ... on Movie { minutes rating } } }",
      "{ media { __typename kind: __typename id ... on Book { kind: __typename similar { title rating } } } }",
      "{ search { ... on Book { title rating } ... on Note { n: title text } ... on Movie { cast(first: 2) } __typename } }",
      "{ search { ... on Media { id title } ... on Note { text } } }",
      "{ first { ...F } hit { ... on Media { id } } } fragment F on Media { id ...B } fragment B on Book { similar { ...B2 } } fragment B2 on Book { rating title }",
      "{ __typename media { __typename } }",
    ],
  },
  "aliases that meet, and one field in several fragments": {
    subgraphs: { library, ratings },
    questions: [
      "{ media { ... on Book { size: pages } ... on Movie { size: minutes } } }",
      "{ media { ... on Book { extra: similar { id } } ... on Movie { extra: cast } } }",
      "{ media { ... on Movie { cast(first: 1) more: cast(first: 2, order: DESC) least: cast } id } title: __typename }",
      "{ a: first { title } b: first { id title } a: first { id ... on Book { pages } } a: first { ... on Book { rating } title } }",
      "{ media { id } m: media { ... on Book { id rating } } media { title ... on Book { similar { id } } } media { ... on Book { similar { rating } } } }",
      "{ first { toString: title constructor: id __proto__: title } }",
    ],
  },
  "@skip and @include, with values, variables and defaults": {
    subgraphs: { library, ratings },
    questions: [
      { query: query(), variables: { yes: true, no: false } },
      { query: query(), variables: { yes: false, no: true } },
      { query: query(), variables: { yes: true } },
      "{ first { id @skip(if: true) title @include(if: false) ... @include(if: true) { t: title } } }",
      "{ first { ... on Book @skip(if: true) { rating } } }",
      { query: "query ($a: Boolean! = true) { first { ... on Book @include(if: $a) { rating } id @skip(if: $a) } }" },
      {
        query:
          "query ($a: Boolean!, $b: Boolean!) { first @skip(if: $a) @include(if: $b) { id ... on Book { rating } } media @include(if: $a) { id } }",
        variables: { a: false, b: true },
      },
      {
        query:
          "query ($a: Boolean!) { first { ... on Book { rating @include(if: $a) } } ...R @skip(if: $a) } fragment R on Query { hit { __typename } }",
        variables: { a: false },
      },
    ],
  },
  "introspection beside data": {
    subgraphs: { library, ratings },
    questions: [
      `{ __schema { queryType { name } types { name kind } directives { name } } first { id } }`,
      `query ($name: String = "Book") { first { title } __type(name: $name) { name fields { name type { name ofType { name } } } } b: __type(name: "Order") { enumValues { name } } }`,
      `{ ...S first { id } } fragment S on Query { __type(name: "Media") { ...T } } fragment T on __Type { possibleTypes { name } }`,
      `{ __type(name: "Nothing") { name } }`,
    ],
  },
  "arguments: enums, input objects, lists, variables and their defaults": {
    subgraphs: {
      a: {
        sdl: fed2(`type Query { find(where: Where!, ids: [ID!], at: Stamp): [Thing] echo(value: Stamp): Stamp }
          input Where { name: String = "n" kind: Kind and: [Where!] } enum Kind { BIG SMALL } scalar Stamp
          type Thing @key(fields: "id") { id: ID! told: String stamp: Stamp }`),
        resolvers: {
          Query: {
            find: (_: unknown, args: object) => [
              { id: "1", told: JSON.stringify(args), stamp: { deep: [1, { a: null }] } },
            ],
            echo: (_: unknown, { value }: { value: unknown }) => value,
          },
          Thing: same,
        },
      },
      b: {
        sdl: fed2(`type Thing @key(fields: "id") { id: ID! has(where: Where!, n: Int = 3): String }
          input Where { name: String = "n" kind: Kind and: [Where!] } enum Kind { BIG SMALL }`),
        resolvers: { Thing: { ...same, has: (_: unknown, args: object) => JSON.stringify(args) } },
      },
    },
    questions: [
      `{ find(where: { kind: BIG, and: [{ name: "x" }, { kind: SMALL }] }, ids: [1, "2"]) { told has(where: {}) } }`,
      {
        query:
          "query ($w: Where!, $n: Int, $ids: [ID!] = [9]) { find(where: $w, ids: $ids) { told stamp has(where: { and: [$w] }, n: $n) } }",
        variables: { w: { kind: "SMALL" }, n: null },
      },
      { query: "query ($w: Where!, $n: Int) { find(where: $w) { has(where: $w, n: $n) } }", variables: { w: {} } },
      { query: "query ($v: Stamp) { echo(value: $v) again: echo(value: [1, $v]) }", variables: { v: { a: [1] } } },
      { query: "query ($w: Where!) { find(where: $w) { id } }", variables: { w: { kind: "HUGE" } } },
      { query: "query ($w: Where!) { find(where: $w) { id } }" },
      { query: "query A { find(where: {}) { id } } query B { find(where: {}) { told } }", operationName: "B" },
    ],
  },
  "@interfaceObject: fields added to every implementation": {
    subgraphs: {
      media: {
        sdl: fed2(`type Query { all: [Media!] one: Media }
          interface Media @key(fields: "id") { id: ID! title: String }
          type Book implements Media @key(fields: "id") { id: ID! title: String pages: Int }
          type Movie implements Media @key(fields: "id") { id: ID! title: String }`),
        resolvers: {
          Query: { all: () => media, one: () => media[1] },
          Media: { __resolveReference: ({ id }: { id: string }) => media.find((m) => m.id === id) },
          Book: { __resolveReference: ({ id }: { id: string }) => media.find((m) => m.id === id) },
          Movie: { __resolveReference: ({ id }: { id: string }) => media.find((m) => m.id === id) },
        },
      },
      scores: {
        sdl: fed2(`type Query { best: Media worst: [Media] }
          type Media @key(fields: "id") @interfaceObject { id: ID! score: Int title: String @external
            loud: String @requires(fields: "title") twin: Media }`),
        resolvers: {
          Query: { best: () => ({ id: "m1" }), worst: () => [{ id: "b1" }, { id: "b2" }, { id: "gone" }] },
          Media: {
            ...same,
            score: ({ id }: { id: string }) => id.length,
            loud: ({ title }: { title: string | null }) => title?.toUpperCase() ?? null,
            twin: ({ id }: { id: string }) => (id === "b1" ? { id: "m1" } : null),
          },
        },
      },
    },
    questions: [
      "{ all { score title } one { __typename score } }",
      "{ best { score title } }",
      "{ best { __typename id ... on Movie { title } } worst { score } }",
      "{ all { loud twin { __typename score title } ... on Book { pages score } } }",
      "{ worst { id __typename ... on Book { pages } } }",
    ],
  },
  "interface fields that the owners know differently": {
    subgraphs: {
      a: {
        sdl: fed2(`type Query { node: Node nodes: [Node] } interface Node { id: ID! }
          type Tree implements Node @key(fields: "id") { id: ID! height: Int leaf: Node }
          type Leaf implements Node @key(fields: "id") { id: ID! }`),
        resolvers: {
          Query: {
            node: () => ({ __typename: "Tree", id: "t", height: 3, leaf: { __typename: "Leaf", id: "l" } }),
            nodes: () => [{ __typename: "Leaf", id: "l" }, null, { __typename: "Tree", id: "t2", leaf: null }],
          },
          Tree: same,
          Leaf: same,
        },
      },
      b: {
        sdl: fed2(`interface Node { id: ID! colour: String }
          type Tree implements Node @key(fields: "id") { id: ID! colour: String height: Int @external shade: String @requires(fields: "height") }
          type Leaf implements Node @key(fields: "id") { id: ID! colour: String tree: Tree }`),
        resolvers: {
          Tree: { ...same, colour: () => "brown", shade: ({ height }: { height: number | null }) => `shade ${height}` },
          Leaf: { ...same, colour: () => "green", tree: () => ({ id: "t" }) },
        },
      },
    },
    questions: [
      "{ node { id colour } }",
      "{ nodes { colour ... on Leaf { tree { colour shade leaf { id } } } ... on Tree { shade leaf { colour } } } }",
    ],
  },
  "unions whose members the owners share": {
    subgraphs: {
      a: {
        sdl: fed2(`type Query { any: [Any] } union Any = Cat | Dog type Cat @key(fields: "id") { id: ID! name: String }
          type Dog @key(fields: "id") { id: ID! name: String! }`),
        resolvers: {
          Query: {
            any: () => [
              { __typename: "Cat", id: "c" },
              { __typename: "Dog", id: "d", name: "Rex" },
            ],
          },
          Cat: same,
          Dog: same,
        },
      },
      b: {
        sdl: fed2(
          `union Any = Cat | Fish type Cat @key(fields: "id") { id: ID! lives: Int friend: Any } type Fish @shareable { depth: Int }`,
        ),
        resolvers: { Cat: { ...same, lives: () => 9, friend: () => ({ __typename: "Fish", depth: 3 }) } },
      },
    },
    questions: [
      "{ any { __typename ... on Cat { lives friend { ... on Fish { depth } ... on Dog { name } } } ... on Dog { name } } }",
    ],
  },
};

function query(): string {
  return `query ($yes: Boolean! = true, $no: Boolean = false) {
    media { id @include(if: $yes) title @skip(if: $yes) ... on Book @include(if: $yes) { rating @skip(if: false) pages }
      ... on Movie { cast @include(if: $yes) } }
    first @include(if: $yes) { title }
  }`
    .replace("$no: Boolean", "$no: Boolean!")
    .replace("title }", "title @skip(if: $no) id }");
}

describe("our gateway answers as stock @apollo/gateway, with SHORT_PATH on and off", () => {
  it.each(Object.entries(cases))("%s", async (_, stockCase) => {
    const replies = await askAll(stockCase);
    expect(replies).toHaveLength(stockCase.questions.length);
    for (const { question, stock, on, off } of replies) {
      expect(on, question.query).toBe(stock);
      expect(off, question.query).toBe(stock);
    }
  });
});
