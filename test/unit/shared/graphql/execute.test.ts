/**
 * Running an operation: every way it can go wrong has a code, and nothing of the inside gets out.
 */
import { buildSchema, type GraphQLObjectType, parse } from "graphql";
import { describe, expect, it } from "vitest";
import { AppError } from "../../../../shared/errors.ts";
import { createExecutor } from "../../../../shared/graphql/execute.ts";
import { limits } from "../../../../shared/limits.ts";
import { silentLogger } from "../../../../shared/logging.ts";

const schema = buildSchema(`
  type Query { fine: Int refused: Int broken: Int echo(n: Int!): Int required: Int! who: String list: [Int!] }
`);
const fields = (schema.getType("Query") as GraphQLObjectType).getFields();
const resolve = (name: string, resolver: (source: unknown, args: never, context: never) => unknown) => {
  const field = fields[name];
  if (field) field.resolve = resolver as never;
};
resolve("fine", () => 1);
resolve("refused", () => {
  throw new AppError("FORBIDDEN", { message: "Not you.", role: "planner" });
});
resolve("broken", () => {
  throw new TypeError("password of the database is 1234");
});
resolve("required", () => null);
resolve("echo", (_: unknown, { n }: { n: number }) => n);
resolve("who", (_: unknown, _args: unknown, { name }: { name: string }) => name);

describe("an operation", () => {
  const logged: Record<string, unknown>[] = [];
  const log = { ...silentLogger, error: (entry: object) => logged.push(entry as Record<string, unknown>) };
  const run = createExecutor(schema, log);

  it("answers with its data and nothing else", async () => {
    expect(await run({ query: "{ fine }" }, {})).toEqual({ data: { fine: 1 } });
  });

  it("takes variables, a name and a context", async () => {
    const query = "query A($n: Int!) { echo(n: $n) } query B { who }";
    expect(await run({ query, operationName: "A", variables: { n: 7 } }, {})).toEqual({ data: { echo: 7 } });
    expect(await run({ query, operationName: "B" }, { name: "walter" })).toEqual({ data: { who: "walter" } });
  });

  it("takes a document that was parsed before", async () => {
    expect(await run({ document: parse("{ fine }") }, {})).toEqual({ data: { fine: 1 } });
  });

  it.each([
    ["does not parse", "{ fine", "GRAPHQL_PARSE_FAILED"],
    ["is empty", "", "GRAPHQL_PARSE_FAILED"],
    ["is longer than a document may be", `{ ${"fine ".repeat(limits.queryTokensMax)} }`, "GRAPHQL_PARSE_FAILED"],
    ["asks for what is not there", "{ nothing }", "GRAPHQL_VALIDATION_FAILED"],
    ["lacks an argument", "{ echo }", "GRAPHQL_VALIDATION_FAILED"],
    ["asks twice for one name", "{ a: fine a: who }", "GRAPHQL_VALIDATION_FAILED"],
  ])("that %s is refused before it runs, each time", async (_, query, code) => {
    for (let i = 0; i < 2; i++) {
      const { data, errors } = await run({ query }, {});
      expect(data).toBeUndefined();
      expect(errors?.[0]?.extensions).toEqual({ code });
    }
  });

  it.each([[{}], [{ n: "seven" }], [{ n: null }], [{ n: 2 ** 31 }]])(
    "with the variables %j is bad input",
    async (variables) => {
      const { errors } = await run({ query: "query ($n: Int!) { echo(n: $n) }", variables }, {});
      expect(errors?.[0]?.extensions?.["code"]).toBe("BAD_USER_INPUT");
    },
  );

  it("whose name is not in the document is bad input", async () => {
    const { errors } = await run({ query: "query A { fine }", operationName: "B" }, {});
    expect(errors?.[0]?.extensions?.["code"]).toBe("BAD_USER_INPUT");
  });

  it("shows a refusal of ours with its code and details, where it happened, beside the rest of the data", async () => {
    expect(await run({ query: "{ fine refused }" }, {})).toEqual({
      data: { fine: 1, refused: null },
      errors: [
        {
          message: "Not you.",
          path: ["refused"],
          locations: [{ line: 1, column: 8 }],
          extensions: { code: "FORBIDDEN", role: "planner" },
        },
      ],
    });
  });

  it("shows nothing of a defect but a number, under which the log tells all", async () => {
    const { data, errors } = await run({ query: "{ fine broken }" }, {});
    expect(data).toEqual({ fine: 1, broken: null });
    const [error] = errors ?? [];
    expect(error?.extensions).toEqual({ code: "INTERNAL", incidentId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(JSON.stringify(errors)).not.toContain("1234");
    const entry = logged.find(({ incidentId }) => incidentId === error?.extensions?.["incidentId"]);
    expect(String(entry?.["error"])).toContain("1234");
  });
});
