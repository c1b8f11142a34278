/**
 * Sends what a reader made to the public API, in batches, a few at a time.
 *
 * The key of a request is made from what it says, so that a second run asks the same questions and gets the same
 * answers. Events of one SKU are sent in their order; whatever order does not matter to may be in flight together.
 * Items for which another system has not yet heard of the product or location are sent again after a while.
 */
import { randomUUID } from "node:crypto";
import type {
  BookBalanceInput,
  LocationInput,
  OrderInput,
  ProductInput,
  PurchaseOrderInput,
  ReturnInput,
  StockEventInput,
} from "../../ingest/api-inputs.ts";
import { canonicalHash } from "../../shared/canonical-json.ts";
import type { ApiClient } from "../../shared/graphql/client.ts";
import { partitionKey } from "../../shared/ids.ts";
import { inChunks, inParallel, laneOf } from "./batches.ts";
import { type Keyed, type Mutation, type Outcome, outcomeOf, outcomesOf, send } from "./requests.ts";

const itemsPerRequest = 500;
const documentsPerRequest = 25;
const inFlightMax = 3;
const retryEveryMs = 1_000;
/** Over the whole run: a product that is refused for good must not make every batch wait. */
const retriesMax = 30;

export type Kind = "locations" | "products" | "bookBalances" | "purchaseOrders" | "events" | "orders" | "returns";

export interface LoaderOptions {
  readonly client: ApiClient;
  /** Part of every idempotency key. */
  readonly profile: string;
  readonly settled: (kind: Kind, outcomes: readonly Outcome[]) => void;
  /** For tests. */
  readonly wait?: (ms: number) => Promise<void>;
}

export interface Loader {
  saveLocations(locations: readonly LocationInput[]): Promise<void>;
  /** One batch after the other: a kit's components come first. */
  saveProducts(products: readonly ProductInput[]): Promise<void>;
  saveBookBalances(balances: readonly BookBalanceInput[]): Promise<void>;
  savePurchaseOrders(orders: readonly PurchaseOrderInput[]): Promise<void>;
  recordStockEvents(events: readonly StockEventInput[]): Promise<void>;
  allocateOrders(orders: readonly OrderInput[]): Promise<void>;
  /** Authorises and receives. */
  takeReturns(returns: readonly ReturnInput[]): Promise<void>;
}

