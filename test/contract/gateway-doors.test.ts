/**
 * Who gets in by HTTP: which sites' pages, which bodies, which documents; and what every reply tells a browser.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Gateway } from "../../gateway/gateway.ts";
import { createMemoryLog } from "../../shared/messaging/memory-log.ts";
import { send, startTestGateway, stopAll } from "../helpers/gateways.ts";
import { createItems, document, overSocket, ways } from "./limits-fixture.ts";

afterEach(stopAll);

const body = JSON.stringify({ query: document, variables: { n: 1 } });
const json = { "content-type": "application/json" };
const post = (gateway: Gateway, headers: Record<string, string> = {}, text = body) =>
  send(gateway.url(), { method: "POST", headers: { ...json, ...headers }, body: text });

describe("every reply", () => {
  it.each(["/graphql", "/", "/healthz", "/nowhere"])(
    "of %s tells browsers to guess nothing and to frame nothing",
    async (path) => {
      const gateway = await startTestGateway(createItems().endpoints);
      const { headers } = await send(`${new URL(gateway.url()).origin}${path}`);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("x-frame-options")).toBe("DENY");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("content-security-policy")).toMatch(/default-src 'none';.*frame-ancestors 'none'/);
      expect(headers.get("content-security-policy")).not.toContain("script-src 'unsafe");
      expect(headers.get("strict-transport-security")).toBeNull();
    },
  );

  it("asks for https from then on where clients come by https", async () => {
    const gateway = await startTestGateway(createItems().endpoints, { doors: { https: true } });
    expect((await post(gateway)).headers.get("strict-transport-security")).toBe("max-age=31536000");
  });
});

describe("a page of another site", () => {
  const shop = "https://shop.example";
  const preflight = (gateway: Gateway, origin: string) =>
    send(gateway.url(), {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type" },
    });
  const allowed = ({ headers }: { headers: Headers }) => headers.get("access-control-allow-origin");

  it("may ask if its origin is configured, and read the headers that say when to come back", async () => {
    const gateway = await startTestGateway(createItems().endpoints, {
      doors: { corsOrigins: [shop, "http://a.example:81"] },
    });
    const asked = await preflight(gateway, shop);
    expect([asked.status, allowed(asked), asked.headers.get("access-control-allow-credentials")]).toEqual([
      204,
      shop,
      null,
    ]);
    expect(asked.headers.get("access-control-allow-headers")).toContain("authorization");
    for (let time = 1; time <= 4; time++) {
      const answer = await post(gateway, { origin: shop });
      expect([answer.status, allowed(answer)]).toEqual([200, shop]);
      expect(answer.headers.get("access-control-expose-headers")).toContain("retry-after");
    }
    const got = await send(`${gateway.url()}?query={__typename}`, {
      headers: { ...json, origin: "http://a.example:81" },
    });
    expect([got.status, allowed(got)]).toEqual([200, "http://a.example:81"]);
    expect(got.headers.get("vary")).toBe("Origin, accept, authorization");
  });

  it.each([
    ["of another origin", [shop], "https://shop.example.evil"],
    ["where none is configured", [], shop],
  ])("may not %s", async (_, corsOrigins, origin) => {
    const gateway = await startTestGateway(createItems().endpoints, { doors: { corsOrigins } });
    expect(allowed(await preflight(gateway, origin))).toBeNull();
    expect(allowed(await post(gateway, { origin }))).toBeNull();
  });

  it.each([["text/plain"], ["application/x-www-form-urlencoded"], ["multipart/form-data; boundary=x"], [""]])(
    "cannot send a form of type %j instead, however often the question was answered before",
    async (type) => {
      const items = createItems();
      const gateway = await startTestGateway(items.endpoints, { changes: createMemoryLog(1) });
      for (let time = 1; time <= 4; time++) await post(gateway);
      const before = items.executed;
      for (let time = 1; time <= 2; time++) {
        const { status, data } = await send(gateway.url(), { method: "POST", headers: { "content-type": type }, body });
        expect([400, 415]).toContain(status);
        expect(data).toBeUndefined();
        const { status: got } = await send(`${gateway.url()}?${new URLSearchParams({ query: "{ __typename }" })}`);
        expect(got).toBe(400);
      }
      expect(items.executed).toBe(before);
    },
  );
});

it("several operations in one body are refused as what they are", async () => {
  const items = createItems();
  const gateway = await startTestGateway(items.endpoints);
  await post(gateway);
  const { status, errors } = await post(gateway, {}, `[${body},${body}]`);
  expect(status).toBe(400);
  expect(errors).toEqual([{ message: "Operation batching disabled.", extensions: { code: "BAD_USER_INPUT" } }]);
  expect(items.executed).toBe(1);
});

describe("with trusted documents", () => {
  const sha256Of = (text: string) => createHash("sha256").update(text).digest("hex");
  const subscription = "subscription { stockChanged { sku } }";
  const released = { [sha256Of(document)]: document, [sha256Of(subscription)]: subscription };

  function startTrusting(shortPath: boolean, map: object = released) {
    const dir = mkdtempSync(join(tmpdir(), "iag-trusted-"));
    const trustedDocumentsFile = join(dir, "documents.json");
    writeFileSync(trustedDocumentsFile, JSON.stringify(map));
    const items = createItems();
    const started = startTestGateway(items.endpoints, { shortPath, doors: { trustedDocumentsFile } });
    return started.finally(() => rmSync(dir, { recursive: true })).then((gateway) => ({ gateway, items }));
  }

  describe.each([
    ["the short path", true],
    ["Apollo's gateway", false],
  ])("and %s", (_, shortPath) => {
    it("what was released is answered and nothing else, on every way", async () => {
      const { gateway, items } = await startTrusting(shortPath);
      for (const [, ask] of ways) {
        for (let time = 1; time <= 3; time++) {
          expect((await ask(gateway, 1)).data).toEqual({ items: [{ sku: "A" }] });
          const before = items.executed;
          const { status, errors } = await ask(gateway, 1, `${document} `);
          expect(status ?? 403).toBe(403);
          expect(errors.map(({ extensions }) => extensions)).toEqual([{ code: "DOCUMENT_NOT_TRUSTED" }]);
          expect(items.executed).toBe(before);
        }
      }
      const streamed = await overSocket(gateway, "subscription { stockChanged { __typename } }", 1);
      expect(streamed.errors.map(({ extensions }) => extensions)).toEqual([{ code: "DOCUMENT_NOT_TRUSTED" }]);
    });

    it("a released subscription gets as far as the stream, which is not there", async () => {
      const { gateway } = await startTrusting(shortPath);
      const { errors } = await overSocket(gateway, subscription, 1);
      expect(errors.map(({ extensions }) => extensions)).toEqual([{ code: "SOURCE_UNAVAILABLE" }]);
    });

    it("a hash is enough from the first request on, and another one is not learnt", async () => {
      const { gateway } = await startTrusting(shortPath);
      const byHash = (text: string) => {
        const persistedQuery = { version: 1, sha256Hash: sha256Of(text) };
        return post(gateway, {}, JSON.stringify({ variables: { n: 1 }, extensions: { persistedQuery } }));
      };
      expect((await byHash(document)).data).toEqual({ items: [{ sku: "A" }] });
      for (let time = 1; time <= 2; time++) {
        const [error] = (await byHash("{ __typename }")).errors;
        expect(error?.extensions["code"]).toBe("PERSISTED_QUERY_NOT_FOUND");
      }
    });
  });

  it.each([
    ["that is no map", [document]],
    ["with a hash of another document", { [sha256Of(document)]: "{ __typename }" }],
    ["with something that is no document", { [sha256Of(document)]: { body: document } }],
  ])("a file %s is refused at start", async (_, map) => {
    const refused = { code: "CONFIG_INVALID", message: expect.stringContaining("TRUSTED_DOCUMENTS") };
    await expect(startTrusting(true, map)).rejects.toMatchObject(refused);
  });
});
