/**
 * The life of an adjustment in the database: request, decision, posting, and what the books made of it.
 *
 * Whatever is approved is posted in the same transaction, as one movement through `posting.ts`: there is no approved
 * adjustment whose stock has not moved. Holds no rule of its own; those are `domain/adjustment.ts`.
 */

import type { Caller } from "../../shared/accounts.ts";
import { canonicalHash } from "../../shared/canonical-json.ts";
import { type Payload, type RequestContext, runCommand } from "../../shared/command.ts";
import type { Transaction } from "../../shared/db/database.ts";
import { AppError } from "../../shared/errors.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import {
  newId,
  parseCode,
  parseDocumentId,
  parseLocationId,
  parseSku,
  parseText,
  positionText,
} from "../../shared/ids.ts";
import { limits } from "../../shared/limits.ts";
import { type ProductReplica, sightOf, waitForMasterData } from "../../shared/master-data.ts";
import { causeOf } from "../../shared/messaging/consumer.ts";
import type { Recorder } from "../../shared/recorder.ts";
import type { WmsDeps } from "./commands/stock-facts.ts";
import { type AdjustmentContent, type AdjustmentState, automatic, decide, evolve } from "./domain/adjustment.ts";
import { rollingWindowMs } from "./domain/adjustment-policy.ts";
import { type Balance, noBalance } from "./domain/balance.ts";
import { assertFact, effectOf, type StockFact } from "./domain/stock-fact.ts";
import { postFacts, type Verdict } from "./posting.ts";
import { type BucketName, bucketOf } from "./stock-reports.ts";
import {
  loadAdjustments,
  lockAdjustments,
  lockAdjustmentsOf,
  requestedSince,
  saveAdjustments,
} from "./store/adjustments.ts";
import { lockOrCreateBalances, type PositionKey } from "./store/balances.ts";

export interface RequestAdjustmentInput {
  readonly idempotencyKey: string;
  readonly sku: string;
  readonly locationId: string;
  readonly bucket?: BucketName | null;
  readonly delta: number;
  readonly changeFromQuantity?: number | null;
  readonly reasonCode: string;
  readonly note?: string | null;
  readonly evidence?: readonly string[] | null;
}

export interface DecideAdjustmentInput {
  readonly idempotencyKey: string;
  readonly id: string;
  readonly contentHash: string;
  readonly note?: string | null;
}

interface Outcome {
  readonly adjustment: AdjustmentState | null;
}

export type AdjustmentReply = Payload<Outcome>;

/**
 * Can fail with CHANGE_FROM_QUANTITY_STALE, INSUFFICIENT_STOCK, UNKNOWN_SKU, UNKNOWN_LOCATION, INVALID_INPUT,
 * TOO_MANY_ITEMS, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE.
 */
export async function requestAdjustment(
  deps: WmsDeps,
  input: RequestAdjustmentInput,
  context: RequestContext,
): Promise<AdjustmentReply> {
  const { sku, locationId } = input;
  const need = { items: [{ sku }], locationIds: [locationId] };
  const masterData = await waitForMasterData(deps.db, need, {
    waitMs: deps.masterDataWaitMs,
    caller: context.identity,
  });
  return runCommand<Outcome>(deps, {
    operation: "requestAdjustment",
    input,
    context,
    refused: { adjustment: null },
    async work(tx, recorder) {
      const nowMs = deps.clock.now();
      const content = parseContent(input, newId(nowMs), recorder.cause.person);
      const product = masterData.product(content.sku, ["input", "sku"]);
      masterData.location(content.locationId, ["input", "locationId"]);
      const [state] = await requestAll(tx, recorder, "requestAdjustment", [{ content, product }], nowMs);
      return { adjustment: state ?? null };
    },
  });
}

/** A correction that one person asks for, and the item it is about. */
export interface Request {
  readonly content: AdjustmentContent;
  readonly product: ProductReplica;
}

/**
 * Judges requests of one person at one location, in their order, and posts at once what needs nobody. The statements
 * are as many for a hundred as for one. Fails with what `decide` fails with; then nothing of it has happened.
 */
