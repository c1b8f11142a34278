/**
 * Sends what a reader made to the public API, in batches, a few at a time.
 *
 * Events of one SKU are sent in their order; whatever order does not matter to may be in flight together. Every item's
 * outcome is reported once.
 */
import type {
  BookBalanceInput,
  LocationInput,
  OrderInput,
  ProductInput,
  PurchaseOrderInput,
  ReturnInput,
  StockEventInput,
} from "../../ingest/api-inputs.ts";
import { partitionKey } from "../../shared/ids.ts";
import { inChunks, inParallel, laneOf } from "./batches.ts";
import type { Mutation, Outcome } from "./requests.ts";
import { createSender, type SenderOptions } from "./sender.ts";

const itemsPerRequest = 500;
const documentsPerRequest = 25;
const inFlightMax = 3;

export type Kind = "locations" | "products" | "bookBalances" | "purchaseOrders" | "events" | "orders" | "returns";

export interface LoaderOptions extends SenderOptions {
  readonly settled: (kind: Kind, outcomes: readonly Outcome[]) => void;
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

export function createLoader({ settled, ...options }: LoaderOptions): Loader {
  const sender = createSender(options);

  /** Chunks of a list, `inFlight` of them at once. */
  function sendList<I>(
    kind: Kind,
    mutation: Mutation,
    member: string,
    idOf: (item: I) => string,
  ): (items: readonly I[], inFlight?: number) => Promise<void> {
    return (items, inFlight = 1) =>
      inParallel(inChunks(items, itemsPerRequest), inFlight, async (some) =>
        settled(kind, await sender.list(mutation, member, idOf, some)),
      );
  }

  function sendDocuments<I extends Document>(
    kind: Kind,
    outcomesOf: (documents: readonly I[]) => Promise<readonly Outcome[]>,
  ): (documents: readonly I[]) => Promise<void> {
    return (documents) =>
      inParallel(inChunks(documents, documentsPerRequest, lineCount, itemsPerRequest), inFlightMax, async (some) =>
        settled(kind, await outcomesOf(some)),
      );
  }

  /** Nothing is received for a return that could not be authorised: it would count as one that nobody announced. */
  async function authorizeAndReceive(returns: readonly ReturnInput[]): Promise<readonly Outcome[]> {
    const outcomes = [...(await sender.documents("authorizeReturn", returns))];
    const known = [...outcomes.keys()].filter((i) => outcomes[i]?.status !== "rejected");
    const receipts = known.map((i) => toReceipt(returns[i] as ReturnInput));
    const received = receipts.length > 0 ? await sender.documents("receiveReturn", receipts) : [];
    for (const [n, i] of known.entries()) outcomes[i] = receivedBefore(received[n] as Outcome);
    return outcomes;
  }

  const sendEvents = sendList<StockEventInput>("events", "recordStockEvents", "events", ({ id }) => id);
  const sendBalances = sendList<BookBalanceInput>("bookBalances", "saveBookBalances", "balances", (balance) =>
    partitionKey(balance.sku, balance.locationId),
  );
  return {
    saveLocations: sendList("locations", "saveLocations", "locations", ({ id }) => id),
    saveProducts: sendList("products", "saveProducts", "products", ({ sku }) => sku),
    saveBookBalances: (balances) => sendBalances(balances, inFlightMax),
    recordStockEvents: (events) => inParallel(inLanes(events), inFlightMax, (lane) => sendEvents(lane)),
    savePurchaseOrders: sendDocuments("purchaseOrders", (orders) => sender.documents("savePurchaseOrder", orders)),
    allocateOrders: sendDocuments("orders", (orders) => sender.documents("allocateOrder", orders)),
    takeReturns: sendDocuments("returns", authorizeAndReceive),
  };
}

interface Document {
  readonly lines: readonly unknown[];
}

const lineCount = ({ lines }: Document) => lines.length;

/** All events of a SKU are in one lane, in their order. */
function inLanes(events: readonly StockEventInput[]): readonly (readonly StockEventInput[])[] {
  const lanes: StockEventInput[][] = Array.from({ length: inFlightMax }, () => []);
  for (const event of events) lanes[laneOf(event.sku, inFlightMax)]?.push(event);
  return lanes;
}

function toReceipt({ id, lines }: ReturnInput) {
  return { returnId: id, lines: lines.map(({ sku, quantity }) => ({ sku, quantity })) };
}

/** All that was authorised has arrived, or is even being inspected: an earlier run received it. */
function receivedBefore(outcome: Outcome): Outcome {
  const before = outcome.status === "rejected" && ["RETURN_EXCEEDED", "ILLEGAL_TRANSITION"].includes(outcome.code);
  return before ? { status: "there" } : outcome;
}
