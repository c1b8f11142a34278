/**
 * Transfers through the public API: the people who take part, and what both ends show.
 */
import type { Role } from "../../shared/identity.ts";
import type { Target } from "./target.ts";

export interface TransferView {
  readonly id: string;
  readonly status: string;
  readonly inTransit: number;
  readonly lines: readonly {
    readonly sku: string;
    readonly requested: number;
    readonly shipped: number;
    readonly received: number;
    readonly writtenOff: number;
  }[];
}

interface Reply {
  readonly transferOrder?: TransferView | null;
  readonly transfer?: { readonly lines: readonly object[] } | null;
  readonly userErrors: readonly { readonly code: string }[];
  readonly replayed: boolean;
}

/** What the owners say of a position: what can be sold, by bucket, in the books, and what is still to come. */
export interface End {
  readonly ats: number;
  readonly onHand: number;
  readonly dock: number;
  readonly book: number;
  readonly committed: number;
  readonly toCome: number;
}

const order = "id status inTransit lines { sku requested shipped received writtenOff }";
const people: Readonly<Record<string, readonly Role[]>> = {
  petra: ["planner"],
  paula: ["portal"],
  sam: ["warehouse"],
  rosa: ["warehouse"],
  mona: ["manager"],
};

const inputs = {
  requestTransfer: "RequestTransferInput",
  approveTransfer: "DecideTransferInput",
  rejectTransfer: "DecideTransferInput",
  cancelTransfer: "DecideTransferInput",
  closeTransfer: "DecideTransferInput",
  resolveTransferDiscrepancy: "ResolveTransferInput",
  shipTransfer: "ShipTransferInput",
  receiveTransfer: "ReceiveTransferInput",
} as const;

export interface TransferTown {
  readonly sku: string;
  readonly from: string;
  readonly to: string;
  /** As one of petra (planner), paula (portal), sam and rosa (warehouse), mona (manager). */
  as(person: string, mutation: keyof typeof inputs, input: Readonly<Record<string, unknown>>): Promise<Reply>;
  /** A fact of a warehouse's own system. */
  record(event: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Asked for by paula and approved by petra; its id. */
  approved(quantity: number): Promise<string>;
  transfer(id: string): Promise<TransferView>;
  end(locationId: string): Promise<End>;
}

/** One item at two places of its own, `onHand` of it on the shelf and in the books of the first. */
export async function openTown(target: () => Target, sku: string, onHand: number): Promise<TransferTown> {
  const from = `${sku}-FROM`;
  const to = `${sku}-TO`;
  let keys = 0;
  const nextKey = () => `${sku}-${++keys}`;

  const town: TransferTown = {
    sku,
    from,
    to,
    async as(person, mutation, input) {
      const selection = mutation.match(/^(ship|receive)/)
        ? "{ transfer { lines { sku shipped received inTransit } } transferOrder { id } userErrors { code } replayed }"
        : `{ transferOrder { ${order} } userErrors { code } replayed }`;
      const client = target().client(await target().token(person, people[person] ?? []));
      const data = await client.request<Record<string, Reply>>(
        `mutation ($input: ${inputs[mutation]}!) { ${mutation}(input: $input) ${selection} }`,
        { input: { idempotencyKey: nextKey(), ...input } },
      );
      return data[mutation] as Reply;
    },
    async record(event) {
      const id = nextKey();
      const input = { idempotencyKey: id, events: [{ id, sku, occurredAt: "2026-01-05T08:00:00Z", ...event }] };
      const { recordStockEvents } = await target().connector.request<{ recordStockEvents: { results: unknown } }>(
        "mutation ($input: RecordStockEventsInput!) { recordStockEvents(input: $input) { results { status code } } }",
        { input },
      );
      return recordStockEvents.results;
    },
    async approved(quantity) {
      const request = { originId: from, destinationId: to, lines: [{ sku, quantity }] };
      const { transferOrder } = await town.as("paula", "requestTransfer", request);
      const { id } = transferOrder as TransferView;
      await town.as("petra", "approveTransfer", { id });
      return id;
    },
    async transfer(id) {
      const query = `query ($id: ID!) { transferOrder(id: $id) { ${order} } }`;
      return (await target().connector.request<{ transferOrder: TransferView }>(query, { id })).transferOrder;
    },
    end: (locationId) => readEnd(target(), sku, locationId),
  };
  await target().connector.request(
    `mutation ($p: SaveProductsInput!, $l: SaveLocationsInput!, $b: SaveBookBalancesInput!) {
      saveProducts(input: $p) { userErrors { code } } saveLocations(input: $l) { userErrors { code } }
      saveBookBalances(input: $b) { userErrors { code } } }`,
    {
      p: { idempotencyKey: nextKey(), products: [{ sku, name: sku, baseUnit: "EA", unitCost: "2.50" }] },
      l: { idempotencyKey: nextKey(), locations: [from, to].map((id) => ({ id, name: id, type: "WAREHOUSE" })) },
      b: { idempotencyKey: nextKey(), balances: [{ sku, locationId: from, onHand }] },
    },
  );
  await town.record({ type: "SNAPSHOT", locationId: from, quantity: onHand, buckets: { unrestricted: onHand } });
  await town.record({ type: "SNAPSHOT", locationId: to, quantity: 0, buckets: {} });
  return town;
}

async function readEnd(target: Target, sku: string, locationId: string): Promise<End> {
  const { stockPosition } = await target.connector.request<{
    stockPosition: {
      availability: { availableToSell: number };
      physical: { onHand: number; dock: number };
      book: { onHand: number; committed: number; inbound: readonly { quantity: number }[] };
    };
  }>(
    `query ($sku: ID!, $locationId: ID!) { stockPosition(sku: $sku, locationId: $locationId) {
       availability { availableToSell } physical { onHand dock } book { onHand committed inbound { quantity } } } }`,
    { sku, locationId },
  );
  const { availability, physical, book } = stockPosition;
  return {
    ats: availability.availableToSell,
    ...physical,
    book: book.onHand,
    committed: book.committed,
    toCome: book.inbound.reduce((sum, { quantity }) => sum + quantity, 0),
  };
}
