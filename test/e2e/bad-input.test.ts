/**
 * Whatever is wrong with a request, the caller gets a coded error that says so, never a stack trace, and nothing is
 * half done.
 */
import { expect, it } from "vitest";
import { eachTarget, type Target } from "../helpers/target.ts";

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly body: {
    readonly data?: Record<string, unknown> | null;
    readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
  };
}

eachTarget("a bad request", (target) => {
  async function send(body: string, headers: Record<string, string> = {}): Promise<Reply> {
    const response = await fetch(target().url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    });
    const text = await response.text();
    expect(text).not.toMatch(/\bat .+\.(ts|js|cjs|mjs):\d+/);
    return { status: response.status, text, body: JSON.parse(text) as Reply["body"] };
  }

  async function ask(query: string, variables: object = {}, identity?: string): Promise<Reply> {
    return send(JSON.stringify({ query, variables }), identity ? { authorization: `Bearer ${identity}` } : {});
  }

  const codes = ({ body }: Reply) => body.errors?.map(({ extensions }) => extensions["code"]);

  it("with an unknown SKU or location is answered null with the reason, beside the others", async () => {
    await prepare(target());
    await target().eventually(async () => {
      const { body } = await ask(`{ availability(skus: ["BI-1", "NOPE"], locationIds: ["BI-L", "NOWHERE"]) {
        availableToSell reason confidence } }`);
      expect(body.data?.["availability"]).toMatchObject([
        { availableToSell: 10, reason: null, confidence: "FRESH" },
        { availableToSell: null, reason: "UNKNOWN_LOCATION", confidence: "UNKNOWN" },
        { availableToSell: null, reason: "UNKNOWN_SKU", confidence: "UNKNOWN" },
        { availableToSell: null, reason: "UNKNOWN_SKU", confidence: "UNKNOWN" },
      ]);
    });
    const { body } = await ask(
      `{ product(sku: "NOPE") { name } location(id: "NOWHERE") { name } stockPosition(sku: "NOPE", locationId: "BI-L") { version } }`,
    );
    expect(body).toEqual({ data: { product: null, location: null, stockPosition: null } });
  });

  it("with an unknown SKU and no location, or an unknown channel, is BAD_USER_INPUT naming it", async () => {
    const unknownSku = await ask(`{ availability(skus: ["NOPE"]) { availableToSell } }`);
    expect(unknownSku.body.errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT", reason: "UNKNOWN_SKU" } }]);
    const channel = await ask(`{ availability(skus: ["BI-1"], channel: "FAX") { availableToSell } }`);
    expect(channel.body.errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT", reason: "UNKNOWN_CHANNEL" } }]);
  });

  it("to record facts about unknown things is REJECTED item by item, the rest is taken", async () => {
    const event = { type: "RECEIPT", sku: "BI-1", locationId: "BI-L", quantity: 1, occurredAt: "2026-01-05T08:00:00Z" };
    const { recordStockEvents } = await target().connector.request<{ recordStockEvents: { results: unknown[] } }>(
      "mutation ($input: RecordStockEventsInput!) { recordStockEvents(input: $input) { results { id status code } userErrors { code } } }",
      {
        input: {
          idempotencyKey: "bi-events",
          events: [
            { ...event, id: "bi-1", sku: "NOPE" },
            { ...event, id: "bi-2", locationId: "NOWHERE" },
            { ...event, id: "bi-3", unit: "BARREL" },
            { ...event, id: "bi-4", quantity: 0 },
            { ...event, id: "bi-5", quantity: 2_147_483_647 },
            { ...event, id: "bi-6" },
          ],
        },
      },
    );
    expect(recordStockEvents.results).toEqual([
      { id: "bi-1", status: "REJECTED", code: "UNKNOWN_SKU" },
      { id: "bi-2", status: "REJECTED", code: "UNKNOWN_LOCATION" },
      { id: "bi-3", status: "REJECTED", code: "UOM_UNMAPPED" },
      { id: "bi-4", status: "REJECTED", code: "QUANTITY_NOT_POSITIVE" },
      { id: "bi-5", status: "REJECTED", code: "QUANTITY_OUT_OF_RANGE" },
      { id: "bi-6", status: "ACCEPTED", code: null },
    ]);
  });

  it("to allocate an unknown SKU is a user error that names the line", async () => {
    const { allocateOrder } = await target().connector.request<{ allocateOrder: unknown }>(
      "mutation ($input: AllocateOrderInput!) { allocateOrder(input: $input) { orderAllocation { orderId } userErrors { code field } } }",
      {
        input: {
          idempotencyKey: "bi-order",
          orderId: "BI-O1",
          lines: [
            { line: "1", sku: "BI-1", locationId: "BI-L", quantity: 1 },
            { line: "2", sku: "NOPE", locationId: "BI-L", quantity: 1 },
          ],
        },
      },
    );
    expect(allocateOrder).toEqual({
      orderAllocation: null,
      userErrors: [{ code: "UNKNOWN_SKU", field: ["input", "lines", "1", "sku"] }],
    });
  });

  it("with a quantity beyond 32 bits is BAD_USER_INPUT", async () => {
    const token = await target().token("wms", ["connector-wms"]);
    const reply = await ask(
      'mutation ($q: Int!) { recordStockEvents(input: { idempotencyKey: "bi-big", events: [{ id: "x", type: RECEIPT, sku: "BI-1", locationId: "BI-L", quantity: $q, occurredAt: "2026-01-05T08:00:00Z" }] }) { replayed } }',
      { q: 2_147_483_648 },
      token,
    );
    expect(codes(reply)).toEqual(["BAD_USER_INPUT"]);
  });

  it("for 10,000 SKUs at once is QUERY_TOO_COMPLEX", async () => {
    const skus = Array.from({ length: 10_000 }, (_, i) => `SKU-${i}`);
    const reply = await ask('query ($skus: [ID!]!) { availability(skus: $skus, locationIds: ["BI-L"]) { sku } }', {
      skus,
    });
    expect(codes(reply)).toEqual(["QUERY_TOO_COMPLEX"]);
  });

  it("that is not JSON, or not GraphQL, or does not fit the schema, is told apart", async () => {
    const malformed = await send("{ this is not json");
    expect(malformed.status).toBe(400);
    expect(codes(malformed)).toEqual(["BAD_USER_INPUT"]);
    expect(codes(await ask("{ availability("))).toEqual(["GRAPHQL_PARSE_FAILED"]);
    expect(codes(await ask("{ nothingLikeThis }"))).toEqual(["GRAPHQL_VALIDATION_FAILED"]);
  });

  it("with a body of 5 MB is refused before it is read", async () => {
    const reply = await send(JSON.stringify({ query: `{ __typename } # ${"x".repeat(5_000_000)}` }));
    expect(reply.status).toBe(413);
    expect(codes(reply)).toEqual(["PAYLOAD_TOO_LARGE"]);
  });

  it("from nobody or from the wrong role is UNAUTHENTICATED or FORBIDDEN, also for one field among others", async () => {
    const mutation = `mutation { saveProducts(input: { idempotencyKey: "bi-x", products: [] }) { replayed } }`;
    expect(codes(await ask(mutation))).toEqual(["UNAUTHENTICATED"]);
    expect(codes(await ask(mutation, {}, await target().token("shop", ["storefront"])))).toEqual(["FORBIDDEN"]);
    expect(codes(await ask("{ __typename }", {}, "not-a-token"))).toEqual(["UNAUTHENTICATED"]);
    const partly = await ask(`{ product(sku: "BI-1") { name unitCost } }`);
    expect(codes(partly)).toEqual(["UNAUTHENTICATED"]);
    expect(partly.body.data).toEqual({ product: { name: "BI-1", unitCost: null } });
  });
});

async function prepare({ connector }: Target): Promise<void> {
  await connector.request(`mutation {
    saveProducts(input: { idempotencyKey: "bi-p", products: [{ sku: "BI-1", name: "BI-1", baseUnit: "EA", unitCost: "1.25" }] }) { userErrors { code } }
    saveLocations(input: { idempotencyKey: "bi-l", locations: [{ id: "BI-L", name: "BI-L", type: WAREHOUSE }] }) { userErrors { code } }
    recordStockEvents(input: { idempotencyKey: "bi-e", events: [{ id: "bi-e1", type: SNAPSHOT, sku: "BI-1", locationId: "BI-L",
      quantity: 10, buckets: { unrestricted: 10 }, occurredAt: "2026-01-05T08:00:00Z" }] }) { results { status } } }`);
}
