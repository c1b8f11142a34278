/**
 * One customer return, from its authorisation to the shelf: events, states, and what may follow what.
 *
 * `received` never passes `authorized` on an announced line, `restocked` never passes `received`, and a status never
 * goes backwards. What the warehouse has done is a fact: it is refused only when the numbers cannot be true. Says
 * nothing about who may do it.
 */
import { AppError } from "../../../shared/errors.ts";
import { assertPositive, assertQuantity } from "../../../shared/quantity.ts";

export const returnStatuses = [
  "AUTHORIZED",
  "IN_TRANSIT",
  "RECEIVED",
  "IN_INSPECTION",
  "DISPOSITION_PROPOSED",
  "APPROVED",
  "RESTOCKED",
  "REFURBISH",
  "RETURN_TO_VENDOR",
  "SCRAPPED",
  "DONATED",
  "REJECTED",
  "EXPIRED",
] as const;
export type ReturnStatus = (typeof returnStatuses)[number];

/**
 * Where a return may go from where it is. RESTOCKED is reached by the warehouse's putaway, which may overtake the
 * paperwork of inspection and approval.
 */
export const transitions: Readonly<Record<ReturnStatus, readonly ReturnStatus[]>> = {
  AUTHORIZED: ["IN_TRANSIT", "RECEIVED", "EXPIRED"],
  IN_TRANSIT: ["RECEIVED", "EXPIRED"],
  RECEIVED: ["IN_INSPECTION", "RESTOCKED"],
  IN_INSPECTION: ["DISPOSITION_PROPOSED", "RESTOCKED"],
  DISPOSITION_PROPOSED: ["APPROVED", "REJECTED", "RESTOCKED"],
  APPROVED: ["RESTOCKED", "REFURBISH", "RETURN_TO_VENDOR", "SCRAPPED", "DONATED"],
  RESTOCKED: [],
  REFURBISH: [],
  RETURN_TO_VENDOR: [],
  SCRAPPED: [],
  DONATED: [],
  REJECTED: [],
  EXPIRED: [],
};

/** Goods may arrive until their inspection begins. */
const open: ReadonlySet<ReturnStatus> = new Set(["AUTHORIZED", "IN_TRANSIT", "RECEIVED"]);

export interface ReturnLine {
  /** 1, 2, 3, … within the return. */
  readonly lineNumber: number;
  readonly sku: string;
  /** 0 where nobody announced it. */
  readonly authorized: number;
  readonly received: number;
  readonly restocked: number;
  readonly reasonCode: string | null;
  /** What the inspection found; null before. */
  readonly condition: string | null;
  /** What is to become of it; null before that is proposed. */
  readonly disposition: string | null;
}

export interface ReturnState {
  readonly returnId: string;
  readonly orderId: string | null;
  readonly locationId: string;
  readonly status: ReturnStatus;
  readonly announced: boolean;
  readonly lines: readonly ReturnLine[];
  /** One more with every event. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** What moved, on which line, in base units. */
export interface LineQuantity {
  readonly lineNumber: number;
  readonly sku: string;
  readonly quantity: number;
}

export type ReturnEvent =
  | {
      readonly type: "authorized";
      /** When it happened, milliseconds since the epoch. */
      readonly atMs: number;
      readonly returnId: string;
      readonly orderId: string | null;
      readonly locationId: string;
      readonly lines: readonly (LineQuantity & { readonly reasonCode: string })[];
    }
  | {
      readonly type: "received";
      readonly atMs: number;
      readonly returnId: string;
      readonly orderId: string | null;
      readonly locationId: string;
      readonly lines: readonly LineQuantity[];
    }
  | { readonly type: "restocked"; readonly atMs: number; readonly lines: readonly LineQuantity[] };

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
    case "restocked": {
      const lines = addRestocked(before.lines, event.lines);
      return { ...after, lines, status: isDone(lines) ? moved(before.status, "RESTOCKED") : before.status };
    }
  }
}

