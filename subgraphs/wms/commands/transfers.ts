/**
 * shipTransfer and receiveTransfer: a person, or a warehouse's own system, moves the goods of a transfer.
 *
 * Both wait, before their transaction, for the paper that may still be on its way. A person is held to the paper and to
 * what is there; a connector reports what has happened already. Positions are locked before the transfer's lines.
 */
import { type Payload, type RequestContext, runCommand } from "../../../shared/command.ts";
import type { Transaction } from "../../../shared/db/database.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Buckets } from "../../../shared/events/canonical-event.ts";
import { newId, parseDocumentId, positionText } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import { lookUntil, type MasterData, sightOf, waitForMasterData } from "../../../shared/master-data.ts";
import { assertPositive, assertQuantity, type Rounding } from "../../../shared/quantity.ts";
import type { Recorder } from "../../../shared/recorder.ts";
import { noBalance } from "../domain/balance.ts";
import { assertFact, effectOf, type StockFact } from "../domain/stock-fact.ts";
import { assertMayReceive, assertMayShip, inTransitOf, noTransferLine, type TransferLine } from "../domain/transfer.ts";
import { type Entry, postFacts } from "../posting.ts";
import { type Balances, lockOrCreateBalances } from "../store/balances.ts";
import { hasShipped, loadTransferLines, lockOrCreateTransferLines, transferLineText } from "../store/transfers.ts";
import type { WmsDeps } from "./stock-facts.ts";

export interface TransferLineInput {
  readonly sku: string;
  readonly quantity: number;
  readonly unit?: string | null;
}

export interface ShipTransferInput {
  readonly idempotencyKey: string;
  readonly transferId: string;
  readonly lines: readonly TransferLineInput[];
}

export interface ReceiveTransferInput extends ShipTransferInput {
  readonly moreToCome?: boolean | null;
}

export interface TransferMovementReply {
  readonly transfer: {
    readonly transferId: string;
    readonly lines: readonly {
      readonly sku: string;
      readonly shipped: number;
      readonly received: number;
      readonly inTransit: number;
    }[];
  } | null;
}

/**
 * Can fail with UNKNOWN_DOCUMENT, ILLEGAL_TRANSITION, TRANSFER_EXCEEDED, INSUFFICIENT_STOCK, UNKNOWN_SKU, UOM_UNMAPPED,
 * TOO_MANY_ITEMS, INVALID_INPUT, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE.
 */
export function shipTransfer(deps: WmsDeps, input: ShipTransferInput, context: RequestContext) {
  return move(deps, "shipTransfer", "demand", input, context, async (tx, recorder, goods, paper) => {
    const places = goods.map(({ sku }) => ({ sku, locationId: paper.originId }));
    const balances = await lockOrCreateBalances(tx, places);
    const lines = await lockOrCreateTransferLines(tx, goods);
    const nowMs = deps.clock.now();
    const entries = goods.flatMap((item) => {
      const line = lines.get(transferLineText(item)) ?? noTransferLine(item.transferId, item.sku);
      const { stock, atMs } = standing(balances, item.sku, paper.originId, nowMs);
      if (!isReport(context)) assertMayShip(line, item.quantity, item.field);
      const picked = Math.max(0, Math.min(item.quantity, line.picked, stock.picked));
      if (!isReport(context)) assertThere(stock, item.quantity - picked, item.field);
      const left = { ...item, type: "SHIPMENT", locationId: paper.originId, line } as const;
      const parts = [
        { fromBucket: "picked", quantity: picked },
        { fromBucket: "unrestricted", quantity: item.quantity - picked },
      ] as const;
      return parts.filter(({ quantity }) => quantity > 0).map((part) => entryOf(nowMs, atMs, { ...left, ...part }));
    });
    await post(tx, recorder, "shipTransfer", nowMs, entries);
  });
}

/**
 * Can fail with UNKNOWN_DOCUMENT, SAME_PERSON, TRANSFER_EXCEEDED, UNKNOWN_SKU, UOM_UNMAPPED, TOO_MANY_ITEMS,
 * INVALID_INPUT, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE.
 */
