/**
 * What a client meets at `/graphql` over HTTP: the specification, tokens, limits, and one shape for every error.
 *
 * The list of audits that do not pass is kept in `docs/graphql-http.md` and compared here with what the audits say.
 */
import { readFileSync } from "node:fs";
import { auditServer } from "graphql-http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../gateway/gateway.ts";
import { AppError } from "../../shared/errors.ts";
import type { ResolverContext } from "../../shared/graphql/schema.ts";
import { limits } from "../../shared/limits.ts";
import {
  type Answer,
  ask,
  createTestSubgraph,
  recordingLogger,
  send,
  startTestGateway,
  stopAll,
  testToken,
} from "../helpers/gateways.ts";

const { log, lines } = recordingLogger();

const subgraph = createTestSubgraph(
  `type Query {
     caller: String
     known(skus: [ID!]!): Int
     amount(of: Int!): Int
     part: Part
     explode: String
   }
   type Mutation { touch: String }
   type Part { name: String part: Part }`,
  {
    Query: {
      caller: (_: unknown, __: unknown, { request }: ResolverContext) => request.identity.person,
      known: (_: unknown, { skus }: { skus: string[] }) => {
        if (skus.length > 1_000)
          throw new AppError("TOO_MANY_ITEMS", { message: "At most 1000 SKUs.", field: ["skus"] });
        return skus.length;
      },
      amount: (_: unknown, { of }: { of: number }) => of,
      part: () => ({ name: "gear" }),
      explode: () => {
        throw new TypeError("cannot read secret of undefined");
      },
    },
    Mutation: { touch: () => "touched" },
  },
  log,
);

let gateway: Gateway;
let locked: Gateway;

beforeAll(async () => {
  gateway = await startTestGateway([{ name: "parts", local: subgraph }], { log });
  locked = await startTestGateway([{ name: "parts", local: subgraph }], { production: true, introspection: false });
});
afterAll(stopAll);

