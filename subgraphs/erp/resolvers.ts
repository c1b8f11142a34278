/**
 * GraphQL ↔ commands and loaders.
 *
 * No rule and no SQL. An entity is known by its key; whether it exists is found out when a field is asked for.
 */
import type { CommandDeps } from "../../shared/command.ts";
import type { InboundLine } from "../../shared/events/canonical-event.ts";
import { type PageArgs, parsePage, toConnection } from "../../shared/graphql/pagination.ts";
import type { ResolverContext, Resolvers } from "../../shared/graphql/schema.ts";
import { type AllocateOrderInput, allocateOrder } from "./commands/allocate-order.ts";
import { type DeallocateOrderInput, deallocateOrder } from "./commands/deallocate-order.ts";
import {
  approveTransfer,
  cancelTransfer,
  closeTransfer,
  type DecideTransferInput,
  type ResolveTransferInput,
  rejectTransfer,
  resolveTransferDiscrepancy,
} from "./commands/decide-transfer.ts";
import { type RequestTransferInput, requestTransfer } from "./commands/request-transfer.ts";
import { type SaveBookBalancesInput, saveBookBalances } from "./commands/save-book-balances.ts";
import { type SaveLocationsInput, saveLocations } from "./commands/save-locations.ts";
import { type SaveProductsInput, saveProducts } from "./commands/save-products.ts";
import { type SavePurchaseOrderInput, savePurchaseOrder } from "./commands/save-purchase-order.ts";
import type { PositionKey } from "./domain/book.ts";
import type { Location } from "./domain/location.ts";
import { type KitComponent, type Product, searchWordsOf } from "./domain/product.ts";
import {
  discrepancyOf,
  openQuantityOf,
  type PurchaseLine,
  type PurchaseOrder,
  type PurchaseOrderStatus,
} from "./domain/purchase-order.ts";
import { inTransitOf, statusOf, type Transfer, type TransferLine, type TransferStatus } from "./domain/transfer.ts";
import type { Loaders } from "./loaders.ts";

export interface ErpContext extends ResolverContext {
  readonly loaders: Loaders;
}

interface Input<I> {
  readonly input: I;
}

type BookParent = PositionKey & { readonly updatedAtMs: number; readonly version: number };

export function createResolvers(deps: CommandDeps): Resolvers {
  const command =
    <I, R>(run: (deps: CommandDeps, input: I, context: ErpContext["request"]) => R) =>
    (_: unknown, { input }: Input<I>, { request }: ErpContext) =>
      run(deps, input, request);
  return {
    Query: queries,
    Mutation: {
      saveProducts: command<SaveProductsInput, unknown>(saveProducts),
      saveLocations: command<SaveLocationsInput, unknown>(saveLocations),
      savePurchaseOrder: command<SavePurchaseOrderInput, unknown>(savePurchaseOrder),
      saveBookBalances: command<SaveBookBalancesInput, unknown>(saveBookBalances),
      allocateOrder: command<AllocateOrderInput, unknown>(allocateOrder),
      deallocateOrder: command<DeallocateOrderInput, unknown>(deallocateOrder),
      requestTransfer: command<RequestTransferInput, unknown>(requestTransfer),
      approveTransfer: command<DecideTransferInput, unknown>(approveTransfer),
      rejectTransfer: command<DecideTransferInput, unknown>(rejectTransfer),
      cancelTransfer: command<DecideTransferInput, unknown>(cancelTransfer),
      closeTransfer: command<DecideTransferInput, unknown>(closeTransfer),
      resolveTransferDiscrepancy: command<ResolveTransferInput, unknown>(resolveTransferDiscrepancy),
    },
    Product: {
      kit: ({ kit, components }: Product) => kit && components.length > 0,
      __resolveReference: ({ sku }: { sku: string }, { loaders }: ErpContext) => loaders.product.load(sku),
    },
    KitComponent: {
      product: ({ sku }: KitComponent, _: unknown, { loaders }: ErpContext) => loaders.product.load(sku),
    },
    Location: {
      accounts: ({ accounts }: Location, _: unknown, { request: { identity } }: ErpContext) =>
        accounts.filter((account) => identity.accounts?.includes(account) ?? true),
      __resolveReference: ({ id }: { id: string }, { loaders }: ErpContext) => loaders.location.load(id),
    },
    StockPosition: {
      __resolveReference: ({ sku, locationId }: PositionKey) => ({ sku, locationId }),
      book: async (key: PositionKey, _: unknown, { loaders }: ErpContext) =>
        (await loaders.book.load(key)) ?? emptyBook(key, loaders),
    },
    BookStock: {
      safetyStock: async ({ sku }: BookParent, _: unknown, { loaders }: ErpContext) =>
        (await loaders.product.load(sku))?.safetyStock ?? 0,
      inbound: (key: BookParent, _: unknown, { loaders }: ErpContext) => loaders.supply.load(key),
      asOf: ({ updatedAtMs, version }: BookParent) => (version === 0 ? null : updatedAtMs),
    },
    InboundSupply: {
      purchaseOrderId: (line: InboundLine) => (line.documentType === "PURCHASE_ORDER" ? line.documentId : null),
      transferId: (line: InboundLine) => (line.documentType === "TRANSFER" ? line.documentId : null),
      quantity: ({ openQuantity }: InboundLine) => openQuantity,
    },
    TransferOrder: transferFields,
    TransferLine: {
      inTransit: (line: TransferLine) => inTransitOf(line),
      product: ({ sku }: TransferLine, _: unknown, { loaders }: ErpContext) => loaders.product.load(sku),
    },
    PurchaseOrder: { lines: purchaseLines },
    PurchaseOrderLine: {
      product: ({ sku }: PositionKey, _: unknown, { loaders }: ErpContext) => loaders.product.load(sku),
      location: ({ locationId }: PositionKey, _: unknown, { loaders }: ErpContext) => loaders.location.load(locationId),
    },
  };
}

