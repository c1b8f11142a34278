/**
 * One trace from a request to everything it causes: over HTTP, into the outbox, through the bus, to subscribers.
 */
import { createServer } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ApiClient, createApiClient } from "../../shared/graphql/client.ts";
import { openTraceExport } from "../../shared/trace-export.ts";
import { createScratch } from "../helpers/databases.ts";
import { ask, createTestSubgraph, serveTestSubgraph, startTestGateway, stopAll } from "../helpers/gateways.ts";
import { openShop, type Shop } from "../helpers/shop.ts";
import { openSocket } from "../helpers/subscriptions.ts";
import { openEmbedded, type Target } from "../helpers/target.ts";
import { given, givenTraceparent, type RecordedSpan, recordedTraces } from "../helpers/traces.ts";

afterEach(stopAll);

const stock = () =>
  createTestSubgraph("type Query { total: Int } type Mutation { add: Int }", {
    Query: { total: () => 7 },
    Mutation: { add: () => 8 },
  });

/** A client whose requests belong to this trace. */
async function clientIn(target: Target, traceparent: string): Promise<ApiClient> {
  return createApiClient({
    url: target.url,
    token: await target.token("wes", ["admin"]),
    fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, traceparent } }),
  });
}

describe("a trace of a whole system", () => {
  const { tracing, spans } = recordedTraces();
  const scratch = createScratch("sqlite", { AUTH_SECRET: "a-secret-that-only-the-tests-know" });
  let target: Target;
  let shop: Shop;

  beforeAll(async () => {
    target = await openEmbedded(scratch.config, { tracing });
    shop = await openShop(target.connector, "traced", 1, 10);
    await target.eventually(() => {});
  });
  afterAll(async () => {
    await target.stop();
    await scratch.remove();
  });

  const traceOf = (wanted: string) => {
    const trace = spans().filter(({ traceId }) => traceId === wanted);
    return { trace, named: (name: string) => trace.find((span) => span.name === name) as RecordedSpan };
  };

  it("goes from a mutation to whoever subscribed to what it changed", async () => {
    const socket = openSocket(target.url, await target.token("crm", ["crm"]));
    const stream = socket.subscribe("subscription { stockChanged { availability { sku } } }");
    await expect.poll(() => spans().map(({ name }) => name)).toContain("subscription");
    const { locationId, skus } = shop;
    const event = { ...{ id: "traced-1", type: "SHIPMENT", sku: skus[0], locationId, quantity: 1 }, ...shipped };
    const own = await clientIn(target, givenTraceparent);
    await own.request(
      "mutation Ship($input: RecordStockEventsInput!) { recordStockEvents(input: $input) { results { status } } }",
      { input: { idempotencyKey: "traced-ship", events: [event] } },
    );
    await stream.first(1);
    await target.eventually(() => {});
    const { trace, named } = traceOf(given.traceId);
    expect(named("mutation Ship").parentId).toBe(given.spanId);
    expect(named("mutation Ship").attributes).toMatchObject({ "inventory.code": "OK" });
    expect(named("ask wms").parentId).toBe(named("mutation Ship").spanId);
    const command = named("command recordStockEvents");
    expect(command.parentId).toBe(named("ask wms").spanId);
    const below = ["publish shipment.confirmed", "erp applies shipment.confirmed", "push"];
    const further = ["availability applies shipment.confirmed", "publish availability.changed"];
    for (const name of [...below, ...further]) expect(named(name)?.parentId, name).toBe(command.spanId);
    expect(trace.filter(({ failed }) => failed)).toEqual([]);
    socket.cut();
  });

  it("stays its own where reservations share a transaction", async () => {
    const traceIds = Array.from({ length: 4 }, (_, i) => `${i + 1}`.repeat(32));
    const lines = [{ sku: shop.skus[0], locationId: shop.locationId, quantity: 1 }];
    const replies = await Promise.all(
      traceIds.map(async (traceId) => {
        const own = await clientIn(target, `00-${traceId}-${given.spanId}-01`);
        return own.request<{ reserveStock: { userErrors: unknown[] } }>(
          "mutation ($input: ReserveStockInput!) { reserveStock(input: $input) { userErrors { code } } }",
          { input: { idempotencyKey: traceId, lines } },
        );
      }),
    );
    expect(replies.flatMap(({ reserveStock }) => reserveStock.userErrors)).toEqual([]);
    await target.eventually(() => {});
    for (const traceId of traceIds) {
      const { named } = traceOf(traceId);
      const command = named("command reserveStock");
      expect(command.parentId).toBe(named("ask availability").spanId);
      expect(named("publish reservation.created").parentId).toBe(command.spanId);
    }
  });
});

