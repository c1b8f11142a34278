/**
 * Books against warehouse, position by position: facts move both figures, and what stays between them becomes a case.
 *
 * Everything about a position happens under its lock, in one transaction with its case, its exception and what is told of
 * it. Neither figure is ever changed here: a correction is asked for, and the owner carries it out.
 */
import { canonicalHash } from "../../shared/canonical-json.ts";
import type { Transaction } from "../../shared/db/database.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { bookDeltaOf, unpostedOf } from "../../shared/events/fact-effects.ts";
import { newId, partitionKey, positionText } from "../../shared/ids.ts";
import { limits } from "../../shared/limits.ts";
import { findLocations, findProducts } from "../../shared/master-data.ts";
import { causeOf } from "../../shared/messaging/consumer.ts";
import type { Cause, NewEvent, Recorder } from "../../shared/recorder.ts";
import { applyToRecon, type CountMade, differs, type ReconPosition, varianceOf } from "./domain/recon-position.ts";
import { expectedOf, type Finding, type ItemFacts, judge, type ReconciliationPolicy } from "./domain/reconciliation.ts";
import {
  type CaseFigures,
  contentOf,
  counted,
  detected,
  evidenceOf,
  followed,
  isOpen,
  type VarianceCase,
} from "./domain/variance-case.ts";
import type { Change } from "./exceptions.ts";
import { lockReconPositions, type PositionKey, saveReconPositions } from "./store/recon-positions.ts";
import { findPolicy } from "./store/reconciliations.ts";
import { addCases, findCases, findHistory, findWarehouseFacts, saveCases } from "./store/variance-cases.ts";

/** Positions after facts of the warehouse and the books; what that means for the queue of exceptions. */
export async function followPositions(
  tx: Transaction,
  recorder: Recorder,
  events: readonly AnyEvent[],
  { consumer, nowMs }: { readonly consumer: string; readonly nowMs: number },
): Promise<Change[]> {
  const facts = groupByPosition(events);
  if (facts.size === 0) return [];
  const locked = await lockReconPositions(
    tx,
    [...facts.values()].map(({ key }) => key),
  );
  const refused = await refusedDeltas(tx, events);
  const policy = await findPolicy(tx);
  const touched = [...facts].flatMap(([text, { events: own }]): Touched[] => {
    const before = locked.get(text);
    if (!before) return [];
    const applied = own.reduce((state, event) => appliedTo(state, event, refused, nowMs), before);
    const withdrawn = applied.pending.length === 0 && own.some(({ type }) => type === "adjustment.rejected");
    const after = { ...scheduled(applied, policy, withdrawn, nowMs), version: before.version + 1 };
    return [{ before, after, cause: causeOf(consumer, own.at(-1) as AnyEvent) }];
  });
  const atOnce = touched.filter(
    ({ before, after }) => after.dueAtMs === null && (after.caseId !== null || after.pending !== before.pending),
  );
  const causes = new Map(touched.map(({ after, cause }) => [positionText(after), cause]));
  const assessed = await assessPositions(
    tx,
    recorder,
    atOnce.map(({ after }) => after),
    { policy, nowMs, causeFor: (position) => causes.get(positionText(position)) ?? recorder.cause },
  );
  const looked = new Set(atOnce.map(({ after }) => positionText(after)));
  const others = touched.map(({ after }) => after).filter((position) => !looked.has(positionText(position)));
  await saveReconPositions(tx, [...others, ...assessed.positions]);
  return assessed.changes;
}

interface Touched {
  readonly before: ReconPosition;
  readonly after: ReconPosition;
  readonly cause: Cause;
}

function appliedTo(
  state: ReconPosition,
  event: AnyEvent,
  refused: ReadonlyMap<string, number>,
  nowMs: number,
): ReconPosition {
  if (event.type !== "count.recorded") return applyToRecon(state, event, nowMs, refused.get(event.id));
  const { countId, countedBy } = event.data;
  const count: CountMade = { countId, recordedBy: event.actor, countedBy, at: event.time };
  return state.count && state.count.at > count.at ? state : { ...state, count };
}

/**
 * A difference is looked at when it has had time to go away by itself; one that was let go as small, only if it changes.
 * What a count found may have been withdrawn because of another count, which is then about to come.
 */
