/**
 * The mutations of `wms`: facts a warehouse reports in bulk, and changes of status that a person orders.
 *
 * A reported fact has happened, so it is refused only when it cannot be understood; an order is refused when the stock
 * is not there. Both wait, before their transaction, for master data that may still be on its way.
 */
import { type CommandDeps, type Payload, type RequestContext, runCommand } from "../../../shared/command.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Bucket, DocumentRef } from "../../../shared/events/canonical-event.ts";
import { newId } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import { type MasterData, type MasterDataNeed, waitForMasterData } from "../../../shared/master-data.ts";
import { findPartnerCodes, noPartnerCodes, type PartnerCodes } from "../../../shared/partner-codes.ts";
import type { Recorder } from "../../../shared/recorder.ts";
import type { Effect, StockFact } from "../domain/stock-fact.ts";
import { postFacts, type Verdict } from "../posting.ts";
import { followReports, keepTogether } from "../report-letters.ts";
import {
  type BucketName,
  codesOf,
  entryOf,
  inOurCodes,
  parseReport,
  parseSource,
  type StockEventInput,
  toFact,
} from "../stock-reports.ts";

export interface WmsDeps extends CommandDeps {
  /** How long a command waits for master data. */
  readonly masterDataWaitMs: number;
}

export interface RecordStockEventsInput {
  readonly idempotencyKey: string;
  readonly source?: string | null;
  readonly allOrNone?: boolean | null;
  readonly events: readonly StockEventInput[];
}

export interface StockEventResult {
  readonly id: string;
  readonly status: Verdict["status"];
  readonly code: string | null;
  readonly message: string | null;
}

export interface ChangeStockStatusInput {
  readonly idempotencyKey: string;
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
  readonly unit?: string | null;
  readonly from: BucketName;
  readonly to: BucketName;
  readonly reasonCode: string;
  readonly note?: string | null;
  readonly documentRef?: DocumentRef | null;
}

export interface StockMovementReply {
  readonly movementId: string | null;
  readonly position: { readonly sku: string; readonly locationId: string } | null;
}

/**
 * Can fail with TOO_MANY_ITEMS, INVALID_INPUT; a result can say UNKNOWN_SKU, UNKNOWN_LOCATION, UOM_UNMAPPED,
 * QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE, BUCKET_INVALID, SNAPSHOT_MISMATCH, EVENT_ID_REUSED, INVALID_INPUT,
 * FORBIDDEN; with `allOrNone` it fails with that.
 */
export async function recordStockEvents(
  deps: WmsDeps,
  input: RecordStockEventsInput,
  context: RequestContext,
): Promise<Payload<{ results: readonly StockEventResult[] }>> {
  const { roles, person } = context.identity;
  const parsed = input.events.length <= limits.commandItemsMax ? input.events.map((e) => parseReport(e, roles)) : [];
  const codes = await findPartnerCodes(deps.db, input.source ?? person ?? "", understood(parsed).flatMap(codesOf));
  const masterData = await waitFor(deps, parsed, codes, context);
  const nowMs = deps.clock.now();
  const sourceOf = (recorder: Recorder) => parseSource(input.source ?? null) ?? recorder.cause.person;
  return runCommand(deps, {
    operation: "recordStockEvents",
    input,
    context,
    refused: { results: [] },
    async work(tx, recorder) {
      assertCountOf(input.events);
      const source = sourceOf(recorder);
      const posted = await postFacts(tx, recorder, {
        source,
        action: "recordStockEvents",
        nowMs,
        entries: understood(parsed).map((fact) => entryOf(fact, codes, masterData)),
      });
      let next = 0;
      const verdicts = parsed.map(
        (fact): Verdict =>
          fact instanceof AppError ? { status: "REJECTED", error: fact } : (posted[next++] as Verdict),
      );
      const results = input.events.map((event, i) =>
        toResult(event, verdicts[i] as Verdict, input.allOrNone === true ? i : null),
      );
      auditRejected(recorder, source, input.events, results);
      await followReports(tx, recorder, { source, context, nowMs }, input.events, verdicts);
      return { results };
    },
    async refuse(tx, recorder, error) {
      if (input.allOrNone !== true) return;
      await keepTogether(tx, recorder, { source: sourceOf(recorder), context, nowMs }, input.events, error);
    },
  });
}

