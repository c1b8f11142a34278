/**
 * A CRM's view of stock: take a snapshot, follow every change, lose the connection, go on without a gap.
 *
 * Written as another company would write it: ordinary clients for GraphQL over HTTP and over WebSocket, and nothing of
 * this project. The cursor of the last change that was dealt with is all there is to remember.
 *
 *   npm start                                                   # in another terminal
 *   TOKEN=$(npm run --silent token -- --person crm --roles crm)
 *   node --import tsx examples/crm.ts http://127.0.0.1:4000/graphql "$TOKEN" 10
 */
import { pathToFileURL } from "node:url";
import { GraphQLClient, gql } from "graphql-request";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";

export interface Change {
  /** Where to go on after this change. */
  readonly cursor: string;
  readonly previousAvailableToSell: number | null;
  readonly availability: Known;
  readonly cause: { readonly type: string; readonly source: string };
}

interface Known {
  readonly sku: string;
  readonly locationId: string;
  readonly availableToSell: number | null;
  readonly version: number;
}

export interface Follower {
  /** What is known now, by SKU and location. */
  readonly stock: ReadonlyMap<string, Known>;
  /** Resolves after `stop`; rejects when following is not allowed any more. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export interface FollowOptions {
  readonly url: string;
  readonly token: string;
  readonly skus: readonly string[];
  readonly onChange: (change: Change) => void;
  /** The WebSocket to use; a browser has one of its own. */
  readonly webSocketImpl?: unknown;
}

/** Resolves when the snapshot is there; from then on nothing is missed, whatever happens to the connection. */
export async function followStock(options: FollowOptions): Promise<Follower> {
  const { url, token, skus, onChange, webSocketImpl = WebSocket } = options;
  const authorization = `Bearer ${token}`;
  const api = new GraphQLClient(url, { headers: { authorization } });
  const socket = createClient({
    url: url.replace(/^http/, "ws"),
    webSocketImpl,
    connectionParams: { authorization },
    // It comes back by itself, with longer and longer pauses, and sends the subscription again.
    retryAttempts: Number.POSITIVE_INFINITY,
  });
  const stock = new Map<string, Known>();

  // 1. The cursor first, then the state: what happens between the two is streamed, and known by its version.
  async function snapshot(): Promise<string> {
    const { stockCursor } = await api.request<{ stockCursor: string }>(whereTheStreamIs);
    const { availability } = await api.request<{ availability: Known[] }>(whatThereIs, { skus });
    for (const known of availability) stock.set(keyOf(known), known);
    return stockCursor;
  }

  // 2. Every change since then. The variables are sent again with each new connection: the cursor in them moves on.
  async function stream(after: string): Promise<void> {
    const variables = { skus, after };
    for await (const { data, errors } of socket.iterate<{ stockChanged: Change }>({ query: whatChanges, variables })) {
      if (!data) throw new Error(errors?.[0]?.message ?? "a change without data");
      const { stockChanged } = data;
      const known = stock.get(keyOf(stockChanged.availability));
      if ((known?.version ?? 0) < stockChanged.availability.version) {
        stock.set(keyOf(stockChanged.availability), stockChanged.availability);
        onChange(stockChanged);
      }
      variables.after = stockChanged.cursor;
    }
  }

  // 3. Away for longer than the stream is kept: begin again with a snapshot. There is never a silent gap.
  async function follow(after: string): Promise<void> {
    for (let from = after; ; from = await snapshot()) {
      try {
        return await stream(from);
      } catch (error) {
        if (!JSON.stringify(error).includes("RESYNC_REQUIRED")) throw error;
      }
    }
  }

  const ended = follow(await snapshot());
  // Whoever does not ask for `ended` is not brought down by it.
  ended.catch(() => {});
  return { stock, ended, stop: async () => socket.dispose() };
}

function keyOf({ sku, locationId }: Pick<Known, "sku" | "locationId">): string {
  return JSON.stringify([sku, locationId]);
}

const whereTheStreamIs = gql`{ stockCursor }`;

const whatThereIs = gql`
  query ($skus: [ID!]!) {
    availability(skus: $skus) { sku locationId availableToSell version }
  }`;

const whatChanges = gql`
  subscription ($skus: [ID!], $after: String) {
    stockChanged(skus: $skus, after: $after) {
      cursor
      previousAvailableToSell
      availability { sku locationId availableToSell version }
      cause { type source }
    }
  }`;

/** Some items to follow, for a first try. */
async function someItems(url: string, token: string): Promise<string[]> {
  const api = new GraphQLClient(url, { headers: { authorization: `Bearer ${token}` } });
  const { products } = await api.request<{ products: { nodes: { sku: string }[] } }>(
    gql`{ products(first: 50) { nodes { sku } } }`,
  );
  return products.nodes.map(({ sku }) => sku);
}

async function main(url = "http://127.0.0.1:4000/graphql", token = "", count = "10"): Promise<void> {
  let left = Number(count);
  const follower = await followStock({
    url,
    token,
    skus: await someItems(url, token),
    onChange({ availability: { sku, locationId, availableToSell }, previousAvailableToSell, cause }) {
      if (left <= 0) return;
      process.stdout.write(
        `${sku} at ${locationId}: ${previousAvailableToSell} → ${availableToSell} (${cause.source}: ${cause.type})\n`,
      );
      left -= 1;
      if (left === 0) void follower.stop();
    },
  });
  process.stdout.write(`Following ${follower.stock.size} positions.\n`);
  await follower.ended;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main(...process.argv.slice(2));
