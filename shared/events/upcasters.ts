/**
 * Versions of events: what was written by an older version of the code is brought up to what this one reads.
 *
 * An event says in `dataVersion` which version its `data` has; where it says nothing that is 1. Each step takes the data
 * of one version to the next, as pure functions of what is there: the inbox knows the event by its id either way. What
 * comes from a newer version than is known here is refused and never guessed at.
 */
import { AppError } from "../errors.ts";
import type { AnyEvent, EventType } from "./canonical-event.ts";

/** From the data of one version to that of the next. */
export type Upcaster = (data: never) => unknown;

/** By type: the first step makes version 2 of version 1, and so on. A step is never changed once it has been released. */
export type Upcasters = Readonly<Partial<Record<EventType, readonly Upcaster[]>>>;

/** Nothing has changed yet in a way that readers could not take as it is: a field that is added is optional. */
export const upcasters: Upcasters = {};

/** The version that this code writes and reads. */
export function dataVersionOf(type: EventType, table: Upcasters = upcasters): number {
  return 1 + (table[type]?.length ?? 0);
}

/** The event as this code reads it: the very same where nothing is to be done. Fails with EVENT_VERSION_UNKNOWN. */
export function upToDate(event: AnyEvent, table: Upcasters = upcasters): AnyEvent {
  const { type, dataVersion = 1 } = event;
  const known = dataVersionOf(type, table);
  if (dataVersion === known) return event;
  if (!isKnownVersion(event, table)) {
    const message = `${type} is of version ${dataVersion}; versions 1 to ${known} are known here. Upgrade, then tell it again.`;
    throw new AppError("EVENT_VERSION_UNKNOWN", { message });
  }
  const steps = (table[type] ?? []).slice(dataVersion - 1);
  const data = steps.reduce<unknown>((from, step) => step(from as never), event.data);
  return { ...event, data, dataVersion: known } as AnyEvent;
}

/** As `upToDate`, and what is of a version that is not known here as it is: whoever applies it is to refuse it. */
export function readable(event: AnyEvent, table: Upcasters = upcasters): AnyEvent {
  return isKnownVersion(event, table) ? upToDate(event, table) : event;
}

export function isKnownVersion({ type, dataVersion = 1 }: AnyEvent, table: Upcasters = upcasters): boolean {
  return Number.isInteger(dataVersion) && dataVersion >= 1 && dataVersion <= dataVersionOf(type, table);
}
