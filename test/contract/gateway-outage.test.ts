/**
 * Owners that are down, slow to start, or talk nonsense; and a gateway that starts and stops with care.
 *
 * `catalogue` runs in the gateway's process and never fails here; `stock` runs behind HTTP and does.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { composeSupergraph } from "../../gateway/compose.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import { limits } from "../../shared/limits.ts";
import {
  ask,
  createTestSubgraph,
  type ServedSubgraph,
  send,
  serveTestSubgraph,
  startTestGateway,
  stopAll,
  testToken,
} from "../helpers/gateways.ts";

const catalogue = createTestSubgraph(
  `type Query { products(first: Int = 2): [Product!]! kits: [Thing!]! }
   type Mutation { rename(sku: ID!): Product }
   interface Thing { sku: ID! }
   type Product implements Thing @key(fields: "sku") { sku: ID! name: String }
   type Kit implements Thing @key(fields: "sku") { sku: ID! }`,
  {
    Query: {
      products: (_: unknown, { first }: { first: number }) =>
        Array.from({ length: first }, (_item, i) => ({ sku: `P${i}`, name: `Part ${i}` })),
      kits: () => [
        { __typename: "Kit", sku: "K0" },
        { __typename: "Product", sku: "P0" },
      ],
    },
    Mutation: { rename: (_: unknown, { sku }: { sku: string }) => ({ sku, name: "new" }) },
    Product: { __resolveReference: (reference: object) => reference },
    Kit: { __resolveReference: (reference: object) => reference },
  },
);

const stock = createTestSubgraph(
  `type Query { warehouses: [String!] total: Int! }
   type Mutation { count(sku: ID!): Int }
   type Product @key(fields: "sku") { sku: ID! onHand: Int }
   type Kit @key(fields: "sku") { sku: ID! parts: Int }`,
  {
    Query: { warehouses: () => ["NORTH"], total: () => 7 },
    Mutation: { count: () => 7 },
    Product: { __resolveReference: (reference: object) => reference, onHand: () => 7 },
    Kit: { __resolveReference: (reference: object) => reference, parts: () => 3 },
  },
);

afterEach(stopAll);

async function start(options: Parameters<typeof startTestGateway>[1] = {}) {
  const served = await serveTestSubgraph(stock);
  const gateway = await startTestGateway(
    [
      { name: "catalogue", local: catalogue },
      { name: "stock", url: served.url },
    ],
    options,
  );
  served.received.length = 0;
  return { served, gateway };
}

const endless = Buffer.alloc(limits.subgraphResponseBytesMax + 1, " ");
const unavailable = { code: "SOURCE_UNAVAILABLE", service: "stock" };
const query = "{ products { sku name inStock: onHand } warehouses }";

describe("an owner that is down", () => {
  it("costs its own fields, each null with an error in its place; it comes back by itself", async () => {
    const { served, gateway } = await start();
    const whole = {
      products: [
        { sku: "P0", name: "Part 0", inStock: 7 },
        { sku: "P1", name: "Part 1", inStock: 7 },
      ],
      warehouses: ["NORTH"],
    };
    expect((await ask(gateway, query)).data).toEqual(whole);

    await served.leave();
    const partial = await ask(gateway, query);
    expect(partial.status).toBe(200);
    expect(partial.data).toEqual({
      products: [
        { sku: "P0", name: "Part 0", inStock: null },
        { sku: "P1", name: "Part 1", inStock: null },
      ],
      warehouses: null,
    });
    const told = partial.errors.map(({ path, extensions }) => ({ path: path?.join("."), extensions }));
    expect(told.sort((a, b) => String(a.path).localeCompare(String(b.path)))).toEqual([
      { path: "products.0.inStock", extensions: unavailable },
      { path: "products.1.inStock", extensions: unavailable },
      { path: "warehouses", extensions: unavailable },
    ]);

    await served.comeBack();
    const again = await ask(gateway, query);
    expect(again.data).toEqual(whole);
    expect(again.errors).toEqual([]);
  });

  it("is not blamed for fields of types that it does not fill", async () => {
    const { served, gateway } = await start();
    await served.leave();
    const answer = await ask(gateway, "{ kits { sku ... on Kit { parts } ... on Product { onHand } } }");
    expect(answer.data.kits).toEqual([
      { sku: "K0", parts: null },
      { sku: "P0", onHand: null },
    ]);
    expect(answer.errors.map((error) => error.path?.join("."))).toEqual(["kits.0.parts", "kits.1.onHand"]);
  });

  it("nulls the whole answer only where the schema says that the field is never null", async () => {
    const { served, gateway } = await start();
    await served.leave();
    const answer = await ask(gateway, "{ total products { sku } }");
    expect(answer.data).toBeNull();
    expect(answer.errors.map((error) => [error.path, error.extensions])).toEqual([[["total"], unavailable]]);
  });

  it("does not fill the answer with errors: beyond the limit a null speaks for itself", async () => {
    const { served, gateway } = await start();
    await served.leave();
    const answer = await ask(gateway, `{ products(first: ${limits.sourceErrorsMax + 50}) { onHand } }`);
    expect(answer.data.products).toHaveLength(limits.sourceErrorsMax + 50);
    expect(answer.errors).toHaveLength(limits.sourceErrorsMax);
  });

  it("is reported by /readyz, which stays ready: the rest still answers", async () => {
    const { served, gateway } = await start();
    await served.leave();
    await expect(gateway.ready()).resolves.toBeUndefined();
    expect(await readiness(gateway)).toEqual({
      status: 200,
      body: { status: "ready", parts: { stock: { status: "unavailable", remote: true } } },
    });
    await served.comeBack();
    expect((await readiness(gateway)).body).toMatchObject({ parts: { stock: { status: "ready" } } });
  });
});

describe("an owner that answers with nonsense", () => {
  it.each<[string, NonNullable<ServedSubgraph["misbehave"]>]>([
    ["a server error", (reply) => reply.status(500).send({ data: { warehouses: ["LIES"] } })],
    ["a proxy's page", (reply) => reply.type("text/html").send("<h1>Bad gateway</h1>")],
    ["JSON that is no answer", (reply) => reply.send({ message: "hello" })],
    ["more than anybody can have asked for", (reply) => reply.type("application/json").send(endless)],
    ["errors that are none", (reply) => reply.send({ errors: "all of them" })],
  ])("%s counts as no answer", async (_, misbehave) => {
    const { served, gateway } = await start();
    served.misbehave = misbehave;
    const answer = await ask(gateway, "{ warehouses products { name } }");
    expect(answer.data).toEqual({ warehouses: null, products: [{ name: "Part 0" }, { name: "Part 1" }] });
    expect(answer.errors.map((error) => error.extensions)).toEqual([unavailable]);
    expect(answer.text).not.toMatch(/LIES|Bad gateway|hello/);
  });

  it("a refusal of the token is passed on as what it is", async () => {
    const { served, gateway } = await start();
    const errors = [{ message: "A valid bearer token is needed.", extensions: { code: "UNAUTHENTICATED" } }];
    served.misbehave = (reply) => reply.status(401).send({ errors });
    const answer = await ask(gateway, "{ warehouses }");
    expect(answer.errors[0]?.extensions).toEqual({ code: "UNAUTHENTICATED", service: "stock" });
  });

  it("its stack traces, and its complaints about our own documents, go no further", async () => {
    const { served, gateway } = await start();
    const stacktrace = ["Error: x", "    at secret.js:1:1"];
    served.misbehave = (reply) =>
      reply.send({
        data: null,
        errors: [
          { message: "mine", extensions: { code: "OUT_OF_PAPER", stacktrace } },
          { message: "Unknown field secret", extensions: { code: "GRAPHQL_VALIDATION_FAILED", stacktrace } },
          { message: "secret thing", extensions: { stacktrace } },
        ],
      });
    const answer = await ask(gateway, "{ warehouses }");
    const incidentId = expect.any(String);
    expect(answer.errors.map((error) => error.extensions)).toEqual([
      { code: "OUT_OF_PAPER", service: "stock" },
      { code: "INTERNAL", service: "stock", incidentId },
      { code: "INTERNAL", service: "stock", incidentId },
    ]);
    expect(answer.text).not.toContain("secret");
  });
});

describe("a connection that is reset", () => {
  const resetOnce =
    (served: ServedSubgraph): NonNullable<ServedSubgraph["misbehave"]> =>
    (reply) => {
      served.misbehave = null;
      reply.hijack();
      reply.raw.destroy();
    };

  it("a query is sent once more, at once", async () => {
    const { served, gateway } = await start();
    served.misbehave = resetOnce(served);
    const answer = await ask(gateway, "{ warehouses }");
    expect(answer.data).toEqual({ warehouses: ["NORTH"] });
    expect(served.received).toHaveLength(2);
  });

  it("a mutation is not: it may have been done", async () => {
    const { served, gateway } = await start();
    served.misbehave = resetOnce(served);
    const answer = await ask(gateway, `mutation { count(sku: "P0") }`);
    expect(answer.data).toEqual({ count: null });
    expect(answer.errors[0]?.extensions).toEqual(unavailable);
    expect(served.received).toHaveLength(1);
  });

  it("reading entities after another's mutation is a query", async () => {
    const { served, gateway } = await start();
    served.misbehave = resetOnce(served);
    const answer = await ask(gateway, `mutation { rename(sku: "P0") { name onHand } }`);
    expect(answer.data).toEqual({ rename: { name: "new", onHand: 7 } });
  });
});

describe("what a subgraph elsewhere is told", () => {
  it("is the caller's token and the correlation id", async () => {
    const { served, gateway } = await start();
    const authorization = `Bearer ${await testToken("ada", "planner")}`;
    await ask(gateway, "{ warehouses }", {}, { authorization, "x-correlation-id": "story-7" });
    expect(served.received[0]?.headers).toMatchObject({ authorization, "x-correlation-id": "story-7" });
    await ask(gateway, "{ warehouses }");
    expect(served.received[1]?.headers.authorization).toBeUndefined();
  });
});

describe("starting", () => {
  it("with SUPERGRAPH_FILE asks no subgraph for its schema, and finds it under the URL of the file", async () => {
    const served = await serveTestSubgraph(stock);
    const file = writeSupergraph(
      composeSupergraph([
        { name: "catalogue", sdl: catalogue.sdl },
        { name: "stock", sdl: stock.sdl, url: served.url },
      ]),
    );
    const gateway = await startTestGateway([{ name: "catalogue", local: catalogue }], { supergraphFile: file });
    expect(served.received).toEqual([]);
    expect((await ask(gateway, "{ products { onHand } }")).data).toEqual({ products: [{ onHand: 7 }, { onHand: 7 }] });
  });

  it("with a file that names no URL falls back to the one it was given, and else says which is missing", async () => {
    const served = await serveTestSubgraph(stock);
    const supergraphFile = writeSupergraph(composeSupergraph([{ name: "stock", sdl: stock.sdl }]));
    const gateway = await startTestGateway([{ name: "stock", url: served.url }], { supergraphFile });
    expect((await ask(gateway, "{ total }")).data).toEqual({ total: 7 });
    await expect(startTestGateway([], { supergraphFile })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("stock"),
    });
  });

  it("with a file that is no supergraph, or is not there, names the file", async () => {
    const supergraphFile = writeSupergraph("type Query { a: Int }");
    await expect(startTestGateway([], { supergraphFile })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining(supergraphFile),
    });
    await expect(startTestGateway([], { supergraphFile: "/nowhere/x.graphql" })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("/nowhere/x.graphql"),
    });
  });

  it("is not ready while a part in this process is not", async () => {
    const parts = { database: false };
    const ready = async () => {
      if (!parts.database) throw new Error("connection refused");
    };
    const gateway = await startTestGateway([{ name: "catalogue", local: catalogue }], {
      readyChecks: [{ name: "erp", ready }],
    });
    expect(await readiness(gateway)).toEqual({
      status: 503,
      body: { status: "not ready", parts: { erp: { status: "unavailable", remote: false } } },
    });
    await expect(gateway.ready()).rejects.toMatchObject({ message: expect.stringContaining("erp") });
    expect((await send(new URL("/healthz", gateway.url()).href)).status).toBe(200);
    parts.database = true;
    expect((await readiness(gateway)).status).toBe(200);
  });
});

describe("stopping", () => {
  it("lets the request under way finish, and takes no other", async () => {
    const { served, gateway } = await start();
    const reached = createGate();
    const released = createGate();
    served.misbehave = async () => {
      reached.open();
      await released.opened;
      return { data: { warehouses: ["LATE"] } };
    };
    const underWay = ask(gateway, "{ warehouses }");
    await reached.opened;
    const stopped = gateway.stop();
    await expect(ask(gateway, "{ products { sku } }")).rejects.toThrow();
    released.open();
    expect((await underWay).data).toEqual({ warehouses: ["LATE"] });
    await stopped;
  });

  it("does not wait for ever for a request that does not end", async () => {
    const { served, gateway } = await start({ drainMs: 30, deadlines: { queryMs: 60_000, mutationMs: 60_000 } });
    const reached = createGate();
    served.misbehave = () => {
      reached.open();
      return new Promise(() => {});
    };
    const cut = expect(ask(gateway, "{ warehouses }")).rejects.toThrow();
    await reached.opened;
    await gateway.stop();
    await cut;
  });
});

/** Something to wait for that the test decides. */
function createGate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

async function readiness(gateway: Gateway): Promise<{ status: number; body: unknown }> {
  const { status, text } = await send(new URL("/readyz", gateway.url()).href);
  return { status, body: JSON.parse(text) };
}

const files: string[] = [];
afterEach(() => {
  for (const dir of files.splice(0)) rmSync(dir, { recursive: true });
});

function writeSupergraph(sdl: string): string {
  const dir = mkdtempSync(join(tmpdir(), "iag-supergraph-"));
  files.push(dir);
  const file = join(dir, "supergraph.graphql");
  writeFileSync(file, sdl);
  return file;
}
