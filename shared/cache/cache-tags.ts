/**
 * The names of what an answer was made from, so that a change can say which answers are old.
 *
 * Whoever answers and whoever hears of changes must use the same names: they are made here and nowhere else.
 */
import type { AnyEvent } from "../events/canonical-event.ts";

/** `partitionKey`: of the position, as its events carry it. */
export const positionTag = (partitionKey: string) => `position:${partitionKey}`;
/** At which locations a SKU has positions. */
export const placesTag = (sku: string) => `places:${sku}`;
export const productTag = (sku: string) => `product:${sku}`;
export const locationTag = (locationId: string) => `location:${locationId}`;
export const policyTag = "policy";

/** What an event of the log of changes makes old; null: it is not known, so everything is. */
export function tagsOf(event: AnyEvent): readonly string[] | null {
  if (event.type === "availability.changed") {
    const position = positionTag(event.partitionKey);
    return event.data.before.version === 0 && event.sku !== null ? [position, placesTag(event.sku)] : [position];
  }
  // Answers about exceptions are not kept.
  if (event.type === "exception.raised" || event.type === "exception.escalated") return [];
  if (event.type !== "rule.changed") return null;
  const { kind, id } = event.data;
  if (kind === "policy") return [policyTag];
  return [kind === "product" ? productTag(id) : locationTag(id)];
}
