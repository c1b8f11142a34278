/**
 * What one caller may ask for in a while, on every way to the gateway; counted by several gateways together in Redis.
 */
import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startTestGateway, stopAll, testToken } from "../helpers/gateways.ts";
import { services } from "../helpers/services.ts";
import { createItems, document, ways } from "./limits-fixture.ts";

const doors = { rateLimit: { points: 100, windowS: 3_600 }, proxies: 1 };

afterEach(stopAll);

describe.each([
  ["with the short path", true],
  ["with Apollo's gateway", false],
])("%s", (_, shortPath) => {
  it.each(ways)("asked %s, a caller is refused when the budget is used up", async (_name, ask) => {
    const items = createItems();
    const gateway = await startTestGateway(items.endpoints, { shortPath, doors });
    for (let time = 1; time <= 3; time++) expect((await ask(gateway, 30)).errors).toEqual([]);
    const before = items.executed;
    const { status, headers, errors } = await ask(gateway, 30);
    expect(errors).toEqual([
      {
        message: expect.any(String),
        extensions: { code: "RATE_LIMITED", limit: 100, remaining: expect.any(Number), retryAfterS: 3_600 },
      },
    ]);
    expect(status ?? 429).toBe(429);
    expect(headers?.get("retry-after") ?? "3600").toBe("3600");
    expect(items.executed).toBe(before);
  });

  it("every answer says what is left, whichever way it was made", async () => {
    const gateway = await startTestGateway(createItems().endpoints, { shortPath, doors });
    const left: (string | null | undefined)[] = [];
    const [, post] = ways[0] as (typeof ways)[number];
    for (let time = 1; time <= 5; time++) {
      const { headers } = await post(gateway, 10);
      expect([headers?.get("ratelimit-limit"), headers?.get("ratelimit-reset")]).toEqual(["100", "3600"]);
      left.push(headers?.get("ratelimit-remaining"));
    }
    expect(left).toEqual(["90", "80", "70", "60", "50"]);
  });

  it("what is not understood costs one, and when nothing is left it is not even read", async () => {
    const gateway = await startTestGateway(createItems().endpoints, { shortPath, doors });
    const [, post] = ways[0] as (typeof ways)[number];
    for (let time = 1; time <= 100; time++) expect((await post(gateway, 1, "{ nonsense")).status).toBe(400);
    expect((await post(gateway, 1, "{ nonsense")).status).toBe(429);
  });

  it("guessing at tokens uses up the budget of the address", async () => {
    const gateway = await startTestGateway(createItems().endpoints, { shortPath, doors });
    const [, post] = ways[0] as (typeof ways)[number];
    const guess = (n: number) => post(gateway, 1, document, { authorization: `Bearer guess-${n}` });
    for (let time = 1; time <= 100; time++) expect((await guess(time)).status).toBe(401);
    expect((await guess(101)).status).toBe(429);
    const authorization = `Bearer ${await testToken("ada", "planner")}`;
    expect((await post(gateway, 1, document, { authorization })).status).toBe(200);
  });
});

it("every person has a budget of their own, and so has every address that a proxy of ours names", async () => {
  const gateway = await startTestGateway(createItems().endpoints, { doors });
  const [, post] = ways[0] as (typeof ways)[number];
  const statusOf = async (headers: Record<string, string>) => (await post(gateway, 100, document, headers)).status;
  for (const person of ["ada", "bob"]) {
    const authorization = `Bearer ${await testToken(person, "planner")}`;
    expect([await statusOf({ authorization }), await statusOf({ authorization })]).toEqual([200, 429]);
  }
  for (const address of ["1.2.3.4", "1.2.3.5"]) {
    const headers = { "x-forwarded-for": `6.6.6.6, ${address}` };
    expect([await statusOf(headers), await statusOf(headers)]).toEqual([200, 429]);
  }
});

it.skipIf(!services.redisUrl)("two gateways count together, a moment later", async () => {
  const redis = { redisUrl: services.redisUrl as string, redisPrefix: `test:${randomBytes(4).toString("hex")}:` };
  const [here, there] = await Promise.all(
    [1, 2].map(() => startTestGateway(createItems().endpoints, { doors, ...redis })),
  );
  const [, post] = ways[0] as (typeof ways)[number];
  expect((await post(here as never, 60)).status).toBe(200);
  await vi.waitFor(async () => {
    const { headers } = await post(there as never, 1);
    expect(Number(headers?.get("ratelimit-remaining"))).toBeLessThan(40);
  });
  expect((await post(there as never, 40)).status).toBe(429);
});
