/**
 * The balance of one SKU at one location, and how facts change it.
 *
 * Moves commute, so they apply when they arrive, and a bucket may be below zero until the rest has come. A snapshot is
 * absolute: balance = snapshot + every move it does not cover, whichever of them came first.
 */
import { AppError } from "../../../shared/errors.ts";
import { type Buckets, buckets, noStock, onHandOf } from "../../../shared/events/canonical-event.ts";
import { limits } from "../../../shared/limits.ts";
import { addBuckets, type Effect, mapBuckets } from "./stock-fact.ts";

/** Where a report stands in the course of things. */
export interface Moment {
  readonly source: string;
  readonly sourceSeq: number | null;
  readonly occurredAtMs: number;
}

export interface StockEvent extends Moment {
  readonly effect: Effect;
}

export interface Balance {
  readonly stock: Buckets;
  /** Counts the events that had an effect; 0: no system has reported this position yet. */
  readonly version: number;
  /** Counts the journal's rows, the superseded ones too. */
  readonly entries: number;
  /** The latest moment anything was reported of. */
  readonly asOfMs: number;
  /** The greatest sequence number of any source. */
  readonly latestSeq: number | null;
  /** The snapshot the balance rests on. */
  readonly snapshot: Moment | null;
}

export const noBalance: Balance = {
  stock: noStock,
  version: 0,
  entries: 0,
  asOfMs: 0,
  latestSeq: null,
  snapshot: null,
};

/** A balance, and the moves that were journalled since it was read. */
export interface Position {
  readonly balance: Balance;
  readonly moves: readonly StockEvent[];
}

export type Outcome = "ACCEPTED" | "SUPERSEDED";

export interface Applied {
  readonly position: Position;
  readonly outcome: Outcome;
  /** What the event changed; of a superseded move: what it would have changed. */
  readonly deltas: Buckets;
}

/**
 * `stored`: for a snapshot, the sum of the moves in the journal that it does not cover.
 * Fails with QUANTITY_OUT_OF_RANGE.
 */
export function applyStockEvent(position: Position, event: StockEvent, stored: Buckets = noStock): Applied {
  const { balance } = position;
  const { effect } = event;
  if (effect.kind === "move") {
    const superseded = balance.snapshot !== null && isCovered(event, balance.snapshot);
    const next = superseded ? balance : changed(balance, effect.deltas, balance.snapshot);
    return {
      position: { balance: journalled(next, event), moves: [...position.moves, event] },
      outcome: superseded ? "SUPERSEDED" : "ACCEPTED",
      deltas: effect.deltas,
    };
  }
  if (balance.snapshot !== null && isOlder(event, balance.snapshot)) {
    const untouched = { balance: journalled(balance, event), moves: position.moves };
    return { position: untouched, outcome: "SUPERSEDED", deltas: noStock };
  }
  const target = addBuckets(effect.stock, addBuckets(stored, notCovered(event, position.moves)));
  const deltas = mapBuckets((bucket) => target[bucket] - balance.stock[bucket]);
  const { source, sourceSeq, occurredAtMs } = event;
  const next = changed(balance, deltas, { source, sourceSeq, occurredAtMs });
  return { position: { balance: journalled(next, event), moves: position.moves }, outcome: "ACCEPTED", deltas };
}

/** Can the journal hold moves that this snapshot does not cover? Mostly not, which spares a look. */
export function mayOutlive(balance: Balance, snapshot: Moment): boolean {
  if (balance.entries === 0) return false;
  if (balance.asOfMs >= snapshot.occurredAtMs) return true;
  return snapshot.sourceSeq !== null && balance.latestSeq !== null && balance.latestSeq > snapshot.sourceSeq;
}

/** Is the move already in the snapshot? By their sequence numbers, or by time where these cannot be compared. */
export function isCovered(move: Moment, snapshot: Moment): boolean {
  const order = sequenceOrder(move, snapshot);
  return order === null ? move.occurredAtMs < snapshot.occurredAtMs : order <= 0;
}

/** Was the snapshot taken before the other? Of two of the same moment, the one that comes later counts. */
function isOlder(snapshot: Moment, other: Moment): boolean {
  return (sequenceOrder(snapshot, other) || snapshot.occurredAtMs - other.occurredAtMs) < 0;
}

/** Negative: `a` comes first. null: the sources do not count, or each counts for itself. */
function sequenceOrder(a: Moment, b: Moment): number | null {
  return a.source === b.source && a.sourceSeq !== null && b.sourceSeq !== null ? a.sourceSeq - b.sourceSeq : null;
}

function notCovered(snapshot: Moment, moves: readonly StockEvent[]): Buckets {
  return moves.reduce(
    (sum, move) =>
      move.effect.kind === "move" && !isCovered(move, snapshot) ? addBuckets(sum, move.effect.deltas) : sum,
    noStock,
  );
}

function changed(balance: Balance, deltas: Buckets, snapshot: Moment | null): Balance {
  const stock = addBuckets(balance.stock, deltas);
  if (!isInRange(stock) || !isInRange(deltas)) {
    throw new AppError("QUANTITY_OUT_OF_RANGE", { message: "The balance would leave ±2147483647 base units." });
  }
  return { ...balance, stock, version: balance.version + 1, snapshot };
}

function isInRange(quantities: Buckets): boolean {
  const fits = (quantity: number) => Math.abs(quantity) <= limits.quantityMax;
  return buckets.every((bucket) => fits(quantities[bucket])) && fits(onHandOf(quantities));
}

function journalled(balance: Balance, event: Moment): Balance {
  return {
    ...balance,
    entries: balance.entries + 1,
    asOfMs: Math.max(balance.asOfMs, event.occurredAtMs),
    latestSeq:
      event.sourceSeq === null ? balance.latestSeq : Math.max(balance.latestSeq ?? event.sourceSeq, event.sourceSeq),
  };
}