export interface EnteredLine {
  readonly sku: string;
  /** Base units. */
  readonly quantity: number;
  /** Path of the line in the caller's input. */
  readonly field: readonly string[];
}

export interface Authorize {
  readonly returnId: string;
  readonly orderId: string;
  readonly locationId: string;
  readonly lines: readonly (EnteredLine & { readonly reasonCode: string })[];
}

/** Fails with DOCUMENT_EXISTS, INVALID_INPUT, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE. */
export function authorize(state: ReturnState | null, command: Authorize, atMs: number): ReturnEvent {
  const { returnId, orderId, locationId } = command;
  if (state) {
    throw new AppError("DOCUMENT_EXISTS", { returnId, message: `Return ${returnId} exists.`, field: ["input", "id"] });
  }
  assertLines(command.lines);
  const lines = command.lines.map(({ sku, quantity, reasonCode }, i) => ({
    lineNumber: i + 1,
    sku,
    quantity,
    reasonCode,
  }));
  return { type: "authorized", atMs, returnId, orderId, locationId, lines };
}

export interface Receive {
  readonly returnId: string;
  readonly orderId: string | null;
  /** Where the goods arrived; null: where they were announced for. */
  readonly locationId: string | null;
  readonly lines: readonly EnteredLine[];
}

/**
 * Goods arrive: for `state`, or, where that is null, a return that nobody announced.
 * Fails with ILLEGAL_TRANSITION, RETURN_EXCEEDED, INVALID_INPUT, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE.
 */
export function receive(state: ReturnState | null, command: Receive, atMs: number): ReturnEvent {
  assertLines(command.lines);
  if (state && !open.has(state.status)) {
    const message = `Return ${state.returnId} is ${state.status}: nothing more can arrive for it.`;
    throw new AppError("ILLEGAL_TRANSITION", { status: state.status, message, field: ["input", "returnId"] });
  }
  const locationId = placeOf(state, command);
  const lines = state?.announced
    ? fillAuthorized(state, command.lines)
    : addUnannounced(state?.lines ?? [], command.lines);
  return { type: "received", atMs, returnId: command.returnId, orderId: command.orderId, locationId, lines };
}

/** A fact of the warehouse: units of a return went from quarantine to the shelf. */
export interface Restock {
  readonly returnId: string;
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
}

/** Fails with UNKNOWN_DOCUMENT, INVALID_INPUT, RETURN_EXCEEDED, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE. */
export function restock(state: ReturnState | null, fact: Restock, atMs: number): ReturnEvent {
  assertPositive(fact.quantity);
  const { returnId, sku } = fact;
  if (!state) throw new AppError("UNKNOWN_DOCUMENT", { returnId, message: `No such return: ${returnId}.` });
  if (state.locationId !== fact.locationId) {
    const message = `Return ${returnId} is at ${state.locationId}, not at ${fact.locationId}.`;
    throw new AppError("INVALID_INPUT", { returnId, message });
  }
  const [lines, rest] = spread(linesOf(state.lines, sku), fact.quantity, (line) => line.received - line.restocked);
  if (rest > 0) {
    const message = `Return ${returnId}: ${rest} more of ${sku} put away than is in quarantine.`;
    throw new AppError("RETURN_EXCEEDED", { returnId, sku, message });
  }
  return { type: "restocked", atMs, lines };
}

function emptyReturn(event: ReturnEvent): ReturnState {
  if (event.type === "restocked") throw new AppError("UNKNOWN_DOCUMENT");
  return {
    returnId: event.returnId,
    orderId: event.orderId,
    locationId: event.locationId,
    status: event.type === "authorized" ? "AUTHORIZED" : "RECEIVED",
    announced: event.type === "authorized",
    lines: [],
    version: 0,
    createdAtMs: event.atMs,
    updatedAtMs: event.atMs,
  };
}

const emptyLine = { authorized: 0, received: 0, restocked: 0, reasonCode: null, condition: null, disposition: null };

/** `to` where the table allows it, else where it was: a late fact does not take a return back. */
function moved(from: ReturnStatus, to: ReturnStatus): ReturnStatus {
  return transitions[from].includes(to) ? to : from;
}

