/**
 * The short path and the reply cache answer what the long way answers: status, headers and bytes, whatever is asked.
 *
 * Every request is sent several times, so that it is answered by Apollo Server, then by the compiled operation, twice,
 * then from what was kept; the reference is a gateway in which all of that is switched off.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Gateway } from "../../gateway/gateway.ts";
import { manualClock } from "../../shared/clock.ts";
import { createMemoryLog } from "../../shared/messaging/memory-log.ts";
import { startTestGateway, stopAll, testToken } from "../helpers/gateways.ts";
import { createOwners, type Owners, ordinary, others, type Sent } from "./short-path-fixture.ts";

const combinations = [
  { shortPath: true, cache: true },
  { shortPath: true, cache: false },
  { shortPath: false, cache: true },
] as const;

let reference: Gateway;
const gateways: { gateway: Gateway; owners: Owners; shortPath: boolean; cache: boolean }[] = [];
const tokens: Record<string, string> = {};

async function start(switches: { shortPath: boolean; cache: boolean }) {
  const owners = createOwners();
  // Time stands still, so that nothing that is kept ends.
  const options = { ...switches, changes: createMemoryLog(2), clock: manualClock() };
  const gateway = await startTestGateway(owners.endpoints, options);
  await vi.waitFor(() => expect(gateway.hub()?.knownUpToMs()).toBeGreaterThan(0));
  return { gateway, owners, ...switches };
}

beforeAll(async () => {
  reference = (await start({ shortPath: false, cache: false })).gateway;
  for (const switches of combinations) gateways.push(await start(switches));
  tokens["a planner"] = await testToken("ada", "planner");
  tokens["a shop"] = await testToken("shop", "storefront");
});
afterAll(stopAll);

/** What says nothing about the answer itself. */
const ofTheMoment = new Set(["date", "connection", "keep-alive", "x-correlation-id"]);

async function exchange(gateway: Gateway, { path = "", init }: Sent, authorization?: string) {
  const headers = { ...(init.headers as object), ...(authorization ? { authorization } : {}) };
  const response = await fetch(`${gateway.url()}${path}`, { ...init, headers });
  const text = await response.text();
  return {
    status: response.status,
    correlated: response.headers.has("x-correlation-id"),
    headers: Object.fromEntries([...response.headers].filter(([name]) => !ofTheMoment.has(name))),
    // An incident has another number every time.
    text: text.replaceAll(/"incidentId":"[^"]+"/g, '"incidentId":"…"'),
  };
}

async function compare(sent: Sent, authorization?: string): Promise<void> {
  const expected = await exchange(reference, sent, authorization);
  for (const { gateway, shortPath, cache } of gateways) {
    for (let time = 1; time <= 4; time++) {
      const answer = await exchange(gateway, sent, authorization);
      expect(answer, `SHORT_PATH=${shortPath} CACHE=${cache}, time ${time}`).toEqual(expected);
    }
  }
}

describe("an ordinary question", () => {
  it.each(ordinary)("$name", async (sent) => {
    const before = gateways.map(({ owners }) => owners.runs.compiled);
    await compare(sent);
    const took = gateways.map(({ owners }, i) => owners.runs.compiled - (before[i] ?? 0));
    const [both, shortOnly, neither] = took;
    // The first time is Apollo Server's, unless an earlier request has brought the document already.
    expect([3, 4]).toContain(shortOnly);
    // The first compiled answer is kept by nobody: only what is asked again is.
    expect(both).toBeLessThanOrEqual(2);
    expect(neither).toBe(0);
  });

  it("was kept for the next one", () => {
    expect(gateways.map(({ gateway }) => (gateway.cacheCounters?.hits ?? 0) > ordinary.length)).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe("everything else", () => {
  it.each(others)("$name", (sent) => compare(sent));
});

describe("callers", () => {
  it("get an answer about themselves, whoever else may see the same", async () => {
    const body = JSON.stringify({ query: "{ caller }" });
    const sent = { name: "", init: { method: "POST", headers: { "content-type": "application/json" }, body } };
    for (const person of ["ada", "bea"]) await compare(sent, `Bearer ${await testToken(person, "planner")}`);
  });

  it.each(["a planner", "a shop"])("%s gets the answers that are theirs", async (who) => {
    const ask = (query: string): Sent => ({
      name: query,
      init: { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ query }) },
    });
    for (const query of ["{ planner }", '{ item(sku: "a") { sku } }', '{ item(sku: "a") { name } }']) {
      await compare(ask(query), `Bearer ${tokens[who]}`);
      await compare(ask(query));
    }
  });
});
