/**
 * Many sockets, few documents: a change is executed once for each document that matches it, however many wait for it,
 * and everybody gets it. Over real sockets; SOCKETS=1000 opens a thousand.
 */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { createApiClient } from "../../shared/graphql/client.ts";
import { issueToken, type Role } from "../../shared/identity.ts";
import { createSystem, type System } from "../../system.ts";
import { expectSettled } from "../helpers/conservation.ts";
import { createScratch } from "../helpers/databases.ts";
import { range, socketCount } from "../helpers/rush.ts";
import { openShop, type Shop } from "../helpers/shop.ts";
import { openSocket, type Socket, type Stream } from "../helpers/subscriptions.ts";

/** A tenth of the sockets share a document; a document names one of half as many items. */
const documents = socketCount / 10;
const items = documents / 2;
const personsMax = 10;
const changesPerMove = 2;

const scratch = createScratch("sqlite", { AUTH_SECRET: "a-secret-that-only-the-tests-know" });
const sockets: Socket[] = [];
let system: System;
let shop: Shop;

const token = (person: string, roles: Role[]) => issueToken(scratch.config.auth, { person, roles }, systemClock);
interface Told {
  readonly stockChanged: { readonly availability: { readonly sku: string; readonly version: number } };
}

const lastOf = (stream: Stream<Told>) => stream.results.at(-1)?.data?.stockChanged.availability;
const documentOf = (n: number) => `subscription Document${n} ($skus: [ID!]) {
  stockChanged(skus: $skus) { cursor availability { sku availableToSell version } } }`;

async function versions(): Promise<Map<string, number>> {
  const { availability } = await createApiClient({ url: system.url() }).request<{
    availability: { sku: string; version: number }[];
  }>("query ($skus: [ID!]!) { availability(skus: $skus) { sku version } }", { skus: shop.skus });
  return new Map(availability.map(({ sku, version }) => [sku, version]));
}

beforeAll(async () => {
  system = await createSystem(scratch.config);
  await system.start();
  const connector = createApiClient({ url: system.url(), token: await token("c", ["connector-erp", "connector-wms"]) });
  shop = await openShop(connector, "MANY", items, 100);
  await system.drain();
}, 60_000);
afterAll(async () => {
  await Promise.all(sockets.map(({ client }) => client.dispose()));
  await system.drain().then(() => expectSettled(scratch));
  await system.stop();
  await scratch.remove();
}, 60_000);

it(`a change costs one execution a document and reaches all of ${socketCount} sockets with ${documents} documents`, async ({
  annotate,
}) => {
  const tokens = await Promise.all(range(personsMax).map((i) => token(`reader-${i}`, ["crm"])));
  const streams = range(socketCount).map((i) => {
    const document = i % documents;
    const sku = shop.skus[document % items] as string;
    const socket = openSocket(system.url(), tokens[i % personsMax] as string);
    sockets.push(socket);
    const stream = socket.subscribe<Told>(documentOf(document), { skus: [sku] });
    return { sku, stream, connected: socket.ask("{ stockCursor }") };
  });
  await Promise.all(streams.map(({ connected }) => connected));
  const everybodyHas = async () => {
    await system.drain();
    const now = await versions();
    await vi.waitFor(
      () => {
        for (const { sku, stream } of streams) expect(lastOf(stream)?.version).toBe(now.get(sku));
      },
      { timeout: 20_000, interval: 50 },
    );
  };
  // Nobody is told when a subscription has begun, but for its first change.
  for (let i = 0; streams.some(({ stream }) => stream.results.length === 0); i += 1) {
    await shop.move();
    await system.drain();
    expect(i).toBeLessThan(100);
  }
  await everybodyHas();

  const hub = system.gateway.hub();
  const before = { ...hub?.counters };
  const known = streams.map(({ stream }) => stream.results.length);
  const startedMs = performance.now();
  await shop.move();
  await everybodyHas();
  const tookMs = performance.now() - startedMs;

  // Of each item: it was shipped, and the books followed; two documents are about it.
  const changes = items * changesPerMove;
  expect((hub?.counters.changes ?? 0) - (before.changes ?? 0)).toBe(changes);
  expect((hub?.counters.executions ?? 0) - (before.executions ?? 0)).toBe(changes * 2);
  expect(streams.map(({ stream }, i) => stream.results.length - (known[i] ?? 0))).toEqual(
    streams.map(() => changesPerMove),
  );
  await annotate(`${changes} changes to ${socketCount} sockets in ${Math.round(tookMs)} ms`);
}, 120_000);