function scheduled(
  position: ReconPosition,
  policy: ReconciliationPolicy,
  withdrawn: boolean,
  nowMs: number,
): ReconPosition {
  if (position.caseId !== null) return { ...position, dueAtMs: withdrawn ? nowMs + limits.recountFollowsMs : null };
  if (position.pending.length > 0) return { ...position, dueAtMs: null };
  if (!differs(position)) return { ...position, dueAtMs: null, cleared: null };
  if (varianceOf(position) === position.cleared) return { ...position, dueAtMs: null };
  return { ...position, dueAtMs: position.dueAtMs ?? nowMs + policy.settleSeconds * 1_000 };
}

export interface Assessing {
  readonly policy: ReconciliationPolicy;
  readonly nowMs: number;
  readonly causeFor: (position: ReconPosition) => Cause;
}

export interface Assessed {
  /** As they are now, to be saved. */
  readonly positions: readonly ReconPosition[];
  readonly findings: readonly Finding[];
  readonly changes: Change[];
}

/** Locked positions: a difference becomes a case or is let go, a case follows its figures. Saves cases, not positions. */
export async function assessPositions(
  tx: Transaction,
  recorder: Recorder,
  positions: readonly ReconPosition[],
  { policy, nowMs, causeFor }: Assessing,
): Promise<Assessed> {
  const itemOf = await itemFacts(tx, positions);
  const findings = positions.map((position) => judge(position, itemOf(position), policy));
  const known = await findCases(
    tx,
    positions.flatMap(({ caseId }) => caseId ?? []),
  );
  const isNew = (position: ReconPosition, finding: Finding) =>
    position.caseId === null &&
    (finding.kind === "LARGE" || (finding.kind === "SMALL" && finding.variance !== position.cleared));
  const history = await findHistory(
    tx,
    positions.filter((position, i) => isNew(position, findings[i] as Finding)),
    limits.evidenceFactsMax,
  );
  const added: VarianceCase[] = [];
  const saved: VarianceCase[] = [];
  const changes: Change[] = [];
  const after = positions.map((position, i): ReconPosition => {
    const finding = findings[i] as Finding;
    const cause = causeFor(position);
    const before = position.caseId === null ? undefined : known.get(position.caseId);
    if (!before && !isNew(position, finding)) return { ...position, dueAtMs: null };
    const next = hashed(
      before
        ? nextCase(before, position, finding, nowMs)
        : newCase(position, finding, { history, policy, nowMs, correlationId: cause.correlationId }),
    );
    if (before && canonicalHash(next) === canonicalHash({ ...before, version: next.version, updatedAtMs: nowMs })) {
      return { ...position, dueAtMs: null };
    }
    const told = tellCase(recorder, before, next, cause);
    (before ? saved : added).push(told);
    changes.push(...changesOf(before, told, cause));
    const cleared = told.status === "AUTO_CLEARED" ? told.variance : null;
    return { ...position, caseId: isOpen(told) ? told.id : null, cleared, dueAtMs: null };
  });
  await addCases(tx, added);
  await saveCases(tx, saved);
  return { positions: after, findings, changes };
}

/** With the hash that a decision is bound to. */
export function hashed(one: VarianceCase): VarianceCase {
  return { ...one, contentHash: canonicalHash(contentOf(one)) };
}

function nextCase(before: VarianceCase, position: ReconPosition, finding: Finding, nowMs: number): VarianceCase {
  const seen = position.count ? counted(before, position.count, nowMs) : before;
  const version = before.version + 1;
  return { ...followed(seen, figuresOf(position, finding, before), nowMs), version };
}

function newCase(
  position: ReconPosition,
  finding: Finding,
  {
    history,
    policy,
    nowMs,
    correlationId,
  }: {
    readonly history: ReadonlyMap<string, readonly AnyEvent[]>;
    readonly policy: ReconciliationPolicy;
    readonly nowMs: number;
    readonly correlationId: string;
  },
): VarianceCase {
  const { sku, locationId, count } = position;
  const head = { id: newId(nowMs), sku, locationId, correlationId, policyVersion: policy.version };
  const evidence = evidenceOf(history.get(positionText(position)) ?? []);
  const papers = { evidence, counts: count ? [count] : [] };
  return detected(head, figuresOf(position, finding, null), papers, { small: finding.kind === "SMALL", nowMs });
}

function figuresOf(position: ReconPosition, finding: Finding, before: VarianceCase | null): CaseFigures {
  const { onHand, book, unposted, pending } = position;
  const shown = { onHand, book, unposted, pending };
  if (finding.kind === "SMALL" || finding.kind === "LARGE") {
    const { kind: _, ...figures } = finding;
    return { ...figures, ...shown };
  }
  // Explained by now: what it was stays with the case.
  const { class: was = "TIMING", value = null, tier = "SUPERVISOR" } = before ?? {};
  return { class: was, value, tier, variance: 0, countedDelta: 0, ...shown };
}

