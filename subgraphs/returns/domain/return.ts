/**
 * One customer return, from its authorisation to what became of it: events, states, and what may follow what.
 *
 * `received` never passes `authorized` on an announced line, `restocked + removed` never passes `received`, and no fact
 * takes a status backwards. A unit counts as held until the warehouse has moved it out of quarantine, whatever was
 * decided about it. Decides nothing: that is `arrival.ts`, `disposition.ts` and `departure.ts`.
 */
import { AppError } from "../../../shared/errors.ts";

/** What may become of returned goods; also the status of a return when that has happened. */
export const dispositions = ["RESTOCKED", "REFURBISH", "RETURN_TO_VENDOR", "SCRAPPED", "DONATED"] as const;
export type Disposition = (typeof dispositions)[number];

export const returnStatuses = [
  "AUTHORIZED",
  "IN_TRANSIT",
  "RECEIVED",
  "IN_INSPECTION",
  "DISPOSITION_PROPOSED",
  "APPROVED",
  ...dispositions,
  "REJECTED",
  "EXPIRED",
] as const;
export type ReturnStatus = (typeof returnStatuses)[number];

/**
 * Where a return may go from where it is. The last word is the warehouse's: what it does with the goods may overtake
 * the paperwork. REJECTED refuses a proposal, not the goods: another proposal may follow, and that is the only way back.
 */
export const transitions: Readonly<Record<ReturnStatus, readonly ReturnStatus[]>> = {
  AUTHORIZED: ["IN_TRANSIT", "RECEIVED", "EXPIRED"],
  IN_TRANSIT: ["RECEIVED", "EXPIRED"],
  RECEIVED: ["IN_INSPECTION", ...dispositions],
  IN_INSPECTION: ["DISPOSITION_PROPOSED", ...dispositions],
  DISPOSITION_PROPOSED: ["APPROVED", "REJECTED", ...dispositions],
  APPROVED: dispositions,
  RESTOCKED: [],
  REFURBISH: [],
  RETURN_TO_VENDOR: [],
  SCRAPPED: [],
  DONATED: [],
  REJECTED: ["DISPOSITION_PROPOSED", ...dispositions],
  EXPIRED: [],
};

export interface ReturnLine {
  /** 1, 2, 3, … within the return. */
  readonly lineNumber: number;
  readonly sku: string;
  /** 0 where nobody announced it. */
  readonly authorized: number;
  readonly received: number;
  /** Back on the shelf. */
  readonly restocked: number;
  /** Out of quarantine, and not to the shelf. */
  readonly removed: number;
  readonly reasonCode: string | null;
  /** What the inspection found; null before. */
  readonly condition: string | null;
  readonly inspectionNote: string | null;
  /** What is to become of it; null before that is proposed, and after the proposal was refused. */
  readonly disposition: Disposition | null;
}

