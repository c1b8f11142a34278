/**
 * The one way into the figures of operations: what facts add, and what becomes of exceptions.
 *
 * Called last of all in a transaction, and within it: a figure and what it counts commit together. Nothing is ever
 * counted by looking back.
 */
import type { Transaction } from "../../shared/db/database.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import type { ExceptionType } from "./domain/exception.ts";
import { type Cell, cell, cellsOfCase, change, duration, emptyCase, observe } from "./domain/kpi-cells.ts";
import { caseKeyOf, cellsOf, observationsOf } from "./domain/kpi-facts.ts";
import type { ExceptionRow } from "./entities.ts";
import { addToBuckets, lockCases, noHour, saveCases } from "./store/kpis.ts";

/** `more`: what the same transaction adds besides. */
export async function countFacts(tx: Transaction, events: readonly AnyEvent[], more: readonly Cell[] = []) {
  const seen = events.flatMap(observationsOf);
  const before = await lockCases(tx, seen);
  const after = new Map(before);
  for (const one of seen) {
    const key = caseKeyOf(one);
    after.set(key, observe(after.get(key) ?? emptyCase(one), one));
  }
  await saveCases(tx, [...after.values()]);
  const changes = change([...before.values()].flatMap(cellsOfCase), [...after.values()].flatMap(cellsOfCase));
  await addToBuckets(tx, [...events.flatMap(cellsOf), ...changes, ...more]);
}

const disputes: readonly ExceptionType[] = [
  "SHORT_RECEIPT",
  "SUPPLIER_DISCREPANCY",
  "TRANSFER_DISCREPANCY",
  "VARIANCE",
];

/** What an exception adds that was raised, or that is settled now. */
export function cellsOfException(row: ExceptionRow): Cell[] {
  const { locationId, raisedAtMs, resolvedAtMs, type } = row;
  const raisedAtS = Math.round(raisedAtMs / 1_000);
  const open = { measure: "exceptionAging", locationId, hour: noHour, bound: 0, squares: 0 };
  if (resolvedAtMs === null) return [{ ...open, numerator: raisedAtS, denominator: 1 }];
  const where = { locationId, atMs: resolvedAtMs };
  const tookMs = resolvedAtMs - raisedAtMs;
  return [
    { ...open, numerator: 0 - raisedAtS, denominator: -1 },
    cell("reconciliationEffort", where, 0, 1),
    duration("exceptionResolutionTime", where, tookMs),
    ...(disputes.includes(type) ? [duration("disputeResolutionTime", where, tookMs)] : []),
  ];
}

export async function countExceptions(tx: Transaction, rows: readonly ExceptionRow[]): Promise<void> {
  await addToBuckets(tx, rows.flatMap(cellsOfException));
}
