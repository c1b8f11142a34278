/**
 * A variance case: from the difference that was seen to the correction that ended it.
 *
 * A status never goes backwards; a refused correction begins the work again. Figures follow the facts, also late ones,
 * and a decision counts for the figures that were read. Whoever proposed or counted does not decide.
 */
import { holdsTier, type Tier } from "../../../shared/approval-tiers.ts";
import { AppError } from "../../../shared/errors.ts";
import type { AnyEvent, DocumentRef } from "../../../shared/events/canonical-event.ts";
import type { Unposted } from "../../../shared/events/fact-effects.ts";
import type { Role } from "../../../shared/identity.ts";
import type { CountMade, PendingCount } from "./recon-position.ts";
import type { VarianceClass } from "./reconciliation.ts";

export const caseStatuses = [
  "DETECTED",
  "AUTO_CLEARED",
  "OPEN",
  "EVIDENCE_ATTACHED",
  "RECOUNT_REQUESTED",
  "RECOUNTED",
  "ROOT_CAUSE",
  "PENDING_APPROVAL",
  "REJECTED",
  "APPROVED",
  "POSTING",
  "CLOSED",
] as const;
export type CaseStatus = (typeof caseStatuses)[number];

/** Where a case may go from where it is. Facts may explain a difference at any time, and then it is closed. */
export const transitions: Readonly<Record<CaseStatus, readonly CaseStatus[]>> = {
  DETECTED: ["AUTO_CLEARED", "OPEN"],
  AUTO_CLEARED: [],
  OPEN: ["EVIDENCE_ATTACHED", "CLOSED"],
  EVIDENCE_ATTACHED: ["RECOUNT_REQUESTED", "ROOT_CAUSE", "CLOSED"],
  RECOUNT_REQUESTED: ["RECOUNTED", "CLOSED"],
  RECOUNTED: ["ROOT_CAUSE", "CLOSED"],
  ROOT_CAUSE: ["PENDING_APPROVAL", "CLOSED"],
  PENDING_APPROVAL: ["APPROVED", "REJECTED", "CLOSED"],
  REJECTED: ["OPEN"],
  APPROVED: ["POSTING"],
  POSTING: ["CLOSED"],
  CLOSED: [],
};

/**
 * Which figure is wrong. BOOKS: they take over what the warehouse has. WAREHOUSE: it takes over what the books say.
 * COUNT: both take over what was counted.
 */
export const corrections = ["BOOKS", "WAREHOUSE", "COUNT"] as const;
export type Correction = (typeof corrections)[number];

/** Both figures, as they were last seen together; none of them is ever lost. */
export interface CaseFigures {
  readonly class: VarianceClass;
  readonly variance: number;
  readonly countedDelta: number;
  readonly onHand: number;
  readonly book: number;
  readonly unposted: Unposted;
  readonly value: string | null;
  readonly tier: Tier;
  readonly pending: readonly PendingCount[];
}

/** A fact about the position from before the case. */
export interface Evidence {
  readonly eventId: string;
  readonly type: string;
  /** RFC 3339. */
  readonly occurredAt: string;
  readonly quantity: number | null;
  readonly actor: string;
  readonly document: DocumentRef | null;
  readonly note: string | null;
}

export interface VarianceCase extends CaseFigures {
  readonly id: string;
  readonly sku: string;
  readonly locationId: string;
  readonly status: CaseStatus;
  /** Binds a decision to the figures and the proposal. */
  readonly contentHash: string;
  readonly evidence: readonly Evidence[];
  readonly counts: readonly CountMade[];
  readonly recountRequestedBy: string | null;
  readonly rootCause: string | null;
  readonly correct: Correction | null;
  readonly proposedBy: string | null;
  readonly decidedBy: string | null;
  readonly decisionNote: string | null;
  readonly correlationId: string;
  readonly policyVersion: number;
  /** Events about the case that have been told. */
  readonly told: number;
  readonly openedAtMs: number;
  readonly updatedAtMs: number;
  readonly closedAtMs: number | null;
  readonly version: number;
}

export function isOpen({ status }: Pick<VarianceCase, "status">): boolean {
  return transitions[status].length > 0;
}

/** A new case of these figures, with what is known of the position; one that is small is let go at once. */
export function detected(
  head: Pick<VarianceCase, "id" | "sku" | "locationId" | "correlationId" | "policyVersion">,
  figures: CaseFigures,
  { evidence, counts }: Pick<VarianceCase, "evidence" | "counts">,
  { small, nowMs }: { readonly small: boolean; readonly nowMs: number },
): VarianceCase {
  const seen: VarianceCase = {
    ...{ ...head, ...figures, evidence, counts, status: "DETECTED", contentHash: "" },
    ...{ recountRequestedBy: null, rootCause: null, correct: null, proposedBy: null },
    ...{ decidedBy: null, decisionNote: null, told: 0 },
    ...{ openedAtMs: nowMs, updatedAtMs: nowMs, closedAtMs: null, version: 1 },
  };
  return small ? through(seen, ["AUTO_CLEARED"], nowMs) : through(seen, ["OPEN", "EVIDENCE_ATTACHED"], nowMs);
}

/** With what the facts say by now; closed where they explain everything. Once approved, only the end is waited for. */
export function followed(before: VarianceCase, figures: CaseFigures, nowMs: number): VarianceCase {
  const open = figures.variance !== 0 || figures.pending.length > 0;
  const mayClose = transitions[before.status].includes("CLOSED");
  if (!open && mayClose) return through({ ...before, ...figures }, ["CLOSED"], nowMs);
  return { ...before, ...figures, updatedAtMs: nowMs, version: before.version + 1 };
}

