/**
 * Any supergraph is answered as stock `@apollo/gateway` answers it: nulls, errors, mutations, and owners that lie.
 *
 * An owner that lies answers by itself, not through a schema: wrong types, wrong lengths, no type names.
 */
import { describe, expect, it } from "vitest";
import { askAll, fed2, type Question, type StockCase } from "../helpers/stock-gateway.ts";

const same = { __resolveReference: (reference: object) => reference };
const fail =
  (message: string, extensions: object = {}) =>
  () => {
    throw Object.assign(new Error(message), { extensions });
  };

/** Answers every question with the same body; entities are answered as many times as they were asked for. */
const lies = (data: object | null, entity?: object | null, errors?: object[]) => (question: Question) => {
  const asked = question.variables?.["representations"] as unknown[] | undefined;
  const body = asked ? { data: { _entities: asked.map(() => entity) } } : { data };
  return errors ? { ...body, errors } : body;
};

const tree = fed2(`type Query { tree: Tree trees: [Tree!] need: [[Tree!]!]! ok: String }
  type Tree @key(fields: "id") { id: ID! name: String! child: Tree children: [Tree!]! leaf: Leaf } type Leaf { colour: Colour! size: Int! }
  enum Colour { RED GREEN }`);
const bark = fed2(`type Tree @key(fields: "id") { id: ID! bark: String! rings: [Int!] age: Int }`);
const barkResolvers = {
  Tree: {
    ...same,
    bark: ({ id }: { id: string }) => (id === "x" ? null : `bark ${id}`),
    rings: () => [1, 2],
    age: ({ id }: { id: string }) => (id === "e" ? fail("no age", { code: "AGELESS", hint: { a: 1 } })() : 7),
  },
};

