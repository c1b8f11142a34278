/**
 * A subgraph's schema and its access table fit each other, and the rules stand on every way to a field.
 */
import { describe, expect, it } from "vitest";
import type { AccessTable } from "../../../../shared/access.ts";
import { type CacheHintCollector, createCacheHints } from "../../../../shared/graphql/cache-hints.ts";
import { createExecutor } from "../../../../shared/graphql/execute.ts";
import { createSubgraphSchema } from "../../../../shared/graphql/schema.ts";
import { anonymous, type Role } from "../../../../shared/identity.ts";
import { silentLogger } from "../../../../shared/logging.ts";

const sdl = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key"])
  type Query { open: Int closed: Int thing: Thing }
  type Mutation { change: Int }
  type Thing @key(fields: "id") { id: ID! secret: Int }
`;
const access: AccessTable = {
  "Query.open": "anyone",
  "Query.closed": ["planner"],
  "Query.thing": "anyone",
  "Mutation.change": ["planner"],
  "Thing.secret": "person",
};
const resolvers = {
  Query: { open: () => 1, closed: () => 2, thing: () => ({ id: "t", secret: 3 }) },
  Mutation: { change: () => 4 },
  Thing: { __resolveReference: (reference: { id: string }) => ({ ...reference, secret: 3 }) },
};

describe("an access table", () => {
  it("that forgets a root field stops the start", () => {
    const { "Mutation.change": _, ...incomplete } = access;
    expect(() => createSubgraphSchema({ sdl, resolvers, access: incomplete })).toThrow(
      "No access rule for Mutation.change",
    );
  });

  it("that names a field which does not exist stops the start", () => {
    const wrong = { ...access, "Thing.secrets": "person", "Query.opn": "anyone" } as const;
    expect(() => createSubgraphSchema({ sdl, resolvers, access: wrong })).toThrow("Thing.secrets, Query.opn");
  });
});

describe("a field with a resolver", () => {
  const Query = {
    open: (_: unknown, __: unknown, { hints }: { hints: CacheHintCollector }) => hints.read(() => ["open"], 9),
    closed: () => 2,
    thing: () => ({ id: "t", secret: 3 }),
  };
  const of = (...fields: string[]) =>
    createSubgraphSchema({ sdl, resolvers: { ...resolvers, Query }, access, tagged: new Set(fields) });

  it.each([
    ["{ open }", { tags: ["open"], maxAgeMs: 9 }],
    ["{ open thing { id } }", undefined],
    ["{ thing { id } }", undefined],
  ])("that does not say what it read makes an answer that is not kept: %s", async (query, told) => {
    const hints = createCacheHints();
    const context = { request: { identity: anonymous, correlationId: "c" }, hints };
    await createExecutor(of("Query.open"), silentLogger)({ query }, context);
    expect(hints.collect()).toEqual(told);
  });

  it("that is said to name what it reads has to exist", () => {
    expect(() => of("Query.open", "Query.gone")).toThrow("Query.gone");
  });
});

describe("a rule", () => {
  const run = createExecutor(createSubgraphSchema({ sdl, resolvers, access }), silentLogger);
  const ask = async (query: string, roles: Role[] | null, variables = {}) => {
    const identity = roles ? { ...anonymous, person: "walter", roles: new Set(roles) } : anonymous;
    const context = { request: { identity, correlationId: "c" }, hints: createCacheHints() };
    const { data, errors } = await run({ query, variables }, context);
    return { data, codes: (errors ?? []).map((error) => error.extensions?.["code"]) };
  };
  const reference = `query ($keys: [_Any!]!) { _entities(representations: $keys) { ... on Thing { id secret } } }`;
  const keys = [{ __typename: "Thing", id: "t" }];

  it.each<[string, string, Role[] | null, string[]]>([
    ["anyone, to anonymous callers", "{ open }", null, []],
    ["a list, to the right role", "{ closed }", ["planner"], []],
    ["a list, to an admin", "{ closed }", ["admin"], []],
    ["a list, closed to another role", "{ closed }", ["crm"], ["FORBIDDEN"]],
    ["a list, closed to anonymous callers", "{ closed }", null, ["UNAUTHENTICATED"]],
    ["a list, closed behind an alias too", "{ open: closed other: closed }", ["crm"], ["FORBIDDEN", "FORBIDDEN"]],
    ["a list, closed in a fragment too", "{ ...F } fragment F on Query { closed }", ["crm"], ["FORBIDDEN"]],
    ["a mutation's list", "mutation { change }", ["crm"], ["FORBIDDEN"]],
    ["a field's, on the way through its parent", "{ thing { id secret } }", null, ["UNAUTHENTICATED"]],
    ["a field's, open to a person", "{ thing { id secret } }", [], []],
  ])("holds: %s", async (_, query, roles, codes) => {
    expect((await ask(query, roles)).codes).toEqual(codes);
  });

  it("of a field holds on the way through an entity reference", async () => {
    expect((await ask(reference, null, { keys })).codes).toEqual(["UNAUTHENTICATED"]);
    expect(await ask(reference, [], { keys })).toEqual({ data: { _entities: [{ id: "t", secret: 3 }] }, codes: [] });
  });

  it("nulls the field it stands on and leaves the others", async () => {
    expect((await ask("{ open thing { id secret } }", null)).data).toEqual({
      open: 1,
      thing: { id: "t", secret: null },
    });
  });

  it("leaves federation's own fields open", async () => {
    const { data } = await ask("{ _service { sdl } }", null);
    expect(data).toMatchObject({ _service: { sdl: expect.stringContaining("type Thing") } });
  });
});
