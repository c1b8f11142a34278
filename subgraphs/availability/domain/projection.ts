/**
 * The projection of one position: facts of ERP, WMS and returns in, what the three say together out.
 *
 * Deltas commute, so a fact is applied when it arrives; per owner the sequence numbers tell what is missing. A
 * snapshot replaces an owner's figures up to its `asOfSeq`; what came after it stays. Posting offsets belong to pairs
 * of events and not to an owner's balance, so a snapshot does not touch them. Never applies the same event twice only
 * because the caller's inbox does not hand it over twice.
 */
import {
  type AnyEvent,
  buckets,
  type EventType,
  type FormerFigures,
  type PositionFigures,
  type ReturnMoved,
  type Snapshot,
} from "../../../shared/events/canonical-event.ts";
import { limits } from "../../../shared/limits.ts";
import { emptyPosition, type Position, type SourceSystem, sourceSystems } from "./position.ts";

/** Everything an owner says about a position, also what changes no figure: each counts in its sequence. */
export const positionFacts: readonly EventType[] = [
  "receipt.recorded",
  "putaway.completed",
  "pick.confirmed",
  "shipment.confirmed",
  "shipment.voided",
  "stock.status.changed",
  "adjustment.posted",
  "transfer.shipped",
  "transfer.received",
  "inventory.snapshot",
  "order.allocated",
  "order.deallocated",
  "supply.expected.changed",
  "transfer.approved",
  "transfer.cancelled",
  "transfer.discrepancy",
  "transfer.resolved",
  "erp.posting.acknowledged",
  "erp.posting.failed",
  "book.balance.changed",
  "return.authorized",
  "return.received",
  "return.inspected",
  "return.dispositioned",
  "return.restocked",
];

/** How far an owner's events have been applied. */
export interface Progress {
  /** Every event up to this one has been applied, or is covered by a snapshot. */
  readonly seq: number;
  /** When the owner recorded the newest of them, milliseconds since the epoch; 0 if there is none. */
  readonly asOfMs: number;
  /** Applied beyond a hole, by ascending `seq`, with what each changed. */
  readonly ahead: readonly Ahead[];
  /** Entries of `ahead` up to this sequence number were let go of, to keep it bounded. */
  readonly forgottenTo: number;
  readonly gapSinceMs: number | null;
}

export interface Ahead {
  readonly seq: number;
  readonly delta: Readonly<Record<string, number>>;
}

/** A position with how far each owner's events have been applied to it. */
export interface Projected extends Position {
  readonly progress: Readonly<Record<SourceSystem, Progress>>;
}

const noProgress: Progress = { seq: 0, asOfMs: 0, ahead: [], forgottenTo: 0, gapSinceMs: null };

export function emptyProjection(sku: string, locationId: string): Projected {
  return {
    ...emptyPosition(sku, locationId),
    progress: { erp: noProgress, wms: noProgress, returns: noProgress },
  };
}

/** What goes into an event: everything the formula needs. */
export function figuresOf(position: Projected): PositionFigures {
  const { version, wms, erp, returns, shippedNotPosted, receivedNotPosted, adjustedNotPosted } = position;
  const { reserved, reservedByChannel, progress } = position;
  const known = ({ seq, asOfMs, gapSinceMs }: Progress) => ({ seq, asOfMs, gapSinceMs });
  return {
    version,
    wms,
    erp,
    returns,
    shippedNotPosted,
    receivedNotPosted,
    adjustedNotPosted,
    reserved,
    reservedByChannel,
    progress: { erp: known(progress.erp), wms: known(progress.wms), returns: known(progress.returns) },
  };
}

/** Of a position before it became `after`: what `fromFigures` needs beside the figures of `after`. */
export function formerFiguresOf(before: Projected, after: Projected): FormerFigures {
  const figures = Object.entries(figuresOf(before)) as [keyof PositionFigures, unknown][];
  // What is the same object has not been changed; what is only equal is told once more.
  const former = figures.filter(([name]) => name === "version" || before[name] !== after[name]);
  return Object.fromEntries(former) as unknown as FormerFigures;
}