const cases: Record<string, StockCase> = {
  "nulls where the schema allows none, in one owner": {
    subgraphs: {
      tree: {
        sdl: tree,
        answer: lies({
          tree: { __typename: "Tree", id: "1", name: null, leaf: { colour: null, size: 1 } },
          trees: [
            { __typename: "Tree", id: "1", name: "a", children: [] },
            { __typename: "Tree", id: "2", children: null },
          ],
          need: [[{ __typename: "Tree", id: "1", name: "n" }], [null]],
          ok: "ok",
        }),
      },
      bark: { sdl: bark, resolvers: barkResolvers },
    },
    questions: [
      "{ ok tree { id name } }",
      "{ tree { leaf { colour } id } }",
      "{ trees { id } trees { children { id } } ok }",
      "{ ok trees { name } }",
      "{ need { name } }",
      "{ tree { bark } trees { bark } }",
    ],
  },
  "nulls where the schema allows none, in another owner's fields": {
    subgraphs: {
      tree: {
        sdl: tree,
        resolvers: {
          Query: {
            tree: () => ({
              id: "x",
              name: "x",
              children: [
                { id: "2", name: "b", children: [] },
                { id: "x", name: "c", children: [] },
              ],
            }),
            trees: () => [
              { id: "1", name: "a" },
              { id: "x", name: "b" },
            ],
            need: () => [[{ id: "1", name: "a" }], []],
            ok: () => "ok",
          },
          Tree: same,
        },
      },
      bark: { sdl: bark, resolvers: barkResolvers },
    },
    questions: [
      "{ tree { name bark } ok }",
      "{ trees { bark } ok }",
      "{ need { bark rings } }",
      "{ tree { children { bark } name } }",
    ],
  },
  "values that do not fit their types": {
    subgraphs: {
      odd: {
        sdl: fed2(`type Query { int: Int float: Float text: String flag: Boolean id: ID colour: Colour any: Any list: [Int] must: Int! ints: [Int!]
          o: Odd } type Odd { int: Int! text: String } enum Colour { RED } scalar Any`),
        answer: lies({
          ...{
            int: 1.5,
            float: "1.5",
            text: 7,
            flag: "yes",
            id: 12,
            colour: "BLUE",
            any: { a: [1] },
            list: [1, "2", null, 3.5],
            must: 1e21,
          },
          ...{ ints: [1, "x"], o: { int: "1", text: true } },
        }),
      },
    },
    questions: [
      "{ int float text flag id colour any list }",
      "{ must }",
      "{ ints id }",
      "{ o { int text } any }",
      "{ o { text } a: int b: int }",
    ],
  },
  "shapes that do not fit their types": {
    subgraphs: {
      odd: {
        sdl: fed2(`type Query { list: [Int] things: [Thing] thing: Thing node: Node nodes: [Node] }
          interface Node { id: ID } type Thing implements Node @key(fields: "id") { id: ID name: String } type Other { a: Int }`),
        answer: lies({
          list: 1,
          things: { id: "1" },
          thing: "no",
          node: { __typename: "Nothing", id: "1" },
          nodes: [{ __typename: "Thing", id: "1" }, { id: "2" }, { __typename: "Other", id: "3" }],
        }),
      },
    },
    questions: [
      "{ list }",
      "{ things { id } }",
      "{ thing { name } }",
      "{ node { id } }",
      "{ nodes { id } }",
      "{ nodes { __typename id ... on Thing { name } } }",
    ],
  },
  "entities that come wrong: too few, none, not a list, of another type": {
    subgraphs: {
      tree: {
        sdl: tree,
        resolvers: {
          Query: {
            tree: () => ({ id: "1", name: "t" }),
            trees: () => [
              { id: "1", name: "a" },
              { id: "2", name: "b" },
            ],
          },
          Tree: same,
        },
      },
      short: { sdl: bark, answer: () => ({ data: { _entities: [{ age: 1 }] } }) },
      none: { sdl: fed2(`type Tree @key(fields: "id") { id: ID! none: Int }`), answer: () => ({ data: null }) },
      odd: {
        sdl: fed2(`type Tree @key(fields: "id") { id: ID! odd: Int }`),
        answer: () => ({ data: { _entities: "no" } }),
      },
      other: {
        sdl: fed2(`type Tree @key(fields: "id") { id: ID! other: Int }`),
        answer: lies(null, { __typename: "Leaf", other: 3 }),
      },
    },
    questions: [
      "{ trees { age } }",
      "{ tree { age name } }",
      "{ trees { none name } }",
      "{ trees { odd name } }",
      "{ trees { other } }",
    ],
  },
  "errors with path, without, with extensions, in one owner of two": {
    subgraphs: {
      tree: {
        sdl: tree,
        resolvers: {
          Query: {
            tree: () => ({
              id: "e",
              name: "t",
              children: [
                { id: "1", name: "b" },
                { id: "e", name: "c" },
              ],
            }),
            trees: fail("no trees today", { code: "CLOSED", retryAfterS: 5 }),
            ok: fail("plain"),
          },
          Tree: same,
        },
      },
      bark: { sdl: bark, resolvers: barkResolvers },
    },
    questions: [
      "{ tree { age name } }",
      "{ tree { children { name mine: age } } }",
      "{ trees { name } tree { name } }",
      "{ ok }",
      "{ ok trees { age } tree { bark } }",
    ],
  },
  "errors beside data, errors instead of data": {
    subgraphs: {
      a: {
        sdl: fed2(`type Query { a: Int b: Int! }`),
        answer: lies({ a: null, b: 1 }, null, [
          { message: "whole", extensions: { code: "WHOLE" } },
          {
            message: "of a",
            path: ["a"],
            locations: [{ line: 1, column: 2 }],
            extensions: { code: "PART", data: [1] },
          },
        ]),
      },
      b: {
        sdl: fed2(`type Query { c: Int }`),
        answer: () => ({ errors: [{ message: "refused", extensions: { code: "REFUSED" } }] }),
      },
      c: {
        sdl: fed2(`type Query { d: Int }`),
        answer: () => ({ data: { d: 4 }, errors: [{ message: "", extensions: { code: "SILENT" } }] }),
      },
    },
    questions: ["{ a }", "{ a b }", "{ c }", "{ a c }", "{ d }", "{ c d }"],
  },
  "mutations: one after the other, entities of others in between": {
    subgraphs: {
      a: {
        sdl: fed2(
          `type Query { n: Int } type Mutation { add(by: Int!): Counter broken: Int } type Counter @key(fields: "id") { id: ID! n: Int }`,
        ),
        resolvers: counter(),
      },
      b: {
        sdl: fed2(`type Mutation { twice(n: Int!): Int } type Counter @key(fields: "id") { id: ID! double: Int }`),
        resolvers: {
          Mutation: { twice: (_: unknown, { n }: { n: number }) => n * 2 },
          Counter: { ...same, double: ({ id }: { id: string }) => Number(id) * 2 },
        },
      },
    },
    // A mutation is asked of both gateways, one after the other: what it changes must not show.
    questions: [
      "mutation { first: add(by: 1) { n double } back: add(by: -1) { n } twice(n: 4) third: add(by: 2) { double id } again: add(by: -2) { n } }",
      "mutation M($n: Int!) { twice(n: $n) broken add(by: 0) { double } }",
      { query: "mutation M($n: Int!) { twice(n: $n) broken add(by: 0) { double } }", variables: { n: 2 } },
    ],
  },
  "an owner that is down: its fields are null, the others are answered": {
    subgraphs: {
      tree: { sdl: tree, resolvers: { Query: { tree: () => ({ id: "1", name: "t" }), ok: () => "ok" }, Tree: same } },
      bark: { sdl: fed2(`type Query { alone: Int } type Tree @key(fields: "id") { id: ID! age: Int }`), down: true },
    },
    questions: ["{ ok tree { name } }"],
  },
  "what is not valid": {
    subgraphs: { tree: { sdl: tree, resolvers: { Query: { ok: () => "ok" } } } },
    questions: ["{ nothing }", "{ tree }", "{ ok { a } }", "{", "fragment F on Query { ok }"],
  },
};

function counter() {
  let n = 10;
  return {
    Query: { n: () => n },
    Mutation: {
      add: (_: unknown, { by }: { by: number }) => {
        n += by;
        return { id: String(n), n };
      },
      broken: fail("broken", { code: "BROKEN" }),
    },
    Counter: same,
  };
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

  it("the data beside an owner that is down is the same, though a client is told more about it", async () => {
    const [reply] = await askAll({
      subgraphs: {
        tree: {
          sdl: tree,
          resolvers: { Query: { tree: () => ({ id: "1", name: "t" }), ok: () => "ok" }, Tree: same },
        },
        bark: { sdl: fed2(`type Query { alone: Int } type Tree @key(fields: "id") { id: ID! age: Int }`), down: true },
      },
      questions: ["{ ok tree { age name } alone }"],
    });
    const read = (text = "{}") => JSON.parse(text) as { data: unknown; errors: string[] };
    const [stock, on, off] = [read(reply?.stock), read(reply?.on), read(reply?.off)];
    expect(stock.errors).toHaveLength(2);
    for (const { data, errors } of [on, off]) {
      expect(JSON.stringify(data)).toBe(JSON.stringify(stock.data));
      expect(errors.join()).toContain("SOURCE_UNAVAILABLE");
    }
  });
});
