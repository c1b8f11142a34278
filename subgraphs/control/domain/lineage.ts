/**
 * One story's events in causal order: a cause before what follows from it, otherwise in the order they were recorded.
 *
 * The order depends on the events alone, not on how they came. A cause that is not there is treated as none.
 */
import type { AnyEvent } from "../../../shared/events/canonical-event.ts";

type Told = Pick<AnyEvent, "id" | "causationId" | "recordedAt">;

export function causalOrder<E extends Told>(events: readonly E[]): E[] {
  const byTime = [...events].sort((a, b) => compare(a.recordedAt, b.recordedAt) || compare(a.id, b.id));
  const known = new Set(events.map(({ id }) => id));
  const effects = new Map<string, E[]>();
  const first: E[] = [];
  for (const event of byTime) {
    const cause = event.causationId;
    if (cause === null || cause === event.id || !known.has(cause)) first.push(event);
    else effects.set(cause, [...(effects.get(cause) ?? []), event]);
  }
  const ordered: E[] = [];
  const placed = new Set<string>();
  // Whatever is ready, the earliest first. A loop of causes has no beginning and comes last.
  const ready = [...first];
  for (let next = ready.shift() ?? byTime[0]; next; next = ready.shift() ?? byTime.find(({ id }) => !placed.has(id))) {
    if (placed.has(next.id)) continue;
    placed.add(next.id);
    ordered.push(next);
    for (const effect of effects.get(next.id) ?? []) insertByTime(ready, effect);
  }
  return ordered;
}

function insertByTime<E extends Told>(ready: E[], event: E): void {
  const later = ready.findIndex(
    (other) => (compare(other.recordedAt, event.recordedAt) || compare(other.id, event.id)) > 0,
  );
  ready.splice(later < 0 ? ready.length : later, 0, event);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
