/**
 * GraphQL ↔ commands and loaders of `wms`.
 *
 * Any key is a position here; a position that nobody has reported has no physical stock, which is not the same as zero.
 */
import { AppError } from "../../shared/errors.ts";
import { buckets, onHandOf } from "../../shared/events/canonical-event.ts";
import { type PageArgs, parsePage, toConnection } from "../../shared/graphql/pagination.ts";
import type { ResolverContext, Resolvers } from "../../shared/graphql/schema.ts";
import {
  approveAdjustment,
  type DecideAdjustmentInput,
  type RequestAdjustmentInput,
  rejectAdjustment,
  requestAdjustment,
} from "./adjustments.ts";
import { type RecordCountInput, recordCount } from "./commands/counts.ts";
import { type ReceiptReply, type RecordReceiptProgressInput, recordReceiptProgress } from "./commands/receipts.ts";
import {
  type ChangeStockStatusInput,
  changeStockStatus,
  type RecordStockEventsInput,
  recordStockEvents,
  type StockMovementReply,
  type WmsDeps,
} from "./commands/stock-facts.ts";
import {
  type ReceiveTransferInput,
  receiveTransfer,
  type ShipTransferInput,
  shipTransfer,
  type TransferMovementReply,
} from "./commands/transfers.ts";
import type { AdjustmentState, AdjustmentStatus } from "./domain/adjustment.ts";
import { discrepanciesOf, expectedOf, type ReceiptLine, worstOf } from "./domain/receipt.ts";
import { type CountLine, type StockCount, varianceOf } from "./domain/stock-count.ts";
import { mapBuckets } from "./domain/stock-fact.ts";
import type { MovementRow } from "./entities.ts";
import type { Loaders } from "./loaders.ts";
import type { ReceiptFilter, StoredReceipt } from "./store/receipts.ts";

export interface WmsContext extends ResolverContext {
  readonly loaders: Loaders;
}

interface PositionRef {
  readonly sku: string;
  readonly locationId: string;
}

interface AdjustmentsArgs extends PageArgs {
  readonly status?: AdjustmentStatus | null;
}

export function createResolvers(deps: WmsDeps): Resolvers {
  return {
    Query: {
      stockMovement: (_: unknown, { id }: { id: string }, { loaders }: WmsContext) => loaders.movement.load(id),
      adjustment: (_: unknown, { id }: { id: string }, { loaders }: WmsContext) => loaders.adjustment.load(id),
      receipt: (_: unknown, { id }: { id: string }, { loaders }: WmsContext) => loaders.receipt.load(id),
      receipts: async (_: unknown, args: PageArgs & ReceiptFilter, { loaders }: WmsContext) => {
        const page = parsePage(args, 2);
        const rows = await loaders.receipts(args, page);
        return toConnection(rows, page, ({ purchaseOrderId, locationId }) => [purchaseOrderId, locationId]);
      },
      stockCount: (_: unknown, { id }: { id: string }, { loaders }: WmsContext) => loaders.stockCount.load(id),
      adjustments: async (_: unknown, args: AdjustmentsArgs, { loaders }: WmsContext) => {
        const page = parsePage(args, 2);
        const rows = await loaders.adjustments(args.status ?? null, page);
        return toConnection(rows, page, (state) => [String(state.requestedAtMs), state.adjustmentId]);
      },
    },
    Mutation: {
      recordStockEvents: (_: unknown, { input }: { input: RecordStockEventsInput }, { request }: WmsContext) =>
        recordStockEvents(deps, input, request),
      changeStockStatus: (_: unknown, { input }: { input: ChangeStockStatusInput }, { request }: WmsContext) =>
        changeStockStatus(deps, input, request),
      requestAdjustment: (_: unknown, { input }: { input: RequestAdjustmentInput }, { request }: WmsContext) =>
        requestAdjustment(deps, input, request),
      approveAdjustment: (_: unknown, { input }: { input: DecideAdjustmentInput }, { request }: WmsContext) =>
        approveAdjustment(deps, input, request),
      rejectAdjustment: (_: unknown, { input }: { input: DecideAdjustmentInput }, { request }: WmsContext) =>
        rejectAdjustment(deps, input, request),
      shipTransfer: (_: unknown, { input }: { input: ShipTransferInput }, { request }: WmsContext) =>
        shipTransfer(deps, input, request),
      receiveTransfer: (_: unknown, { input }: { input: ReceiveTransferInput }, { request }: WmsContext) =>
        receiveTransfer(deps, input, request),
      recordCount: (_: unknown, { input }: { input: RecordCountInput }, { request }: WmsContext) =>
        recordCount(deps, input, request),
      recordReceiptProgress: (_: unknown, { input }: { input: RecordReceiptProgressInput }, { request }: WmsContext) =>
        recordReceiptProgress(deps, input, request),
    },
    TransferMovementPayload: {
      transferOrder: ({ transfer }: TransferMovementReply) => (transfer ? { id: transfer.transferId } : null),
    },
    StockMovementPayload: {
      movement: ({ movementId }: StockMovementReply, _: unknown, { loaders }: WmsContext) =>
        movementId === null ? null : loaders.movement.load(movementId),
    },
    StockPosition: {
      __resolveReference: ({ sku, locationId }: PositionRef) => ({ sku, locationId }),
      physical: async (key: PositionRef, _: unknown, { loaders }: WmsContext) => {
        const balance = await loaders.balance.load(key);
        if (!balance) return null;
        const { stock, version, asOfMs } = balance;
        return { onHand: onHandOf(stock), ...stock, version, asOf: asOfMs };
      },
      movements: async ({ sku, locationId }: PositionRef, args: PageArgs, { loaders }: WmsContext) => {
        const page = parsePage(args, 1);
        const before = page.after === null ? null : entryNumber(page.after[0]);
        const rows = await loaders.journal.load({ sku, locationId, size: page.size, before });
        return toConnection(rows, page, (row) => [String(row.entry_no)]);
      },
    },
    StockMovement: movementFields,
    Adjustment: adjustmentFields,
    StockCount: stockCountFields,
    StockCountLine: stockCountLineFields,
    ReceiptPayload: receiptPayloadFields,
    Receipt: receiptFields,
    ReceiptLine: receiptLineFields,
  };
}