export async function requestAll(
  tx: Transaction,
  recorder: Recorder,
  action: string,
  requests: readonly Request[],
  nowMs: number,
): Promise<AdjustmentState[]> {
  const requested = await judge(tx, requests, nowMs);
  for (const { state } of requested) tell(recorder, "adjustment.requested", state);
  const states = await postApproved(tx, recorder, requested, nowMs);
  await save(tx, recorder, action, states);
  return states;
}

/** What was asked for and nobody has decided on yet is withdrawn: nothing moves. Their positions are locked already. */
export async function withdrawPending(
  tx: Transaction,
  recorder: Recorder,
  action: string,
  { ids, note }: { readonly ids: readonly string[]; readonly note: string },
  nowMs: number,
): Promise<void> {
  const before = await lockAdjustments(tx, ids);
  const after = before.map((state) => decide(state, { type: "withdraw", note }, nowMs).reduce(evolve, state));
  const withdrawn = after.filter((state, i) => state !== before[i]);
  for (const state of withdrawn) tell(recorder, "adjustment.rejected", state);
  await save(tx, recorder, action, withdrawn);
}

/**
 * Can fail with SAME_PERSON, APPROVAL_TIER_TOO_LOW, CONTENT_CHANGED, CHANGE_FROM_QUANTITY_STALE, INSUFFICIENT_STOCK,
 * ILLEGAL_TRANSITION, UNKNOWN_DOCUMENT, INVALID_INPUT, QUANTITY_OUT_OF_RANGE.
 */
export function approveAdjustment(deps: WmsDeps, input: DecideAdjustmentInput, context: RequestContext) {
  return decideOn(deps, "approve", input, context);
}

/** Can fail with SAME_PERSON, CONTENT_CHANGED, ILLEGAL_TRANSITION, UNKNOWN_DOCUMENT, INVALID_INPUT. */
export function rejectAdjustment(deps: WmsDeps, input: DecideAdjustmentInput, context: RequestContext) {
  return decideOn(deps, "reject", input, context);
}

/** The books followed a movement, or could not: the adjustment it came from, if it did, knows then. */
export async function followBooks(
  tx: Transaction,
  recorder: Recorder,
  events: readonly AnyEvent[],
  consumerName: string,
  nowMs: number,
): Promise<void> {
  const answers = events.filter(
    (event) => event.type === "erp.posting.acknowledged" || event.type === "erp.posting.failed",
  );
  const posted = await lockAdjustmentsOf(tx, [...new Set(answers.map(({ data }) => data.postedEventId))]);
  const states = new Map(posted.map((state) => [state.movementId, state]));
  const changed = new Map<string, AdjustmentState>();
  for (const event of answers) {
    const before = states.get(event.data.postedEventId);
    if (!before) continue;
    const { data } = event;
    const command =
      "code" in data ? ({ type: "failBook", code: data.code } as const) : ({ type: "followBook" } as const);
    const after = decide(before, command, nowMs).reduce(evolve, before);
    // It came late, or a second time: a status never goes backwards.
    if (after === before) continue;
    states.set(event.data.postedEventId, after);
    changed.set(after.adjustmentId, after);
    recorder.audit(auditEntry(event.type, after), causeOf(consumerName, event));
  }
  await saveAdjustments(tx, [...changed.values()]);
}

/** An adjustment, and the position it corrects as it is under the lock. */
interface Adjusted {
  readonly state: AdjustmentState;
  readonly balance: Balance;
}

async function judge(tx: Transaction, requests: readonly Request[], nowMs: number): Promise<Adjusted[]> {
  const first = requests[0];
  if (!first) return [];
  const contents = requests.map(({ content }) => content);
  const balances = await lockOrCreateBalances(tx, contents);
  const asked = { ...first.content, person: first.content.requestedBy, skus: contents.map(({ sku }) => sku) };
  const earlier = await requestedSince(tx, asked, nowMs - rollingWindowMs);
  return requests.map(({ content, product: { class: itemClass, unitCost } }) => {
    const balance = balances.get(positionText(content)) ?? noBalance;
    const earlierQuantity = earlier.get(content.sku) ?? 0;
    const facts = { bucketQuantity: balance.stock[content.bucket], itemClass, unitCost, earlierQuantity };
    const command = { type: "request", content, contentHash: hashOf(content), facts } as const;
    const state = decide(null, command, nowMs).reduce<AdjustmentState | null>(evolve, null);
    if (!state) throw new AppError("INTERNAL");
    // Another bucket of the same position, in the same breath, is no way round the total.
    earlier.set(content.sku, earlierQuantity + Math.abs(content.delta));
    return { state, balance };
  });
}

