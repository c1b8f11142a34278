/**
 * What `npm run audit:verify` reads from its arguments, and how it says what it found.
 *
 * One line a system, always with the same members, so that it can be read by people and by `grep`.
 */
import { parseArgs } from "node:util";
import type { AuditReport, BrokenPlace } from "../shared/audit/verify.ts";
import { AppError } from "../shared/errors.ts";

const usage = "npm run audit:verify -- [--head FILE]";

/** The file of heads to compare with, if one is named. Fails with INVALID_INPUT. */
export function toHeadsFile(args: readonly string[]): string | null {
  try {
    return parseArgs({ args: [...args], options: { head: { type: "string" } } }).values.head ?? null;
  } catch (error) {
    throw new AppError("INVALID_INPUT", { message: `${(error as Error).message}\n${usage}` });
  }
}

export function auditReportText(report: AuditReport): string {
  const { system, rows, sealed, head, waiting, longestWaitMs, verdict, brokenPlaces, firstBroken, overdue } = report;
  const parts = [`${system}: ${verdict}`, `rows ${rows}`, `sealed ${sealed}`];
  if (waiting > 0) parts.push(`waiting ${waiting}`);
  if (overdue > 0) parts.push(`overdue ${overdue}`);
  parts.push(`longest wait ${longestWaitMs} ms`, `head ${head.sequence} ${head.hash}`);
  if (firstBroken) parts.push(`broken places ${brokenPlaces}`, `first ${placeText(firstBroken)}`);
  return parts.join(", ");
}

function placeText({ finding, sequence, auditId, key }: BrokenPlace): string {
  if (key) return `${finding}: ${key.operation} of ${key.caller} under ${key.key}`;
  const at = [sequence === null ? "" : ` at seal ${sequence}`, auditId === null ? "" : ` of row ${auditId}`];
  return `${finding}${at.join("")}`;
}
