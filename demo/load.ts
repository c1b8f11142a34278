/**
 * Loads the demo distributor through the public API, in few and large requests.
 *
 * The same seed and `nowMs` send the same keys and inputs, so a load that was cut short can be run again and only
 * finishes. With another `nowMs` it is another load: whoever calls decides whether the demo is there already.
 */
import type { ApiClient } from "../shared/graphql/client.ts";
import type { Logger } from "../shared/logging.ts";
import { type Distributor, generateDistributor } from "./distributor.ts";
import { type Operation, type Refusal, type Reply, refusalsOf, type StockEventInput, send } from "./operations.ts";
import type { PersonaId } from "./personas.ts";
import type { WatchedPosition } from "./simulation-state.ts";

export interface LoadOptions {
  readonly clientFor: (persona: PersonaId) => ApiClient;
  readonly seed: number;
  readonly nowMs: number;
  readonly log: Logger;
}

/** What the banner, the README's query and the simulation need; plain JSON. */
export interface DemoFacts {
  readonly seed: number;
  readonly products: number;
  readonly locations: number;
  readonly positions: number;
  readonly onHand: number;
  readonly purchaseOrders: number;
  readonly orders: number;
  readonly returns: number;
  readonly channels: number;
  /** Items that were refused; 0 unless something is wrong. */
  readonly rejected: number;
  readonly example: { readonly sku: string; readonly locationId: string };
  readonly watched: readonly WatchedPosition[];
}

/** Fails as `ApiClient.request` does; a refused item is logged and counted. */
export async function loadDemo(options: LoadOptions): Promise<DemoFacts> {
  const { seed, nowMs, log } = options;
  const distributor = generateDistributor(seed, nowMs);
  const { run, locations, products } = distributor;
  let rejected = 0;
  const sendAll = async (batches: readonly (readonly Operation[])[]): Promise<readonly Reply[]> => {
    const replies: Reply[] = [];
    for (const batch of batches) {
      const { answers, refusals } = await sendBatch(options, batch);
      replies.push(...answers);
      rejected += refusals.length;
      for (const refusal of refusals) log.warn({ refusal }, "the demo data was refused in part");
    }
    return replies;
  };

  await sendAll([
    [
      { as: "erp", mutation: "saveLocations", input: { idempotencyKey: `${run}-locations`, locations } },
      { as: "erp", mutation: "saveProducts", input: { idempotencyKey: `${run}-products`, products } },
    ],
  ]);
  // Two systems, two databases: each can load while the other does.
  await Promise.all([sendAll(erpBatches(distributor)), sendAll(wmsBatches(distributor))]);
  // What is returned enters the books by itself, so the opening balances must be there before.
  await sendAll(returnsBatches(distributor));
  for (const policy of distributor.policies) {
    // One at a time: a proposal made before another one was approved would be void.
    const proposed = await sendAll([[{ as: "planner", mutation: "setChannelPolicy", input: policy }]]);
    await sendAll([approvals(proposed, run)]);
  }
  return factsOf(distributor, rejected);
}

const itemsPerRequest = 500;
const aliasesPerRequest = 40;
const masterDataAttempts = 5;

/** Sends a batch; the facts for which the warehouse had not yet heard of the item or place are sent again. */
async function sendBatch({ clientFor }: LoadOptions, batch: readonly Operation[]) {
  const persona = batch[0]?.as;
  if (!persona) return { answers: [], refusals: [] };
  const answers = await send(clientFor(persona), batch);
  let refusals = answers.flatMap(refusalsOf);
  const events = batch.flatMap((operation) =>
    operation.mutation === "recordStockEvents" ? operation.input.events : [],
  );
  for (let attempt = 1; attempt < masterDataAttempts && refusals.some(isMissingMasterData); attempt += 1) {
    const missing = new Set(refusals.filter(isMissingMasterData).map(({ id }) => id));
    const again = events.filter(({ id }) => missing.has(id));
    if (again.length === 0) break;
    const operation = stockEvents(`${batch[0]?.input.idempotencyKey}-again-${attempt}`, again);
    const replies = await send(clientFor("wms"), [operation]);
    refusals = [...refusals.filter((refusal) => !isMissingMasterData(refusal)), ...replies.flatMap(refusalsOf)];
  }
  return { answers, refusals };
}

function isMissingMasterData({ code }: Refusal): boolean {
  return code === "UNKNOWN_SKU" || code === "UNKNOWN_LOCATION";
}

function erpBatches({ run, bookBalances, purchaseOrders, orders }: Distributor): readonly (readonly Operation[])[] {
  const books = inChunks(bookBalances, itemsPerRequest).map((balances, index): readonly Operation[] => [
    { as: "erp", mutation: "saveBookBalances", input: { idempotencyKey: `${run}-books-${index}`, balances } },
  ]);
  const purchases = purchaseOrders.map((input): Operation => ({ as: "erp", mutation: "savePurchaseOrder", input }));
  const sales = orders.map((input): Operation => ({ as: "erp", mutation: "allocateOrder", input }));
  return [...books, ...inChunks(purchases, aliasesPerRequest), ...inChunks(sales, aliasesPerRequest)];
}

/** Opening stock before the picks that take from it. */
function wmsBatches({ run, snapshots, picks }: Distributor): readonly (readonly Operation[])[] {
  return inChunks([...snapshots, ...picks], itemsPerRequest).map((events, index) => [
    stockEvents(`${run}-stock-${index}`, events),
  ]);
}

function returnsBatches({ returns }: Distributor): readonly (readonly Operation[])[] {
  const operations = returns.flatMap(({ authorize, receive }): Operation[] => [
    ...(authorize ? [{ as: "returnsDesk", mutation: "authorizeReturn", input: authorize } as const] : []),
    ...(receive ? [{ as: "returnsDesk", mutation: "receiveReturn", input: receive } as const] : []),
  ]);
  return inChunks(operations, aliasesPerRequest);
}

/** Another person than the proposer puts each proposed version in force. */
function approvals(proposed: readonly Reply[], run: string): readonly Operation[] {
  return proposed.flatMap(({ policy }): Operation[] => {
    if (!policy) return [];
    const { policyVersion } = policy;
    const input = { idempotencyKey: `${run}-approval-${policyVersion}`, policyVersion, note: "as discussed" };
    return [{ as: "manager", mutation: "approveChannelPolicy", input }];
  });
}

function stockEvents(idempotencyKey: string, events: readonly StockEventInput[]): Operation {
  return { as: "wms", mutation: "recordStockEvents", input: { idempotencyKey, events } };
}

function factsOf(distributor: Distributor, rejected: number): DemoFacts {
  const { seed, products, locations, snapshots, purchaseOrders, orders, returns, policies, example, watched } =
    distributor;
  return {
    seed,
    products: products.length,
    locations: locations.length,
    positions: snapshots.length,
    onHand: snapshots.reduce((sum, { quantity }) => sum + quantity, 0),
    purchaseOrders: purchaseOrders.length,
    orders: orders.length,
    returns: returns.length,
    channels: policies.length,
    rejected,
    example,
    watched,
  };
}

function inChunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