function decideOn(
  deps: WmsDeps,
  type: "approve" | "reject",
  input: DecideAdjustmentInput,
  context: RequestContext,
): Promise<AdjustmentReply> {
  const operation = `${type}Adjustment`;
  return runCommand<Outcome>(deps, {
    operation,
    input,
    context,
    refused: { adjustment: null },
    async work(tx, recorder) {
      const nowMs = deps.clock.now();
      const id = parseDocumentId(input.id, ["input", "id"]);
      const { state: before, balance } = await lockDecided(tx, id, context.identity);
      const decision = {
        type,
        person: recorder.cause.person,
        roles: [...context.identity.roles],
        readHash: input.contentHash,
        currentHash: hashOf(before),
        note: parseText(input.note, limits.noteLengthMax, ["input", "note"]),
        bucketQuantity: balance.stock[before.bucket],
      };
      const decided = decide(before, decision, nowMs).reduce(evolve, before);
      if (type === "reject") tell(recorder, "adjustment.rejected", decided);
      const states = await postApproved(tx, recorder, [{ state: decided, balance }], nowMs);
      await save(tx, recorder, operation, states);
      return { adjustment: states[0] ?? null };
    },
  });
}

/** The position first, as everywhere: which one it is never changes. Fails with UNKNOWN_DOCUMENT. */
async function lockDecided(tx: Transaction, id: string, caller: Caller): Promise<Adjusted> {
  const known = (await loadAdjustments(tx, [id])).get(id);
  const [found] = await sightOf(caller, tx).only([known], ({ locationId }) => [locationId]);
  const balance = found && (await lockBalance(tx, found));
  const [before] = await lockAdjustments(tx, [id]);
  if (!before || !balance) {
    throw new AppError("UNKNOWN_DOCUMENT", { field: ["input", "id"], message: `No such adjustment: ${id}.` });
  }
  return { state: before, balance };
}

/**
 * What is approved, by a person or by the rules alone, becomes one movement; the rest stays as it is. The movement's
 * person is the system: neither who asked for it nor who approved it also posts it.
 */
export async function postApproved(
  tx: Transaction,
  recorder: Recorder,
  adjusted: readonly Adjusted[],
  nowMs: number,
): Promise<AdjustmentState[]> {
  const approved = adjusted.filter(({ state }) => state.status === "APPROVED" || state.status === "AUTO_APPROVED");
  for (const { state } of approved) tell(recorder, "adjustment.approved", state);
  const cause = { ...recorder.cause, person: automatic, roles: [] };
  const entries = approved.map((item) => {
    const fact = factOf(item, nowMs);
    assertFact(fact);
    return { fact, effect: effectOf(fact, (inBaseUnits) => inBaseUnits), uom: null, cause };
  });
  const posting = { source: "system:adjustments", action: "adjustment.posted", nowMs };
  const verdicts = await postFacts(tx, recorder, { ...posting, entries });
  const movements = new Map(approved.map(({ state }, i) => [state.adjustmentId, movementOf(verdicts[i])]));
  return adjusted.map(({ state }) => {
    const movementId = movements.get(state.adjustmentId);
    return movementId === undefined ? state : decide(state, { type: "post", movementId }, nowMs).reduce(evolve, state);
  });
}

/** Fails with what the verdict says. */
function movementOf(verdict: Verdict | undefined): string {
  if (verdict?.status === "REJECTED") throw verdict.error;
  if (verdict?.status !== "ACCEPTED") throw new AppError("INTERNAL", { message: "The adjustment had no effect." });
  return verdict.movementId;
}

