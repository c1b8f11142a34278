/**
 * A socket as its clients see it: what may be asked on it, what is refused and with which code, and how it ends.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { closeCodes } from "../../gateway/subscriptions/close-codes.ts";
import { systemClock } from "../../shared/clock.ts";
import { createApiClient } from "../../shared/graphql/client.ts";
import { issueToken, type Role } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import { createSystem, type System } from "../../system.ts";
import { expectSettled } from "../helpers/conservation.ts";
import { createScratch } from "../helpers/databases.ts";
import { openShop, type Shop } from "../helpers/shop.ts";
import { type Data, endOf, openSocket, type Socket } from "../helpers/subscriptions.ts";

const scratch = createScratch("sqlite", { AUTH_SECRET: "a-secret-that-only-the-tests-know" });
const changes = "subscription { stockChanged { cursor availability { sku } } }";
let system: System;
let shop: Shop;
const sockets: Socket[] = [];

beforeAll(async () => {
  system = await createSystem(scratch.config);
  await system.start();
  const connector = createApiClient({ url: system.url(), token: await token("c", ["connector-erp", "connector-wms"]) });
  shop = await openShop(connector, "WS", 4, 10);
  await system.drain();
});
afterAll(async () => {
  await system.drain().then(() => expectSettled(scratch));
  await system.stop();
  await scratch.remove();
});

function token(person: string, roles: Role[], more: { ttlS?: number; channels?: string[] } = {}): Promise<string> {
  return issueToken(scratch.config.auth, { person, roles, ...more }, systemClock);
}

function open(bearer?: string): Socket {
  const socket = openSocket(system.url(), bearer);
  sockets.push(socket);
  return socket;
}

/** What a subscription that is refused ends with. */
async function refusal(document: string, variables: Data = {}, bearer?: string): Promise<unknown> {
  const socket = open(bearer);
  const ended = await socket.subscribe(document, variables).ended;
  await socket.client.dispose();
  return ended;
}

const withCode = (code: string) => [{ message: expect.any(String), extensions: expect.objectContaining({ code }) }];

describe("on a socket", () => {
  it("queries and mutations are answered as over HTTP, errors masked in the same way", async () => {
    const socket = open(await token("web-shop", ["storefront"], { channels: ["WEB"] }));
    const [sku, locationId] = [shop.skus[0], shop.locationId];
    const answer = await socket.ask("query ($sku: ID!) { availability(skus: [$sku]) { availableToSell } }", { sku });
    expect(answer).toEqual({ data: { availability: [{ availableToSell: 10 }] } });
    const input = { idempotencyKey: "ws-r", lines: [{ sku, locationId, quantity: 1 }] };
    const reserve = "mutation ($input: ReserveStockInput!) { reserveStock(input: $input) { reservation { status } } }";
    expect(await socket.ask(reserve, { input })).toEqual({
      data: { reserveStock: { reservation: { status: "ACTIVE" } } },
    });
    const refused = await socket.ask("{ channelPolicies { policyVersion } }");
    expect(refused.errors).toMatchObject([{ extensions: { code: "FORBIDDEN" } }]);
    await expect(socket.ask("{ nothing")).rejects.toMatchObject(withCode("GRAPHQL_PARSE_FAILED"));
    await expect(socket.ask("{ nothing }")).rejects.toMatchObject(withCode("GRAPHQL_VALIDATION_FAILED"));
    const aliases = Array.from({ length: limits.queryAliasesMax + 1 }, (_, i) => `a${i}: channels { id }`).join(" ");
    await expect(socket.ask(`{ ${aliases} }`)).rejects.toMatchObject(withCode("QUERY_TOO_COMPLEX"));
    await socket.client.dispose();
  });

  it("a reservation and its end are changes with their own cause; other items and places are not told of", async () => {
    const [sku, locationId] = [shop.skus[1], shop.locationId];
    const socket = open(await token("web-shop", ["storefront"], { channels: ["WEB"] }));
    const document = `subscription ($skus: [ID!], $places: [ID!], $after: String) {
      told: stockChanged(skus: $skus, locationIds: $places, channel: "WEB", after: $after) {
        ...Figures was: previousAvailableToSell cause { type document { type } } } }
      fragment Figures on StockChange { availability { sku availableToSell channel } }`;
    const { data } = await socket.ask("{ stockCursor }");
    const after = data?.["stockCursor"];
    const stream = socket.subscribe(document, { skus: [sku], places: [locationId], after });
    const elsewhere = socket.subscribe(document, { skus: [sku], places: ["ELSEWHERE"], after });
    const input = {
      idempotencyKey: "ws-2",
      lines: [
        { sku, locationId, quantity: 4 },
        { sku: shop.skus[2], locationId, quantity: 1 },
      ],
    };
    const reserve = "mutation ($input: ReserveStockInput!) { reserveStock(input: $input) { reservation { id } } }";
    const reserved = await socket.ask(reserve, { input });
    const id = reserved.data?.["reserveStock"].reservation.id;
    await socket.ask("mutation ($input: ReleaseReservationInput!) { releaseReservation(input: $input) { replayed } }", {
      input: { idempotencyKey: "ws-3", id },
    });
    const told = (type: string, was: number, now: number) => ({
      data: {
        told: {
          availability: { sku, availableToSell: now, channel: "WEB" },
          was,
          cause: { type, document: { type: "RESERVATION" } },
        },
      },
    });
    expect(await stream.first(2)).toEqual([told("reservation.created", 10, 6), told("reservation.released", 6, 10)]);
    await system.drain();
    expect(elsewhere.results).toEqual([]);
    await socket.client.dispose();
  });

  it("shares one execution among all who ask the same with the same rights", async () => {
    const people = await Promise.all(["p1", "p2", "p3"].map((person) => token(person, ["planner"])));
    const streams = people.flatMap((bearer) => [open(bearer).subscribe(changes), open(bearer).subscribe(changes)]);
    const anonymousStream = open().subscribe(changes);
    const [probe] = shop.skus;
    // Until everybody is there: a change made before would not be told to those who came after it.
    await expect
      .poll(async () => {
        await shop.move([probe as string]);
        await system.drain();
        return [...streams, anonymousStream].every(({ results }) => results.length > 0);
      })
      .toBe(true);
    const hub = system.gateway.hub();
    const before = { ...hub?.counters } as { changes: number; executions: number };
    await shop.move();
    await system.drain();
    const made = (hub?.counters.executions ?? 0) - before.executions;
    expect(made).toBe(2 * ((hub?.counters.changes ?? 0) - before.changes));
    for (const socket of sockets.splice(0)) await socket.client.dispose();
  });

  it("refuses what it cannot serve, with the code that HTTP has for it", async () => {
    const at = (args: string) => `subscription { stockChanged(${args}) { cursor } }`;
    const after = `subscription ($after: String) { stockChanged(after: $after) { cursor } }`;
    const skus = Array.from({ length: limits.subscriptionFilterMax + 1 }, (_, i) => `S${i}`);
    expect(await refusal(at('channel: "NOPE"'))).toMatchObject(withCode("BAD_USER_INPUT"));
    expect(await refusal(at('channel: "B2B"'))).toMatchObject(withCode("UNAUTHENTICATED"));
    const web = await token("web-shop", ["storefront"], { channels: ["WEB"] });
    expect(await refusal(at('channel: "B2B"'), {}, web)).toMatchObject(withCode("FORBIDDEN"));
    expect(await refusal(after, { after: "not a cursor" })).toMatchObject(withCode("BAD_USER_INPUT"));
    expect(await refusal(after, { after: 7 })).toMatchObject(withCode("BAD_USER_INPUT"));
    const foreign = Buffer.from("1 another-epoch 1-0").toString("base64url");
    expect(await refusal(after, { after: foreign })).toMatchObject(withCode("RESYNC_REQUIRED"));
    expect(
      await refusal("subscription ($skus: [ID!]) { stockChanged(skus: $skus) { cursor } }", { skus }),
    ).toMatchObject(withCode("QUERY_TOO_COMPLEX"));
    expect(await refusal("subscription { stockChanged { cursor } two: stockChanged { cursor } }")).toMatchObject(
      withCode("GRAPHQL_VALIDATION_FAILED"),
    );
    const response = await fetch(system.url(), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: changes }),
    });
    expect(await response.json()).toMatchObject({ errors: withCode("BAD_USER_INPUT") });
  });

  it("serves a bounded number of operations at a time", async () => {
    const socket = open();
    const streams = Array.from({ length: limits.operationsPerSocketMax + 1 }, () => socket.subscribe(changes));
    expect(await (streams.at(-1) as (typeof streams)[number]).ended).toMatchObject(withCode("RATE_LIMITED"));
    await socket.client.dispose();
  });
});

