/**
 * A web shop's purchase: ask what can be sold, reserve it, pay, confirm it to an order.
 *
 * Written as another company would write it: an ordinary GraphQL client, and nothing of this project. A question is
 * never a promise; only `reserveStock` decides, and what it refuses is an answer to work with.
 *
 *   npm start                                                   # in another terminal
 *   TOKEN=$(npm run --silent token -- --person web-shop --roles storefront --channels WEB)
 *   node --import tsx examples/storefront.ts http://127.0.0.1:4000/graphql "$TOKEN"
 */
import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";
import { GraphQLClient, gql } from "graphql-request";

export interface Purchase {
  readonly reservationId: string;
  readonly locationId: string;
  /** Less than was wanted when no more was left. */
  readonly quantity: number;
}

/** Buys up to `wanted` of the item at the place that has most of it; null when it is sold out. */
export async function buy(
  url: string,
  token: string,
  sku: string,
  wanted: number,
  orderId: string,
): Promise<Purchase | null> {
  const api = new GraphQLClient(url, { headers: { authorization: `Bearer ${token}` } });

  // 1. What can this channel sell, and from where? Unknown is null, and nothing to count on.
  const { availability } = await api.request<AvailabilityReply>(whatCanBeSold, { sku });
  const [best] = availability.toSorted((a, b) => (b.availableToSell ?? 0) - (a.availableToSell ?? 0));
  if (!best) return null;
  const { locationId } = best;

  // 2. Keep it for this customer. Somebody else may have been faster: then take what is left, or give up.
  let quantity = wanted;
  let reservationId: string | null = null;
  while (reservationId === null) {
    const { reserveStock } = await api.request<ReserveReply>(reserve, {
      input: {
        // A new key for every new wish. After a timeout send the same wish under the same key: it counts once.
        idempotencyKey: randomUUID(),
        lines: [{ sku, locationId, quantity }],
        ttlSeconds: 600,
        reference: orderId,
      },
    });
    const [refusal] = reserveStock.userErrors;
    if (refusal && refusal.code !== "INSUFFICIENT_STOCK") throw new Error(`${refusal.code}: ${refusal.message}`);
    reservationId = reserveStock.reservation?.id ?? null;
    if (reservationId === null) quantity = reserveStock.shortages[0]?.available ?? 0;
    if (quantity === 0) return null;
  }

  // 3. The customer pays. Whoever takes longer than ttlSeconds is told RESERVATION_EXPIRED below, and starts again.

  // 4. From now on the units belong to the order. They stay reserved until the ERP has allocated it, and count once.
  const { confirmReservation } = await api.request<ConfirmReply>(confirm, {
    input: { idempotencyKey: `confirm-${orderId}-${reservationId}`, id: reservationId, orderId },
  });
  const [failure] = confirmReservation.userErrors;
  if (failure) throw new Error(`${failure.code}: ${failure.message}`);
  return { reservationId, locationId, quantity };
}

const whatCanBeSold = gql`
  query ($sku: ID!) {
    availability(skus: [$sku]) { locationId availableToSell confidence }
  }`;

const reserve = gql`
  mutation ($input: ReserveStockInput!) {
    reserveStock(input: $input) {
      reservation { id expiresAt }
      shortages { available }
      userErrors { code message }
    }
  }`;

const confirm = gql`
  mutation ($input: ConfirmReservationInput!) {
    confirmReservation(input: $input) { reservation { status } userErrors { code message } }
  }`;

interface UserError {
  readonly code: string;
  readonly message: string;
}

interface AvailabilityReply {
  readonly availability: readonly { readonly locationId: string; readonly availableToSell: number | null }[];
}

interface ReserveReply {
  readonly reserveStock: {
    readonly reservation: { readonly id: string } | null;
    readonly shortages: readonly { readonly available: number }[];
    readonly userErrors: readonly UserError[];
  };
}

interface ConfirmReply {
  readonly confirmReservation: { readonly userErrors: readonly UserError[] };
}

/** Something to buy, for a first try. */
async function anythingInStock(url: string): Promise<string | undefined> {
  type Node = { readonly sku: string; readonly availability: { readonly availableToSell: number | null } | null };
  const { stockPositions } = await new GraphQLClient(url).request<{ stockPositions: { nodes: Node[] } }>(
    gql`{ stockPositions(first: 50) { nodes { sku availability { availableToSell } } } }`,
  );
  return stockPositions.nodes.find((node) => (node.availability?.availableToSell ?? 0) > 0)?.sku;
}

async function main(url = "http://127.0.0.1:4000/graphql", token = ""): Promise<void> {
  const sku = await anythingInStock(url);
  const orderId = `WEB-${randomUUID().slice(0, 8)}`;
  const bought = sku === undefined ? null : await buy(url, token, sku, 2, orderId);
  process.stdout.write(
    bought
      ? `Order ${orderId}: ${bought.quantity} of ${sku} from ${bought.locationId}, reservation ${bought.reservationId}.\n`
      : "Sold out.\n",
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main(...process.argv.slice(2));
