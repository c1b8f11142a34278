/**
 * One position as books and warehouse tell it, beside each other, at one cut: each as far as its facts have come.
 *
 * Deltas commute, so the order in which facts arrive does not matter. What the warehouse has done and the books have not
 * followed yet explains a difference; what is left is the variance. Neither number is ever made to fit the other.
 */
import { type AnyEvent, type Bucket, onHandOf } from "../../../shared/events/canonical-event.ts";
import {
  bookDeltaOf,
  deltaOf,
  nothingUnposted,
  type Unposted,
  unpostedOf,
} from "../../../shared/events/fact-effects.ts";
import { type Ahead, advanced, noProgress, type Progress, rebased } from "../../../shared/events/owner-progress.ts";

export interface ReconPosition {
  readonly sku: string;
  readonly locationId: string;
  /** What the warehouse has, and what the books have posted. */
  readonly onHand: number;
  readonly book: number;
  readonly unposted: Unposted;
  /** Has the owner ever said what it has? */
  readonly wmsKnown: boolean;
  readonly erpKnown: boolean;
  readonly failed: readonly FailedPosting[];
  readonly pending: readonly PendingCount[];
  readonly count: CountMade | null;
  readonly progress: { readonly wms: Progress; readonly erp: Progress };
  /** The case that is open. */
  readonly caseId: string | null;
  /** The variance that was let go as small, so that it is not let go again. */
  readonly cleared: number | null;
  /** When somebody has to look at it; null: nothing is wrong, or a case is open. */
  readonly dueAtMs: number | null;
  readonly version: number;
}

/** A posting that the books refuse, and what it would have added. */
export interface FailedPosting {
  readonly eventId: string;
  readonly bookDelta: number;
}

/** What a count found and nobody has decided on yet. */
export interface PendingCount {
  readonly adjustmentId: string;
  readonly bucket: Bucket;
  readonly delta: number;
  readonly tier: string;
}

/** The last count here: whoever made it does not decide. */
export interface CountMade {
  readonly countId: string;
  readonly recordedBy: string;
  readonly countedBy: string;
  /** RFC 3339. */
  readonly at: string;
}

export function emptyReconPosition(sku: string, locationId: string): ReconPosition {
  return {
    ...{ sku, locationId, onHand: 0, book: 0, unposted: nothingUnposted, wmsKnown: false, erpKnown: false },
    ...{ failed: [], pending: [], count: null, progress: { wms: noProgress, erp: noProgress } },
    ...{ caseId: null, cleared: null, dueAtMs: null, version: 0 },
  };
}

/** The warehouse's on-hand less what the books will have once they have followed; 0 is timing only. */
export function varianceOf({ onHand, book, unposted, failed }: ReconPosition): number {
  return onHand - (book + bookDeltaOf(unposted) - failed.reduce((sum, { bookDelta }) => sum + bookDelta, 0));
}

/** What counts found beyond what the warehouse has on record. */
export function countedDeltaOf({ pending }: ReconPosition): number {
  return pending.reduce((sum, { delta }) => sum + delta, 0);
}

/** Is there anything to look at? */
export function differs(position: ReconPosition): boolean {
  return varianceOf(position) !== 0 || position.pending.length > 0;
}

/**
 * The position after a fact of the warehouse or the books that has not been applied before. `refused`: of a posting
 * that failed, what it would have added to the book.
 */
export function applyToRecon(before: ReconPosition, event: AnyEvent, nowMs: number, refused = 0): ReconPosition {
  const owner = event.source;
  if (owner !== "wms" && owner !== "erp") return before;
  switch (event.type) {
    case "adjustment.requested":
    case "adjustment.approved":
    case "adjustment.rejected":
      return { ...before, pending: pendingAfter(before.pending, event) };
    default: {
      const bridged = withPostings(before, event, refused);
      return event.type === "inventory.snapshot"
        ? replaced(bridged, owner, event)
        : moved(bridged, owner, event, nowMs);
    }
  }
}

type Paper = Extract<AnyEvent, { type: "adjustment.requested" | "adjustment.approved" | "adjustment.rejected" }>;

function pendingAfter(pending: readonly PendingCount[], event: Paper): readonly PendingCount[] {
  const { adjustmentId, tier } = event.data;
  const others = pending.filter((one) => one.adjustmentId !== adjustmentId);
  if (event.type !== "adjustment.requested" || tier === null || event.reasonCode !== "COUNTED") return others;
  const bucket = event.toBucket ?? "unrestricted";
  return [...others, { adjustmentId, bucket, delta: event.quantity ?? 0, tier }];
}

function withPostings(before: ReconPosition, event: AnyEvent, refused: number): ReconPosition {
  const change = unpostedOf(event);
  const { shipped, received, adjusted } = before.unposted;
  const unposted = {
    shipped: shipped + change.shipped,
    received: received + change.received,
    adjusted: adjusted + change.adjusted,
  };
  return { ...before, unposted, failed: failedAfter(before.failed, event, refused) };
}

function failedAfter(failed: readonly FailedPosting[], event: AnyEvent, refused: number): readonly FailedPosting[] {
  if (event.type !== "erp.posting.failed" && event.type !== "erp.posting.acknowledged") return failed;
  const { postedEventId: eventId } = event.data;
  const others = failed.filter((one) => one.eventId !== eventId);
  return event.type === "erp.posting.failed" ? [...others, { eventId, bookDelta: refused }] : others;
}

function moved(before: ReconPosition, owner: "wms" | "erp", event: AnyEvent, nowMs: number): ReconPosition {
  const delta = ownDelta(owner, deltaOf(event));
  const progress = advanced(before.progress[owner], event, { delta }, nowMs);
  const known = owner === "wms" ? { wmsKnown: true } : { erpKnown: before.erpKnown || saysBook(event) };
  if (!progress) return { ...before, ...known };
  return { ...withDelta(before, owner, delta), ...known, progress: { ...before.progress, [owner]: progress } };
}

type Snapshot = Extract<AnyEvent, { type: "inventory.snapshot" }>;

function replaced(before: ReconPosition, owner: "wms" | "erp", { data, recordedAt }: Snapshot): ReconPosition {
  const figure = owner === "wms" ? data.wms && onHandOf(data.wms) : data.erp?.book;
  const found = figure === undefined ? null : rebased(before.progress[owner], data.asOfSeq, recordedAt);
  if (figure === undefined || !found) return before;
  const later = found.later.reduce((sum, entry: Ahead) => sum + (entry.delta["delta"] ?? 0), 0);
  const after = owner === "wms" ? { onHand: figure + later, wmsKnown: true } : { book: figure + later, erpKnown: true };
  return { ...before, ...after, progress: { ...before.progress, [owner]: found.progress } };
}

/** Buckets add up to what is on hand; of the books only the book counts here. */
function ownDelta(owner: "wms" | "erp", delta: Readonly<Record<string, number>>): number {
  if (owner === "erp") return delta["book"] ?? 0;
  return Object.values(delta).reduce((sum, change) => sum + change, 0);
}

function withDelta(before: ReconPosition, owner: "wms" | "erp", delta: number): ReconPosition {
  return owner === "wms" ? { ...before, onHand: before.onHand + delta } : { ...before, book: before.book + delta };
}

function saysBook({ type }: AnyEvent): boolean {
  return type === "book.balance.changed" || type === "erp.posting.acknowledged";
}