/** The case with what has been told of it counted. */
function tellCase(
  recorder: Recorder,
  before: VarianceCase | undefined,
  next: VarianceCase,
  cause: Cause,
): VarianceCase {
  const { id, status, variance, countedDelta, onHand, book } = next;
  const detail = { status, class: next.class, variance, countedDelta, onHand, book };
  const action = before ? (isOpen(next) ? "followVariance" : "closeVariance") : "detectVariance";
  recorder.audit({ subject: `variance:${id}`, action, detail }, cause);
  if (before ? isOpen(next) : !isOpen(next)) return next;
  const told = { ...next, told: next.told + 1 };
  recorder.event(
    before
      ? { type: "variance.closed", ...aboutCase(told), data: { caseId: id } }
      : {
          type: "variance.opened",
          ...aboutCase(told),
          data: { caseId: id, class: next.class, variance, countedDelta },
        },
    cause,
  );
  return told;
}

/** `told` counts the event already. */
export function aboutCase(one: VarianceCase): Pick<NewEvent, "sourceSeq" | "partitionKey" | "sku" | "locationId"> {
  const { id, told, sku, locationId } = one;
  return { sourceSeq: told, partitionKey: `variance:${id}`, sku, locationId };
}

function changesOf(before: VarianceCase | undefined, next: VarianceCase, cause: Cause): Change[] {
  const { id, sku, locationId, variance, countedDelta, onHand, book, correlationId } = next;
  const topic = { type: "VARIANCE", subject: `position:${partitionKey(sku, locationId)}` } as const;
  if (!isOpen(next)) return before ? [{ kind: "clear", topic, cause }] : [];
  if (before && before.variance === variance && before.countedDelta === countedDelta) return [];
  const expected = expectedOf({ onHand }, variance);
  const found = countedDelta === 0 ? "" : ` A count found ${countedDelta} more than the warehouse has.`;
  const hint = `The warehouse has ${onHand}, the books ${book}, or ${expected} with what is under way.${found}`;
  const about = { sku, locationId, quantity: variance + countedDelta, document: { type: "VARIANCE_CASE", id } };
  return [{ kind: "raise", finding: { ...topic, ...about, hint, correlationId }, cause }];
}

async function itemFacts(
  tx: Transaction,
  positions: readonly ReconPosition[],
): Promise<(key: PositionKey) => ItemFacts> {
  const products = await findProducts(
    tx,
    positions.map(({ sku }) => sku),
  );
  const locations = await findLocations(
    tx,
    positions.map(({ locationId }) => locationId),
  );
  return ({ sku, locationId }) => {
    const product = products.get(sku);
    return {
      productKnown: product !== undefined,
      locationKnown: locations.has(locationId),
      class: product?.class ?? null,
      unitCost: product?.unitCost ?? null,
      units: product?.units ?? [],
    };
  };
}

/** Of postings that failed, what each would have added to the book, by the id of the event that says so. */
async function refusedDeltas(tx: Transaction, events: readonly AnyEvent[]): Promise<Map<string, number>> {
  const failed = events.flatMap((event) => (event.type === "erp.posting.failed" ? [event] : []));
  const posted = await findWarehouseFacts(
    tx,
    failed.map(({ data }) => data.postedEventId),
  );
  return new Map(
    failed.map(({ id, data }) => {
      const fact = posted.get(data.postedEventId);
      return [id, fact ? bookDeltaOf(unpostedOf(fact)) : 0];
    }),
  );
}

function groupByPosition(events: readonly AnyEvent[]) {
  const groups = new Map<string, { readonly key: PositionKey; readonly events: AnyEvent[] }>();
  for (const event of events) {
    for (const key of positionsOf(event)) {
      const group = groups.get(positionText(key));
      if (group) group.events.push(event);
      else groups.set(positionText(key), { key, events: [event] });
    }
  }
  return groups;
}

/** What is told of a position itself, of the paper of its adjustments, and of counts. */
function positionsOf({ type, source, sku, locationId, partitionKey: key, data }: AnyEvent): PositionKey[] {
  if (locationId === null || (source !== "wms" && source !== "erp")) return [];
  if (type === "count.recorded") {
    return [...new Set(data.lines.map((line) => line.sku))].map((one) => ({ sku: one, locationId }));
  }
  if (sku === null) return [];
  const isPaper = type === "adjustment.requested" || type === "adjustment.approved" || type === "adjustment.rejected";
  return isPaper || key === partitionKey(sku, locationId) ? [{ sku, locationId }] : [];
}
