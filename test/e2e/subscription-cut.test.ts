/**
 * A client that is cut off again and again while stock changes, and comes back with its cursor each time, knows in the
 * end what a client knows that was never cut: no change left out, none twice, in order per position.
 */
import { expect, it, vi } from "vitest";
import { cutCount } from "../helpers/rush.ts";
import { openShop, type Shop } from "../helpers/shop.ts";
import { openSocket, type Socket } from "../helpers/subscriptions.ts";
import { eachTarget, type Target } from "../helpers/target.ts";

interface Change {
  readonly cursor: string;
  readonly sku: string;
  readonly version: number;
  readonly before: number | null;
  readonly now: number | null;
}

const document = `subscription ($skus: [ID!], $after: String) { stockChanged(skus: $skus, after: $after) {
  cursor previousAvailableToSell availability { sku version availableToSell } } }`;

eachTarget(
  "a client that is cut off",
  (target) => {
    it(
      "again and again, and comes back to any gateway, misses nothing and gets nothing twice",
      async ({ annotate }) => {
        const shop = await openKnownShop(target());
        const { stockCursor } = await target().client().request<{ stockCursor: string }>("{ stockCursor }");

        const whole: Change[] = [];
        const steady = openSocket(target().url);
        listen(steady, stockCursor, (change) => whole.push(change));

        const pieces: Change[] = [];
        let cuts = 0;
        let socket = connect(stockCursor);
        function connect(after: string): Socket {
          const { urls } = target();
          const opened = openSocket(urls[cuts % urls.length] as string);
          let came = 0;
          let isCut = false;
          listen(opened, after, (change) => {
            // What was in the client's own buffer when the network went is not read any more.
            if (isCut) return;
            pieces.push(change);
            came += 1;
            // In the middle of a page, with results under way.
            if (came < 7 + (cuts % 13) || cuts === cutCount) return;
            cuts += 1;
            isCut = true;
            opened.cut();
            socket = connect(change.cursor);
          });
          return opened;
        }
        function listen(on: Socket, after: string, onChange: (change: Change) => void): void {
          on.client.subscribe<{ stockChanged: never }>(
            { query: document, variables: { skus: shop.skus, after } },
            {
              next: ({ data, errors }) => {
                if (errors || !data) throw new Error(`a change with errors: ${JSON.stringify(errors)}`);
                onChange(toChange(data.stockChanged));
              },
              error: () => {},
              complete: () => {},
            },
          );
        }

        const startedMs = performance.now();
        let moves = 0;
        while (cuts < cutCount) {
          await shop.move();
          moves += 1;
          expect(moves).toBeLessThan(1_000);
        }
        const seconds = (performance.now() - startedMs) / 1_000;

        const told = (changes: readonly Change[]) =>
          shop.skus.map((sku) => changes.filter((c) => c.sku === sku).map(key));
        await vi.waitFor(
          async () => {
            const now = await versionsOf(target(), shop.skus);
            for (const changes of [whole, pieces]) expect(lastVersions(changes)).toEqual(now);
            expect(told(pieces)).toEqual(told(whole));
          },
          { timeout: 20_000, interval: 100 },
        );
        for (const changes of [whole, pieces]) {
          expect(new Set(changes.map(({ cursor }) => cursor)).size).toBe(changes.length);
          for (const sku of shop.skus) assertChain(changes.filter((change) => change.sku === sku));
        }
        await annotate(`${cuts} cuts, ${whole.length} changes, ${Math.round(whole.length / seconds)} a second`);
        await Promise.all([steady.client.dispose(), socket.client.dispose()]);
      },
      40_000 + cutCount * 6_000,
    );
  },
  ["embedded", "processes"],
  { gateways: 2 },
);

/** Whoever has not heard of an item or a source yet says so, and would tell another tale of the first changes. */
async function openKnownShop(target: Target): Promise<Shop> {
  const shop = await openShop(target.connector, "CUT", 10, 1_000);
  await target.eventually(() => assertKnown(target, shop.skus));
  return shop;
}

/** Every gateway has an answer for every item. */
async function assertKnown(target: Target, skus: readonly string[]): Promise<void> {
  const question = "query ($skus: [ID!]!) { availability(skus: $skus) { availableToSell } }";
  for (const url of target.urls) {
    type Reply = { availability: { availableToSell: number | null }[] };
    const { availability } = await target.client(undefined, url).request<Reply>(question, { skus });
    expect(availability.map(({ availableToSell }) => availableToSell)).not.toContain(null);
    expect(availability.length).toBeGreaterThanOrEqual(skus.length);
  }
}

async function versionsOf(target: Target, skus: readonly string[]): Promise<Map<string, number>> {
  const { availability } = await target
    .client()
    .request<{ availability: { sku: string; version: number }[] }>(
      "query ($skus: [ID!]!) { availability(skus: $skus) { sku version } }",
      { skus },
    );
  return new Map(availability.map(({ sku, version }) => [sku, version]));
}

function toChange(told: {
  cursor: string;
  previousAvailableToSell: number | null;
  availability: { sku: string; version: number; availableToSell: number | null };
}): Change {
  const { sku, version, availableToSell } = told.availability;
  return { cursor: told.cursor, sku, version, before: told.previousAvailableToSell, now: availableToSell };
}

const key = ({ version, now }: Change) => `${version}: ${now}`;

function lastVersions(changes: readonly Change[]): Map<string, number> {
  return new Map(changes.map(({ sku, version }) => [sku, version]));
}

/** Each change begins where the one before it ended. */
function assertChain(changes: readonly Change[]): void {
  for (const [i, change] of changes.entries()) {
    const before = changes[i - 1];
    if (!before) continue;
    expect(change.version).toBeGreaterThan(before.version);
    expect(change.before).toBe(before.now);
  }
}
