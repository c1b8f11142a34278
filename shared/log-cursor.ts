/**
 * A place in a log of events, as text that a client keeps and brings back.
 *
 * Opaque to clients and checked like any other input: a cursor that was tampered with is refused or names a place that
 * is not in the log, and neither shows anything. Does not know whether the place is still there; the log does.
 */
import { AppError } from "./errors.ts";
import { limits } from "./limits.ts";

/** How far a log has been read: the last entry of each partition, `0-0` where there was none. */
export interface LogPosition {
  /** Another one means another log: entry ids of one say nothing in the other. */
  readonly epoch: string;
  readonly ids: readonly string[];
}

export const noEntry = "0-0";

const form = /^1 ([\w-]{1,64})((?: \d{1,16}-\d{1,16})+)$/;

export function toCursor({ epoch, ids }: LogPosition): string {
  return Buffer.from(`1 ${epoch} ${ids.join(" ")}`).toString("base64url");
}

/** Fails with BAD_USER_INPUT. */
export function parseCursor(cursor: string): LogPosition {
  const text = cursor.length <= limits.cursorLengthMax ? Buffer.from(cursor, "base64url").toString("latin1") : "";
  const [, epoch, ids] = form.exec(text) ?? [];
  if (epoch === undefined || ids === undefined) {
    throw new AppError("BAD_USER_INPUT", { message: "after is not a cursor of this stream." });
  }
  return { epoch, ids: ids.trim().split(" ") };
}

/** Below 0: `a` stands before `b` in its partition. */
export function compareEntryIds(a: string, b: string): number {
  const [aMs = 0, aSeq = 0] = a.split("-").map(Number);
  const [bMs = 0, bSeq = 0] = b.split("-").map(Number);
  return aMs - bMs || aSeq - bSeq;
}

/** Has everything up to `other` been read in every partition? */
export function hasReached(position: LogPosition, other: LogPosition): boolean {
  return other.ids.every((id, partition) => compareEntryIds(position.ids[partition] ?? noEntry, id) >= 0);
}
