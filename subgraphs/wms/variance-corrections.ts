/**
 * The warehouse's part of an approved correction of a variance: what a count found, or what the books have.
 *
 * Adjustments that a count asked for are approved by who approved the case, by the same rules as ever; one that was
 * decided meanwhile is left alone. What fits the warehouse to the books is one movement that names the case.
 */
import type { Transaction } from "../../shared/db/database.ts";
import { AppError } from "../../shared/errors.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import type { Role } from "../../shared/identity.ts";
import { positionText } from "../../shared/ids.ts";
import { causeOf } from "../../shared/messaging/consumer.ts";
import type { Recorder } from "../../shared/recorder.ts";
import { hashOf, postApproved, save } from "./adjustments.ts";
import { decide, evolve } from "./domain/adjustment.ts";
import { type Balance, noBalance } from "./domain/balance.ts";
import { assertFact, effectOf, type StockFact } from "./domain/stock-fact.ts";
import { type Entry, postFacts } from "./posting.ts";
import { lockAdjustments } from "./store/adjustments.ts";
import { lockOrCreateBalances } from "./store/balances.ts";

type Approved = Extract<AnyEvent, { type: "variance.correction.approved" }>;

export async function correctVariances(
  tx: Transaction,
  recorder: Recorder,
  events: readonly AnyEvent[],
  { consumer, nowMs }: { readonly consumer: string; readonly nowMs: number },
): Promise<void> {
  for (const event of events) {
    if (event.type !== "variance.correction.approved") continue;
    const { sku, locationId } = event;
    if (sku === null || locationId === null) {
      throw new AppError("INVALID_INPUT", { message: "A correction names its SKU and location." });
    }
    const key = { sku, locationId };
    const balance = (await lockOrCreateBalances(tx, [key])).get(positionText(key)) ?? noBalance;
    await approveCounted(tx, recorder, event, balance, nowMs);
    if (event.data.warehouseDelta === 0) continue;
    const entries = [entryOf(event, key, balance, consumer, nowMs)];
    const posting = { source: "system:control", action: event.type, nowMs, entries };
    for (const verdict of await postFacts(tx, recorder, posting)) {
      if (verdict.status === "REJECTED") throw verdict.error;
    }
  }
}

/** Fails with what an approval fails with: then nothing of the correction has happened here. */
async function approveCounted(
  tx: Transaction,
  recorder: Recorder,
  event: Approved,
  balance: Balance,
  nowMs: number,
): Promise<void> {
  const waiting = (await lockAdjustments(tx, event.data.adjustments)).filter(
    ({ status }) => status === "PENDING_APPROVAL",
  );
  const decided = waiting.map((before) => {
    const decision = {
      type: "approve",
      person: event.actor,
      roles: event.data.roles as readonly Role[],
      readHash: before.contentHash,
      currentHash: hashOf(before),
      note: event.note,
      bucketQuantity: balance.stock[before.bucket],
    } as const;
    return { state: decide(before, decision, nowMs).reduce(evolve, before), balance };
  });
  await save(tx, recorder, event.type, await postApproved(tx, recorder, decided, nowMs));
}

function entryOf(
  event: Approved,
  key: { readonly sku: string; readonly locationId: string },
  balance: Balance,
  consumer: string,
  nowMs: number,
): Entry {
  const fact: StockFact = {
    id: event.id,
    type: "ADJUSTMENT",
    ...key,
    quantity: event.data.warehouseDelta,
    unit: null,
    // It was judged by what both have now, so no snapshot can have it already.
    occurredAtMs: Math.max(nowMs, balance.snapshot?.occurredAtMs ?? 0),
    sourceSeq: null,
    documentRef: { type: "VARIANCE_CASE", id: event.data.caseId },
    fromBucket: null,
    toBucket: "unrestricted",
    reasonCode: "CORRECTION",
    note: event.note,
    buckets: null,
  };
  assertFact(fact);
  const effect = effectOf(fact, (inBaseUnits) => inBaseUnits);
  return { fact, effect, uom: null, cause: causeOf(consumer, event) };
}
