/**
 * What is found out about returned goods, and what is decided about them: inspection, proposal, decision.
 *
 * The person who decides is not the one who proposed, and an approval counts for the content that was proposed and no
 * other. Decides about paper only: no unit leaves quarantine by it.
 */
import { AppError } from "../../../shared/errors.ts";
import {
  type Disposition,
  inQuarantine,
  type LineQuantity,
  type ReturnEvent,
  type ReturnLine,
  type ReturnState,
  type ReturnStatus,
} from "./return.ts";

export interface Inspect {
  readonly lines: readonly (NamedLine & { readonly condition: string; readonly note: string | null })[];
}

export interface NamedLine {
  readonly lineNumber: number;
  /** Path of the line in the caller's input. */
  readonly field: readonly string[];
}

/** A line may be judged again until something is proposed. Fails with ILLEGAL_TRANSITION, INVALID_INPUT. */
export function inspect(state: ReturnState, command: Inspect, atMs: number): ReturnEvent {
  assertStatus(state, ["RECEIVED", "IN_INSPECTION"], "inspected");
  const lines = pick(state, command.lines).map(([line, { condition, note }]) => ({
    ...quantityOf(line),
    condition,
    note,
  }));
  return { type: "inspected", atMs, lines };
}

export interface Propose {
  readonly lines: readonly (NamedLine & { readonly disposition: Disposition })[];
  readonly proposedBy: string;
}

/** What an approval approves: every line that is in quarantine, in the return's order. */
export interface ProposedContent {
  readonly returnId: string;
  readonly lines: readonly (LineQuantity & { readonly condition: string | null; readonly disposition: Disposition })[];
}

/**
 * Says of every line that is in quarantine what is to become of it; replaces a proposal that nobody has decided about.
 * `hashOf` makes one text of the content. Fails with ILLEGAL_TRANSITION, INVALID_INPUT.
 */
export function propose(
  state: ReturnState,
  command: Propose,
  hashOf: (content: ProposedContent) => string,
  atMs: number,
): ReturnEvent {
  assertStatus(state, ["IN_INSPECTION", "DISPOSITION_PROPOSED", "REJECTED"], "given a disposition");
  const named = new Map(pick(state, command.lines).map(([line, { disposition }]) => [line.lineNumber, disposition]));
  const content = state.lines
    .filter((line) => inQuarantine(line) > 0)
    .map((line) => {
      const disposition = named.get(line.lineNumber);
      if (line.condition === null) throw invalid(`Line ${line.lineNumber} has not been inspected.`);
      if (!disposition) throw invalid(`The proposal leaves out line ${line.lineNumber}.`);
      return { ...quantityOf(line), condition: line.condition, disposition };
    });
  return {
    type: "proposed",
    atMs,
    proposedBy: command.proposedBy,
    contentHash: hashOf({ returnId: state.returnId, lines: content }),
    lines: content.map(({ condition: _, ...line }) => line),
  };
}

export interface Decide {
  readonly verdict: "approved" | "rejected";
  readonly contentHash: string;
  readonly decidedBy: string;
  readonly note: string | null;
}

/** Fails with ILLEGAL_TRANSITION, SAME_PERSON, CONTENT_CHANGED. */
export function decide(state: ReturnState, command: Decide, atMs: number): ReturnEvent {
  const { verdict, decidedBy, note } = command;
  const { returnId, contentHash } = state;
  assertStatus(state, ["DISPOSITION_PROPOSED"], verdict);
  if (state.proposedBy === decidedBy) {
    const message = `${decidedBy} proposed it: the decision belongs to another person.`;
    throw new AppError("SAME_PERSON", { returnId, message });
  }
  if (contentHash !== command.contentHash) {
    throw new AppError("CONTENT_CHANGED", { returnId, contentHash, field: ["input", "contentHash"] });
  }
  const lines = state.lines.flatMap((line) =>
    line.disposition !== null && inQuarantine(line) > 0 ? [{ ...quantityOf(line), disposition: line.disposition }] : [],
  );
  return { type: verdict, atMs, decidedBy, note, lines };
}

function assertStatus(state: ReturnState, allowed: readonly ReturnStatus[], what: string): void {
  const { returnId, status } = state;
  if (allowed.includes(status)) return;
  const message = `Return ${returnId} is ${status} and cannot be ${what}.`;
  throw new AppError("ILLEGAL_TRANSITION", { returnId, status, message, field: ["input", "returnId"] });
}

/** The lines that the caller names, each once and with something of it in quarantine. */
function pick<N extends NamedLine>(state: ReturnState, named: readonly N[]): (readonly [ReturnLine, N])[] {
  if (named.length === 0) throw invalid("lines must not be empty.");
  const seen = new Set<number>();
  return named.map((entry) => {
    const field = [...entry.field, "lineId"];
    const line = state.lines.find((other) => other.lineNumber === entry.lineNumber);
    if (!line) throw invalid(`Return ${state.returnId} has no line ${entry.lineNumber}.`, field);
    if (inQuarantine(line) === 0) throw invalid(`Nothing of line ${entry.lineNumber} is in quarantine.`, field);
    if (seen.has(entry.lineNumber)) throw invalid(`Line ${entry.lineNumber} is named twice.`, field);
    seen.add(entry.lineNumber);
    return [line, entry] as const;
  });
}

function quantityOf(line: ReturnLine): LineQuantity {
  return { lineNumber: line.lineNumber, sku: line.sku, quantity: inQuarantine(line) };
}

function invalid(message: string, field: readonly string[] = ["input", "lines"]): AppError {
  return new AppError("INVALID_INPUT", { message, field });
}
