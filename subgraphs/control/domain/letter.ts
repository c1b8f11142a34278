/**
 * A dead letter as it is known here, and what facts make of it.
 *
 * Later news of a letter has a greater version; older news changes nothing. What is settled stays settled.
 */
import type { CanonicalEvent } from "../../../shared/events/canonical-event.ts";

export type LetterStatus = "OPEN" | "SETTLED";

export interface Letter {
  readonly id: string;
  readonly status: LetterStatus;
  /** The system that could not apply it, and which part of it. */
  readonly system: string;
  readonly consumer: string;
  /** Who said it, and under which id. */
  readonly source: string;
  readonly messageId: string;
  readonly messageType: string;
  readonly class: string;
  readonly code: string;
  readonly stage: string;
  readonly topic: string;
  readonly attempts: number;
  readonly hint: string;
  readonly payload: string;
  readonly sku: string | null;
  readonly locationId: string | null;
  readonly correlationId: string;
  readonly firstSeenAtMs: number;
  readonly lastSeenAtMs: number;
  readonly redriveAskedAtMs: number | null;
  readonly settledAtMs: number | null;
  readonly version: number;
}

export type LetterEvent = CanonicalEvent<"letter.set.aside"> | CanonicalEvent<"letter.settled">;

/** Null: not known, and not to be. */
export function follow(before: Letter | null, event: LetterEvent): Letter | null {
  if (before && before.version >= event.sourceSeq) return before;
  if (event.type === "letter.settled") {
    const settledAtMs = Date.parse(event.recordedAt);
    return before && { ...before, status: "SETTLED", settledAtMs, version: event.sourceSeq };
  }
  const { data, source: system, sku, locationId, correlationId, sourceSeq: version } = event as SetAside;
  return {
    id: data.letterId,
    status: "OPEN",
    system,
    consumer: data.consumer,
    source: data.sender,
    messageId: data.messageId,
    messageType: data.messageType,
    class: data.class,
    code: data.code,
    stage: data.stage,
    topic: data.topic,
    attempts: data.attempts,
    hint: data.hint,
    payload: data.payload,
    ...{ sku, locationId, correlationId },
    firstSeenAtMs: Date.parse(data.firstSeenAt),
    lastSeenAtMs: Date.parse(data.lastSeenAt),
    redriveAskedAtMs: null,
    settledAtMs: null,
    version,
  };
}

type SetAside = CanonicalEvent<"letter.set.aside">;

/** Who can do something about it, as a role. */
export function ownerOf({ class: name }: Pick<Letter, "class">): string {
  return name === "TRANSIENT" || name === "DEFECT" || name === "SCHEMA" ? "admin" : "planner";
}
