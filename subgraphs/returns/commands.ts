/**
 * The commands of the returns desk: authorise a return, receive it, inspect it, and decide what becomes of it.
 *
 * Those that name items wait a bounded time for master data that may still be on its way. Each parses, decides and
 * writes in one transaction. None of them makes a unit sellable: only the warehouse's putaway does.
 */
import type { Caller } from "../../shared/accounts.ts";
import { canonicalHash } from "../../shared/canonical-json.ts";
import { type CommandDeps, type Payload, type RequestContext, runCommand } from "../../shared/command.ts";
import type { Transaction } from "../../shared/db/database.ts";
import { AppError } from "../../shared/errors.ts";
import { newId, parseCode, parseDocumentId, parseLocationId, parseSku, parseText } from "../../shared/ids.ts";
import { limits } from "../../shared/limits.ts";
import { type EnteredQuantity, type MasterData, sightOf, waitForMasterData } from "../../shared/master-data.ts";
import { assertPositive } from "../../shared/quantity.ts";
import { authorize, type EnteredLine, receive } from "./domain/arrival.ts";
import { type Decide, decide, inspect, type NamedLine, propose } from "./domain/disposition.ts";
import { type Disposition, evolve, type ReturnEvent, type ReturnState } from "./domain/return.ts";
import { type Entered, post } from "./posting.ts";
import { lockReturns } from "./store.ts";

export interface ReceiveReturnLineInput {
  readonly sku: string;
  readonly quantity: number;
  readonly unit?: string | null;
}

export interface ReturnLineInput extends ReceiveReturnLineInput {
  readonly reasonCode: string;
}

export interface AuthorizeReturnInput {
  readonly idempotencyKey: string;
  readonly id?: string | null;
  readonly orderId: string;
  readonly locationId: string;
  readonly lines: readonly ReturnLineInput[];
}

export interface ReceiveReturnInput {
  readonly idempotencyKey: string;
  readonly returnId?: string | null;
  readonly orderId?: string | null;
  readonly locationId?: string | null;
  readonly lines: readonly ReceiveReturnLineInput[];
}

export interface InspectReturnInput {
  readonly idempotencyKey: string;
  readonly returnId: string;
  readonly lines: readonly { readonly lineId: string; readonly condition: string; readonly note?: string | null }[];
}

export interface ProposeDispositionInput {
  readonly idempotencyKey: string;
  readonly returnId: string;
  readonly lines: readonly { readonly lineId: string; readonly disposition: Disposition }[];
}

export interface DecideDispositionInput {
  readonly idempotencyKey: string;
  readonly returnId: string;
  readonly contentHash: string;
  readonly note?: string | null;
}

interface Outcome {
  readonly return: ReturnState | null;
}

export type ReturnPayload = Payload<Outcome>;

/**
 * Can fail with DOCUMENT_EXISTS, UNKNOWN_SKU, UNKNOWN_LOCATION, UOM_UNMAPPED, INVALID_INPUT, TOO_MANY_ITEMS,
 * QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE.
 */
export async function authorizeReturn(
  deps: CommandDeps,
  input: AuthorizeReturnInput,
  context: RequestContext,
): Promise<ReturnPayload> {
  const known = await masterDataFor(deps, input.lines, input.locationId, context.identity);
  const action = "authorizeReturn";
  return runCommand<Outcome>(deps, {
    operation: action,
    input,
    context,
    refused: { return: null },
    work: async (tx, recorder) => {
      const nowMs = deps.clock.now();
      const returnId = input.id == null ? newId(nowMs) : parseDocumentId(input.id, ["input", "id"]);
      const orderId = parseDocumentId(input.orderId, ["input", "orderId"]);
      const locationId = parseKnownLocation(known, input.locationId);
      const lines = parseLines(known, input.lines).map((line, i) => ({
        ...line,
        reasonCode: parseReasonCode(input.lines[i]?.reasonCode ?? "", [...line.field, "reasonCode"]),
      }));
      const before = (await lockReturns(tx, [returnId])).get(returnId) ?? null;
      const event = authorize(before, { returnId, orderId, locationId, lines }, nowMs);
      const state = evolve(before, event);
      // Line n of the return is line n of the input.
      const entered = new Map(input.lines.map((line, i) => [i + 1, asEntered(known, line)]));
      await post(tx, recorder, nowMs, [{ event, before, state, action, entered }]);
      return { return: state };
    },
  });
}

/**
 * Can fail with UNKNOWN_DOCUMENT, ILLEGAL_TRANSITION, RETURN_EXCEEDED, UNKNOWN_SKU, UNKNOWN_LOCATION, UOM_UNMAPPED,
 * INVALID_INPUT, TOO_MANY_ITEMS, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE.
 */
export async function receiveReturn(
  deps: CommandDeps,
  input: ReceiveReturnInput,
  context: RequestContext,
): Promise<ReturnPayload> {
  const known = await masterDataFor(deps, input.lines, input.locationId, context.identity);
  const action = "receiveReturn";
  return runCommand<Outcome>(deps, {
    operation: action,
    input,
    context,
    refused: { return: null },
    work: async (tx, recorder) => {
      const nowMs = deps.clock.now();
      const announcedAs = input.returnId == null ? null : parseDocumentId(input.returnId, ["input", "returnId"]);
      const orderId = input.orderId == null ? null : parseDocumentId(input.orderId, ["input", "orderId"]);
      const locationId = input.locationId == null ? null : parseKnownLocation(known, input.locationId);
      const lines = parseLines(known, input.lines);
      const returnId = announcedAs ?? newId(nowMs);
      const before = announcedAs === null ? null : await lockReturn(tx, announcedAs, context.identity);
      const event = receive(before, { returnId, orderId, locationId, lines }, nowMs);
      const state = evolve(before, event);
      await post(tx, recorder, nowMs, [{ event, before, state, action }]);
      return { return: state };
    },
  });
}

