/**
 * `recordCount`: a count beside the book, and a request for adjustment for each line that varies, in one transaction.
 *
 * The book is read under the positions' locks, so what is compared is what is corrected. The count itself moves
 * nothing; what may be posted without a second person is decided by the rules of adjustments.
 */

import type { Sight } from "../../../shared/accounts.ts";
import { type Payload, type RequestContext, runCommand } from "../../../shared/command.ts";
import type { Transaction } from "../../../shared/db/database.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Bucket } from "../../../shared/events/canonical-event.ts";
import {
  newId,
  parseCode,
  parseDocumentId,
  parseLocationId,
  parseSku,
  parseText,
  positionText,
} from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import { type MasterData, sightOf, waitForMasterData } from "../../../shared/master-data.ts";
import type { Recorder } from "../../../shared/recorder.ts";
import { type Request, requestAll, withdrawPending } from "../adjustments.ts";
import {
  assertCounted,
  type CountedEntry,
  compareWithBook,
  replacedAdjustments,
  type StockCount,
  totalCounted,
  varianceOf,
} from "../domain/stock-count.ts";
import { type BucketName, bucketOf } from "../stock-reports.ts";
import { lockOrCreateBalances } from "../store/balances.ts";
import { insertCount, loadCounts } from "../store/counts.ts";
import type { WmsDeps } from "./stock-facts.ts";

export interface RecordCountInput {
  readonly idempotencyKey: string;
  readonly locationId: string;
  readonly lines: readonly CountLineInput[];
  readonly countedBy?: string | null;
  readonly recountOf?: string | null;
  readonly note?: string | null;
}

export interface CountLineInput {
  readonly sku: string;
  readonly countedQuantity: number;
  readonly unit?: string | null;
  readonly bucket?: BucketName | null;
}

interface Outcome {
  readonly stockCount: StockCount | null;
}

export type StockCountReply = Payload<Outcome>;

const operation = "recordCount";

/**
 * Can fail with INVALID_INPUT, TOO_MANY_ITEMS, UNKNOWN_SKU, UNKNOWN_LOCATION, UNKNOWN_DOCUMENT, UOM_UNMAPPED,
 * QUANTITY_OUT_OF_RANGE.
 */
export async function recordCount(
  deps: WmsDeps,
  input: RecordCountInput,
  context: RequestContext,
): Promise<StockCountReply> {
  const items = input.lines.slice(0, limits.countLinesMax);
  const need = { items, locationIds: [input.locationId] };
  const masterData = await waitForMasterData(deps.db, need, {
    waitMs: deps.masterDataWaitMs,
    caller: context.identity,
  });
  return runCommand<Outcome>(deps, {
    operation,
    input,
    context,
    refused: { stockCount: null },
    async work(tx, recorder) {
      const nowMs = deps.clock.now();
      const head = { ...parseHead(input, recorder.cause.person), countId: newId(nowMs), recordedAtMs: nowMs };
      masterData.location(head.locationId, ["input", "locationId"]);
      const totals = totalCounted(parseEntries(input.lines, masterData));
      const positions = totals.map(({ sku }) => ({ sku, locationId: head.locationId }));
      const balances = await lockOrCreateBalances(tx, positions);
      await replaceEarlier(tx, recorder, head, totals, sightOf(context.identity, tx));
      const lines = compareWithBook(
        totals,
        ({ sku, bucket }) => balances.get(positionText({ sku, locationId: head.locationId }))?.stock[bucket] ?? 0,
        () => newId(nowMs),
      );
      const count = { ...head, lines };
      await insertCount(tx, count);
      tell(recorder, count);
      await requestAll(tx, recorder, operation, requestsOf(count, masterData), nowMs);
      return { stockCount: count };
    },
  });
}

type Head = Omit<StockCount, "lines">;