describe("a socket ends", () => {
  it("with UNAUTHENTICATED when its token is not valid", async () => {
    expect(await open("not-a-token").closed).toMatchObject(closeCodes.UNAUTHENTICATED);
  });

  it("with TOKEN_EXPIRED at the moment its token ends", async () => {
    const socket = open(await token("walter", ["planner"], { ttlS: 2 }));
    const stream = socket.subscribe(changes);
    expect(await socket.closed).toMatchObject(closeCodes.TOKEN_EXPIRED);
    expect(await stream.ended).toMatchObject({ code: closeCodes.TOKEN_EXPIRED.code });
  });

  it("with TOO_MANY_CONNECTIONS when one person has too many of them", async () => {
    const bearer = await token("many", ["planner"]);
    const ok = Array.from({ length: limits.socketsPerIdentityMax }, () => open(bearer));
    await Promise.all(ok.map((socket) => socket.ask("{ __typename }")));
    expect(await open(bearer).closed).toMatchObject(closeCodes.TOO_MANY_CONNECTIONS);
    await ok[0]?.client.dispose();
    await ok[0]?.closed;
    await expect(open(bearer).ask("{ __typename }")).resolves.toEqual({ data: { __typename: "Query" } });
    for (const socket of sockets.splice(0)) await socket.client.dispose();
  });

  it("with the protocol's own codes for what the protocol forbids", async () => {
    const subscribe = JSON.stringify({ id: "1", type: "subscribe", payload: { query: changes } });
    expect(await endOf(system.url(), (socket) => socket.send(subscribe))).toBe(4401);
    expect(await endOf(system.url(), (socket) => socket.send("nonsense"))).toBe(4400);
    const large = "x".repeat(limits.socketMessageBytesMax + 1);
    expect(await endOf(system.url(), (socket) => socket.send(large))).toBe(1009);
    expect(await endOf(system.url().replace("/graphql", "/elsewhere"))).toContain("404");
  });

  it("with GOING_AWAY at stop, before HTTP stops; the process does not wait for its clients", async () => {
    const last = await createSystem({ ...scratch.config, dataDir: `${scratch.config.dataDir}/last` });
    await last.start();
    const socket = openSocket(last.url());
    const stream = socket.subscribe(changes);
    await socket.ask("{ __typename }");
    await last.stop();
    expect(await socket.closed).toMatchObject(closeCodes.GOING_AWAY);
    expect(await stream.ended).toMatchObject({ code: closeCodes.GOING_AWAY.code });
  });
});