function post(body: string, headers: Record<string, string> = {}): Promise<Answer> {
  return send(gateway.url(), { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
}

function get(query: string, headers: Record<string, string> = {}): Promise<Answer> {
  return send(`${gateway.url()}?query=${encodeURIComponent(query)}`, { headers });
}

function codes({ errors }: Answer): unknown[] {
  return errors.map((error) => error.extensions["code"]);
}

describe("the GraphQL over HTTP specification", () => {
  it("no MUST fails, and docs/graphql-http.md names every SHOULD and MAY that does", async () => {
    const results = await auditServer({ url: gateway.url(), fetchFn: fetch });
    const idsOf = (status: string) => results.filter((r) => r.status === status).map((r) => r.id);
    const doc = readFileSync(new URL("../../docs/graphql-http.md", import.meta.url), "utf8");
    const listed = (section: string) => {
      const text = doc.split(/^## /m).find((part) => part.startsWith(section)) ?? "";
      return [...text.matchAll(/^\| ([0-9A-Z]{4}) \|/gm)].map((match) => match[1]);
    };
    expect(results.length).toBeGreaterThan(50);
    expect(idsOf("error")).toEqual([]);
    expect(listed("Warnings").sort()).toEqual(idsOf("warn").sort());
    expect(listed("Notices").sort()).toEqual(idsOf("notice").sort());
  });
});

describe("who is asking", () => {
  it("without a token the caller is anonymous, with one it is a person", async () => {
    expect((await ask(gateway, "{ caller }")).data).toEqual({ caller: null });
    const authorization = `Bearer ${await testToken("ada", "planner")}`;
    expect((await ask(gateway, "{ caller }", {}, { authorization })).data).toEqual({ caller: "ada" });
  });

  it.each(["Bearer not.a.token", "Basic YWRhOmFkYQ=="])(
    "%s is refused, not taken for anonymous",
    async (authorization) => {
      const answer = await ask(gateway, "{ caller }", {}, { authorization });
      expect(answer.status).toBe(401);
      expect(codes(answer)).toEqual(["UNAUTHENTICATED"]);
      expect(answer.data).toBeUndefined();
      expect(answer.headers.get("www-authenticate")).toContain("Bearer");
      const line = lines.find((l) => l.message === "token refused");
      expect(JSON.stringify(line)).not.toContain(authorization.split(" ")[1]);
    },
  );
});

describe("the correlation id", () => {
  it("comes back as it was sent, also when the request is refused", async () => {
    const headers = { "x-correlation-id": "order 4711/a" };
    expect((await ask(gateway, "{ caller }", {}, headers)).headers.get("x-correlation-id")).toBe("order 4711/a");
    expect((await post("{", headers)).headers.get("x-correlation-id")).toBe("order 4711/a");
  });

  it("is made where there is none, or one that is not fit to be passed on", async () => {
    const uuid = /^[0-9a-f-]{36}$/;
    expect((await ask(gateway, "{ caller }")).headers.get("x-correlation-id")).toMatch(uuid);
    const long = { "x-correlation-id": "x".repeat(129) };
    expect((await ask(gateway, "{ caller }", {}, long)).headers.get("x-correlation-id")).toMatch(uuid);
  });

  it("stands in the log beside each operation's name, duration and codes", async () => {
    await ask(gateway, "query Mine { caller explode }", {}, { "x-correlation-id": "in-the-log" });
    const line = lines.find((l) => l.message === "operation" && l.fields["correlationId"] === "in-the-log");
    expect(line).toMatchObject({
      level: "info",
      fields: { operation: "query", operationName: "Mine", codes: ["INTERNAL"], durationMs: expect.any(Number) },
    });
  });
});

describe("a body", () => {
  it("of 5 MB is refused by its size, and the sender gets to read it", async () => {
    for (let attempt = 0; attempt < 5; attempt++) {
      const answer = await ask(gateway, "{ caller }", { filler: "x".repeat(5_000_000) });
      expect(answer.status).toBe(413);
      expect(codes(answer)).toEqual(["PAYLOAD_TOO_LARGE"]);
      expect(answer.errors[0]?.message).toContain(String(limits.bodyBytesMax));
    }
  });

  it("of unknown length is refused as soon as it is too large", async () => {
    const chunk = new Uint8Array(100_000).fill(0x20);
    const body = new ReadableStream({
      start(stream) {
        for (let sent = 0; sent < 20; sent++) stream.enqueue(chunk);
        stream.close();
      },
    });
    const init = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      duplex: "half",
    } as RequestInit;
    const answer = await send(gateway.url(), init);
    expect(answer.status).toBe(413);
    expect(codes(answer)).toEqual(["PAYLOAD_TOO_LARGE"]);
  });

  it.each([
    ["that is not JSON", `{"query": "{ caller }"`],
    ["that is empty", ""],
    ["without a query", `{"variables": {}}`],
    ["with a query that is no text", `{"query": 7}`],
    ["with variables that are no object", `{"query": "{ caller }", "variables": [1]}`],
    ["that reaches for prototypes", `{"query": "{ caller }", "__proto__": {"x": 1}}`],
    ["with several operations at once", `[{"query": "{ caller }"}, {"query": "{ caller }"}]`],
  ])("%s is BAD_USER_INPUT", async (_, body) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(codes(answer)).toEqual(["BAD_USER_INPUT"]);
    expect(answer.text).not.toMatch(/\bat .+:\d+:\d+|node_modules/);
  });

  it("of another type is refused", async () => {
    const answer = await post("query=x", { "content-type": "application/x-www-form-urlencoded" });
    expect(answer.status).toBe(415);
    expect(codes(answer)).toEqual(["BAD_USER_INPUT"]);
  });

  it("with 10,000 SKUs reaches the owner, which answers with its own refusal", async () => {
    const skus = Array.from({ length: 10_000 }, (_, i) => `SKU-${i}`);
    const answer = await ask(gateway, "query($skus: [ID!]!) { known(skus: $skus) }", { skus });
    expect(answer.status).toBe(200);
    expect(answer.errors).toEqual([
      {
        message: "At most 1000 SKUs.",
        path: ["known"],
        extensions: { code: "TOO_MANY_ITEMS", field: ["skus"], service: "parts" },
      },
    ]);
  });
});

describe("a document", () => {
  it.each([
    ["that does not parse", "{ caller", {}, "GRAPHQL_PARSE_FAILED"],
    ["with a field that is not there", "{ colour }", {}, "GRAPHQL_VALIDATION_FAILED"],
    ["with a variable that does not fit", "query($n: Int!) { amount(of: $n) }", { n: "many" }, "BAD_USER_INPUT"],
    ["with two operations and no name", "query A { caller } query B { caller }", {}, "BAD_USER_INPUT"],
    ["with a subscription", "subscription { caller }", {}, "BAD_USER_INPUT"],
  ])("%s is refused with a code", async (_, query, variables, code) => {
    const answer = await ask(gateway, query, variables);
    expect(answer.status).toBe(400);
    expect(codes(answer)).toEqual([code]);
    expect(answer.data).toBeUndefined();
  });

  it("without an operation of the name given is refused", async () => {
    const answer = await post(JSON.stringify({ query: "query A { caller }", operationName: "B" }));
    expect(answer.status).toBe(400);
    expect(answer.errors[0]?.message).toBe('The document holds no operation named "B".');
  });

  it("with more wrong variables than anybody reads is BAD_USER_INPUT throughout", async () => {
    const answer = await ask(gateway, "query($n: [ID!]!) { known(skus: $n) }", { n: Array(60).fill({}) });
    expect(new Set(codes(answer))).toEqual(new Set(["BAD_USER_INPUT"]));
    expect(answer.errors.length).toBeGreaterThan(50);
  });

  const nested = (depth: number) => `{ ${"part { ".repeat(depth - 1)} name ${"}".repeat(depth - 1)} }`;
  const aliased = (count: number) => `{ ${Array.from({ length: count }, (_, i) => `a${i}: caller`).join(" ")} }`;
  const unfolding = (levels: number) => {
    const fragments = Array.from({ length: levels }, (_, i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`);
    return `{ ...F0 } ${fragments.join(" ")} fragment F${levels} on Query { caller }`;
  };

  it.each([
    ["deeper than allowed", nested(limits.queryDepthMax + 1)],
    ["with more aliases than allowed", aliased(limits.queryAliasesMax + 1)],
    ["of more tokens than allowed", `{ ${"caller ".repeat(limits.queryTokensMax)} }`],
    ["whose fragments unfold without end", unfolding(30)],
    ["that repeats a field until comparing is work", `{ ${"part { name } ".repeat(2_000)} }`],
  ])("%s is QUERY_TOO_COMPLEX", async (_, query) => {
    const answer = await ask(gateway, query);
    expect(answer.status).toBe(400);
    expect(codes(answer)).toEqual(["QUERY_TOO_COMPLEX"]);
  });

  it("at the limits is answered", async () => {
    expect((await ask(gateway, nested(limits.queryDepthMax))).errors).toEqual([]);
    expect((await ask(gateway, aliased(limits.queryAliasesMax))).errors).toEqual([]);
  });

  it("is not registered by another's hash", async () => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: "0".repeat(64) } };
    expect(codes(await post(JSON.stringify({ query: "{ caller }", extensions })))).toEqual(["BAD_USER_INPUT"]);
    expect(codes(await post(JSON.stringify({ extensions })))).toEqual(["PERSISTED_QUERY_NOT_FOUND"]);
  });
});

describe("another site's page", () => {
  it("cannot ask by a plain GET or a plain form", async () => {
    const plain = await get("{ caller }");
    expect([plain.status, plain.data, codes(plain)]).toEqual([400, undefined, ["BAD_USER_INPUT"]]);
    const form = await post(`{"query": "{ caller }"}`, { "content-type": "text/plain" });
    expect([form.status, form.data]).toEqual([400, undefined]);
  });

  it("is told apart by a header that it cannot send: then GET answers queries, and never changes anything", async () => {
    const headers = { "apollo-require-preflight": "1" };
    expect((await get("{ part { name } }", headers)).data).toEqual({ part: { name: "gear" } });
    const mutation = await get("mutation { touch }", headers);
    expect([mutation.status, mutation.data]).toEqual([405, undefined]);
    expect((await ask(gateway, "mutation { touch }")).data).toEqual({ touch: "touched" });
  });
});

describe("a defect", () => {
  it("is an incident id for the caller and the whole story for the log", async () => {
    const answer = await ask(gateway, "{ explode part { name } }");
    expect(answer.data).toEqual({ explode: null, part: { name: "gear" } });
    const [error] = answer.errors;
    expect(error).toMatchObject({ path: ["explode"], extensions: { code: "INTERNAL", service: "parts" } });
    expect(answer.text).not.toContain("secret");
    const line = lines.find((l) => l.fields["incidentId"] === error?.extensions["incidentId"]);
    expect(String(line?.fields["error"])).toContain("cannot read secret of undefined");
  });
});

describe("other paths and methods", () => {
  it("no other method reaches the API", async () => {
    const answer = await send(gateway.url(), { method: "DELETE" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, POST"]);
    expect(codes(answer)).toEqual(["BAD_USER_INPUT"]);
  });

  it("an unknown path says where the API is", async () => {
    const answer = await send(new URL("/graphq", gateway.url()).href);
    expect(answer.status).toBe(404);
    expect(answer.errors[0]?.message).toContain("/graphql");
  });

  it("every reply forbids guessing its type and keeping it", async () => {
    const { headers } = await ask(gateway, "{ caller }");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
  });
});

describe("in production", () => {
  it("the schema is not told: no introspection, no suggestions, no GraphiQL", async () => {
    const introspection = await ask(locked, "{ __schema { types { name } } }");
    expect(codes(introspection)).toEqual(["GRAPHQL_VALIDATION_FAILED"]);
    const typo = await ask(locked, "{ caler }");
    expect(typo.errors[0]?.message).not.toContain("caller");
    expect((await send(new URL("/", locked.url()).href)).status).toBe(404);
  });

  it("elsewhere it is: introspection and suggestions help", async () => {
    expect((await ask(gateway, "{ __schema { queryType { name } } }")).errors).toEqual([]);
    expect((await ask(gateway, "{ caler }")).errors[0]?.message).toContain('Did you mean "caller"');
  });
});

describe("GraphiQL", () => {
  it("is served whole from here: nothing on the page comes from another host", async () => {
    const page = await send(new URL("/", gateway.url()).href);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(page.headers.get("content-security-policy")).toContain("script-src 'self'");
    const sources = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => String(match[1]));
    const files = sources.filter((source) => !source.startsWith("data:"));
    expect(files).toHaveLength(5);
    for (const file of files) {
      expect(file).toMatch(/^\/graphiql\//);
      const asset = await send(new URL(file, gateway.url()).href);
      expect(asset.status).toBe(200);
      expect(asset.headers.get("content-type")).toMatch(/^text\/(javascript|css)/);
      expect(asset.text.length).toBeGreaterThan(200);
    }
  });
});