const understood = (parsed: readonly (StockFact | AppError)[]) =>
  parsed.filter((fact): fact is StockFact => !(fact instanceof AppError));

/** Can fail with what a result of `recordStockEvents` can say, and with INSUFFICIENT_STOCK. */
export async function changeStockStatus(
  deps: WmsDeps,
  input: ChangeStockStatusInput,
  context: RequestContext,
): Promise<Payload<StockMovementReply>> {
  const { sku, locationId } = input;
  const need = { items: [{ sku, unit: input.unit }], locationIds: [locationId] };
  const masterData = await waitForMasterData(deps.db, need, {
    waitMs: deps.masterDataWaitMs,
    caller: context.identity,
  });
  return runCommand<StockMovementReply>(deps, {
    operation: "changeStockStatus",
    input,
    context,
    refused: { movementId: null, position: null },
    async work(tx, recorder) {
      const nowMs = deps.clock.now();
      const fact = toFact({
        ...input,
        id: newId(nowMs),
        type: "STATUS_CHANGE",
        occurredAt: new Date(nowMs).toISOString(),
        fromBucket: input.from,
        toBucket: input.to,
      });
      const [verdict] = await postFacts(tx, recorder, {
        source: recorder.cause.person,
        action: "changeStockStatus",
        nowMs,
        entries: [entryOf(fact, noPartnerCodes, masterData)],
        admit: (stock, effect) => assertThere(stock, effect),
      });
      if (verdict?.status === "REJECTED") throw verdict.error;
      return {
        movementId: verdict && "movementId" in verdict ? verdict.movementId : null,
        position: { sku, locationId },
      };
    },
  });
}

/** Fails with INSUFFICIENT_STOCK: a person cannot set aside what is not there. */
function assertThere(stock: Readonly<Record<Bucket, number>>, effect: Effect): void {
  if (effect.kind !== "move" || effect.from === null || stock[effect.from] >= effect.quantity) return;
  const available = Math.max(0, stock[effect.from]);
  const message = `${effect.from.toUpperCase()} holds ${available}.`;
  throw new AppError("INSUFFICIENT_STOCK", { field: ["input", "quantity"], available, message });
}

function waitFor(
  deps: WmsDeps,
  parsed: readonly (StockFact | AppError)[],
  codes: PartnerCodes,
  context: RequestContext,
): Promise<MasterData> {
  const facts = understood(parsed).map((fact) => inOurCodes(fact, codes));
  const need: MasterDataNeed = { items: facts, locationIds: facts.map((fact) => fact.locationId) };
  return waitForMasterData(deps.db, need, {
    waitMs: deps.masterDataWaitMs,
    caller: context.identity,
  });
}

/** Fails with INVALID_INPUT, TOO_MANY_ITEMS. */
function assertCountOf(events: readonly unknown[]): void {
  const field = ["input", "events"];
  if (events.length === 0) throw new AppError("INVALID_INPUT", { field, message: "There must be at least one event." });
  if (events.length <= limits.commandItemsMax) return;
  throw new AppError("TOO_MANY_ITEMS", { field, message: `At most ${limits.commandItemsMax} events at once.` });
}

/** Of one of all or none, the index: then it fails with why it was rejected, and undoes the others. */
function toResult({ id }: StockEventInput, verdict: Verdict, oneOfAll: number | null): StockEventResult {
  if (verdict.status !== "REJECTED") return { id, status: verdict.status, code: null, message: null };
  if (oneOfAll !== null) {
    const { code, message, details } = verdict.error;
    throw new AppError(code, {
      ...details,
      field: ["input", "events", String(oneOfAll)],
      message: `${id}: ${message}`,
    });
  }
  return { id, status: verdict.status, code: verdict.error.code, message: verdict.error.message };
}

function auditRejected(
  recorder: Recorder,
  source: string,
  events: readonly StockEventInput[],
  results: readonly StockEventResult[],
): void {
  for (const [i, { id, code, message }] of results.entries()) {
    if (code === null) continue;
    // The id may be what is wrong with it.
    const subject = `stock-event:${source}|${id}`.slice(0, 255);
    recorder.audit({ subject, action: "recordStockEvents", outcome: code, detail: { event: events[i], message } });
  }
}
