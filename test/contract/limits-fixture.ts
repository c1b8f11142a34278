/**
 * One small gateway, and one question on every way there is to ask it: what is refused on one is refused on all.
 */
import { createHash } from "node:crypto";
import type { Gateway } from "../../gateway/gateway.ts";
import { createTestSubgraph } from "../helpers/gateways.ts";
import { openSocket } from "../helpers/subscriptions.ts";

const sdl = `
  type Item @key(fields: "sku") { sku: ID! }
  type Position { channel: ID }
  type Query {
    availability(skus: [ID!]!, channel: ID): [Position!]!
    items(first: Int! = 5): [Item!]! @listSize(slicingArguments: ["first"], requireOneSlicingArgument: false)
  }
  type Mutation { touch(sku: ID!): Item! }
  type Subscription { stockChanged(skus: [ID!], first: Int = 1): [Item!]! @listSize(slicingArguments: ["first"]) }
`;

/** A list of items, as long as asked for but never long. `executed`: how often it was asked for. */
export function createItems() {
  const items = { executed: 0 };
  const local = createTestSubgraph(sdl, {
    Query: {
      // Asked before a subscription is let in.
      availability: () => [],
      items: () => {
        items.executed += 1;
        return [{ sku: "A" }];
      },
    },
    Mutation: { touch: (_: unknown, { sku }: { sku: string }) => ({ sku }) },
    Subscription: { stockChanged: () => [{ sku: "A" }] },
  });
  return Object.assign(items, { endpoints: [{ name: "items", local }] });
}

export const document = "query ($n: Int!) { items(first: $n) { sku } }";

export interface Reply {
  /** Null where the way has none. */
  readonly status: number | null;
  readonly headers: Headers | null;
  readonly data: unknown;
  readonly errors: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
}

type Way = (gateway: Gateway, n: number, text?: string, headers?: Record<string, string>) => Promise<Reply>;

const post: Way = (gateway, n, query = document, headers = {}) =>
  sent(gateway.url(), { method: "POST", headers, body: JSON.stringify({ query, variables: { n } }) });

const get: Way = (gateway, n, query = document, headers = {}) =>
  sent(`${gateway.url()}?${new URLSearchParams({ query, variables: JSON.stringify({ n }) })}`, { headers });

/** Sends the document with its hash unless it is known, as clients do. */
const byHash: Way = async (gateway, n, query = document, headers = {}) => {
  const sha256Hash = createHash("sha256").update(query).digest("hex");
  const parameters = {
    variables: JSON.stringify({ n }),
    extensions: JSON.stringify({ persistedQuery: { version: 1, sha256Hash } }),
  };
  const reply = await sent(`${gateway.url()}?${new URLSearchParams(parameters)}`, { headers });
  if (reply.errors[0]?.extensions["code"] !== "PERSISTED_QUERY_NOT_FOUND") return reply;
  return sent(`${gateway.url()}?${new URLSearchParams({ ...parameters, query })}`, { headers });
};

const socketQuery: Way = (gateway, n, query = document) => overSocket(gateway, query, n);

async function sent(url: string, init: RequestInit): Promise<Reply> {
  const json = { "content-type": "application/json", "apollo-require-preflight": "yes" };
  const response = await fetch(url, { ...init, headers: { ...json, ...init.headers } });
  const body = JSON.parse(await response.text());
  return { status: response.status, headers: response.headers, data: body.data, errors: body.errors ?? [] };
}

export async function overSocket(gateway: Gateway, query: string, n: number): Promise<Reply> {
  const socket = openSocket(gateway.url());
  const none = { status: null, headers: null };
  try {
    const { data, errors = [] } = await socket.ask(query, { n });
    return { ...none, data, errors: errors as never };
  } catch (errors) {
    if (!Array.isArray(errors)) throw errors;
    return { ...none, data: undefined, errors };
  } finally {
    await socket.client.dispose();
  }
}

export const ways: readonly (readonly [string, Way])[] = [
  ["by POST", post],
  ["by GET", get],
  ["by its hash", byHash],
  ["over a WebSocket", socketQuery],
];