/** The position as an event told it: good for answers, not for applying further events. */
export function fromFigures(sku: string, locationId: string, figures: PositionFigures): Projected {
  const known = (progress: PositionFigures["progress"][SourceSystem]): Progress => ({ ...noProgress, ...progress });
  const { erp, wms, returns } = figures.progress;
  return { ...figures, sku, locationId, progress: { erp: known(erp), wms: known(wms), returns: known(returns) } };
}

export function isOwner(source: string): source is SourceSystem {
  return (sourceSystems as readonly string[]).includes(source);
}

/** The position after `event`, which is of one of the owners and has not been applied before. */
export function applyFact(position: Projected, event: AnyEvent, nowMs: number): Projected {
  const owner = event.source as SourceSystem;
  const offsets = offsetsOf(event);
  const bridged: Projected = {
    ...position,
    version: position.version + 1,
    shippedNotPosted: position.shippedNotPosted + (offsets.shipped ?? 0),
    receivedNotPosted: position.receivedNotPosted + (offsets.received ?? 0),
    adjustedNotPosted: position.adjustedNotPosted + (offsets.adjusted ?? 0),
  };
  return event.type === "inventory.snapshot"
    ? rebase(bridged, owner, event.data, event.recordedAt)
    : advance(bridged, owner, event, nowMs);
}

/** Units that orders have been given beyond what can be shipped to them. */
export function oversoldUnits({ erp, wms, shippedNotPosted }: Projected): number {
  return Math.max(0, erp.committed - shippedNotPosted - Math.max(0, wms.unrestricted + wms.picked));
}

/** Has a hole stayed open for longer than events take to arrive? */
export function hasGap(progress: Progress, nowMs: number): boolean {
  return progress.gapSinceMs !== null && nowMs - progress.gapSinceMs > limits.gapHoldMs;
}

/** Does a snapshot up to `asOfSeq` say nothing new, or too little for what has been let go of? */
export function isCovered(progress: Progress, asOfSeq: number): boolean {
  return asOfSeq <= progress.seq || asOfSeq < progress.forgottenTo;
}

function advance(position: Projected, owner: SourceSystem, event: AnyEvent, nowMs: number): Projected {
  const progress = position.progress[owner];
  // Late, and a snapshot has covered it already.
  if (event.sourceSeq <= progress.seq) return position;
  const delta = deltaOf(event);
  const ahead = insertAhead(progress.ahead, { seq: event.sourceSeq, delta });
  const moved = closeUp({
    ...progress,
    ahead,
    asOfMs: Math.max(progress.asOfMs, Date.parse(event.recordedAt)),
    gapSinceMs: progress.gapSinceMs ?? nowMs,
  });
  return {
    ...position,
    [owner]: add(position[owner], delta),
    progress: { ...position.progress, [owner]: moved },
  };
}

function rebase(position: Projected, owner: SourceSystem, snapshot: Snapshot, recordedAt: string): Projected {
  const progress = position.progress[owner];
  const figures = snapshot[owner];
  if (!figures || isCovered(progress, snapshot.asOfSeq)) return position;
  const later = progress.ahead.filter((entry) => entry.seq > snapshot.asOfSeq);
  const known = pick(position[owner], figures);
  const rebased = later.reduce((sum, entry) => add(sum, entry.delta), known);
  const moved = closeUp({
    ...progress,
    seq: snapshot.asOfSeq,
    ahead: later,
    forgottenTo: 0,
    asOfMs: Math.max(progress.asOfMs, Date.parse(recordedAt)),
  });
  return { ...position, [owner]: rebased, progress: { ...position.progress, [owner]: moved } };
}

