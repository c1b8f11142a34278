/**
 * The names of what an answer was made from, so that a change can say which answers are old.
 *
 * Whoever answers and whoever hears of changes must use the same names: they are made here and nowhere else.
 */
import type { AnyEvent } from "../events/canonical-event.ts";

/** `partitionKey`: of the position, as its events carry it. */
export function positionTag(partitionKey: string): string {
  return `position:${partitionKey}`;
}

/** What an event of the log of changes makes old; null: it is not known, so everything is. */
export function tagsOf(event: AnyEvent): readonly string[] | null {
  return event.type === "availability.changed" ? [positionTag(event.partitionKey)] : null;
}
