/**
 * A subgraph in the gateway's process and the same subgraph behind HTTP: one suite, the same answers.
 *
 * `catalogue` always runs in the gateway's process; `stock`, which adds to its products, is what changes place.
 */
import { afterEach, describe, expect, it } from "vitest";
import type { Endpoint } from "../../gateway/endpoints.ts";
import { AppError } from "../../shared/errors.ts";
import {
  ask,
  createTestSubgraph,
  recordingLogger,
  serveTestSubgraph,
  startTestGateway,
  stopAll,
  type TestGatewayOptions,
} from "../helpers/gateways.ts";

const names: Record<string, string> = { A: "Anvil", B: "Bolt" };

const catalogue = createTestSubgraph(
  `type Query { products(skus: [ID!]!): [Product!]! }
   type Mutation { rename(sku: ID!, name: String!): Product }
   type Product @key(fields: "sku") { sku: ID! name: String }`,
  {
    Query: { products: (_: unknown, { skus }: { skus: string[] }) => skus.map((sku) => ({ sku, name: names[sku] })) },
    Mutation: { rename: (_: unknown, { sku, name }: { sku: string; name: string }) => ({ sku, name }) },
    Product: { __resolveReference: ({ sku }: { sku: string }) => ({ sku, name: names[sku] }) },
  },
);

let countsStarted = 0;

const stock = createTestSubgraph(
  `type Query { warehouses: [String!] locked: String broken: String never: String }
   type Mutation { count(sku: ID!): Int }
   type Product @key(fields: "sku") { sku: ID! onHand: Int bin(row: Int): String }`,
  {
    Query: {
      warehouses: () => ["NORTH"],
      locked: () => {
        throw new AppError("FORBIDDEN", { message: "Not for you.", needs: "planner" });
      },
      broken: () => {
        throw new Error("password=hunter2 at db:3306");
      },
      never: () => new Promise(() => {}),
    },
    Mutation: {
      count: () => {
        countsStarted += 1;
        return new Promise(() => {});
      },
    },
    Product: {
      __resolveReference: (reference: { sku: string }) => reference,
      onHand: ({ sku }: { sku: string }) => sku.length * 10,
      bin: (_: unknown, { row }: { row: number }) => {
        if (row > 9) throw new AppError("BAD_USER_INPUT", { message: "There are nine rows." });
        return `row ${row}`;
      },
    },
  },
);

afterEach(stopAll);

describe.each(["in process", "over HTTP"])("a subgraph %s", (place) => {
  async function start(options: TestGatewayOptions = {}) {
    const stockAt: Endpoint =
      place === "in process"
        ? { name: "stock", local: stock }
        : { name: "stock", url: (await serveTestSubgraph(stock)).url };
    return startTestGateway([{ name: "catalogue", local: catalogue }, stockAt], options);
  }

  it("adds its fields to the products of another", async () => {
    const gateway = await start();
    const answer = await ask(
      gateway,
      'query Q($row: Int) { products(skus: ["A", "BB"]) { sku name onHand bin(row: $row) } }',
      {
        row: 3,
      },
    );
    expect(answer.data).toEqual({
      products: [
        { sku: "A", name: "Anvil", onHand: 10, bin: "row 3" },
        { sku: "BB", name: null, onHand: 20, bin: "row 3" },
      ],
    });
    expect(answer.errors).toEqual([]);
    expect(answer.status).toBe(200);
  });

  it("answers fields of its own, and entities after another's mutation", async () => {
    const gateway = await start();
    expect((await ask(gateway, "{ warehouses }")).data).toEqual({ warehouses: ["NORTH"] });
    const answer = await ask(gateway, `mutation { rename(sku: "A", name: "Hammer") { name onHand } }`);
    expect(answer.data).toEqual({ rename: { name: "Hammer", onHand: 10 } });
  });

  it("keeps the code and the details of its errors, and says whose they are", async () => {
    const { errors, data } = await ask(await start(), "{ locked }");
    expect(data).toEqual({ locked: null });
    expect(errors).toEqual([
      {
        message: "Not for you.",
        path: ["locked"],
        extensions: { code: "FORBIDDEN", needs: "planner", service: "stock" },
      },
    ]);
  });

  it("puts the errors of its entities where the client asked", async () => {
    const { errors, data } = await ask(await start(), '{ products(skus: ["A", "B"]) { place: bin(row: 10) name } }');
    expect(data.products).toEqual([
      { place: null, name: "Anvil" },
      { place: null, name: "Bolt" },
    ]);
    expect(errors.map(({ path, extensions }) => [path, extensions["code"]])).toEqual([
      [["products", 0, "place"], "BAD_USER_INPUT"],
      [["products", 1, "place"], "BAD_USER_INPUT"],
    ]);
  });

  it("shows nothing of a defect but an incident id", async () => {
    const answer = await ask(await start(), "{ broken }");
    expect(answer.data).toEqual({ broken: null });
    const [error] = answer.errors;
    expect(error?.extensions).toEqual({
      code: "INTERNAL",
      service: "stock",
      incidentId: expect.stringMatching(/^[\w-]{36}$/),
    });
    expect(answer.text).not.toContain("hunter2");
  });

  it("that takes too long costs the query its fields, and not the deadline of the others", async () => {
    const { log, lines } = recordingLogger();
    const gateway = await start({ deadlines: { queryMs: 60, mutationMs: 60_000 }, log });
    const answer = await ask(gateway, '{ never products(skus: ["A"]) { name } }');
    expect(answer.data).toEqual({ never: null, products: [{ name: "Anvil" }] });
    expect(answer.errors).toEqual([
      {
        message: "The system that owns this field does not answer.",
        path: ["never"],
        extensions: { code: "SOURCE_UNAVAILABLE", service: "stock" },
      },
    ]);
    const warning = lines.find((line) => line.level === "warn");
    expect(warning).toMatchObject({
      message: "a subgraph does not answer",
      fields: { subgraph: "stock", correlationId: answer.headers.get("x-correlation-id") },
    });
  });

  it("that takes too long over a mutation is not asked again", async () => {
    const before = countsStarted;
    const gateway = await start({ deadlines: { queryMs: 60_000, mutationMs: 60 } });
    const answer = await ask(gateway, `mutation { count(sku: "A") }`);
    expect(answer.data).toEqual({ count: null });
    expect(answer.errors[0]?.extensions).toEqual({ code: "SOURCE_UNAVAILABLE", service: "stock" });
    expect(countsStarted).toBe(before + 1);
  });
});