export interface ReturnState {
  readonly returnId: string;
  readonly orderId: string | null;
  readonly locationId: string;
  readonly status: ReturnStatus;
  readonly announced: boolean;
  readonly lines: readonly ReturnLine[];
  /** Of the proposal that stands; an approval names it. */
  readonly contentHash: string | null;
  readonly proposedBy: string | null;
  readonly decidedBy: string | null;
  readonly decisionNote: string | null;
  /** One more with every event. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** What moved or was judged, on which line, in base units. */
export interface LineQuantity {
  readonly lineNumber: number;
  readonly sku: string;
  readonly quantity: number;
}

export interface InspectedLine extends LineQuantity {
  readonly condition: string;
  readonly note: string | null;
}

export interface ProposedLine extends LineQuantity {
  readonly disposition: Disposition;
}

interface Happened {
  /** When it happened, milliseconds since the epoch. */
  readonly atMs: number;
}

interface Began extends Happened {
  readonly returnId: string;
  readonly orderId: string | null;
  readonly locationId: string;
}

interface Decided extends Happened {
  readonly decidedBy: string;
  readonly note: string | null;
  readonly lines: readonly ProposedLine[];
}

export type ReturnEvent =
  | (Began & {
      readonly type: "authorized";
      readonly lines: readonly (LineQuantity & { readonly reasonCode: string })[];
    })
  | (Began & { readonly type: "received"; readonly lines: readonly LineQuantity[] })
  | (Happened & { readonly type: "inspected"; readonly lines: readonly InspectedLine[] })
  | (Happened & {
      readonly type: "proposed";
      readonly proposedBy: string;
      readonly contentHash: string;
      readonly lines: readonly ProposedLine[];
    })
  | (Decided & { readonly type: "approved" })
  | (Decided & { readonly type: "rejected" })
  | (Happened & { readonly type: "restocked"; readonly lines: readonly LineQuantity[] })
  | (Happened & { readonly type: "removed"; readonly lines: readonly LineQuantity[] });

/** The state after `event`; null is a return that does not exist yet. */
export function evolve(state: ReturnState | null, event: ReturnEvent): ReturnState {
  const before = state ?? emptyReturn(event);
  const after = { ...before, version: before.version + 1, updatedAtMs: Math.max(before.updatedAtMs, event.atMs) };
  switch (event.type) {
    case "authorized":
      return {
        ...after,
        lines: event.lines.map(({ quantity, ...line }) => ({ ...emptyLine, ...line, authorized: quantity })),
      };
    case "received":
      return { ...after, status: moved(before.status, "RECEIVED"), lines: addReceived(before.lines, event.lines) };
    case "inspected":
      return {
        ...after,
        status: moved(before.status, "IN_INSPECTION"),
        lines: change(before.lines, event.lines, ({ condition, note }) => ({ condition, inspectionNote: note })),
      };
    case "proposed":
      return {
        ...after,
        status: moved(before.status, "DISPOSITION_PROPOSED"),
        contentHash: event.contentHash,
        proposedBy: event.proposedBy,
        decidedBy: null,
        decisionNote: null,
        lines: change(before.lines, event.lines, ({ disposition }) => ({ disposition })),
      };
    case "approved":
      return { ...after, ...decision(event), status: moved(before.status, "APPROVED") };
    case "rejected":
      return {
        ...after,
        ...decision(event),
        status: moved(before.status, "REJECTED"),
        contentHash: null,
        lines: change(before.lines, event.lines, () => ({ disposition: null })),
      };
    case "restocked":
      return left(after, "restocked", event.lines);
    case "removed":
      return left(after, "removed", event.lines);
  }
}

/** What the desk holds of a line. `restockApproved` is a part of `inInspection`, not a third place. */
export interface Held {
  readonly quarantined: number;
  readonly inInspection: number;
  readonly restockApproved: number;
}

const nothing: Held = { quarantined: 0, inInspection: 0, restockApproved: 0 };

/**
 * Units leave these figures when the warehouse moves them, never by a decision: `availability` blocks
 * `quarantined + inInspection`, so an approval alone makes nothing sellable.
 */
export function heldOf(state: ReturnState | null, lineNumber: number): Held {
  const line = state?.lines.find((other) => other.lineNumber === lineNumber);
  if (!state || !line) return nothing;
  const here = inQuarantine(line);
  if (line.condition === null) return { ...nothing, quarantined: here };
  const toShelf = state.status === "APPROVED" && line.disposition === "RESTOCKED";
  return { quarantined: 0, inInspection: here, restockApproved: toShelf ? here : 0 };
}

/** Units of the line that arrived and have not been moved on. */
export function inQuarantine(line: ReturnLine): number {
  return line.received - line.restocked - line.removed;
}

/** Distributes `quantity` over lines with room, first come; what found no room comes second. */
export function spread(
  lines: readonly ReturnLine[],
  quantity: number,
  roomOf: (line: ReturnLine) => number,
): [lines: LineQuantity[], rest: number] {
  const taken: LineQuantity[] = [];
  let rest = quantity;
  for (const line of lines) {
    const share = Math.min(rest, roomOf(line));
    if (share > 0) taken.push({ lineNumber: line.lineNumber, sku: line.sku, quantity: share });
    rest -= Math.max(0, share);
  }
  return [taken, rest];
}

export function linesOf(lines: readonly ReturnLine[], sku: string): readonly ReturnLine[] {
  return lines.filter((line) => line.sku === sku);
}

function emptyReturn(event: ReturnEvent): ReturnState {
  if (event.type !== "authorized" && event.type !== "received") throw new AppError("UNKNOWN_DOCUMENT");
  return {
    returnId: event.returnId,
    orderId: event.orderId,
    locationId: event.locationId,
    status: event.type === "authorized" ? "AUTHORIZED" : "RECEIVED",
    announced: event.type === "authorized",
    lines: [],
    contentHash: null,
    proposedBy: null,
    decidedBy: null,
    decisionNote: null,
    version: 0,
    createdAtMs: event.atMs,
    updatedAtMs: event.atMs,
  };
}

const emptyLine = {
  authorized: 0,
  received: 0,
  restocked: 0,
  removed: 0,
  reasonCode: null,
  condition: null,
  inspectionNote: null,
  disposition: null,
};

/** `to` where the table allows it, else where it was: a late fact does not take a return back. */
function moved(from: ReturnStatus, to: ReturnStatus): ReturnStatus {
  return transitions[from].includes(to) ? to : from;
}

function decision({ decidedBy, note }: Decided) {
  return { decidedBy, decisionNote: note };
}

/** Units went out of quarantine; when they were the last ones, the return is what became of it. */
function left(state: ReturnState, where: "restocked" | "removed", gone: readonly LineQuantity[]): ReturnState {
  const lines = change(state.lines, gone, ({ quantity }, line) => ({ [where]: line[where] + quantity }));
  const mayStillArrive = state.status === "RECEIVED" && lines.some((line) => line.received < line.authorized);
  const done = !mayStillArrive && lines.every((line) => inQuarantine(line) === 0);
  return { ...state, lines, status: done ? moved(state.status, fateOf(lines)) : state.status };
}

/** RESTOCKED only where all of it is on the shelf; what left without any paper is gone, which SCRAPPED says. */
function fateOf(lines: readonly ReturnLine[]): Disposition {
  const removed = lines.filter((line) => line.removed > 0);
  if (removed.length === 0) return "RESTOCKED";
  const decided = removed.find((line) => line.disposition !== null && line.disposition !== "RESTOCKED");
  return decided?.disposition ?? "SCRAPPED";
}

function addReceived(lines: readonly ReturnLine[], arrived: readonly LineQuantity[]): readonly ReturnLine[] {
  const known = new Set(lines.map((line) => line.lineNumber));
  const added = arrived
    .filter(({ lineNumber }) => !known.has(lineNumber))
    .map(({ lineNumber, sku }) => ({ ...emptyLine, lineNumber, sku }));
  return change([...lines, ...added], arrived, ({ quantity }, line) => ({ received: line.received + quantity }));
}

/** The lines, with what `changeOf` says for those that the event names. */
function change<L extends LineQuantity>(
  lines: readonly ReturnLine[],
  named: readonly L[],
  changeOf: (entry: L, line: ReturnLine) => Partial<ReturnLine>,
): readonly ReturnLine[] {
  return lines.map((line) => {
    const entry = named.find(({ lineNumber }) => lineNumber === line.lineNumber);
    return entry ? { ...line, ...changeOf(entry, line) } : line;
  });
}