/** Of an item and a place that the ERP knows, the books always say something: nothing was posted, so it is 0. */
async function emptyBook({ sku, locationId }: PositionKey, loaders: Loaders) {
  const [product, location] = await Promise.all([loaders.product.load(sku), loaders.location.load(locationId)]);
  return product && location ? { sku, locationId, onHand: 0, committed: 0, version: 0, updatedAtMs: 0 } : null;
}

const queries = {
  product: (_: unknown, { sku }: { sku: string }, { loaders }: ErpContext) => loaders.product.load(sku),
  products: async (_: unknown, args: PageArgs & { search?: string | null }, { loaders }: ErpContext) => {
    const words = searchWordsOf(args.search ?? null);
    const page = parsePage(args, words ? 2 : 1);
    return words
      ? toConnection(await loaders.productsByWords(page, words), page, ({ word, sku }) => [word, sku])
      : toConnection(await loaders.products(page), page, ({ sku }) => [sku]);
  },
  location: (_: unknown, { id }: { id: string }, { loaders }: ErpContext) => loaders.location.load(id),
  locations: (_: unknown, __: unknown, { loaders }: ErpContext) => loaders.locations(),
  purchaseOrder: (_: unknown, { id }: { id: string }, { loaders }: ErpContext) => loaders.purchaseOrder.load(id),
  purchaseOrders: async (
    _: unknown,
    { sku, status, ...args }: PageArgs & { sku?: string | null; status?: PurchaseOrderStatus | null },
    { loaders }: ErpContext,
  ) => {
    const page = parsePage(args, 1);
    return toConnection(await loaders.purchaseOrders(page, { sku, status }), page, ({ id }) => [id]);
  },
  transferOrder: (_: unknown, { id }: { id: string }, { loaders }: ErpContext) => loaders.transfer.load(id),
  transferOrders: async (
    _: unknown,
    { status, locationId, ...args }: PageArgs & { status?: TransferStatus | null; locationId?: string | null },
    { loaders }: ErpContext,
  ) => {
    const page = parsePage(args, 1);
    return toConnection(await loaders.transfers(page, { status, locationId }), page, ({ id }) => [id]);
  },
};

const transferFields = {
  __resolveReference: ({ id }: { id: string }, { loaders }: ErpContext) => loaders.transfer.load(id),
  status: (transfer: Transfer) => statusOf(transfer),
  origin: ({ originId }: Transfer, _: unknown, { loaders }: ErpContext) => loaders.location.load(originId),
  destination: ({ destinationId }: Transfer, _: unknown, { loaders }: ErpContext) =>
    loaders.location.load(destinationId),
  inTransit: ({ lines }: Transfer) => lines.reduce((sum, line) => sum + inTransitOf(line), 0),
  requestedAt: ({ requestedAtMs }: Transfer) => requestedAtMs,
  decidedAt: ({ decidedAtMs }: Transfer) => decidedAtMs,
};

function purchaseLines(order: PurchaseOrder) {
  return order.lines.map((line: PurchaseLine) => ({
    ...line,
    open: openQuantityOf(order, line),
    discrepancy: discrepancyOf(order, line),
    promisedOn: line.promisedOn ?? order.expectedOn,
  }));
}
