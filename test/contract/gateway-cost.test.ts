/**
 * What one operation may cost is the same on every way to the gateway, and decided before anything is executed.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../gateway/gateway.ts";
import { limits } from "../../shared/limits.ts";
import { startTestGateway, stopAll } from "../helpers/gateways.ts";
import { createItems, overSocket, ways } from "./limits-fixture.ts";

describe.each([
  ["with the short path", true],
  ["with Apollo's gateway", false],
])("%s", (_, shortPath) => {
  const items = createItems();
  let gateway: Gateway;

  beforeAll(async () => {
    gateway = await startTestGateway(items.endpoints, { shortPath });
  });
  afterAll(stopAll);

  it.each(ways)("asked %s, the variables decide whether a document is too expensive", async (_name, ask) => {
    for (let time = 1; time <= 3; time++) {
      expect((await ask(gateway, limits.operationCostMax)).data).toEqual({ items: [{ sku: "A" }] });
      const before = items.executed;
      const { status, data, errors } = await ask(gateway, limits.operationCostMax + 1);
      expect(status ?? 400).toBe(400);
      expect(data).toBeUndefined();
      expect(errors).toEqual([
        {
          message: expect.stringContaining(String(limits.operationCostMax)),
          extensions: {
            code: "QUERY_TOO_EXPENSIVE",
            cost: limits.operationCostMax + 1,
            limit: limits.operationCostMax,
          },
        },
      ]);
      expect(items.executed).toBe(before);
    }
  });

  it("a subscription that is too expensive is refused when it begins", async () => {
    const query = "subscription ($n: Int!) { stockChanged(first: $n) { sku } }";
    const { errors } = await overSocket(gateway, query, limits.operationCostMax + 1);
    expect(errors.map((e) => e.extensions["code"])).toEqual(["QUERY_TOO_EXPENSIVE"]);
  });
});
