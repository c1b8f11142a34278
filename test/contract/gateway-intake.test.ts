/**
 * Documents of partners pass the same entrance as everybody: budget, load, and trusted documents, which are not asked of
 * what the gateway itself says.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import type { Receipt } from "../../intake/receive.ts";
import { silentLogger } from "../../shared/logging.ts";
import { createTestSubgraph, startTestGateway, stopAll, testToken } from "../helpers/gateways.ts";

afterEach(stopAll);

interface Input {
  readonly events: readonly { readonly id: string }[];
}

/** A warehouse that takes everything. */
function warehouse() {
  const seen: string[] = [];
  const local = createTestSubgraph(
    `type Query { stock: Int }
     type Mutation { recordStockEvents(input: RecordStockEventsInput!): Payload }
     type Payload { userErrors: [UserError!]! replayed: Boolean! results: [Result!]! }
     type UserError { code: String! message: String! }
     type Result { id: ID! status: String! code: String message: String }
     input RecordStockEventsInput { idempotencyKey: ID! source: String allOrNone: Boolean events: [StockEventInput!]! }
     input StockEventInput { id: ID! type: String! sku: ID! locationId: ID! quantity: Int! occurredAt: String! }`,
    {
      Query: { stock: () => 0 },
      Mutation: {
        recordStockEvents: (_: unknown, { input }: { input: Input }) => {
          seen.push(...input.events.map(({ id }) => id));
          const results = input.events.map(({ id }) => ({ id, status: "ACCEPTED" }));
          return { userErrors: [], replayed: false, results };
        },
      },
    },
    silentLogger,
  );
  return { seen, endpoints: [{ name: "wms", local }] };
}

const events = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({
    ...{ specversion: "1.0", id: `e${from + i}`, source: "//wms", type: "receipt.recorded" },
    ...{ time: "2026-03-01T08:00:00Z", data: { sku: "PEN", locationId: "HALL", quantity: 1 } },
  }));

async function post(url: string, document: unknown) {
  const token = await testToken("connector", "connector-wms");
  const response = await fetch(url.replace("/graphql", "/intake/cloudevents"), {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(document),
  });
  const body = (await response.json()) as Receipt & { errors?: { extensions: object }[]; receipt?: Receipt };
  return { status: response.status, headers: response.headers, body };
}

it("a sender pays for what a document becomes; beyond the budget it learns how far it came", async () => {
  const { seen, endpoints } = warehouse();
  const gateway = await startTestGateway(endpoints, { doors: { rateLimit: { points: 600, windowS: 3_600 } } });
  const { status, headers, body } = await post(gateway.url(), events(0, 1_200));
  expect(status).toBe(429);
  expect(headers.get("retry-after")).toBe("3600");
  expect(body.errors).toMatchObject([{ extensions: { code: "RATE_LIMITED" } }]);
  expect(body.receipt).toMatchObject({ accepted: 500, rejectedCount: 0 });
  expect(seen).toHaveLength(500);
});

it("with trusted documents only, those of partners are still taken: what they become is in our words", async () => {
  const { seen, endpoints } = warehouse();
  const dir = mkdtempSync(join(tmpdir(), "trusted-"));
  const trustedDocumentsFile = join(dir, "documents.json");
  writeFileSync(trustedDocumentsFile, "{}");
  const gateway = await startTestGateway(endpoints, { doors: { trustedDocumentsFile } });
  rmSync(dir, { recursive: true });
  expect(await post(gateway.url(), events(0, 2))).toMatchObject({ status: 200, body: { accepted: 2 } });
  expect(seen).toEqual(["e0", "e1"]);
});

it("an overloaded gateway says so before it reads anything", async () => {
  const { seen, endpoints } = warehouse();
  const gateway = await startTestGateway(endpoints, { load: { operationsMax: 0, delayMs: () => 0 } });
  const { status, body } = await post(gateway.url(), events(0, 1));
  expect({ status, errors: body.errors }).toMatchObject({
    status: 503,
    errors: [{ extensions: { code: "OVERLOADED" } }],
  });
  expect(seen).toEqual([]);
});
