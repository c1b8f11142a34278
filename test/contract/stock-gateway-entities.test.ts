/**
 * Any supergraph is answered as stock `@apollo/gateway` answers it: entities and who owns which of their fields.
 *
 * Keys of every kind, @requires, @provides, @override, @external, @shareable, @inaccessible, federation 1.
 */
import { describe, expect, it } from "vitest";
import { askAll, fed2, type StockCase } from "../helpers/stock-gateway.ts";

const byId = (things: readonly Record<string, unknown>[], key = "id") => ({
  __resolveReference: (reference: Record<string, unknown>) => things.find((t) => t[key] === reference[key]) ?? null,
});
const same = { __resolveReference: (reference: object) => reference };

const products = [
  { id: "1", sku: "S1", name: "Anvil", weight: 12.5, price: 100 },
  { id: "2", sku: "S2", name: "Bolt", weight: null, price: 1 },
  { id: "3", sku: "S3", name: "Crane", weight: 4000, price: 99_000 },
];

const catalogue = {
  sdl: fed2(`type Query { products: [Product!]! product(id: ID!): Product }
    type Product @key(fields: "id") { id: ID! sku: String! name: String weight: Float price: Int }`),
  resolvers: {
    Query: {
      products: () => products,
      product: (_: unknown, { id }: { id: string }) => products.find((p) => p.id === id) ?? null,
    },
    Product: byId(products),
  },
};