/** After somebody counted; a late or an unasked count is evidence all the same. */
export function counted(before: VarianceCase, count: CountMade, nowMs: number): VarianceCase {
  if (before.counts.some(({ countId }) => countId === count.countId)) return before;
  const counts = [count, ...before.counts].slice(0, countsMax);
  const after = { ...before, counts, updatedAtMs: nowMs, version: before.version + 1 };
  return before.status === "RECOUNT_REQUESTED" ? { ...after, status: "RECOUNTED" } : after;
}

/** Fails with ILLEGAL_TRANSITION. */
export function recountRequested(before: VarianceCase, person: string, nowMs: number): VarianceCase {
  return through({ ...before, recountRequestedBy: person }, ["RECOUNT_REQUESTED"], nowMs);
}

export interface Proposal {
  readonly rootCause: string;
  readonly correct: Correction;
  readonly person: string;
}

/** Fails with ILLEGAL_TRANSITION, INVALID_INPUT. */
export function proposed(before: VarianceCase, { rootCause, correct, person }: Proposal, nowMs: number): VarianceCase {
  const isCounted = before.pending.length > 0;
  if (isCounted !== (correct === "COUNT")) {
    const message = isCounted
      ? "A count waits for a decision: correct what it found, or reject its adjustment first."
      : "No count of this position waits for a decision.";
    throw new AppError("INVALID_INPUT", { message, field: ["input", "correct"] });
  }
  const change = { rootCause, correct, proposedBy: person, decidedBy: null, decisionNote: null };
  return through({ ...before, ...change }, ["ROOT_CAUSE", "PENDING_APPROVAL"], nowMs);
}

export interface CaseDecision {
  readonly approved: boolean;
  readonly person: string;
  readonly roles: readonly Role[];
  readonly contentHash: string;
  readonly note: string | null;
}

/** Fails with ILLEGAL_TRANSITION, CONTENT_CHANGED, SAME_PERSON, APPROVAL_TIER_TOO_LOW. */
export function decided(before: VarianceCase, decision: CaseDecision, nowMs: number): VarianceCase {
  const { approved, person, roles, contentHash, note } = decision;
  assertMayFollow(before, approved ? "APPROVED" : "REJECTED");
  if (contentHash !== before.contentHash) throw new AppError("CONTENT_CHANGED", { field: ["input", "contentHash"] });
  const involved = [
    before.proposedBy,
    ...before.counts.flatMap(({ recordedBy, countedBy }) => [recordedBy, countedBy]),
  ];
  if (involved.includes(person)) throw new AppError("SAME_PERSON", { field: ["input", "id"] });
  if (approved && !holdsTier(roles, before.tier)) {
    const message = `This case needs the approval of a ${before.tier.toLowerCase()}.`;
    throw new AppError("APPROVAL_TIER_TOO_LOW", { message, field: ["input", "id"] });
  }
  const after = { ...before, decidedBy: person, decisionNote: note };
  return through(after, approved ? ["APPROVED", "POSTING"] : ["REJECTED", "OPEN", "EVIDENCE_ATTACHED"], nowMs);
}

/** What an approved correction adds to which side; `adjustments`: of the warehouse, those that a count asked for. */
export interface Corrected {
  readonly bookDelta: number;
  readonly warehouseDelta: number;
  readonly adjustments: readonly string[];
}

export function correctionOf({ correct, variance, pending }: VarianceCase): Corrected {
  if (correct === "WAREHOUSE") return { bookDelta: 0, warehouseDelta: 0 - variance, adjustments: [] };
  const adjustments = correct === "COUNT" ? pending.map(({ adjustmentId }) => adjustmentId) : [];
  // What is counted moves the warehouse, and the books follow by themselves; the rest is the books' own error.
  return { bookDelta: variance, warehouseDelta: 0, adjustments };
}

/** Of the newest facts, newest first: the last ones, and the last picks, receipts and adjustments wherever they stand. */
export function evidenceOf(facts: readonly AnyEvent[]): Evidence[] {
  const kinds = [["pick.confirmed"], ["receipt.recorded", "transfer.received"], ["adjustment.posted"]];
  const chosen = new Set<AnyEvent>(facts.slice(0, 20));
  for (const types of kinds) {
    for (const fact of facts.filter(({ type }) => types.includes(type)).slice(0, 5)) chosen.add(fact);
  }
  return facts
    .filter((fact) => chosen.has(fact))
    .map(({ id, type, time, quantity, actor, documentRef, note }) => {
      return { eventId: id, type, occurredAt: time, quantity, actor, document: documentRef, note };
    });
}

/** What a decision is bound to. */
export function contentOf(one: VarianceCase): object {
  const { id, variance, onHand, book, pending, rootCause, correct, proposedBy } = one;
  return { id, variance, onHand, book, pending, rootCause, correct, proposedBy };
}

/** Counts that a case remembers, the last ones. */
const countsMax = 20;

function through(before: VarianceCase, steps: readonly CaseStatus[], nowMs: number): VarianceCase {
  let after = before;
  for (const status of steps) {
    assertMayFollow(after, status);
    after = { ...after, status };
  }
  const closedAtMs = isOpen(after) ? null : nowMs;
  return { ...after, updatedAtMs: nowMs, closedAtMs, version: before.version + 1 };
}

function assertMayFollow({ id, status }: VarianceCase, next: CaseStatus): void {
  if (transitions[status].includes(next)) return;
  throw new AppError("ILLEGAL_TRANSITION", { message: `Case ${id} is ${status}.`, status, field: ["input", "id"] });
}