/** What the earlier count asked for, and nobody has decided on, rests on figures that are being replaced. */
async function replaceEarlier(
  tx: Transaction,
  recorder: Recorder,
  { recountOf, countId, locationId, recordedAtMs }: Head,
  totals: readonly CountedEntry[],
  sight: Sight,
): Promise<void> {
  if (recountOf === null) return;
  const field = ["input", "recountOf"];
  const [earlier] = await sight.only([(await loadCounts(tx, [recountOf])).get(recountOf)], (count) => [
    count.locationId,
  ]);
  if (!earlier) throw new AppError("UNKNOWN_DOCUMENT", { field, message: `No such count: ${recountOf}.` });
  if (earlier.locationId !== locationId) {
    throw new AppError("INVALID_INPUT", { field, message: `Count ${recountOf} is of ${earlier.locationId}.` });
  }
  const ids = replacedAdjustments(earlier, totals);
  await withdrawPending(tx, recorder, operation, { ids, note: `Replaced by count ${countId}.` }, recordedAtMs);
}

/** Evidence is the count itself; it holds as long as the bucket holds what the count found in the book. */
function requestsOf(count: StockCount, masterData: MasterData): Request[] {
  const { countId, locationId, recordedBy, countedBy, note } = count;
  return count.lines.flatMap((line): Request[] => {
    const { sku, bucket, expected, adjustmentId } = line;
    if (adjustmentId === null) return [];
    const content = {
      adjustmentId,
      sku,
      locationId,
      bucket,
      delta: varianceOf(line),
      changeFromQuantity: expected,
      reasonCode: "COUNTED",
      note,
      evidence: [`count:${countId}`],
      requestedBy: recordedBy,
      countedBy: countedBy === recordedBy ? null : countedBy,
    };
    return [{ content, product: masterData.product(sku) }];
  });
}

function tell(recorder: Recorder, count: StockCount): void {
  const { countId, locationId, countedBy, recountOf, note, lines } = count;
  recorder.event({
    type: "count.recorded",
    sourceSeq: 1,
    partitionKey: `count:${countId}`,
    locationId,
    documentRef: { type: "COUNT", id: countId },
    note,
    data: { countId, countedBy, recountOf, lines },
  });
  recorder.audit({
    subject: `count:${countId}`,
    action: operation,
    detail: { locationId, countedBy, recountOf, lines },
  });
}

/** Fails with INVALID_INPUT. */
function parseHead(input: RecordCountInput, recordedBy: string): Omit<Head, "countId" | "recordedAtMs"> {
  return {
    locationId: parseLocationId(input.locationId, ["input", "locationId"]),
    recordedBy,
    countedBy: input.countedBy == null ? recordedBy : parseCounter(input.countedBy),
    recountOf: input.recountOf == null ? null : parseDocumentId(input.recountOf, ["input", "recountOf"]),
    note: parseText(input.note, limits.noteLengthMax, ["input", "note"]),
  };
}

/** Fails with INVALID_INPUT: what begins with `system:` is a system of ours, and counts nothing. */
function parseCounter(person: string): string {
  const field = ["input", "countedBy"];
  if (person.startsWith("system:")) {
    throw new AppError("INVALID_INPUT", { field, message: "countedBy must not begin with system:." });
  }
  return parseCode(person, limits.personLengthMax, field);
}

/** Fails with INVALID_INPUT, TOO_MANY_ITEMS, UNKNOWN_SKU, UOM_UNMAPPED, QUANTITY_OUT_OF_RANGE. */
function parseEntries(lines: readonly CountLineInput[], masterData: MasterData): CountedEntry[] {
  const field = ["input", "lines"];
  if (lines.length === 0) throw new AppError("INVALID_INPUT", { field, message: "There must be at least one line." });
  if (lines.length > limits.countLinesMax) {
    throw new AppError("TOO_MANY_ITEMS", { field, message: `At most ${limits.countLinesMax} lines at once.` });
  }
  return lines.map((line, i) => {
    const path = [...field, String(i)];
    const sku = parseSku(line.sku, [...path, "sku"]);
    assertCounted(line.countedQuantity, [...path, "countedQuantity"]);
    const entered = { sku, quantity: line.countedQuantity, unit: line.unit };
    const bucket: Bucket = bucketOf(line.bucket);
    return { sku, bucket, counted: masterData.baseUnits(entered, "supply", path) };
  });
}