export function receiveTransfer(deps: WmsDeps, input: ReceiveTransferInput, context: RequestContext) {
  return move(deps, "receiveTransfer", "supply", input, context, async (tx, recorder, goods, paper) => {
    const places = goods.map(({ sku }) => ({ sku, locationId: paper.destinationId }));
    const balances = await lockOrCreateBalances(tx, places);
    const lines = await lockOrCreateTransferLines(tx, goods);
    if (!isReport(context) && (await hasShipped(tx, paper.transferId, recorder.cause.person))) {
      const message = "Who shipped any of a transfer does not receive it.";
      throw new AppError("SAME_PERSON", { field: ["input", "transferId"], message });
    }
    const nowMs = deps.clock.now();
    const entries = goods.map((item) => {
      const line = lines.get(transferLineText(item)) ?? noTransferLine(item.transferId, item.sku);
      if (!isReport(context)) assertMayReceive(line, item.quantity, item.field);
      const { atMs } = standing(balances, item.sku, paper.destinationId, nowMs);
      const arrived = { ...item, type: "RECEIPT", locationId: paper.destinationId, fromBucket: null, line } as const;
      return { ...entryOf(nowMs, atMs, arrived), final: input.moreToCome !== true };
    });
    await post(tx, recorder, "receiveTransfer", nowMs, entries);
  });
}

/** One item of the command, in base units. */
interface Goods {
  readonly transferId: string;
  readonly sku: string;
  readonly quantity: number;
  /** Where it stands in the input. */
  readonly field: readonly string[];
}

interface Paper {
  readonly transferId: string;
  readonly originId: string;
  readonly destinationId: string;
}

async function move(
  deps: WmsDeps,
  operation: string,
  rounding: Rounding,
  input: ShipTransferInput,
  context: RequestContext,
  work: (tx: Transaction, recorder: Recorder, goods: readonly Goods[], paper: Paper) => Promise<void>,
): Promise<Payload<TransferMovementReply>> {
  const few = input.lines.length <= limits.commandItemsMax ? input.lines : [];
  const sight = sightOf(context.identity, deps.db);
  const wait = { waitMs: deps.masterDataWaitMs };
  const masterData = await waitForMasterData(deps.db, { items: few, locationIds: [] }, wait);
  const known = await lookUntil(
    async () => {
      const lines = await sight.only(await loadTransferLines(deps.db, input.transferId), endsOf);
      return lines.filter((line) => line !== null);
    },
    (lines) => few.every(({ sku }) => lines.some((line) => line.sku === sku && line.line !== null)),
    wait,
  );
  return runCommand<TransferMovementReply>(deps, {
    operation,
    input,
    context,
    refused: { transfer: null },
    async work(tx, recorder) {
      const transferId = parseDocumentId(input.transferId, ["input", "transferId"]);
      const goods = parseGoods(transferId, input.lines, masterData, rounding);
      const paper = paperOf(transferId, known);
      for (const { sku, field } of goods) assertLine(known, sku, field);
      await work(tx, recorder, goods, paper);
      const lines = await loadTransferLines(tx, transferId);
      return {
        transfer: {
          transferId,
          lines: lines.map((line) => ({
            sku: line.sku,
            shipped: line.shipped,
            received: line.received,
            inTransit: inTransitOf(line),
          })),
        },
      };
    },
  });
}

