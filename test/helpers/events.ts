/**
 * Canonical events for tests, complete but for what a test is about.
 *
 * The id follows from source, partition and number, so that the same call makes a copy of the same event.
 */
import type { SystemName } from "../../shared/config.ts";
import type { AnyEvent, CanonicalEvent, EventType } from "../../shared/events/canonical-event.ts";

export function canonicalEvent<T extends EventType>(
  source: SystemName,
  type: T,
  partitionKey: string,
  sourceSeq: number,
  more: Partial<CanonicalEvent<T>> & Pick<CanonicalEvent<T>, "data">,
): AnyEvent {
  const event: CanonicalEvent<T> = {
    specversion: "1.0",
    id: `${source}/${partitionKey}/${sourceSeq}`,
    type,
    source,
    sourceSeq,
    partitionKey,
    time: "2026-01-05T08:00:00.000Z",
    recordedAt: "2026-01-05T08:00:00.000Z",
    correlationId: "story-1",
    causationId: null,
    idempotencyKey: null,
    actor: "tester",
    sku: null,
    locationId: null,
    toLocationId: null,
    quantity: null,
    uom: null,
    enteredQuantity: null,
    fromBucket: null,
    toBucket: null,
    documentRef: null,
    channel: null,
    reasonCode: null,
    note: null,
    corrects: null,
    ...more,
  };
  return event as unknown as AnyEvent;
}
