/**
 * What the events of dead letters and of partners' codes say: one was set aside or settled, some are to be tried again,
 * a code stands for something else.
 *
 * The letter itself stays with the system that could not apply it.
 */
import type { SystemName } from "../config.ts";

export interface LetterTold {
  readonly letterId: string;
  /** Who could not apply it: a consumer, or a command that takes in messages. */
  readonly consumer: string;
  /** Who said it, and under which id: a system of ours, or a partner. */
  readonly sender: string;
  readonly messageId: string;
  /** Type of the event or message. */
  readonly messageType: string;
  readonly class: string;
  readonly code: string;
  /** How far it came: INTAKE is a message of a partner, APPLY a fact of another system. */
  readonly stage: "INTAKE" | "APPLY";
  /** What its settling depends on; letters of one topic are one matter for whoever looks at them. */
  readonly topic: string;
  readonly attempts: number;
  readonly hint: string;
  /** As JSON, its beginning. */
  readonly payload: string;
  /** RFC 3339. */
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  /** False: somebody is told of it in another way. */
  readonly raises: boolean;
}

export interface LetterSettled {
  readonly letterId: string;
}

/** For one system: letters of its own that are to be tried again now. */
export interface RedriveRequested {
  readonly redriveId: string;
  readonly system: SystemName;
  readonly letterIds: readonly string[];
}

export const codeKinds = ["SKU", "LOCATION", "UNIT", "REASON"] as const;
export type CodeKind = (typeof codeKinds)[number];

export interface MappingChanged {
  readonly partner: string;
  readonly kind: CodeKind;
  readonly code: string;
  /** What the code stands for here; null: nothing any more. */
  readonly target: string | null;
  readonly owner: string;
  readonly version: number;
}
