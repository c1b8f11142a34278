/**
 * More comes than can be done: what a client is told, who is let in, and that health answers meanwhile.
 */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Gateway } from "../../gateway/gateway.ts";
import { gate } from "../helpers/gate.ts";
import { createTestSubgraph, send, startTestGateway, stopAll } from "../helpers/gateways.ts";
import { ways } from "./limits-fixture.ts";

afterEach(stopAll);

const refused = { message: expect.any(String), extensions: { code: "OVERLOADED", retryAfterS: 1 } };

/** An owner that answers nothing until it is told to. */
function createSlowOwner() {
  const opened = gate();
  const owner = { arrived: 0, open: opened.open };
  const sdl = "type Item { sku: ID! } type Query { items(first: Int): [Item!]! }";
  const items = async () => {
    owner.arrived += 1;
    await opened.opened;
    return [{ sku: "A" }];
  };
  return Object.assign(owner, {
    endpoints: [{ name: "items", local: createTestSubgraph(sdl, { Query: { items } }) }],
  });
}

async function statusesOf(gateway: Gateway): Promise<number[]> {
  const origin = new URL(gateway.url()).origin;
  return Promise.all(["/healthz", "/readyz"].map(async (path) => (await send(`${origin}${path}`)).status));
}

describe.each([
  ["with the short path", true],
  ["with Apollo's gateway", false],
])("%s", (_, shortPath) => {
  it("three times as many as may be under way: a third is answered, the rest is told when to come back", async () => {
    const owner = createSlowOwner();
    const operationsMax = 8;
    const gateway = await startTestGateway(owner.endpoints, { shortPath, load: { operationsMax, delayMs: () => 0 } });
    const [, post] = ways[0] as (typeof ways)[number];
    const accepted = Array.from({ length: operationsMax }, () => post(gateway, 1));
    await vi.waitFor(() => expect(owner.arrived).toBe(operationsMax), { interval: 5 });
    for (const [, ask] of ways) {
      const { status, headers, errors } = await ask(gateway, 1);
      expect([status ?? 503, headers?.get("retry-after") ?? "1", errors]).toEqual([503, "1", [refused]]);
    }
    const others = await Promise.all(Array.from({ length: operationsMax * 2 }, () => post(gateway, 1)));
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 503));
    expect(await statusesOf(gateway)).toEqual([200, 200]);
    expect(owner.arrived).toBe(operationsMax);
    owner.open();
    expect((await Promise.all(accepted)).map(({ status }) => status)).toEqual(accepted.map(() => 200));
    for (const [, ask] of ways) expect((await ask(gateway, 1)).data).toEqual({ items: [{ sku: "A" }] });
  });
});

it("an event loop that is late refuses everybody but health, and nobody once it is not", async () => {
  const owner = createSlowOwner();
  owner.open();
  let delayMs = 10_000;
  const gateway = await startTestGateway(owner.endpoints, { load: { delayMs: () => delayMs } });
  for (const [, ask] of ways) expect((await ask(gateway, 1)).errors).toEqual([refused]);
  expect(await statusesOf(gateway)).toEqual([200, 200]);
  expect(owner.arrived).toBe(0);
  delayMs = 0;
  for (const [, ask] of ways) expect((await ask(gateway, 1)).data).toEqual({ items: [{ sku: "A" }] });
});
