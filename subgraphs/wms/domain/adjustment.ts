/**
 * One correction of stock, from the request to the books: events, states, and what may follow what.
 *
 * Nobody decides on what they asked for themselves: a person is compared with a person, never a token with a token. A
 * decision holds for the content that was read, and a status never goes backwards. Moves no stock itself.
 */
import { holdsTier, type Tier } from "../../../shared/approval-tiers.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Bucket } from "../../../shared/events/canonical-event.ts";
import type { Role } from "../../../shared/identity.ts";
import { assertQuantity } from "../../../shared/quantity.ts";
import { assess, type Proposal, type ReferralReason } from "./adjustment-policy.ts";

export const adjustmentStatuses = [
  "REQUESTED",
  "AUTO_APPROVED",
  "PENDING_APPROVAL",
  "APPROVED",
  "REJECTED",
  "POSTED_WMS",
  "POSTED_ERP",
  "POSTING_FAILED",
] as const;
export type AdjustmentStatus = (typeof adjustmentStatuses)[number];

/** Where an adjustment may go from where it is. A posting that failed may still succeed when it is tried again. */
export const transitions: Readonly<Record<AdjustmentStatus, readonly AdjustmentStatus[]>> = {
  REQUESTED: ["AUTO_APPROVED", "PENDING_APPROVAL"],
  AUTO_APPROVED: ["POSTED_WMS"],
  PENDING_APPROVAL: ["APPROVED", "REJECTED"],
  APPROVED: ["POSTED_WMS"],
  REJECTED: [],
  POSTED_WMS: ["POSTED_ERP", "POSTING_FAILED"],
  POSTED_ERP: [],
  POSTING_FAILED: ["POSTED_ERP"],
};

/** What was asked for; a decision is bound to it. */
export interface AdjustmentContent {
  readonly adjustmentId: string;
  readonly sku: string;
  readonly locationId: string;
  readonly bucket: Bucket;
  /** Base units, signed. */
  readonly delta: number;
  /** What the bucket must hold when it is changed; null where that does not matter. */
  readonly changeFromQuantity: number | null;
  readonly reasonCode: string;
  readonly note: string | null;
  readonly evidence: readonly string[];
  readonly requestedBy: string;
  /** Who counted, where that is somebody else: they do not decide either. */
  readonly countedBy: string | null;
}

export interface AdjustmentState extends AdjustmentContent {
  readonly status: AdjustmentStatus;
  /** Of the content as it was requested. */
  readonly contentHash: string;
  readonly requestedAtMs: number;
  /** Who has to decide; null where nobody has to. */
  readonly tier: Tier | null;
  readonly reasons: readonly ReferralReason[];
  /** Exact decimal; null where the cost is unknown. */
  readonly value: string | null;
  readonly decidedBy: string | null;
  readonly decidedAtMs: number | null;
  readonly decisionNote: string | null;
  /** The movement it became, which is also the id of its canonical event. */
  readonly movementId: string | null;
  /** Why the books did not follow. */
  readonly failureCode: string | null;
  /** One more with every event. */
  readonly version: number;
}

export type AdjustmentEvent =
  | {
      readonly type: "requested";
      readonly atMs: number;
      readonly content: AdjustmentContent;
      readonly contentHash: string;
    }
  | { readonly type: "autoApproved"; readonly atMs: number; readonly value: string | null }
  | {
      readonly type: "referred";
      readonly tier: Tier;
      readonly reasons: readonly ReferralReason[];
      readonly value: string | null;
    }
  | { readonly type: "approved" | "rejected"; readonly atMs: number; readonly by: string; readonly note: string | null }
  | { readonly type: "posted"; readonly movementId: string }
  | { readonly type: "bookFollowed" }
  | { readonly type: "bookFailed"; readonly code: string };

/** Who decides by the rules alone. */
export const automatic = "system:wms";

/** The state after `event`; null is an adjustment that does not exist yet. */
export function evolve(state: AdjustmentState | null, event: AdjustmentEvent): AdjustmentState {
  if (event.type === "requested") {
    const { content, contentHash, atMs } = event;
    return { ...undecided, ...content, contentHash, requestedAtMs: atMs, status: "REQUESTED", version: 1 };
  }
  if (!state) throw new AppError("UNKNOWN_DOCUMENT");
  const after = { ...state, version: state.version + 1 };
  switch (event.type) {
    case "autoApproved": {
      const decision = { decidedBy: automatic, decidedAtMs: event.atMs, value: event.value };
      return { ...after, ...decision, status: "AUTO_APPROVED" };
    }
    case "referred": {
      const { tier, reasons, value } = event;
      return { ...after, tier, reasons, value, status: "PENDING_APPROVAL" };
    }
    case "approved":
    case "rejected": {
      const decision = { decidedBy: event.by, decidedAtMs: event.atMs, decisionNote: event.note };
      return { ...after, ...decision, status: event.type === "approved" ? "APPROVED" : "REJECTED" };
    }
    case "posted":
      return { ...after, movementId: event.movementId, status: "POSTED_WMS" };
    case "bookFollowed":
      return { ...after, failureCode: null, status: "POSTED_ERP" };
    case "bookFailed":
      return { ...after, failureCode: event.code, status: "POSTING_FAILED" };
  }
}

export type AdjustmentCommand =
  | {
      readonly type: "request";
      readonly content: AdjustmentContent;
      readonly contentHash: string;
      readonly facts: RequestFacts;
    }
  | ({ readonly type: "approve" | "reject" } & Decision)
  | { readonly type: "withdraw"; readonly note: string }
  | { readonly type: "post"; readonly movementId: string }
  | { readonly type: "followBook" }
  | { readonly type: "failBook"; readonly code: string };

