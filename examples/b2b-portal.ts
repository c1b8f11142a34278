/**
 * A B2B portal's transfer: ask for goods from another location, watch them come, receive them.
 *
 * Written as another company would write it: ordinary clients for GraphQL over HTTP and over WebSocket, and nothing of
 * this project. Whoever asks does not decide: a planner approves, a warehouse ships, and the portal sees it happen.
 *
 *   npm start                                                   # in another terminal
 *   SHOP=$(npm run --silent token -- --person shop-7 --roles portal,warehouse)
 *   DEPOT=$(npm run --silent token -- --person dora --roles planner,warehouse)
 *   node --import tsx examples/b2b-portal.ts http://127.0.0.1:4000/graphql "$SHOP" "$DEPOT"
 */
import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";
import { GraphQLClient, gql } from "graphql-request";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";

export interface Transfer {
  readonly id: string;
  readonly status: string;
  readonly inTransit: number;
  readonly lines: readonly {
    readonly sku: string;
    readonly requested: number;
    readonly shipped: number;
    readonly received: number;
  }[];
}

export interface Wish {
  readonly originId: string;
  readonly destinationId: string;
  readonly sku: string;
  readonly quantity: number;
}

/** Asks for goods. The same `reference` again is the same request: it counts once. */
export async function requestGoods(url: string, token: string, wish: Wish, reference: string): Promise<Transfer> {
  const { sku, quantity, ...places } = wish;
  const input = { idempotencyKey: `request-${reference}`, ...places, lines: [{ sku, quantity }], reference };
  return decided(await clientOf(url, token).request<Record<string, Decision>>(request, { input }));
}

/**
 * The transfer each time something has happened to it, the first time at once, until nothing more will. What happens to
 * it changes stock at one of its ends, so the changes there say when to look.
 */
export async function* watchTransfer(
  url: string,
  token: string,
  id: string,
  { sku, originId, destinationId }: Wish,
): AsyncGenerator<Transfer> {
  const api = clientOf(url, token);
  const look = async () => (await api.request<{ transferOrder: Transfer }>(transferNow, { id })).transferOrder;
  const socket = createClient({
    url: url.replace(/^http/, "ws"),
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: Number.POSITIVE_INFINITY,
  });
  try {
    // The cursor first: what happens while the transfer is looked at is not missed.
    const { stockCursor } = await api.request<{ stockCursor: string }>(whereTheStreamIs);
    let last = await look();
    yield last;
    const variables = { skus: [sku], locationIds: [originId, destinationId], after: stockCursor };
    type Told = { stockChanged: { cursor: string; cause: { document: { id: string } | null } } };
    for await (const { data } of socket.iterate<Told>({ query: whatChanges, variables })) {
      if (isOver(last)) return;
      if (!data) continue;
      variables.after = data.stockChanged.cursor;
      if (data.stockChanged.cause.document?.id !== id) continue;
      const now = await look();
      if (JSON.stringify(now) === JSON.stringify(last)) continue;
      last = now;
      yield now;
      if (isOver(now)) return;
    }
  } finally {
    await socket.dispose();
  }
}

/** What has been shipped and not received yet has arrived, all of it. */
export async function receiveGoods(url: string, token: string, { id, lines }: Transfer): Promise<void> {
  const arrived = lines
    .map(({ sku, shipped, received }) => ({ sku, quantity: shipped - received }))
    .filter(({ quantity }) => quantity > 0);
  const input = { idempotencyKey: `receive-${id}-${JSON.stringify(arrived)}`, transferId: id, lines: arrived };
  decided(await clientOf(url, token).request<Record<string, Decision>>(receive, { input }));
}

/** The other side, so that the example has an end: a planner approves, and the warehouse ships. */
async function approveAndShip(url: string, token: string, { id, lines }: Transfer): Promise<void> {
  const api = clientOf(url, token);
  decided(await api.request<Record<string, Decision>>(approve, { input: { idempotencyKey: `approve-${id}`, id } }));
  const goods = lines.map(({ sku, requested }) => ({ sku, quantity: requested }));
  const input = { idempotencyKey: `ship-${id}`, transferId: id, lines: goods };
  decided(await api.request<Record<string, Decision>>(ship, { input }));
}

function isOver({ status }: Transfer): boolean {
  return ["RECEIVED", "CLOSED", "CANCELLED", "REJECTED"].includes(status);
}

function clientOf(url: string, token: string): GraphQLClient {
  return new GraphQLClient(url, { headers: { authorization: `Bearer ${token}` } });
}

interface Decision {
  readonly transferOrder: Transfer;
  readonly userErrors: readonly { readonly code: string; readonly message: string }[];
}

/** Fails with the reason when it was refused. */
function decided(reply: Record<string, Decision>): Transfer {
  const [{ transferOrder, userErrors }] = Object.values(reply) as [Decision];
  const [refusal] = userErrors;
  if (refusal) throw new Error(`${refusal.code}: ${refusal.message}`);
  return transferOrder;
}

const request = gql`
  mutation ($input: RequestTransferInput!) {
    requestTransfer(input: $input) {
      transferOrder { id status inTransit lines { sku requested shipped received } }
      userErrors { code message }
    }
  }`;

const transferNow = gql`
  query ($id: ID!) {
    transferOrder(id: $id) { id status inTransit lines { sku requested shipped received } }
  }`;

const approve = gql`
  mutation ($input: DecideTransferInput!) { approveTransfer(input: $input) { userErrors { code message } } }`;

const ship = gql`
  mutation ($input: ShipTransferInput!) { shipTransfer(input: $input) { userErrors { code message } } }`;

const receive = gql`
  mutation ($input: ReceiveTransferInput!) { receiveTransfer(input: $input) { userErrors { code message } } }`;

const whereTheStreamIs = gql`{ stockCursor }`;

const whatChanges = gql`
  subscription ($skus: [ID!], $locationIds: [ID!], $after: String) {
    stockChanged(skus: $skus, locationIds: $locationIds, after: $after) { cursor cause { document { id } } }
  }`;

/** Goods that are somewhere, and another place for them, for a first try. */
async function anyWish(url: string, token: string): Promise<Wish> {
  type Node = { sku: string; locationId: string; availability: { availableToSell: number | null } | null };
  const api = clientOf(url, token);
  const { stockPositions, locations } = await api.request<{
    stockPositions: { nodes: Node[] };
    locations: { id: string; sellable: boolean }[];
  }>(gql`{
    stockPositions(first: 50) { nodes { sku locationId availability { availableToSell } } }
    locations { id sellable }
  }`);
  const found = stockPositions.nodes.find((node) => (node.availability?.availableToSell ?? 0) >= 5);
  const destination = locations.find(({ id, sellable }) => sellable && id !== found?.locationId);
  if (!found || !destination) throw new Error("there is nothing to transfer");
  return { originId: found.locationId, destinationId: destination.id, sku: found.sku, quantity: 5 };
}

async function main(url = "http://127.0.0.1:4000/graphql", shop = "", depot = ""): Promise<void> {
  const wish = await anyWish(url, shop);
  const { id } = await requestGoods(url, shop, wish, `SHOP-${randomUUID().slice(0, 8)}`);
  for await (const transfer of watchTransfer(url, shop, id, wish)) {
    process.stdout.write(`Transfer ${id}: ${transfer.status}, ${transfer.inTransit} in transit\n`);
    if (transfer.status === "PENDING_APPROVAL") await approveAndShip(url, depot, transfer);
    if (transfer.inTransit > 0) await receiveGoods(url, shop, transfer);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main(...process.argv.slice(2));
