/**
 * A subgraph as a process of its own answers its gateway and nobody who reaches its port past it.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGateway, type Gateway } from "../../gateway/gateway.ts";
import { systemClock } from "../../shared/clock.ts";
import { createSubgraphServer, type SubgraphServer } from "../../shared/graphql/serve.ts";
import { createAuthenticator, issueToken } from "../../shared/identity.ts";
import { silentLogger } from "../../shared/logging.ts";
import { createMetrics } from "../../shared/metrics/metrics.ts";
import { createIdentitySigner, identityHeader } from "../../shared/signed-identity.ts";
import { createErp } from "../../subgraphs/erp/subgraph.ts";
import { createScratch, type Scratch } from "../helpers/databases.ts";
import { ask, send } from "../helpers/gateways.ts";

const secret = "a-secret-that-only-the-tests-know";
const entities = `query { _entities(representations: [{ __typename: "Product", sku: "A" }]) { __typename } }`;

describe.each([
  ["answers signed calls only", "on"],
  ["checks tokens itself where that is switched off", "off"],
])("a subgraph alone %s", (_, SIGNED_IDENTITY) => {
  const isSigned = SIGNED_IDENTITY === "on";
  let scratch: Scratch;
  let subgraph: SubgraphServer;

  beforeAll(async () => {
    scratch = createScratch("sqlite", { AUTH_SECRET: secret, SIGNED_IDENTITY, PORT: "0" });
    subgraph = await createSubgraphServer(scratch.config, createErp);
    await subgraph.start();
  });
  afterAll(async () => {
    await subgraph.stop();
    await scratch.remove();
  });

  const direct = (query: string, headers: Record<string, string> = {}) =>
    send(subgraph.url(), {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ query }),
    });
  const bearer = async () =>
    `Bearer ${await issueToken(scratch.config.auth, { person: "ada", roles: ["admin"] }, systemClock)}`;

  it.each(["{ __typename }", "{ _service { sdl } }", entities])("past the gateway: %s", async (query) => {
    const { status, data, errors } = await direct(query);
    expect([status, errors.map(({ extensions }) => extensions["code"])]).toEqual(
      isSigned ? [401, ["CALLER_UNSIGNED"]] : [200, []],
    );
    expect(data === undefined).toBe(isSigned);
  });

  it("with a token that the gateway would take, and with a signature for another subgraph", async () => {
    const sign = createIdentitySigner(scratch.config.internalSecrets, systemClock);
    const ada = await createAuthenticator(scratch.config.auth, systemClock).authenticate(await bearer());
    expect((await direct(entities, { authorization: await bearer() })).status).toBe(isSigned ? 401 : 200);
    expect((await direct(entities, { [identityHeader]: sign(ada, "wms") })).status).toBe(isSigned ? 401 : 200);
    expect((await direct(entities, { [identityHeader]: sign(ada, "erp") })).data).toEqual({ _entities: [null] });
  });

  it("says that it is alive and ready to whoever watches", async () => {
    const origin = new URL(subgraph.url()).origin;
    expect((await send(`${origin}/healthz`)).status).toBe(200);
    expect((await send(`${origin}/readyz`)).status).toBe(200);
  });

  describe("to a gateway", () => {
    const startGateway = async (secrets: readonly string[]): Promise<Gateway> => {
      const gateway = createGateway({
        config: { ...scratch.config, port: 0 },
        clock: systemClock,
        log: silentLogger,
        metrics: createMetrics(),
        authenticator: createAuthenticator(scratch.config.auth, systemClock),
        sign: createIdentitySigner(secrets, systemClock),
        endpoints: [{ name: "erp", url: subgraph.url() }],
      });
      await gateway.start();
      return gateway;
    };

    it("that signs: its schema, its health, and its callers as who they are", async () => {
      const gateway = await startGateway(scratch.config.internalSecrets);
      try {
        await gateway.ready();
        const health = await send(`${new URL(gateway.url()).origin}/readyz`);
        expect(JSON.parse(health.text).parts.erp).toEqual({ status: "ready", remote: true });
        const question = "{ purchaseOrders { nodes { id } } }";
        expect((await ask(gateway, question)).errors[0]?.extensions["code"]).toBe("UNAUTHENTICATED");
        const known = await ask(gateway, question, {}, { authorization: await bearer() });
        expect(known.data).toEqual({ purchaseOrders: { nodes: [] } });
      } finally {
        await gateway.stop();
      }
    });
  });
});
