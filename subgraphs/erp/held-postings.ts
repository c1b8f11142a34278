/**
 * What variance cases mean for the books: adjustments wait while one is open, and an approved correction is posted.
 *
 * What waits has moved no figure, and is posted in the order in which it came when the case is closed. A correction that
 * makes the warehouse fit the books never waits: it is what closes the case.
 */
import type { Transaction } from "../../shared/db/database.ts";
import type { AnyEvent, EventType } from "../../shared/events/canonical-event.ts";
import { positionText } from "../../shared/ids.ts";
import { causeOf } from "../../shared/messaging/consumer.ts";
import type { Recorder } from "../../shared/recorder.ts";
import { openBook, type PositionKey, positionKeyOf } from "./domain/book.ts";
import { balanceEvent } from "./domain/events.ts";
import { correctsWarehouse } from "./domain/warehouse-event.ts";
import { lockPositions, saveBook } from "./store/books.ts";
import { findHeld, holdPosition, holdPosting, releasePosition } from "./store/held-postings.ts";

export const caseTypes = [
  "variance.opened",
  "variance.correction.approved",
  "variance.closed",
] as const satisfies readonly EventType[];

/** The events that are to be posted now: without those that have to wait, with those that no longer have to. */
export async function throughHolds(
  tx: Transaction,
  events: readonly AnyEvent[],
  recorder: Recorder,
  { consumer, nowMs }: { readonly consumer: string; readonly nowMs: number },
): Promise<AnyEvent[]> {
  const concerned = events.filter((event) => event.type === "adjustment.posted" || isOfCase(event));
  if (concerned.length === 0) return [...events];
  const held = await findHeld(
    tx,
    concerned.flatMap((event) => keyOf(event) ?? []),
  );
  const posted: AnyEvent[] = [];
  for (const event of events) {
    const key = keyOf(event);
    if (key === null) {
      posted.push(event);
      continue;
    }
    const holder = held.get(positionText(key));
    const audit = (action: string, detail: object) =>
      recorder.audit({ subject: `position:${positionKeyOf(key)}`, action, detail }, causeOf(consumer, event));
    if (event.type === "variance.opened") {
      if (holder !== undefined) continue;
      held.set(positionText(key), event.data.caseId);
      await holdPosition(tx, key, event.data.caseId, nowMs);
      audit("holdPostings", { caseId: event.data.caseId });
    } else if (event.type === "variance.closed") {
      if (holder !== event.data.caseId) continue;
      held.delete(positionText(key));
      const waited = await releasePosition(tx, key);
      audit("releasePostings", { caseId: holder, events: waited.map(({ id }) => id) });
      posted.push(...waited);
    } else if (event.type === "variance.correction.approved") {
      await correctBook(tx, recorder, key, event, { consumer, nowMs });
    } else if (event.type === "adjustment.posted" && holder !== undefined && !correctsWarehouse(event)) {
      await holdPosting(tx, key, event);
      audit("holdPosting", { caseId: holder, eventId: event.id });
    } else posted.push(event);
  }
  return posted;
}

/** The books take over their part of the correction. Fails with QUANTITY_OUT_OF_RANGE. */
async function correctBook(
  tx: Transaction,
  recorder: Recorder,
  key: PositionKey,
  event: Extract<AnyEvent, { type: "variance.correction.approved" }>,
  { consumer, nowMs }: { readonly consumer: string; readonly nowMs: number },
): Promise<void> {
  const { bookDelta, caseId } = event.data;
  if (bookDelta === 0) return;
  const cause = causeOf(consumer, event);
  const book = openBook(await lockPositions(tx, [key]));
  const documentRef = { type: "VARIANCE_CASE", id: caseId };
  const entry = { bookDelta, committedDelta: 0, documentRef, eventId: event.id, occurredAt: event.time };
  const version = book.post(key, { kind: "VARIANCE", ...entry });
  const detail = { caseId, bookDelta, version };
  recorder.audit({ subject: `position:${positionKeyOf(key)}`, action: "correctVariance", detail }, cause);
  recorder.event({ ...balanceEvent(key, bookDelta, version), documentRef }, cause);
  await saveBook(tx, book, () => cause, nowMs);
}

function isOfCase({ type }: AnyEvent): boolean {
  return (caseTypes as readonly EventType[]).includes(type);
}

function keyOf({ sku, locationId }: AnyEvent): PositionKey | null {
  return sku === null || locationId === null ? null : { sku, locationId };
}