const adjustmentFields = {
  id: (state: AdjustmentState) => state.adjustmentId,
  position: ({ sku, locationId }: AdjustmentState) => ({ sku, locationId }),
  product: ({ sku }: AdjustmentState) => ({ sku }),
  location: ({ locationId }: AdjustmentState) => ({ id: locationId }),
  bucket: (state: AdjustmentState) => state.bucket.toUpperCase(),
  requestedAt: (state: AdjustmentState) => state.requestedAtMs,
  decidedAt: (state: AdjustmentState) => state.decidedAtMs,
  movement: ({ movementId }: AdjustmentState, _: unknown, { loaders }: WmsContext) =>
    movementId === null ? null : loaders.movement.load(movementId),
};

const stockCountFields = {
  id: ({ countId }: StockCount) => countId,
  location: ({ locationId }: StockCount) => ({ id: locationId }),
  recordedAt: ({ recordedAtMs }: StockCount) => recordedAtMs,
  lines: ({ lines, locationId }: StockCount) => lines.map((line) => ({ ...line, locationId })),
};

const receiptPayloadFields = {
  receipt: ({ receiptId }: ReceiptReply, _: unknown, { loaders }: WmsContext) =>
    receiptId === null ? null : loaders.receipt.load(receiptId),
};

const receiptFields = {
  id: ({ receiptId }: StoredReceipt) => receiptId,
  location: ({ locationId }: StoredReceipt) => ({ id: locationId }),
  shippedAt: ({ shippedAtMs }: StoredReceipt) => shippedAtMs,
  arrivedAt: ({ arrivedAtMs }: StoredReceipt) => arrivedAtMs,
  unloadedAt: ({ unloadedAtMs }: StoredReceipt) => unloadedAtMs,
  updatedAt: ({ updatedAtMs }: StoredReceipt) => updatedAtMs,
  lines: (receipt: StoredReceipt) =>
    receipt.lines.map((line) => {
      const discrepancies = discrepanciesOf(receipt, line);
      return { ...line, locationId: receipt.locationId, discrepancies, discrepancy: worstOf(discrepancies) };
    }),
};

const receiptLineFields = {
  position: ({ sku, locationId }: PositionRef) => ({ sku, locationId }),
  product: ({ sku }: PositionRef) => ({ sku }),
  expected: expectedOf,
  putaway: ({ received, onDock }: ReceiptLine) => received - onDock,
};

const stockCountLineFields = {
  position: ({ sku, locationId }: PositionRef) => ({ sku, locationId }),
  product: ({ sku }: PositionRef) => ({ sku }),
  bucket: ({ bucket }: CountLine) => bucket.toUpperCase(),
  expectedQuantity: ({ expected }: CountLine) => expected,
  countedQuantity: ({ counted }: CountLine) => counted,
  variance: varianceOf,
  adjustment: ({ adjustmentId }: CountLine, _: unknown, { loaders }: WmsContext) =>
    adjustmentId === null ? null : loaders.adjustment.load(adjustmentId),
  outcome: async ({ adjustmentId }: CountLine, _: unknown, { loaders }: WmsContext) => {
    if (adjustmentId === null) return "MATCHED";
    const status = (await loaders.adjustment.load(adjustmentId))?.status;
    return status === "PENDING_APPROVAL" || status === "REJECTED" ? status : "ADJUSTED";
  },
};

/** Fails with BAD_USER_INPUT. */
function entryNumber(text: string | undefined): number {
  const entry = Number(text);
  if (Number.isSafeInteger(entry) && entry > 0) return entry;
  throw new AppError("BAD_USER_INPUT", { message: "after is not a cursor of this list." });
}

const movementFields = {
  id: (row: MovementRow) => row.movement_id,
  locationId: (row: MovementRow) => row.location_id,
  position: (row: MovementRow) => ({ sku: row.sku, locationId: row.location_id }),
  product: (row: MovementRow) => ({ sku: row.sku }),
  location: (row: MovementRow) => ({ id: row.location_id }),
  enteredQuantity: (row: MovementRow) => row.entered_quantity,
  fromBucket: (row: MovementRow) => row.from_bucket?.toUpperCase(),
  toBucket: (row: MovementRow) => row.to_bucket?.toUpperCase(),
  deltas: (row: MovementRow) =>
    buckets
      .map((bucket) => ({ bucket: bucket.toUpperCase(), quantity: row[`${bucket}_delta`] }))
      .filter(({ quantity }) => quantity !== 0),
  onHandDelta: (row: MovementRow) => onHandOf(mapBuckets((bucket) => row[`${bucket}_delta`])),
  eventId: (row: MovementRow) => row.event_id,
  sourceSeq: (row: MovementRow) => row.source_seq,
  occurredAt: (row: MovementRow) => row.occurred_at_ms,
  recordedAt: (row: MovementRow) => row.recorded_at_ms,
  document: (row: MovementRow) =>
    row.document_type === null ? null : { type: row.document_type, id: row.document_id, line: row.document_line },
  reasonCode: (row: MovementRow) => row.reason_code,
  correlationId: (row: MovementRow) => row.correlation_id,
};