export function createLoader({ client, profile, settled, wait = sleep }: LoaderOptions): Loader {
  let retriesLeft = retriesMax;

  function keyed<I extends object>(mutation: Mutation, input: I, again: boolean): I & Keyed {
    const key = `import:${profile}:${mutation}:${canonicalHash(input).slice(0, 32)}`;
    // Refusals are stored under their key, so a second try needs another one.
    return { idempotencyKey: again ? `${key}:${randomUUID()}` : key, ...input };
  }

  /** `attempt` until no item waits for master data any more, or patience ends. */
  async function settle<I>(
    items: readonly I[],
    attempt: (items: readonly I[], again: boolean) => Promise<readonly Outcome[]>,
  ): Promise<readonly Outcome[]> {
    const outcomes = [...(await attempt(items, false))];
    for (;;) {
      const waiting = [...outcomes.keys()].filter((i) => mayStillArrive(outcomes[i]));
      if (waiting.length === 0 || retriesLeft === 0) return outcomes;
      retriesLeft -= 1;
      await wait(retryEveryMs);
      const answers = await attempt(waiting.map((i) => items[i] as I), true);
      for (const [n, i] of waiting.entries()) outcomes[i] = answers[n] as Outcome;
    }
  }

  /** One request of one input with a list of items. */
  async function sendList<I>(kind: Kind, mutation: Mutation, list: string, idOf: (item: I) => string, items: readonly I[]) {
    const outcomes = await settle(items, async (some, again) => {
      const [payload] = await send(client, mutation, [keyed(mutation, { [list]: some }, again)]);
      return payload ? outcomesOf(payload, some.map(idOf)) : [];
    });
    settled(kind, outcomes);
  }

  /** One request of several inputs, a document each. */
  async function sendDocuments<I extends object>(mutation: Mutation, documents: readonly I[]) {
    return settle(documents, async (some, again) => {
      const inputs = some.map((document) => keyed(mutation, document, again));
      return (await send(client, mutation, inputs)).map(outcomeOf);
    });
  }

  async function takeReturns(returns: readonly ReturnInput[]) {
    const authorized = await sendDocuments("authorizeReturn", returns);
    const outcomes = [...authorized];
    const known = [...outcomes.keys()].filter((i) => authorized[i]?.status !== "rejected");
    const received = await sendDocuments("receiveReturn", known.map((i) => toReceipt(returns[i] as ReturnInput)));
    for (const [n, i] of known.entries()) outcomes[i] = receivedBefore(received[n] as Outcome);
    settled("returns", outcomes);
  }

  async function settleDocuments<I extends object>(kind: Kind, mutation: Mutation, documents: readonly I[]) {
    settled(kind, await sendDocuments(mutation, documents));
  }

  return {
    async saveLocations(locations) {
      for (const some of inChunks(locations, itemsPerRequest)) {
        await sendList("locations", "saveLocations", "locations", ({ id }) => id, some);
      }
    },
    async saveProducts(products) {
      for (const some of inChunks(products, itemsPerRequest)) {
        await sendList("products", "saveProducts", "products", ({ sku }) => sku, some);
      }
    },
    saveBookBalances: (balances) =>
      inParallel(inChunks(balances, itemsPerRequest), inFlightMax, (some) =>
        sendList("bookBalances", "saveBookBalances", "balances", (b) => partitionKey(b.sku, b.locationId), some),
      ),
    savePurchaseOrders: (orders) =>
      inParallel(inChunks(orders, documentsPerRequest, lineCount, itemsPerRequest), inFlightMax, (some) =>
        settleDocuments("purchaseOrders", "savePurchaseOrder", some),
      ),
    recordStockEvents: (events) => {
      const lanes: StockEventInput[][] = Array.from({ length: inFlightMax }, () => []);
      for (const event of events) lanes[laneOf(event.sku, inFlightMax)]?.push(event);
      return inParallel(lanes, inFlightMax, async (lane) => {
        for (const some of inChunks(lane, itemsPerRequest)) {
          await sendList("events", "recordStockEvents", "events", ({ id }) => id, some);
        }
      });
    },
    allocateOrders: (orders) =>
      inParallel(inChunks(orders, documentsPerRequest, lineCount, itemsPerRequest), inFlightMax, (some) =>
        settleDocuments("orders", "allocateOrder", some),
      ),
    takeReturns: (returns) =>
      inParallel(inChunks(returns, documentsPerRequest, lineCount, itemsPerRequest), inFlightMax, takeReturns),
  };
}

const lineCount = ({ lines }: { readonly lines: readonly unknown[] }) => lines.length;

/** Master data spreads by events; a request with the same key may be at work still. */
function mayStillArrive(outcome: Outcome | undefined): boolean {
  return (
    outcome?.status === "rejected" &&
    ["UNKNOWN_SKU", "UNKNOWN_LOCATION", "IDEMPOTENCY_IN_PROGRESS"].includes(outcome.code)
  );
}

function toReceipt({ id, lines }: ReturnInput) {
  return { returnId: id, lines: lines.map(({ sku, quantity }) => ({ sku, quantity })) };
}

/** All that was authorised has arrived, or is even being inspected: an earlier run received it. */
function receivedBefore(outcome: Outcome): Outcome {
  const before = outcome.status === "rejected" && ["RETURN_EXCEEDED", "ILLEGAL_TRANSITION"].includes(outcome.code);
  return before ? { status: "there" } : outcome;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
