/**
 * A replay: facts of the past that are told once more, under their own ids, so that whoever missed one has it then.
 *
 * It is tried out first. A dry run ends there; one fact may be told again at once, several wait for another person, whose
 * decision counts for exactly these facts. Pure; what a replay would do is found out elsewhere.
 */
import { AppError } from "../../../shared/errors.ts";
import type { AnyEvent } from "../../../shared/events/canonical-event.ts";

export const replayStatuses = ["REHEARSING", "REHEARSED", "PENDING_APPROVAL", "REPLAYED", "REJECTED"] as const;
export type ReplayStatus = (typeof replayStatuses)[number];

export interface Replay {
  readonly id: string;
  readonly status: ReplayStatus;
  readonly dryRun: boolean;
  /** Rows of the journal, ascending. */
  readonly journalIds: readonly number[];
  /** How many parts are tried out by themselves. */
  readonly parts: number;
  /** Names the facts exactly as they are: a decision counts for them and no others. */
  readonly contentHash: string;
  readonly reason: string | null;
  readonly requestedBy: string;
  readonly decidedBy: string | null;
  readonly decisionNote: string | null;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly version: number;
}

/** Every part has been tried out. */
export function rehearsed(replay: Replay, nowMs: number): Replay {
  if (replay.status !== "REHEARSING") return replay;
  const status = replay.dryRun ? "REHEARSED" : replay.journalIds.length === 1 ? "REPLAYED" : "PENDING_APPROVAL";
  return next(replay, { status }, nowMs);
}

export interface Decision {
  readonly approved: boolean;
  readonly contentHash: string;
  readonly person: string;
  readonly note: string | null;
}

/** Fails with ILLEGAL_TRANSITION, CONTENT_CHANGED, SAME_PERSON. */
export function decide(replay: Replay, { approved, contentHash, person, note }: Decision, nowMs: number): Replay {
  if (replay.status !== "PENDING_APPROVAL") {
    const message = `A replay that is ${replay.status} is not decided about.`;
    throw new AppError("ILLEGAL_TRANSITION", { message, field: ["input", "id"] });
  }
  if (contentHash !== replay.contentHash) throw new AppError("CONTENT_CHANGED", { field: ["input", "contentHash"] });
  if (person === replay.requestedBy) throw new AppError("SAME_PERSON", { field: ["input", "id"] });
  const status = approved ? "REPLAYED" : "REJECTED";
  return next(replay, { status, decidedBy: person, decisionNote: note }, nowMs);
}

function next(replay: Replay, change: Partial<Replay>, nowMs: number): Replay {
  return { ...replay, ...change, updatedAtMs: nowMs, version: replay.version + 1 };
}

/** Facts of one position are in one part, in the order given; a part has more than `sizeMax` only for one position. */
export function partsOf(events: readonly AnyEvent[], sizeMax: number): AnyEvent[][] {
  const byPosition = new Map<string, AnyEvent[]>();
  for (const event of events) {
    const group = byPosition.get(event.partitionKey);
    if (group) group.push(event);
    else byPosition.set(event.partitionKey, [event]);
  }
  const parts: AnyEvent[][] = [];
  for (const group of byPosition.values()) {
    const last = parts.at(-1);
    if (last && last.length + group.length <= sizeMax) last.push(...group);
    else parts.push([...group]);
  }
  return parts;
}
