/**
 * The projection of one position: facts of ERP, WMS and returns in, what the three say together out.
 *
 * Deltas commute, so a fact is applied when it arrives; per owner the sequence numbers tell what is missing. A
 * snapshot replaces an owner's figures up to its `asOfSeq`; what came after it stays. Posting offsets belong to pairs
 * of events and not to an owner's balance, so a snapshot does not touch them. Never applies the same event twice only
 * because the caller's inbox does not hand it over twice.
 */
import type {
  AnyEvent,
  EventType,
  FormerFigures,
  PositionFigures,
  Snapshot,
} from "../../../shared/events/canonical-event.ts";
import { deltaOf, offsetsOf } from "../../../shared/events/fact-effects.ts";
import { add, advanced, noProgress, type Progress, rebased } from "../../../shared/events/owner-progress.ts";
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

/** A position with how far each owner's events have been applied to it. */
export interface Projected extends Position {
  readonly progress: Readonly<Record<SourceSystem, Progress>>;
}

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

function advance(position: Projected, owner: SourceSystem, event: AnyEvent, nowMs: number): Projected {
  const progress = position.progress[owner];
  const delta = deltaOf(event);
  const moved = advanced(progress, event, delta, nowMs);
  if (!moved) return position;
  return {
    ...position,
    [owner]: add(position[owner], delta),
    progress: { ...position.progress, [owner]: moved },
  };
}

function rebase(position: Projected, owner: SourceSystem, snapshot: Snapshot, recordedAt: string): Projected {
  const progress = position.progress[owner];
  const figures = snapshot[owner];
  const moved = figures && rebased(progress, snapshot.asOfSeq, recordedAt);
  if (!moved) return position;
  const known = pick(position[owner], figures);
  const figuresNow = moved.later.reduce((sum, entry) => add(sum, entry.delta), known);
  return { ...position, [owner]: figuresNow, progress: { ...position.progress, [owner]: moved.progress } };
}

/** The members of `shape` with their values from `from`: a snapshot may say more than the formula needs. */
function pick<F extends object>(shape: F, from: object): F {
  const values = from as Record<string, number>;
  return Object.fromEntries(Object.keys(shape).map((name) => [name, values[name] ?? 0])) as F;
}