/** What the rules have to know beside the request. */
export type RequestFacts = Pick<Proposal, "bucketQuantity" | "itemClass" | "unitCost" | "earlierQuantity">;

export interface Decision {
  readonly person: string;
  readonly roles: readonly Role[];
  /** Of what the person has read. */
  readonly readHash: string;
  /** Of what stands there now. */
  readonly currentHash: string;
  readonly note: string | null;
  /** Only to approve: what the bucket holds now. */
  readonly bucketQuantity: number;
}

/**
 * What follows from `command`; nothing, where a fact about the books, or a withdrawal, comes late. Fails with
 * CHANGE_FROM_QUANTITY_STALE, INSUFFICIENT_STOCK, CONTENT_CHANGED, SAME_PERSON, APPROVAL_TIER_TOO_LOW,
 * ILLEGAL_TRANSITION, UNKNOWN_DOCUMENT, INVALID_INPUT, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE.
 */
export function decide(state: AdjustmentState | null, command: AdjustmentCommand, atMs: number): AdjustmentEvent[] {
  if (command.type === "request") return request(command.content, command.contentHash, command.facts, atMs);
  if (!state) throw new AppError("UNKNOWN_DOCUMENT", { field: ["input", "id"] });
  switch (command.type) {
    case "approve":
      assertMayFollow(state, "APPROVED");
      assertAnotherPerson(state, command);
      assertTier(state, command);
      assertSameContent(state, command);
      assertFits(state, command.bucketQuantity, { changeFromQuantity: "id", delta: "id" });
      return [{ type: "approved", atMs, by: command.person, note: command.note }];
    case "reject":
      assertMayFollow(state, "REJECTED");
      assertAnotherPerson(state, command);
      assertSameContent(state, command);
      return [{ type: "rejected", atMs, by: command.person, note: command.note }];
    case "withdraw":
      // Nobody's decision: what it rested on has been replaced.
      return mayFollow(state, "REJECTED") ? [{ type: "rejected", atMs, by: automatic, note: command.note }] : [];
    case "post":
      assertMayFollow(state, "POSTED_WMS");
      return [{ type: "posted", movementId: command.movementId }];
    case "followBook":
      return mayFollow(state, "POSTED_ERP") ? [{ type: "bookFollowed" }] : [];
    case "failBook":
      return mayFollow(state, "POSTING_FAILED") ? [{ type: "bookFailed", code: command.code }] : [];
  }
}

const undecided = {
  tier: null,
  reasons: [],
  value: null,
  decidedBy: null,
  decidedAtMs: null,
  decisionNote: null,
  movementId: null,
  failureCode: null,
};

function request(
  content: AdjustmentContent,
  contentHash: string,
  facts: RequestFacts,
  atMs: number,
): AdjustmentEvent[] {
  assertQuantity(content.delta, ["input", "delta"]);
  if (content.delta === 0) {
    const message = "An adjustment must add or take away something.";
    throw new AppError("QUANTITY_NOT_POSITIVE", { field: ["input", "delta"], message });
  }
  assertFits(content, facts.bucketQuantity, { changeFromQuantity: "changeFromQuantity", delta: "delta" });
  const { tier, reasons, value } = assess({ ...content, ...facts });
  return [
    { type: "requested", atMs, content, contentHash },
    tier === null ? { type: "autoApproved", atMs, value } : { type: "referred", tier, reasons, value },
  ];
}

/**
 * Compare and swap: the bucket must hold what the request started from, and enough to take away.
 * `members`: what to call it in the caller's input.
 */
function assertFits(
  { bucket, delta, changeFromQuantity }: AdjustmentContent,
  holds: number,
  members: { readonly changeFromQuantity: string; readonly delta: string },
): void {
  const name = bucket.toUpperCase();
  if (changeFromQuantity !== null && changeFromQuantity !== holds) {
    const message = `${name} holds ${holds}, not ${changeFromQuantity}: count again.`;
    throw new AppError("CHANGE_FROM_QUANTITY_STALE", { field: ["input", members.changeFromQuantity], holds, message });
  }
  if (delta < 0 && holds + delta < 0) {
    const available = Math.max(0, holds);
    const message = `${name} holds ${available}.`;
    throw new AppError("INSUFFICIENT_STOCK", { field: ["input", members.delta], available, message });
  }
}

function mayFollow(state: AdjustmentState, next: AdjustmentStatus): boolean {
  return transitions[state.status].includes(next);
}

function assertMayFollow(state: AdjustmentState, next: AdjustmentStatus): void {
  if (mayFollow(state, next)) return;
  const { adjustmentId, status } = state;
  const message = `Adjustment ${adjustmentId} is ${status}.`;
  throw new AppError("ILLEGAL_TRANSITION", { adjustmentId, status, field: ["input", "id"], message });
}

function assertAnotherPerson({ adjustmentId, requestedBy, countedBy }: AdjustmentState, { person }: Decision): void {
  if (person !== requestedBy && person !== countedBy) return;
  throw new AppError("SAME_PERSON", { adjustmentId, field: ["input", "id"] });
}

function assertTier({ adjustmentId, tier }: AdjustmentState, { roles }: Decision): void {
  if (holdsTier(roles, tier ?? "SUPERVISOR")) return;
  const message = `Adjustment ${adjustmentId} needs the approval of a ${tier?.toLowerCase()}.`;
  throw new AppError("APPROVAL_TIER_TOO_LOW", { adjustmentId, tier, field: ["input", "id"], message });
}

/** What was read, what was requested and what stands there now are one. */
function assertSameContent({ adjustmentId, contentHash }: AdjustmentState, { readHash, currentHash }: Decision): void {
  if (readHash === contentHash && currentHash === contentHash) return;
  throw new AppError("CONTENT_CHANGED", { adjustmentId, field: ["input", "contentHash"] });
}
