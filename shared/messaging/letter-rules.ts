/**
 * What becomes of a dead letter by itself: when it is tried again, and what it waits for.
 *
 * Only trouble that passes is tried again and again, for a bounded time and ever more seldom. What a mapping is missing
 * for is looked at once more, because the mapping may have come in the same moment; after that it waits for somebody.
 */
import { AppError } from "../errors.ts";
import type { AnyEvent } from "../events/canonical-event.ts";
import { limits } from "../limits.ts";
import { textOf } from "../partner-codes.ts";

/** Null: not by itself. `attempts`: how many there were. */
export function nextAttemptMs(errorClass: string, attempts: number, nowMs: number): number | null {
  if (errorClass === "MAPPING") return attempts === 1 ? nowMs + limits.letterBackoffMs : null;
  if (errorClass !== "TRANSIENT" || attempts >= limits.letterAttemptsMax) return null;
  return nowMs + limits.letterBackoffMs * 2 ** (attempts - 1);
}

export interface Waiting {
  /** Master data, `product:4711` or `location:WEST`. */
  readonly waitsFor: string | null;
  /** `KIND|code` of its sender. */
  readonly waitsForCode: string | null;
}

export function waitingFor(error: unknown, waitsForCode: string | null): Waiting {
  if (!(error instanceof AppError) || error.row.class !== "MAPPING") return { waitsFor: null, waitsForCode: null };
  const { sku, locationId } = error.details as { sku?: string; locationId?: string };
  const waitsFor = sku !== undefined ? `product:${sku}` : locationId !== undefined ? `location:${locationId}` : null;
  return { waitsFor, waitsForCode };
}

/** Letters that the same remedy settles have one topic; at most 255 characters. */
export function topicOfLetter(letterId: string, sender: string, { waitsFor, waitsForCode }: Waiting): string {
  if (waitsForCode === null) return waitsFor ?? `letter:${letterId}`;
  // What an item comes in is said of each item by itself.
  const item = waitsForCode.startsWith("UNIT|") ? `|${waitsFor}` : "";
  return `${sender}|${waitsForCode}${item}`;
}

/** What letters have been waiting for, now that these events have come. */
export function remediesOf(events: readonly AnyEvent[]) {
  const masterData: string[] = [];
  const codes: { readonly sender: string; readonly code: string }[] = [];
  for (const event of events) {
    if (event.type === "master.changed") masterData.push(event.partitionKey);
    if (event.type === "mapping.changed") codes.push({ sender: event.data.partner, code: textOf(event.data) });
  }
  return { masterData: [...new Set(masterData)], codes };
}
