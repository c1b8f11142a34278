/**
 * What a partner's code stands for: a mapping with its owner, and how it becomes another version of itself.
 *
 * A mapping that says what it said before is no new version. Whether the target exists is not judged here.
 */
import type { CodeKind } from "../../../shared/events/letter-events.ts";

export interface MappingKey {
  readonly partner: string;
  readonly kind: CodeKind;
  readonly code: string;
}

export interface PartnerMapping extends MappingKey {
  readonly version: number;
  /** Null: it stands for nothing any more. */
  readonly target: string | null;
  /** Who answers for it. */
  readonly owner: string;
  readonly changedBy: string;
  readonly changedAtMs: number;
}

export type MappingChange = MappingKey & Pick<PartnerMapping, "target" | "owner">;

/** Null: nothing has changed. */
export function change(
  before: PartnerMapping | null,
  { partner, kind, code, target, owner }: MappingChange,
  changedBy: string,
  nowMs: number,
): PartnerMapping | null {
  if (before && before.target === target && before.owner === owner) return null;
  const version = (before?.version ?? 0) + 1;
  return { partner, kind, code, target, owner, version, changedBy, changedAtMs: nowMs };
}