/** Can fail with UNKNOWN_DOCUMENT, ILLEGAL_TRANSITION, INVALID_INPUT, TOO_MANY_ITEMS. */
export function inspectReturn(
  deps: CommandDeps,
  input: InspectReturnInput,
  context: RequestContext,
): Promise<ReturnPayload> {
  return judge(deps, "inspectReturn", input, context, (state, nowMs) => {
    const lines = parseNamed(input.lines, ({ condition, note }, field) => ({
      condition: parseCode(condition, limits.reasonCodeLengthMax, [...field, "condition"]),
      note: parseText(note, limits.noteLengthMax, [...field, "note"]),
    }));
    return inspect(state, { lines }, nowMs);
  });
}

/** Can fail with UNKNOWN_DOCUMENT, ILLEGAL_TRANSITION, INVALID_INPUT, TOO_MANY_ITEMS. */
export function proposeDisposition(
  deps: CommandDeps,
  input: ProposeDispositionInput,
  context: RequestContext,
): Promise<ReturnPayload> {
  return judge(deps, "proposeDisposition", input, context, (state, nowMs, proposedBy) => {
    const lines = parseNamed(input.lines, ({ disposition }) => ({ disposition }));
    return propose(state, { lines, proposedBy }, canonicalHash, nowMs);
  });
}

/** Can fail with UNKNOWN_DOCUMENT, ILLEGAL_TRANSITION, SAME_PERSON, CONTENT_CHANGED, INVALID_INPUT. */
export function decideDisposition(
  deps: CommandDeps,
  verdict: Decide["verdict"],
  input: DecideDispositionInput,
  context: RequestContext,
): Promise<ReturnPayload> {
  const action = verdict === "approved" ? "approveDisposition" : "rejectDisposition";
  return judge(deps, action, input, context, (state, nowMs, decidedBy) => {
    const note = parseText(input.note, limits.noteLengthMax, ["input", "note"]);
    return decide(state, { verdict, contentHash: input.contentHash, decidedBy, note }, nowMs);
  });
}

/** A command about a return that exists: under its lock, by the person who asks. */
function judge(
  deps: CommandDeps,
  action: string,
  input: { readonly idempotencyKey: string; readonly returnId: string },
  context: RequestContext,
  toEvent: (state: ReturnState, nowMs: number, person: string) => ReturnEvent,
): Promise<ReturnPayload> {
  return runCommand<Outcome>(deps, {
    operation: action,
    input,
    context,
    refused: { return: null },
    work: async (tx, recorder) => {
      const nowMs = deps.clock.now();
      const before = await lockReturn(tx, parseDocumentId(input.returnId, ["input", "returnId"]), context.identity);
      const event = toEvent(before, nowMs, recorder.cause.person);
      const state = evolve(before, event);
      await post(tx, recorder, nowMs, [{ event, before, state, action }]);
      return { return: state };
    },
  });
}

/** Fails with UNKNOWN_DOCUMENT. */
async function lockReturn(tx: Transaction, returnId: string, caller: Caller): Promise<ReturnState> {
  const known = (await lockReturns(tx, [returnId])).get(returnId);
  const [state] = await sightOf(caller, tx).only([known], ({ locationId }) => [locationId]);
  if (state) return state;
  const message = `No such return: ${returnId}.`;
  throw new AppError("UNKNOWN_DOCUMENT", { returnId, message, field: ["input", "returnId"] });
}

/** The lines that an input names by their number. */
function parseNamed<L extends { readonly lineId: string }, R extends object>(
  lines: readonly L[],
  rest: (line: L, field: readonly string[]) => R,
): (NamedLine & R)[] {
  assertFew(lines);
  return lines.map((line, i) => {
    const field = ["input", "lines", String(i)];
    return { lineNumber: Number(line.lineId), field, ...rest(line, field) };
  });
}

async function masterDataFor(
  deps: CommandDeps,
  lines: readonly EnteredQuantity[],
  locationId: string | null | undefined,
  caller: Caller,
): Promise<MasterData> {
  // A list that is too long is refused below; nobody waits for what is beyond its end.
  const items = lines.slice(0, limits.commandItemsMax);
  return waitForMasterData(deps.db, { items, locationIds: locationId == null ? [] : [locationId] }, { caller });
}

function parseKnownLocation(known: MasterData, locationId: string): string {
  const field = ["input", "locationId"];
  return known.location(parseLocationId(locationId, field), field).locationId;
}

function parseLines(known: MasterData, lines: readonly EnteredQuantity[]): EnteredLine[] {
  assertFew(lines);
  return lines.map((line, i) => {
    const field = ["input", "lines", String(i)];
    const sku = parseSku(line.sku, [...field, "sku"]);
    assertPositive(line.quantity, [...field, "quantity"]);
    // Rounded down when authorised and when received: parts of a whole never add up to more than it.
    return { sku, quantity: known.baseUnits(line, "supply", field), field };
  });
}

function assertFew(lines: readonly unknown[]): void {
  if (lines.length <= limits.commandItemsMax) return;
  const message = `A return has at most ${limits.commandItemsMax} lines.`;
  throw new AppError("TOO_MANY_ITEMS", { message, field: ["input", "lines"] });
}

function parseReasonCode(value: string, field: readonly string[]): string {
  return parseCode(value, limits.reasonCodeLengthMax, field);
}

function asEntered(known: MasterData, line: EnteredQuantity): Entered {
  return { uom: line.unit ?? known.product(line.sku).baseUnit, enteredQuantity: line.quantity };
}
