/**
 * How goods come to the returns desk: a customer is allowed to send them, and they arrive, announced or not.
 *
 * Decides and changes nothing: the events are applied by `return.ts`. Nothing arrives once the inspection has begun.
 */
import { AppError } from "../../../shared/errors.ts";
import { assertPositive, assertQuantity } from "../../../shared/quantity.ts";
import {
  type LineQuantity,
  linesOf,
  type ReturnEvent,
  type ReturnLine,
  type ReturnState,
  type ReturnStatus,
  spread,
} from "./return.ts";

/** Goods may arrive until their inspection begins. */
const open: ReadonlySet<ReturnStatus> = new Set(["AUTHORIZED", "IN_TRANSIT", "RECEIVED"]);

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