/** Everything that was announced has arrived, and everything that arrived is on the shelf. */
function isDone(lines: readonly ReturnLine[]): boolean {
  return lines.every((line) => line.restocked === line.received && line.received >= line.authorized);
}

function assertLines(lines: readonly EnteredLine[]): void {
  if (lines.length === 0) {
    throw new AppError("INVALID_INPUT", { message: "lines must not be empty.", field: ["input", "lines"] });
  }
  for (const line of lines) assertPositive(line.quantity, [...line.field, "quantity"]);
}

function placeOf(state: ReturnState | null, command: Receive): string {
  const locationId = state?.locationId ?? command.locationId;
  const field = ["input", "locationId"];
  if (!locationId) {
    throw new AppError("INVALID_INPUT", { message: "A return nobody announced needs its locationId.", field });
  }
  if (command.locationId && command.locationId !== locationId) {
    const message = `Return ${command.returnId} belongs to ${locationId}, not to ${command.locationId}.`;
    throw new AppError("INVALID_INPUT", { message, field });
  }
  return locationId;
}

/** Lines in the order announced, each up to what was authorised; entries of one SKU count together. */
function fillAuthorized(state: ReturnState, entered: readonly EnteredLine[]): readonly LineQuantity[] {
  const filled: LineQuantity[] = [];
  for (const { sku, quantity, field } of totals(entered)) {
    const own = linesOf(state.lines, sku);
    const [lines, rest] = spread(own, quantity, (line) => line.authorized - line.received);
    if (rest > 0) {
      const left = quantity - rest;
      const message = `Return ${state.returnId}: ${quantity} of ${sku} arrived, ${left} may still arrive.`;
      throw new AppError("RETURN_EXCEEDED", { sku, left, message, field: [...field, "quantity"] });
    }
    filled.push(...lines);
  }
  return filled;
}

function addUnannounced(known: readonly ReturnLine[], entered: readonly EnteredLine[]): readonly LineQuantity[] {
  let last = known.length;
  return totals(entered).map(({ sku, quantity, field }) => {
    const line = known.find((other) => other.sku === sku);
    assertQuantity((line?.received ?? 0) + quantity, [...field, "quantity"]);
    return { lineNumber: line?.lineNumber ?? ++last, sku, quantity };
  });
}

/** One entry a SKU, in the order of their first lines. */
function totals(entered: readonly EnteredLine[]): readonly EnteredLine[] {
  const bySku = new Map<string, EnteredLine>();
  for (const line of entered) {
    const before = bySku.get(line.sku);
    const quantity = assertQuantity((before?.quantity ?? 0) + line.quantity, [...line.field, "quantity"]);
    bySku.set(line.sku, { ...(before ?? line), quantity });
  }
  return [...bySku.values()];
}

/** Distributes `quantity` over lines with room, first come; what found no room comes second. */
function spread(
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

function linesOf(lines: readonly ReturnLine[], sku: string): readonly ReturnLine[] {
  return lines.filter((line) => line.sku === sku);
}

function addReceived(lines: readonly ReturnLine[], arrived: readonly LineQuantity[]): readonly ReturnLine[] {
  const known = new Set(lines.map((line) => line.lineNumber));
  const added = arrived
    .filter(({ lineNumber }) => !known.has(lineNumber))
    .map(({ lineNumber, sku }) => ({ ...emptyLine, lineNumber, sku }));
  return [...lines, ...added].map((line) => ({ ...line, received: line.received + quantityOf(arrived, line) }));
}

function addRestocked(lines: readonly ReturnLine[], put: readonly LineQuantity[]): readonly ReturnLine[] {
  return lines.map((line) => ({ ...line, restocked: line.restocked + quantityOf(put, line) }));
}

function quantityOf(moves: readonly LineQuantity[], line: ReturnLine): number {
  return moves.find((move) => move.lineNumber === line.lineNumber)?.quantity ?? 0;
}
