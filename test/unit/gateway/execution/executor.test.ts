/**
 * Operations executed over their owners: planned once, bounded in what is remembered, a subscription once per event.
 */
import { Kind, type OperationDefinitionNode, parse } from "graphql";
import { describe, expect, it } from "vitest";
import { composeSupergraph } from "../../../../gateway/compose.ts";
import { createPlanExecutor } from "../../../../gateway/execution/executor.ts";
import type { Fetch } from "../../../../gateway/execution/plan.ts";
import { createPlanner } from "../../../../gateway/planner.ts";
import { anonymous } from "../../../../shared/identity.ts";

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key"])`;
const planner = createPlanner(
  composeSupergraph([
    {
      name: "stock",
      sdl: `${link} type Query { all: [Product] } type Subscription { changed: Product } type Product @key(fields: "sku") { sku: ID! }`,
    },
    { name: "erp", sdl: `${link} type Product @key(fields: "sku") { sku: ID! name: String }` },
  ]),
  false,
);

const product = (sku: string) => ({ __typename: "Product", sku });

function executorWith(bytesMax?: number) {
  let plans = 0;
  const asked: [string, Fetch][] = [];
  const executor = createPlanExecutor({
    ...(bytesMax === undefined ? {} : { bytesMax }),
    planner: {
      ...planner,
      plan: (...args) => {
        plans += 1;
        return planner.plan(...args);
      },
    },
    ask: async (name, fetch) => {
      asked.push([name, fetch]);
      if (name === "stock") return { data: { all: ["A", "B", "A"].map(product), changed: product("A") } };
      const skus = (fetch.variables["representations"] as { sku: string }[]).map(({ sku }) => sku);
      return {
        data: { _entities: skus.map((sku) => (sku === "B" ? null : { name: `name of ${sku}` })) },
        ...(skus.includes("B")
          ? {
              errors: [
                { message: "no B", path: ["_entities", skus.indexOf("B"), "name"], extensions: { code: "NO_B" } },
              ],
            }
          : {}),
      };
    },
  });
  const run = (query: string, variables?: Record<string, unknown>) => {
    const document = parse(query);
    const operation = document.definitions.find((d) => d.kind === Kind.OPERATION_DEFINITION) as OperationDefinitionNode;
    const prepared = executor.prepare(query, document, operation);
    return executor.execute(prepared, variables, { identity: anonymous, correlationId: "c" });
  };
  return { run, asked, plans: () => plans };
}

describe("an operation", () => {
  it("asks each owner once, and for each entity once", async () => {
    const { run, asked } = executorWith();
    const { data, errors } = await run("{ all { sku name } }");
    const a = { sku: "A", name: "name of A" };
    expect(data).toEqual({ all: [a, { sku: "B", name: null }, a] });
    expect(errors?.map(({ path, extensions }) => [path, extensions])).toEqual([
      [["all", 1, "name"], { code: "NO_B", serviceName: "erp" }],
    ]);
    expect(asked.map(([name]) => name)).toEqual(["stock", "erp"]);
    expect(JSON.parse(asked[1]?.[1].representationsText ?? "")).toEqual([product("A"), product("B")]);
  });

  it("with variables that do not fit asks nobody", async () => {
    const { run, asked } = executorWith();
    const { data, errors } = await run("query ($no: Boolean!) { all @skip(if: $no) { sku } }", { no: "maybe" });
    expect(data).toBeUndefined();
    expect(errors?.[0]?.message).toContain("$no");
    expect(asked).toEqual([]);
  });

  it("that is a subscription runs for one event: first the owner's part, then the rest", async () => {
    const { run, asked } = executorWith();
    expect(await run("subscription { changed { name } }")).toEqual({ data: { changed: { name: "name of A" } } });
    expect(asked.map(([name]) => name)).toEqual(["stock", "erp"]);
  });
});

describe("what is remembered of operations", () => {
  it("spares planning the second time", async () => {
    const { run, plans } = executorWith();
    await run("{ all { sku } }");
    await run("{ all { sku } }");
    expect(plans()).toBe(1);
  });

  it("is forgotten when there is too much of it", async () => {
    const { run, plans } = executorWith(6_000);
    await run("{ all { sku } }");
    await run("{ all { sku } }");
    expect(plans()).toBe(1);
    for (let i = 0; i < 5; i++) await run(`{ a${i}: all { sku } }`);
    await run("{ all { sku } }");
    expect(plans()).toBe(7);
  });
});
