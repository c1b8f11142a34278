/**
 * Lets a change pass unless the same or a later version of its position has passed before.
 *
 * Relays may publish twice, and two of them out of order. Bounded: what has been quiet for longest is forgotten first.
 */
import type { AnyEvent } from "../../shared/events/canonical-event.ts";

export function createVersionFilter(positionsMax: number): (event: AnyEvent) => boolean {
  const versions = new Map<string, number>();
  return ({ partitionKey, sourceSeq }) => {
    if ((versions.get(partitionKey) ?? 0) >= sourceSeq) return false;
    // The one that changed last stands last.
    versions.delete(partitionKey);
    versions.set(partitionKey, sourceSeq);
    if (versions.size > positionsMax) versions.delete(versions.keys().next().value as string);
    return true;
  };
}