/** Fails with INVALID_INPUT, TOO_MANY_ITEMS, UNKNOWN_SKU, UOM_UNMAPPED, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE. */
function parseGoods(
  transferId: string,
  inputs: readonly TransferLineInput[],
  masterData: MasterData,
  rounding: Rounding,
): Goods[] {
  const field = ["input", "lines"];
  if (inputs.length === 0) throw new AppError("INVALID_INPUT", { field, message: "There must be at least one line." });
  if (inputs.length > limits.commandItemsMax) {
    throw new AppError("TOO_MANY_ITEMS", { field, message: `At most ${limits.commandItemsMax} lines at once.` });
  }
  const goods = new Map<string, Goods>();
  for (const [index, input] of inputs.entries()) {
    const path = [...field, String(index)];
    assertPositive(input.quantity, [...path, "quantity"]);
    const known = goods.get(input.sku);
    const quantity = (known?.quantity ?? 0) + masterData.baseUnits(input, rounding, path);
    assertPositive(quantity, [...path, "quantity"]);
    assertQuantity(quantity, [...path, "quantity"]);
    goods.set(input.sku, { transferId, sku: input.sku, quantity, field: known?.field ?? [...path, "quantity"] });
  }
  return [...goods.values()];
}

/** What is known of them: a movement may come before the paper. */
function endsOf({ originId, destinationId }: TransferLine): string[] {
  return [originId, destinationId].filter((id) => id !== null);
}

/** Fails with UNKNOWN_DOCUMENT: no paper of it has come. */
function paperOf(transferId: string, known: readonly TransferLine[]): Paper {
  const told = known.find((line) => line.line !== null);
  if (told?.originId && told.destinationId) {
    return { transferId, originId: told.originId, destinationId: told.destinationId };
  }
  const message = `No such transfer, or not approved: ${transferId}.`;
  throw new AppError("UNKNOWN_DOCUMENT", { field: ["input", "transferId"], message });
}

/** Fails with UNKNOWN_DOCUMENT: the transfer has no such line. */
function assertLine(known: readonly TransferLine[], sku: string, field: readonly string[]): void {
  if (known.some((line) => line.sku === sku)) return;
  throw new AppError("UNKNOWN_DOCUMENT", { field, message: `The transfer has no line for ${sku}.` });
}

/** What a warehouse's own system says has happened; everybody else is asked whether it may. */
function isReport({ identity }: RequestContext): boolean {
  return identity.roles.has("connector-wms") && !identity.roles.has("warehouse");
}

/** What is there, and the moment of a movement judged by it: no snapshot that is in the balance can have it already. */
function standing(balances: Balances, sku: string, locationId: string, nowMs: number) {
  const { stock, snapshot } = balances.get(positionText({ sku, locationId })) ?? noBalance;
  return { stock, atMs: Math.max(nowMs, snapshot?.occurredAtMs ?? 0) };
}

/** Fails with INSUFFICIENT_STOCK. */
function assertThere({ unrestricted }: Buckets, quantity: number, field: readonly string[]): void {
  if (unrestricted >= quantity) return;
  const available = Math.max(0, unrestricted);
  throw new AppError("INSUFFICIENT_STOCK", { field, available, message: `UNRESTRICTED holds ${available}.` });
}

interface Moved extends Goods {
  readonly type: "SHIPMENT" | "RECEIPT";
  readonly locationId: string;
  readonly fromBucket: "picked" | "unrestricted" | null;
  readonly line: TransferLine;
}

function entryOf(nowMs: number, occurredAtMs: number, moved: Moved): Entry {
  const { transferId, line, type, sku, locationId, quantity, fromBucket } = moved;
  const fact: StockFact = {
    id: newId(nowMs),
    type,
    sku,
    locationId,
    quantity,
    unit: null,
    occurredAtMs,
    sourceSeq: null,
    documentRef: { type: "TRANSFER", id: transferId, line: line.line },
    fromBucket,
    toBucket: null,
    reasonCode: null,
    note: null,
    buckets: null,
  };
  assertFact(fact);
  return { fact, effect: effectOf(fact, (inBaseUnits) => inBaseUnits), uom: null };
}

async function post(
  tx: Transaction,
  recorder: Recorder,
  action: string,
  nowMs: number,
  entries: readonly Entry[],
): Promise<void> {
  const { person } = recorder.cause;
  for (const verdict of await postFacts(tx, recorder, { source: person, action, nowMs, entries })) {
    if (verdict.status === "REJECTED") throw verdict.error;
  }
}
