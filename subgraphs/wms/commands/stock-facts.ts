/**
 * The mutations of `wms`: facts a warehouse reports in bulk, and changes of status that a person orders.
 *
 * A reported fact has happened, so it is refused only when it cannot be understood; an order is refused when the stock
 * is not there. Both wait, before their transaction, for master data that may still be on its way.
 */
import { type CommandDeps, type Payload, type RequestContext, runCommand } from "../../../shared/command.ts";
import { AppError } from "../../../shared/errors.ts";
import { type Bucket, buckets, type DocumentRef } from "../../../shared/events/canonical-event.ts";
import type { Role } from "../../../shared/identity.ts";
import {
  newId,
  parseCode,
  parseDocumentId,
  parseEventId,
  parseLocationId,
  parseSku,
  parseText,
  parseUnit,
} from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import { type MasterData, type MasterDataNeed, waitForMasterData } from "../../../shared/master-data.ts";
import type { Recorder } from "../../../shared/recorder.ts";
import {
  assertFact,
  type Effect,
  effectOf,
  mapBuckets,
  type StockEventType,
  type StockFact,
} from "../domain/stock-fact.ts";
import { type Entry, postFacts, type Verdict } from "../posting.ts";

export interface WmsDeps extends CommandDeps {
  /** How long a command waits for master data. */
  readonly masterDataWaitMs: number;
}

/** A bucket as GraphQL names it. */
export type BucketName = Uppercase<Bucket>;

export interface StockEventInput {
  readonly id: string;
  readonly type: StockEventType;
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
  readonly unit?: string | null;
  readonly occurredAt: string;
  readonly sourceSeq?: number | null;
  readonly documentRef?: DocumentRef | null;
  readonly fromBucket?: BucketName | null;
  readonly toBucket?: BucketName | null;
  readonly reasonCode?: string | null;
  readonly note?: string | null;
  readonly buckets?: Readonly<Partial<Record<Bucket, number | null>>> | null;
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
  const { roles } = context.identity;
  const parsed = input.events.length <= limits.commandItemsMax ? input.events.map((e) => parseEvent(e, roles)) : [];
  const masterData = await waitFor(deps, parsed, context);
  return runCommand(deps, {
    operation: "recordStockEvents",
    input,
    context,
    refused: { results: [] },
    async work(tx, recorder) {
      assertCountOf(input.events);
      const source = parseSource(input.source ?? null) ?? recorder.cause.person;
      const verdicts = await postFacts(tx, recorder, {
        source,
        action: "recordStockEvents",
        nowMs: deps.clock.now(),
        entries: parsed.flatMap((fact) => (fact instanceof AppError ? [] : [entryOf(fact, masterData)])),
      });
      let next = 0;
      const results = input.events.map((event, i) => {
        const fact = parsed[i] as StockFact | AppError;
        const refused: Verdict | null = fact instanceof AppError ? { status: "REJECTED", error: fact } : null;
        return toResult(event, refused ?? (verdicts[next++] as Verdict), input.allOrNone === true ? i : null);
      });
      auditRejected(recorder, source, input.events, results);
      return { results };
    },
  });
}

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
        entries: [entryOf(fact, masterData)],
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

function parseEvent(event: StockEventInput, roles: ReadonlySet<Role>): StockFact | AppError {
  try {
    assertReporter(event, roles);
    return toFact(event);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/** Types that say what the stock is instead of what happened: a person asks for an adjustment, or records a count. */
const corrections: ReadonlySet<StockEventType> = new Set<StockEventType>(["ADJUSTMENT", "SNAPSHOT"]);

/** Fails with FORBIDDEN: a correction that nobody else approves comes from a warehouse's own system only. */
function assertReporter({ type }: StockEventInput, roles: ReadonlySet<Role>): void {
  if (!corrections.has(type) || roles.has("connector-wms") || roles.has("admin")) return;
  const message = `Only a warehouse's own system reports ${type}: use requestAdjustment or recordCount.`;
  throw new AppError("FORBIDDEN", { message });
}

/** Fails with INVALID_INPUT and what `assertFact` fails with. */
function toFact(event: StockEventInput): StockFact {
  const counts = event.buckets;
  const fact: StockFact = {
    id: parseEventId(event.id, ["id"]),
    type: event.type,
    sku: parseSku(event.sku, ["sku"]),
    locationId: parseLocationId(event.locationId, ["locationId"]),
    quantity: event.quantity,
    unit: event.unit == null ? null : parseUnit(event.unit, ["unit"]),
    occurredAtMs: Date.parse(event.occurredAt),
    sourceSeq: event.sourceSeq ?? null,
    documentRef: event.documentRef ? toDocumentRef(event.documentRef) : null,
    fromBucket: toBucket(event.fromBucket),
    toBucket: toBucket(event.toBucket),
    reasonCode:
      event.reasonCode == null ? null : parseCode(event.reasonCode, limits.reasonCodeLengthMax, ["reasonCode"]),
    note: parseText(event.note, limits.noteLengthMax, ["note"]),
    buckets: counts ? mapBuckets((bucket) => counts[bucket] ?? 0) : null,
  };
  if (fact.sourceSeq !== null && fact.sourceSeq < 0) {
    throw new AppError("INVALID_INPUT", { message: "sourceSeq must not be negative." });
  }
  assertFact(fact);
  return fact;
}

/** Fails with INVALID_INPUT: what begins with `system:` is a system of ours, and speaks for itself. */
function parseSource(value: string | null): string | null {
  if (value === null) return null;
  const field = ["input", "source"];
  if (value.startsWith("system:")) {
    throw new AppError("INVALID_INPUT", { field, message: "source must not begin with system:." });
  }
  return parseCode(value, limits.personLengthMax, field);
}

function toDocumentRef({ type, id, line }: DocumentRef): DocumentRef {
  return {
    type: parseCode(type, limits.reasonCodeLengthMax, ["documentRef", "type"]),
    id: parseDocumentId(id, ["documentRef", "id"]),
    line: line == null ? null : parseDocumentId(line, ["documentRef", "line"]),
  };
}

function toBucket(name: BucketName | null | undefined): Bucket | null {
  return buckets.find((bucket) => bucket.toUpperCase() === name) ?? null;
}

function waitFor(
  deps: WmsDeps,
  parsed: readonly (StockFact | AppError)[],
  context: RequestContext,
): Promise<MasterData> {
  const facts = parsed.filter((fact): fact is StockFact => !(fact instanceof AppError));
  const need: MasterDataNeed = { items: facts, locationIds: facts.map((fact) => fact.locationId) };
  return waitForMasterData(deps.db, need, {
    waitMs: deps.masterDataWaitMs,
    caller: context.identity,
  });
}

function entryOf(fact: StockFact, masterData: MasterData): Entry {
  const { sku, unit } = fact;
  try {
    masterData.location(fact.locationId);
    const effect = effectOf(fact, (quantity, rounding) => masterData.baseUnits({ sku, unit, quantity }, rounding));
    return { fact, effect, uom: unit ?? masterData.product(sku).baseUnit };
  } catch (error) {
    if (error instanceof AppError) return { fact, effect: error, uom: unit };
    throw error;
  }
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
    const { code, message } = verdict.error;
    throw new AppError(code, { field: ["input", "events", String(oneOfAll)], message: `${id}: ${message}` });
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
