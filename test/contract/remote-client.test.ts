/**
 * A subgraph behind HTTP: which questions of one moment are one question, and what is printed only once.
 */
import { afterEach, describe, expect, it } from "vitest";
import { createRemoteClient } from "../../gateway/remote-client.ts";
import { anonymous } from "../../shared/identity.ts";
import { identityHeader } from "../../shared/signed-identity.ts";
import { gate } from "../helpers/gate.ts";
import { createTestSubgraph, serveTestSubgraph, stopAll } from "../helpers/gateways.ts";

afterEach(stopAll);

const stock = createTestSubgraph(
  `type Query { warehouses: [String!] } type Product @key(fields: "sku") { sku: ID! onHand(at: String): Int }`,
  {
    Query: { warehouses: () => ["NORTH"] },
    Product: { __resolveReference: (reference: object) => reference, onHand: () => 7 },
  },
);

async function start() {
  const served = await serveTestSubgraph(stock);
  const client = createRemoteClient(served.url);
  const ask = (options: { token?: string; repeatable?: boolean; query?: string } = {}) => {
    const { token, repeatable = true, query = "{ warehouses }" } = options;
    const identity = token === undefined ? anonymous : { ...anonymous, token };
    const signal = new AbortController().signal;
    return client.execute({ query }, { identity, correlationId: "c" }, { signal, repeatable });
  };
  return { served, client, ask };
}

describe("the same question twice in one moment", () => {
  it("is asked once, and each caller gets an answer to take apart", async () => {
    const { served, client, ask } = await start();
    const [one, two] = await Promise.all([ask({ token: "ada" }), ask({ token: "ada" })]);
    expect(one).toEqual({ data: { warehouses: ["NORTH"] } });
    expect(two).toEqual(one);
    expect(two.data).not.toBe(one.data);
    expect(served.received).toHaveLength(1);
    await client.close();
  });

  it("by another caller, of another document, or where it may change something, is asked for itself", async () => {
    const { served, client, ask } = await start();
    await Promise.all([ask({ token: "ada" }), ask({ token: "bob" }), ask(), ask({ query: "{ w: warehouses }" })]);
    expect(served.received).toHaveLength(4);
    await Promise.all([ask({ repeatable: false }), ask({ repeatable: false })]);
    expect(served.received).toHaveLength(6);
    await client.close();
  });

  it("is asked again while the first is under way: what has been written since must be in the answer", async () => {
    const { served, client, ask } = await start();
    const reached = gate();
    const released = gate();
    served.misbehave = async () => {
      served.misbehave = null;
      reached.open();
      await released.opened;
      return { data: { warehouses: [] } };
    };
    const before = ask();
    await reached.opened;
    expect(await ask()).toEqual({ data: { warehouses: ["NORTH"] } });
    released.open();
    expect(await before).toEqual({ data: { warehouses: [] } });
    await client.close();
  });
});

describe("who asks", () => {
  it("is told beside the question, signed", async () => {
    const served = await serveTestSubgraph(stock);
    const client = createRemoteClient(served.url, ({ person }) => `signed ${person}`);
    const options = { signal: new AbortController().signal, repeatable: true };
    const ada = { ...anonymous, person: "ada" };
    await client.execute({ query: "{ warehouses }" }, { identity: ada, correlationId: "c" }, options);
    expect(served.received[0]?.headers[identityHeader]).toBe("signed ada");
    await client.close();
  });

  it("and is not believed: that is between gateway and subgraph, and no fault of the caller's", async () => {
    const { served, client, ask } = await start();
    const errors = [{ message: "not signed", extensions: { code: "CALLER_UNSIGNED" } }];
    served.misbehave = (reply) => reply.status(401).send({ errors });
    await expect(ask()).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE", cause: { message: "not signed" } });
    await client.close();
  });
});

describe("representations", () => {
  it.each([{}, { at: "NORTH" }])("go out as they were printed, beside %j", async (others) => {
    const { served, client } = await start();
    const representations = [{ __typename: "Product", sku: "A" }];
    const query = `query ($representations: [_Any!]!, $at: String) {
      _entities(representations: $representations) { ... on Product { onHand(at: $at) } }
    }`;
    const { data } = await client.execute(
      { query, variables: { ...others, representations } },
      { identity: anonymous, correlationId: "c" },
      {
        signal: new AbortController().signal,
        repeatable: true,
        representationsText: JSON.stringify(representations),
      },
    );
    expect(data).toEqual({ _entities: [{ onHand: 7 }] });
    expect(served.received[0]?.operation.variables).toEqual({ ...others, representations });
    await client.close();
  });
});