const shipped = {
  documentRef: { type: "ORDER", id: "O", line: "1" },
  occurredAt: "2026-01-05T09:00:00Z",
};

describe("a trace", () => {
  it("goes on in a subgraph behind HTTP, below the gateway's span", async () => {
    const { tracing, spans } = recordedTraces();
    const served = await serveTestSubgraph(stock());
    const gateway = await startTestGateway([{ name: "stock", url: served.url }], { tracing });
    served.received.splice(0);
    await ask(gateway, "query Total { total }", {}, { traceparent: givenTraceparent });
    await expect.poll(() => spans().map(({ name }) => name)).toEqual(["ask stock", "query Total"]);
    const [asked] = spans();
    expect(served.received[0]?.headers["traceparent"]).toBe(`00-${given.traceId}-${asked?.spanId}-01`);
  });

  it("is passed on by a gateway that makes no spans, and what is none is not", async () => {
    const served = await serveTestSubgraph(stock());
    const gateway = await startTestGateway([{ name: "stock", url: served.url }]);
    served.received.splice(0);
    await ask(gateway, "{ total }", {}, { traceparent: givenTraceparent });
    await ask(gateway, "{ total }", {}, { traceparent: `00-${"0".repeat(32)}-${given.spanId}-01` });
    await ask(gateway, "{ total }");
    const sent = served.received.map(({ headers }) => headers["traceparent"]);
    expect(sent).toEqual([givenTraceparent, undefined, undefined]);
  });

  it("begins anew for a caller who names none, on the short way too, and says how it ended", async () => {
    const { tracing, spans } = recordedTraces();
    const gateway = await startTestGateway([{ name: "stock", local: stock() }], { tracing });
    for (let time = 1; time <= 3; time++) await ask(gateway, "query Total { total }");
    await ask(gateway, "{ nonsense }");
    await expect.poll(() => spans().filter(({ name }) => !name.startsWith("ask")).length).toBe(4);
    const operations = spans().filter(({ name }) => !name.startsWith("ask"));
    expect(operations.map(({ name }) => name)).toEqual(["query Total", "query Total", "query Total", "operation"]);
    expect(new Set(operations.map(({ traceId }) => traceId)).size).toBe(4);
    expect(operations.at(-1)?.attributes["inventory.code"]).toBe("GRAPHQL_VALIDATION_FAILED");
  });
});

describe("a collector", () => {
  it("gets the spans as OTLP over HTTP; one that is away is done without", async () => {
    const bodies: string[] = [];
    const http = createServer((request, response) => {
      request.on("data", (chunk: Buffer) => bodies.push(`${request.url} ${chunk.toString("latin1")}`));
      request.on("end", () => response.end("{}"));
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const { port } = http.address() as { port: number };
    const tracing = await openTraceExport({ url: `http://127.0.0.1:${port}`, serviceName: "the-tests" });
    tracing.start("query Total", "server", givenTraceparent).end();
    await tracing.close();
    http.close();
    const away = await openTraceExport({ url: `http://127.0.0.1:${port}/`, serviceName: "the-tests" });
    away.start("query Total", "server", undefined).end();
    await expect(away.close()).resolves.toBe(undefined);
    expect(bodies.join("")).toMatch(/^\/v1\/traces .*the-tests.*query Total/s);
  });
});
