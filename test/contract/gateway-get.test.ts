/**
 * GET, so that caches on the way can help: validators, documents named by their hash, and nothing that is anybody's.
 */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../gateway/gateway.ts";
import { createMemoryLog } from "../../shared/messaging/memory-log.ts";
import { startTestGateway, stopAll, testToken } from "../helpers/gateways.ts";
import { createOwners } from "./short-path-fixture.ts";

const document = '{ item(sku: "A") { sku quantity } }';
const sha256Hash = createHash("sha256").update(document).digest("hex");
const persisted = JSON.stringify({ persistedQuery: { version: 1, sha256Hash } });

const codeOf = (text: string) => JSON.parse(text).errors[0].extensions.code;

describe.each([
  ["by the short path", true],
  ["by Apollo Server", false],
])("answered %s", (_, shortPath) => {
  let gateway: Gateway;

  beforeAll(async () => {
    gateway = await startTestGateway(createOwners().endpoints, { shortPath, changes: createMemoryLog(2) });
  });
  afterAll(stopAll);

  const get = (parameters: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url()}?${new URLSearchParams(parameters)}`, {
      headers: { "apollo-require-preflight": "yes", ...headers },
    });

  /** More than once, so that each way of answering has had its turn. */
  async function several(work: () => Promise<void>): Promise<void> {
    for (let time = 1; time <= 4; time++) await work();
  }

  it("an answer has a validator, and is not sent again to who has it", () =>
    several(async () => {
      const first = await get({ query: document });
      const etag = first.headers.get("etag") ?? "";
      expect(first.status).toBe(200);
      expect(etag).toMatch(/^"[\w-]{27}"$/);
      expect(first.headers.get("cache-control")).toBe("public, no-cache");
      expect(first.headers.get("vary")).toBe("accept, authorization");
      const again = await get({ query: document }, { "if-none-match": `"other", W/${etag}` });
      expect([again.status, await again.text(), again.headers.get("etag")]).toEqual([304, "", etag]);
      const other = await get({ query: document }, { "if-none-match": '"other"' });
      expect([other.status, await other.text()]).toEqual([200, await first.text()]);
    }));

  it("an answer to somebody is for that caller's own cache", () =>
    several(async () => {
      const authorization = `Bearer ${await testToken("ada", "planner")}`;
      const answer = await get({ query: document }, { authorization });
      expect(answer.headers.get("cache-control")).toBe("private, no-cache");
    }));

  it.each([
    ["with an error", { query: "{ refuse }" }],
    ["that is refused", { query: "{ unknown }" }],
  ])("an answer %s is not kept by anybody", (_name, parameters) =>
    several(async () => {
      const answer = await get(parameters);
      expect([answer.headers.get("etag"), answer.headers.get("cache-control")]).toEqual([null, "no-store"]);
    }),
  );

  it("an answer to a POST is not kept by anybody", async () => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ query: document });
    const answer = await fetch(gateway.url(), { method: "POST", headers, body });
    expect([answer.headers.get("etag"), answer.headers.get("cache-control")]).toEqual([null, "no-store"]);
  });

  it("a document is known by its hash once it has been sent", async () => {
    const unknown = await get({ extensions: persisted });
    expect(codeOf(await unknown.text())).toBe("PERSISTED_QUERY_NOT_FOUND");
    const sent = await (await get({ query: document, extensions: persisted })).text();
    expect(JSON.parse(sent).data.item.sku).toBe("A");
    await several(async () => expect(await (await get({ extensions: persisted })).text()).toBe(sent));
    const post = () =>
      fetch(gateway.url(), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ extensions: JSON.parse(persisted) }),
      });
    await several(async () => expect(await (await post()).text()).toBe(sent));
  });

  it("a hash of another document is refused", () =>
    several(async () => {
      const answer = await get({ query: "{ __typename }", extensions: persisted });
      expect([answer.status, codeOf(await answer.text())]).toEqual([400, "BAD_USER_INPUT"]);
    }));

  it("without a header that another site cannot send, a GET is refused however often it comes", () =>
    several(async () => {
      const answer = await fetch(`${gateway.url()}?${new URLSearchParams({ query: document })}`);
      expect(answer.status).toBe(400);
    }));
});