/** Takes what follows without a hole out of `ahead`; the gap ends when nothing is left in it. */
function closeUp(progress: Progress): Progress {
  let { seq } = progress;
  let taken = 0;
  for (const entry of progress.ahead) {
    if (entry.seq !== seq + 1) break;
    seq = entry.seq;
    taken += 1;
  }
  const rest = progress.ahead.slice(taken);
  const tooMany = Math.max(0, rest.length - limits.aheadMax);
  const forgottenTo = tooMany > 0 ? (rest[tooMany - 1] as Ahead).seq : progress.forgottenTo;
  const open = rest.length > 0 || forgottenTo > seq;
  return {
    ...progress,
    seq,
    ahead: rest.slice(tooMany),
    forgottenTo: open ? forgottenTo : 0,
    gapSinceMs: open ? progress.gapSinceMs : null,
  };
}

function insertAhead(ahead: readonly Ahead[], entry: Ahead): readonly Ahead[] {
  const at = ahead.findIndex((other) => other.seq > entry.seq);
  return at < 0 ? [...ahead, entry] : [...ahead.slice(0, at), entry, ...ahead.slice(at)];
}

/** What the event adds to its owner's figures. */
function deltaOf(event: AnyEvent): Readonly<Record<string, number>> {
  switch (event.type) {
    case "receipt.recorded":
    case "putaway.completed":
    case "pick.confirmed":
    case "shipment.confirmed":
    case "shipment.voided":
    case "stock.status.changed":
    case "adjustment.posted":
    case "transfer.shipped":
    case "transfer.received":
      return event.data.deltas as Readonly<Record<string, number>>;
    case "order.allocated":
    case "order.deallocated":
    case "transfer.approved":
    case "transfer.cancelled":
      return { committed: event.data.committedDelta };
    case "erp.posting.acknowledged":
      return { book: event.data.bookDelta, committed: event.data.committedDelta };
    case "book.balance.changed":
      return { book: event.data.bookDelta };
    case "return.received":
      return { quarantined: event.data.quarantinedDelta };
    case "return.inspected":
    case "return.dispositioned":
    case "return.restocked":
      return returnDelta(event.data);
    default:
      return {};
  }
}

function returnDelta(data: ReturnMoved): Readonly<Record<string, number>> {
  return {
    quarantined: data.quarantinedDelta,
    inInspection: data.inInspectionDelta ?? 0,
    restockApproved: data.restockApprovedDelta ?? 0,
  };
}

interface Offsets {
  readonly shipped?: number;
  readonly received?: number;
  readonly adjusted?: number;
}

/**
 * What the event adds to the posting offsets: a WMS event opens one, the ERP's acknowledgement closes it.
 * A shipment bridges committed demand only if the ERP committed it: one against an order, and a transfer as far as it
 * was approved.
 */
function offsetsOf(event: AnyEvent): Offsets {
  const quantity = event.quantity ?? 0;
  const forOrder = event.documentRef?.type === "ORDER";
  switch (event.type) {
    case "shipment.confirmed":
      return forOrder ? { shipped: quantity } : {};
    case "shipment.voided":
      return forOrder ? { shipped: -quantity } : {};
    case "transfer.shipped":
      return { shipped: event.data.bridged };
    case "receipt.recorded":
    case "transfer.received":
      return { received: quantity };
    case "adjustment.posted":
      return { adjusted: buckets.reduce((sum, bucket) => sum + (event.data.deltas[bucket] ?? 0), 0) };
    case "erp.posting.acknowledged":
      return event.data.offset === "none" ? {} : { [event.data.offset]: event.data.offsetDelta };
    default:
      return {};
  }
}

function add<F extends object>(figures: F, delta: Readonly<Record<string, number>>): F {
  const sum: Record<string, number> = { ...(figures as Record<string, number>) };
  for (const [name, change] of Object.entries(delta)) sum[name] = (sum[name] ?? 0) + change;
  return sum as F;
}

/** The members of `shape` with their values from `from`: a snapshot may say more than the formula needs. */
function pick<F extends object>(shape: F, from: object): F {
  const values = from as Record<string, number>;
  return Object.fromEntries(Object.keys(shape).map((name) => [name, values[name] ?? 0])) as F;
}
