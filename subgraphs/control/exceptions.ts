/**
 * The one way into the queue of exceptions and out of it, for consumers and commands alike.
 *
 * Raising what is open already only says that it was seen again; clearing what is not open changes nothing.
 */
import type { Transaction } from "../../shared/db/database.ts";
import { TransactionConflict } from "../../shared/db/retry.ts";
import { newId } from "../../shared/ids.ts";
import type { Cause, Recorder } from "../../shared/recorder.ts";
import type { ExceptionTopic, Finding } from "./domain/exception.ts";
import type { ExceptionRow } from "./entities.ts";
import { ranked } from "./exception-policy.ts";
import { countExceptions } from "./kpis.ts";
import { addExceptions, lockOpen, saveExceptions } from "./store/exceptions.ts";

/** `cause`: who says so, where that differs from the recorder's. */
export type Change =
  | { readonly kind: "raise"; readonly finding: Finding; readonly cause?: Cause }
  | { readonly kind: "clear"; readonly topic: ExceptionTopic; readonly cause?: Cause };

/** In the order given: the same topic may be raised and cleared in one call. */
export async function applyToQueue(
  tx: Transaction,
  recorder: Recorder,
  changes: readonly Change[],
  nowMs: number,
): Promise<void> {
  if (changes.length === 0) return;
  const open = await lockOpen(
    tx,
    changes.map((change) => openKeyOf(topicOf(change))),
  );
  const added = new Map<string, ExceptionRow>();
  const changed = new Map<string, ExceptionRow>();
  const causes = new Map<string, Cause | undefined>();
  const turned: ExceptionRow[] = [];
  for (const change of changes) {
    const key = openKeyOf(topicOf(change));
    const before = open.get(key);
    if (change.kind === "clear" && !before) continue;
    const row =
      change.kind === "raise" ? raised(before, change.finding, nowMs) : cleared(before as ExceptionRow, nowMs);
    if (row.openKey === null) open.delete(key);
    else open.set(key, row);
    (before && !added.has(row.id) ? changed : added).set(row.id, row);
    if (before && change.kind === "raise") continue;
    causes.set(row.id, change.cause);
    turned.push(row);
    const action = change.kind === "raise" ? "raiseException" : "clearException";
    const detail = { type: row.type, subject: row.subject, hint: row.hint };
    recorder.audit({ subject: `exception:${row.id}`, action, detail }, change.cause);
  }
  const rows = await ranked(tx, [...added.values(), ...changed.values()], nowMs);
  const isAdded = ({ id }: ExceptionRow) => added.has(id);
  // Somebody else raised one of them in between: begin again, and see it.
  if ((await addExceptions(tx, rows.filter(isAdded))) !== added.size) throw new TransactionConflict("exception");
  await saveExceptions(
    tx,
    rows.filter((row) => !isAdded(row)),
  );
  for (const row of rows.filter((one) => isAdded(one) && one.openKey !== null)) {
    tellException(recorder, "exception.raised", row, causes.get(row.id));
  }
  await countExceptions(tx, turned);
}

/** To whoever watches the queue. */
export function tellException(
  recorder: Recorder,
  type: "exception.raised" | "exception.escalated",
  { id, version, sku, locationId, quantity, documentType, documentId, ...row }: ExceptionRow,
  cause: Cause = recorder.cause,
): void {
  recorder.event(
    {
      type,
      sourceSeq: version,
      partitionKey: `exception:${id}`,
      ...{ sku, locationId, quantity },
      documentRef: documentType === null || documentId === null ? null : { type: documentType, id: documentId },
      data: {
        exceptionId: id,
        exceptionType: row.type,
        priority: row.priority,
        escalationLevel: row.escalationLevel,
      },
    },
    cause,
  );
}

function topicOf(change: Change): ExceptionTopic {
  return change.kind === "raise" ? change.finding : change.topic;
}

export function openKeyOf({ type, subject }: ExceptionTopic): string {
  return `${type}|${subject}`;
}

function raised(before: ExceptionRow | undefined, finding: Finding, nowMs: number): ExceptionRow {
  const { type, subject, sku, locationId, quantity, hint, document, correlationId } = finding;
  const seen = { quantity, hint: hint.slice(0, 500), lastSeenAtMs: nowMs };
  if (before) return { ...before, ...seen, occurrences: before.occurrences + 1, version: before.version + 1 };
  return {
    id: newId(nowMs),
    type,
    subject,
    openKey: openKeyOf(finding),
    status: "OPEN",
    sku,
    locationId,
    documentType: document?.type ?? null,
    documentId: document?.id ?? null,
    correlationId,
    occurrences: 1,
    // As `ranked` finds them, before the row is written.
    ...{ priority: 0, terms: [], policyVersion: 0, dueAtMs: nowMs, escalationLevel: 0 },
    assignee: null,
    resolution: null,
    resolvedBy: null,
    raisedAtMs: nowMs,
    resolvedAtMs: null,
    version: 1,
    ...seen,
  };
}

function cleared(before: ExceptionRow, nowMs: number): ExceptionRow {
  return { ...before, openKey: null, status: "RESOLVED", resolvedAtMs: nowMs, version: before.version + 1 };
}
