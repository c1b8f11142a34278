/**
 * Which events are answered by their owner alone, and which go the long way.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { composeSupergraph } from "../../../../gateway/compose.ts";
import type { OperationContext } from "../../../../gateway/context.ts";
import { createPlanner } from "../../../../gateway/planner.ts";
import { createDirectRun } from "../../../../gateway/subscriptions/direct-run.ts";
import type { OperationResult } from "../../../../shared/graphql/execute.ts";
import { anonymous } from "../../../../shared/identity.ts";
import { silentLogger } from "../../../../shared/logging.ts";

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])`;
const stock = `${link}
  type Query { version: Int }
  type Subscription { changed(sku: ID): Change }
  type Change { cursor: String product: Product }
  type Product @key(fields: "sku") { sku: ID! left: Int }`;
const catalogue = `${link}
  type Query { product(sku: ID!): Product }
  type Product @key(fields: "sku") { sku: ID! name: String }`;
const urls = { stock: "local:stock", catalogue: "local:catalogue" };
const planner = createPlanner(
  composeSupergraph([
    { name: "stock", url: urls.stock, sdl: stock },
    { name: "catalogue", url: urls.catalogue, sdl: catalogue },
  ]),
  false,
);

const change = { cursor: "c-1", event: {} } as NonNullable<OperationContext["change"]>;
const context: OperationContext = { identity: anonymous, correlationId: "story", change };
const told: OperationResult = { data: { changed: { cursor: "c-1" } } };
const long: OperationResult = { data: { long: true } };

describe("an event of a subscription", () => {
  let ways: string[] = [];
  beforeEach(() => {
    ways = [];
  });

  function runWith(answer: () => Promise<OperationResult>) {
    return createDirectRun({
      planner,
      local: new Map([
        [
          "stock",
          {
            async execute({ extensions, variables }) {
              ways.push(`stock ${extensions?.change?.cursor} ${JSON.stringify(variables ?? {})}`);
              return answer();
            },
          },
        ],
      ]),
      deadlineMs: 5_000,
      longWay: async () => {
        ways.push("long");
        return long;
      },
      log: silentLogger,
    });
  }

  it("is answered by its owner where one fetch is the whole plan, without what the owner says to caches", async () => {
    const run = runWith(async () => ({ ...told, extensions: { cache: { tags: [], maxAgeMs: 1 } } }));
    const query = "subscription ($sku: ID) { changed(sku: $sku) { cursor product { sku left } } }";
    for (let i = 0; i < 2; i++) expect(await run({ query, variables: { sku: "A" } }, context)).toEqual(told);
    expect(ways).toEqual(['stock c-1 {"sku":"A"}', 'stock c-1 {"sku":"A"}']);
  });

  it.each([
    ["another owner is needed", "subscription { changed { product { name } } }"],
    ["a condition may change the plan", "subscription ($all: Boolean!) { changed @include(if: $all) { cursor } }"],
    ["the document is not one that can be planned", "subscription { nobody }"],
  ])("goes the long way when %s", async (_why, query) => {
    expect(await runWith(async () => told)({ query, variables: { all: true } }, context)).toEqual(long);
    expect(ways).toEqual(["long"]);
  });

  it("goes the long way as well when the owner reports an error, or fails", async () => {
    const request = { query: "subscription { changed { cursor } }" };
    const wrong = { data: { changed: null }, errors: [{ message: "hidden", extensions: {} }] };
    expect(await runWith(async () => wrong)(request, context)).toEqual(long);
    const broken = async (): Promise<OperationResult> => {
      throw new Error("a secret");
    };
    expect(await runWith(broken)(request, context)).toEqual(long);
    expect(ways).toEqual(["stock c-1 {}", "long", "stock c-1 {}", "long"]);
  });

  it("is no query: what is asked without an event goes the long way", async () => {
    const { change: _, ...without } = context;
    expect(await runWith(async () => told)({ query: "{ version }" }, without)).toEqual(long);
    expect(ways).toEqual(["long"]);
  });
});