function factOf({ state, balance }: Adjusted, nowMs: number): StockFact {
  return {
    id: state.adjustmentId,
    type: "ADJUSTMENT",
    sku: state.sku,
    locationId: state.locationId,
    quantity: state.delta,
    unit: null,
    // It was judged by the balance as it stands, so no snapshot that is in it can have it already.
    occurredAtMs: Math.max(nowMs, balance.snapshot?.occurredAtMs ?? 0),
    sourceSeq: null,
    documentRef: { type: "ADJUSTMENT", id: state.adjustmentId },
    fromBucket: null,
    toBucket: state.bucket,
    reasonCode: state.reasonCode,
    note: state.note,
    buckets: null,
  };
}

export async function save(
  tx: Transaction,
  recorder: Recorder,
  action: string,
  states: readonly AdjustmentState[],
): Promise<void> {
  await saveAdjustments(tx, states);
  for (const state of states) recorder.audit(auditEntry(action, state));
}

function auditEntry(action: string, state: AdjustmentState) {
  const { adjustmentId, status, contentHash, tier, reasons, movementId, failureCode, version } = state;
  const content = contentOf(state);
  return {
    subject: `adjustment:${adjustmentId}`,
    action,
    detail: { status, version, contentHash, tier, reasons, movementId, failureCode, content },
  };
}

/** What is told of the paper counts in a sequence of its own: the request is the first, the decision the second. */
function tell(
  recorder: Recorder,
  type: "adjustment.requested" | "adjustment.approved" | "adjustment.rejected",
  state: AdjustmentState,
): void {
  const { adjustmentId, sku, locationId, contentHash, tier } = state;
  recorder.event({
    type,
    sourceSeq: type === "adjustment.requested" ? 1 : 2,
    partitionKey: `adjustment:${adjustmentId}`,
    sku,
    locationId,
    quantity: state.delta,
    toBucket: state.bucket,
    documentRef: { type: "ADJUSTMENT", id: adjustmentId },
    reasonCode: state.reasonCode,
    note: type === "adjustment.requested" ? state.note : state.decisionNote,
    data: { adjustmentId, contentHash, tier, evidence: state.evidence },
  });
}

async function lockBalance(tx: Transaction, { sku, locationId }: PositionKey): Promise<Balance> {
  const key = { sku, locationId };
  return (await lockOrCreateBalances(tx, [key])).get(positionText(key)) ?? noBalance;
}

/** Fails with INVALID_INPUT, TOO_MANY_ITEMS. */
function parseContent(input: RequestAdjustmentInput, adjustmentId: string, requestedBy: string): AdjustmentContent {
  const evidence = input.evidence ?? [];
  if (evidence.length > limits.evidenceMax) {
    const message = `At most ${limits.evidenceMax} pieces of evidence.`;
    throw new AppError("TOO_MANY_ITEMS", { field: ["input", "evidence"], message });
  }
  return {
    adjustmentId,
    sku: parseSku(input.sku, ["input", "sku"]),
    locationId: parseLocationId(input.locationId, ["input", "locationId"]),
    bucket: bucketOf(input.bucket),
    delta: input.delta,
    changeFromQuantity: input.changeFromQuantity ?? null,
    reasonCode: parseCode(input.reasonCode, limits.reasonCodeLengthMax, ["input", "reasonCode"]),
    note: parseText(input.note, limits.noteLengthMax, ["input", "note"]),
    evidence: evidence.map((item, i) => parseCode(item, limits.evidenceLengthMax, ["input", "evidence", String(i)])),
    requestedBy,
    countedBy: null,
  };
}

/** What a decision is bound to, and nothing that the decision itself changes. A counter was not always known. */
function contentOf(state: AdjustmentContent): Omit<AdjustmentContent, "countedBy"> {
  const { adjustmentId, sku, locationId, bucket, delta, changeFromQuantity, reasonCode, note, evidence } = state;
  const { requestedBy, countedBy } = state;
  return {
    adjustmentId,
    sku,
    locationId,
    bucket,
    delta,
    changeFromQuantity,
    reasonCode,
    note,
    evidence,
    requestedBy,
    ...(countedBy === null ? {} : { countedBy }),
  };
}

export function hashOf(content: AdjustmentContent): string {
  return canonicalHash(contentOf(content));
}