const cases: Record<string, StockCase> = {
  "a single key, lists, and an entity that is not there": {
    subgraphs: {
      catalogue,
      stock: {
        sdl: fed2(`type Product @key(fields: "id") { id: ID! onHand: Int bins: [[String]] }`),
        resolvers: {
          Product: {
            __resolveReference: (r: { id: string }) => (r.id === "3" ? null : r),
            onHand: ({ id }: { id: string }) => Number(id) * 10,
            bins: () => [["a", null], null, []],
          },
        },
      },
    },
    questions: [
      "{ products { onHand name id bins } }",
      "query One($id: ID!) { product(id: $id) { id onHand } }",
      { query: "query One($id: ID!) { product(id: $id) { bins onHand } }", variables: { id: "2" } },
      { query: "query One($id: ID!) { product(id: $id) { onHand } }", variables: { id: "3" } },
      { query: "query One($id: ID!) { product(id: $id) { onHand } }", variables: { id: "none" } },
      "{ a: product(id: 1) { onHand } b: product(id: 2) { n: onHand onHand } c: product(id: 1) { onHand bins } }",
    ],
  },
  "the same entity many times in one list": {
    subgraphs: {
      orders: {
        sdl: fed2(`type Query { lines: [Line!]! } type Line { no: Int! product: Product nested: [[Product]] }
          type Product @key(fields: "id", resolvable: false) { id: ID! }`),
        resolvers: {
          Query: {
            lines: () => {
              const at = (id: string | null) => id && { id };
              const ids = ["1", "2", "1", null, "1", "3", "2"];
              return ids.map((id, no) => ({ no, product: at(id), nested: [[at("1"), at(id)], null, [at("9")]] }));
            },
          },
        },
      },
      catalogue,
      maker: {
        sdl: fed2(
          `type Product @key(fields: "id") { id: ID! maker: Maker } type Maker @key(fields: "code") { code: ID! }`,
        ),
        resolvers: {
          Product: { ...same, maker: ({ id }: { id: string }) => ({ code: id === "2" ? "M" : "N" }) },
          Maker: same,
        },
      },
      makers: {
        sdl: fed2(
          `type Maker @key(fields: "code") { code: ID! name: String address: Address } type Address { town: String }`,
        ),
        resolvers: {
          Maker: { ...same, name: ({ code }: { code: string }) => `Maker ${code}`, address: () => ({ town: "Ulm" }) },
        },
      },
    },
    questions: [
      "{ lines { no product { name } } }",
      "{ lines { product { maker { name code address { town } } weight } nested { name maker { name } } } }",
    ],
  },
  "keys inside keys, several keys, keys that lead to keys": {
    subgraphs: {
      a: {
        sdl: fed2(`type Query { users: [User] } type User @key(fields: "org { id } name") { org: Org! name: String! mail: String }
          type Org { id: ID! }`),
        resolvers: {
          Query: {
            users: () => [{ org: { id: "o1" }, name: "Ada", mail: "ada@x" }, null, { org: { id: "o2" }, name: "Bo" }],
          },
          User: same,
        },
      },
      b: {
        sdl: fed2(`type User @key(fields: "org { id } name") @key(fields: "number") { org: Org! name: String! number: Int! }
          type Org @shareable { id: ID! }`),
        resolvers: {
          User: {
            ...same,
            number: ({ name }: { name: string }) => name.length,
            org: (u: { org?: object }) => u.org ?? { id: "?" },
          },
        },
      },
      c: {
        sdl: fed2(`type User @key(fields: "number") { number: Int! score: Float friends: [User!] }`),
        resolvers: {
          User: {
            ...same,
            score: ({ number }: { number: number }) => number / 2,
            friends: ({ number }: { number: number }) => (number > 2 ? [{ number: 1 }, { number: 2 }] : []),
          },
        },
      },
    },
    questions: ["{ users { score mail } }", "{ users { org { id } name number score friends { number score } } }"],
  },
  "an entity that is fetched through its own fields again": {
    subgraphs: {
      catalogue: {
        ...catalogue,
        sdl: fed2(`type Query { products: [Product!]! product(id: ID!): Product }
          type Product @key(fields: "id") @key(fields: "sku") { id: ID! sku: String! name: String weight: Float price: Int }`),
        resolvers: {
          ...catalogue.resolvers,
          Product: {
            __resolveReference: (r: { id?: string; sku?: string }) =>
              products.find((p) => p.id === r.id || p.sku === r.sku) ?? null,
          },
        },
      },
      related: {
        sdl: fed2(`type Product @key(fields: "sku") { sku: String! related: [Product!] parent: Product }`),
        resolvers: {
          Product: {
            ...same,
            related: ({ sku }: { sku: string }) => ["S1", "S2"].filter((s) => s !== sku).map((s) => ({ sku: s })),
            parent: ({ sku }: { sku: string }) => (sku === "S1" ? null : { sku: "S1" }),
          },
        },
      },
    },
    questions: [
      "{ products { name related { name related { name parent { name parent { id } } } } } }",
      "{ product(id: 2) { parent { related { id price } } } }",
    ],
  },
  "@requires: one field, chains of them, nested selections": {
    subgraphs: {
      catalogue,
      shipping: {
        sdl: fed2(`type Product @key(fields: "id") {
          id: ID! weight: Float @external price: Int @external
          fee: Float @requires(fields: "weight price")
          tax: Float @requires(fields: "price")
          parcel: Parcel
        } type Parcel { size: Int label: String }`),
        resolvers: {
          Product: {
            ...same,
            fee: ({ weight, price }: { weight: number | null; price: number }) =>
              weight === null ? null : weight + price,
            tax: ({ price }: { price: number }) => price / 10,
            parcel: ({ id }: { id: string }) => (id === "3" ? null : { size: Number(id), label: `L${id}` }),
          },
        },
      },
      billing: {
        sdl: fed2(`type Product @key(fields: "id") {
          id: ID! fee: Float @external tax: Float @external parcel: Parcel @external
          total: Float @requires(fields: "fee tax")
          sticker: String @requires(fields: "parcel { size }")
        } type Parcel { size: Int @external }`),
        resolvers: {
          Product: {
            ...same,
            total: ({ fee, tax }: { fee: number | null; tax: number }) => (fee ?? 0) + tax,
            sticker: ({ parcel }: { parcel: { size: number } | null }) => (parcel ? `size ${parcel.size}` : "none"),
          },
        },
      },
    },
    questions: [
      "{ products { fee } }",
      "{ products { total sticker } }",
      "{ products { total fee tax weight parcel { label } sticker } }",
      "{ product(id: 3) { sticker } }",
    ],
  },
  "@requires with arguments": {
    subgraphs: {
      a: {
        sdl: fed2(`type Query { boxes: [Box] } type Box @key(fields: "id") { id: ID! volume(unit: Unit! = L): Float }
          enum Unit { L ML }`),
        resolvers: {
          Query: { boxes: () => [{ id: "1" }, { id: "2" }] },
          Box: {
            ...same,
            volume: ({ id }: { id: string }, { unit }: { unit: string }) => Number(id) * (unit === "ML" ? 1000 : 1),
          },
        },
      },
      b: {
        sdl: fed2(`type Box @key(fields: "id") { id: ID! volume(unit: Unit! = L): Float @external
          drops: Float @requires(fields: "volume(unit: ML)") } enum Unit { L ML }`),
        resolvers: { Box: { ...same, drops: ({ volume }: { volume: number }) => volume * 20 } },
      },
    },
    questions: [
      "{ boxes { drops } }",
      "{ boxes { volume(unit: L) drops } }",
      "{ boxes { drops v: volume volume(unit: ML) } }",
    ],
  },
  "@provides, and the owner where nothing is provided": {
    subgraphs: {
      reviews: {
        sdl: fed2(`type Query { reviews: [Review!]! plain: [Review!]! @shareable }
          type Review { text: String author: User @provides(fields: "name") editor: User }
          type User @key(fields: "id") { id: ID! name: String @external }`),
        resolvers: {
          Query: {
            reviews: () => [
              { text: "ok", author: { id: "1", name: "provided" }, editor: { id: "2" } },
              { text: null, author: null },
            ],
            plain: () => [],
          },
        },
      },
      users: {
        sdl: fed2(`type User @key(fields: "id") { id: ID! name: String @shareable age: Int }`),
        resolvers: { User: { ...same, name: ({ id }: { id: string }) => `owned ${id}`, age: () => 40 } },
      },
    },
    questions: [
      "{ reviews { author { name } editor { name } } }",
      "{ reviews { text author { age name } } plain { text } }",
    ],
  },
  "@override, @shareable roots, @inaccessible and @tag": {
    subgraphs: {
      old: {
        sdl: fed2(`type Query { post: Post shared: Int @shareable }
          type Post @key(fields: "id") { id: ID! title: String body: String secret: String @inaccessible }`),
        resolvers: {
          Query: { post: () => ({ id: "p", title: "old", body: "old body", secret: "s" }), shared: () => 1 },
          Post: same,
        },
      },
      new: {
        sdl: fed2(`type Query { shared: Int @shareable }
          type Post @key(fields: "id") { id: ID! title: String @override(from: "old") @tag(name: "new")
            secret: String @external hint: String @requires(fields: "secret") }`),
        resolvers: {
          Query: { shared: () => 1 },
          Post: { ...same, title: () => "new", hint: ({ secret }: { secret: string }) => secret.length },
        },
      },
    },
    questions: ["{ post { title body } shared }", "{ post { hint } }", "{ post { secret } }"],
  },
  "federation 1: extended types": {
    subgraphs: {
      users: {
        sdl: `type Query { me: User } type User @key(fields: "id") { id: ID! name: String username: String }`,
        resolvers: {
          Query: { me: () => ({ id: "1", name: "Ada", username: "@ada" }) },
          User: { __resolveReference: () => ({ id: "1", name: "Ada", username: "@ada" }) },
        },
      },
      reviews: {
        sdl: `extend type User @key(fields: "id") { id: ID! @external username: String @external
            reviews: [Review] handle: String @requires(fields: "username") }
          type Review @key(fields: "id") { id: ID! body: String author: User @provides(fields: "username") }
          extend type Query { topReviews(first: Int = 2): [Review] }`,
        resolvers: {
          Query: { topReviews: (_: unknown, { first }: { first: number }) => reviews.slice(0, first) },
          User: { ...same, reviews: () => reviews, handle: (u: { username: string }) => u.username.slice(1) },
          Review: same,
        },
      },
    },
    questions: [
      "{ me { name reviews { body author { username name } } handle } }",
      "query Top($n: Int) { topReviews(first: $n) { id author { name handle } } }",
      { query: "query Top($n: Int = 1) { topReviews(first: $n) { id } }" },
    ],
  },
  "null keys and null references": {
    subgraphs: {
      a: {
        sdl: fed2(
          `type Query { carts: [Cart] } type Cart @key(fields: "id") @key(fields: "code") { id: ID code: String }`,
        ),
        resolvers: {
          Query: { carts: () => [{ id: "1", code: null }, { id: null, code: "c" }, { id: null, code: null }, null] },
          Cart: same,
        },
      },
      b: {
        sdl: fed2(`type Cart @key(fields: "code") { code: String size: Int }`),
        resolvers: { Cart: { __resolveReference: (r: { code: string | null }) => (r.code ? r : null), size: () => 3 } },
      },
    },
    questions: ["{ carts { size } }", "{ carts { id code size } }"],
  },
};

const reviews = [1, 2, 3].map((n) => ({ id: `r${n}`, body: `body ${n}`, author: { id: "1", username: "@ada" } }));

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
