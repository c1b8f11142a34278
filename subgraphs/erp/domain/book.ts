/**
 * The book of the positions that one transaction works on, and the journal that it writes.
 *
 * Invariant: `onHand` and `committed` move only by `post`, which leaves a posting. A version is used once: every
 * posting and every event of a position takes the next. Quantities are base units.
 */
import { AppError } from "../../../shared/errors.ts";
import type { DocumentRef } from "../../../shared/events/canonical-event.ts";
import { partitionKey, positionText } from "../../../shared/ids.ts";
import { assertQuantity } from "../../../shared/quantity.ts";

export interface PositionKey {
  readonly sku: string;
  readonly locationId: string;
}

export interface BookPosition extends PositionKey {
  readonly onHand: number;
  readonly committed: number;
  /** 0 until something is known of it. */
  readonly version: number;
}

export type PostingKind =
  | "BALANCE"
  | "ALLOCATION"
  | "DEALLOCATION"
  | "TRANSFER_COMMIT"
  | "TRANSFER_RELEASE"
  | "SHIPMENT"
  | "SHIPMENT_VOID"
  | "RECEIPT"
  | "ADJUSTMENT"
  | "VARIANCE";

export interface Entry {
  readonly kind: PostingKind;
  readonly bookDelta: number;
  readonly committedDelta: number;
  /** The warehouse event that this follows. */
  readonly eventId: string | null;
  readonly documentRef: DocumentRef | null;
  /** When it happened, RFC 3339; null for now. */
  readonly occurredAt: string | null;
}

export interface Posting extends PositionKey, Entry {
  readonly version: number;
}

export interface Book {
  position(key: PositionKey): BookPosition;
  /** Moves the position; the version it has then. Fails with QUANTITY_OUT_OF_RANGE. */
  post(key: PositionKey, entry: Entry): number;
  /** The version of an event that moves no quantity. */
  nextVersion(key: PositionKey): number;
  changed(): BookPosition[];
  postings(): readonly Posting[];
}

export function emptyPosition({ sku, locationId }: PositionKey): BookPosition {
  return { sku, locationId, onHand: 0, committed: 0, version: 0 };
}

export function positionKeyOf({ sku, locationId }: PositionKey): string {
  return partitionKey(sku, locationId);
}

/** Without repetitions, in the order in which positions are locked. */
export function lockOrder(keys: readonly PositionKey[]): PositionKey[] {
  const distinct = new Map(keys.map(({ sku, locationId }) => [positionText({ sku, locationId }), { sku, locationId }]));
  return [...distinct.values()].sort((a, b) => compare(a.sku, b.sku) || compare(a.locationId, b.locationId));
}

export function openBook(positions: readonly BookPosition[]): Book {
  const current = new Map(positions.map((position) => [positionText(position), position]));
  const changed = new Set<string>();
  const postings: Posting[] = [];

  function positionAt(key: PositionKey): BookPosition {
    const found = current.get(positionText(key));
    if (!found) throw new AppError("INTERNAL", { message: `The position ${positionKeyOf(key)} is not locked.` });
    return found;
  }

  function move(key: PositionKey, bookDelta: number, committedDelta: number): number {
    const before = positionAt(key);
    current.set(positionText(key), {
      ...before,
      onHand: assertQuantity(before.onHand + bookDelta),
      committed: assertQuantity(before.committed + committedDelta),
      version: before.version + 1,
    });
    changed.add(positionText(key));
    return before.version + 1;
  }

  return {
    position: positionAt,
    post(key, entry) {
      const version = move(key, entry.bookDelta, entry.committedDelta);
      postings.push({ sku: key.sku, locationId: key.locationId, version, ...entry });
      return version;
    },
    nextVersion: (key) => move(key, 0, 0),
    changed: () => positions.filter((position) => changed.has(positionText(position))).map(positionAt),
    postings: () => postings,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
