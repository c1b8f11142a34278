/**
 * Writes what events of returns change: documents, positions, movements, audit rows and canonical events.
 *
 * The one place where a position of `returns` changes, so a figure never moves without its movement. Decides nothing:
 * the events come from `domain/return.ts`, and the documents are locked by the caller.
 */
import { isoTime } from "../../shared/clock.ts";
import type { Transaction } from "../../shared/db/database.ts";
import type { CanonicalEvent } from "../../shared/events/canonical-event.ts";
import { partitionKey, positionText } from "../../shared/ids.ts";
import { assertQuantity } from "../../shared/quantity.ts";
import type { Cause, NewEvent, Recorder } from "../../shared/recorder.ts";
import { type Held, heldOf, type LineQuantity, type ReturnEvent, type ReturnState } from "./domain/return.ts";
import type { MovementRow, PositionRow } from "./entities.ts";
import { addMovements, lockPositions, savePositions, saveReturns } from "./store.ts";

/** A quantity as the caller wrote it. */
export interface Entered {
  readonly uom: string;
  readonly enteredQuantity: number;
}

export interface Posting {
  readonly event: ReturnEvent;
  /** The return before the event; null where it begins with it. */
  readonly before: ReturnState | null;
  /** The return after the event. */
  readonly state: ReturnState;
  readonly action: string;
  /** Where it differs from the recorder's. */
  readonly cause?: Cause;
  /** By line number, where a line of the event is a line of the caller. */
  readonly entered?: ReadonlyMap<number, Entered>;
}

/** In the order given; of several postings for one return the last one's state is kept. Fails with QUANTITY_OUT_OF_RANGE. */
export async function post(
  tx: Transaction,
  recorder: Recorder,
  nowMs: number,
  postings: readonly Posting[],
): Promise<void> {
  const keys = postings.flatMap(({ event, state }) =>
    event.lines.map(({ sku }) => ({ sku, locationId: state.locationId })),
  );
  const positions = await lockPositions(tx, keys);
  const movements: Omit<MovementRow, "id">[] = [];
  for (const posting of postings) {
    for (const line of posting.event.lines) {
      const key = { sku: line.sku, locationId: posting.state.locationId };
      const deltas = deltasOf(posting, line);
      const moved = move(positions.get(positionText(key)) as PositionRow, deltas, nowMs);
      positions.set(positionText(key), moved);
      const eventId = recorder.event(canonicalEvent(posting, line, moved, deltas), posting.cause);
      if (movesUnits(deltas)) movements.push(movementOf(posting, line, moved, deltas, eventId, nowMs));
    }
    audit(recorder, posting, positions);
  }
  await saveReturns(tx, [...new Map(postings.map(({ state }) => [state.returnId, state])).values()]);
  await savePositions(tx, [...positions.values()]);
  await addMovements(tx, movements);
}

/** What the event changed in the desk's figures: before and after differ by exactly that. */
function deltasOf({ before, state }: Posting, { lineNumber }: LineQuantity): Held {
  const was = heldOf(before, lineNumber);
  const is = heldOf(state, lineNumber);
  return {
    quarantined: is.quarantined - was.quarantined,
    inInspection: is.inInspection - was.inInspection,
    restockApproved: is.restockApproved - was.restockApproved,
  };
}

function movesUnits(deltas: Held): boolean {
  return deltas.quarantined !== 0 || deltas.inInspection !== 0 || deltas.restockApproved !== 0;
}

function move(position: PositionRow, deltas: Held, nowMs: number): PositionRow {
  return {
    ...position,
    quarantined: assertQuantity(position.quarantined + deltas.quarantined),
    inInspection: assertQuantity(position.inInspection + deltas.inInspection),
    restockApproved: assertQuantity(position.restockApproved + deltas.restockApproved),
    version: position.version + 1,
    updatedAtMs: nowMs,
  };
}

function canonicalEvent(posting: Posting, line: LineQuantity, position: PositionRow, deltas: Held): NewEvent {
  const { event, state } = posting;
  const { sku, locationId } = position;
  const { returnId } = state;
  const entered = posting.entered?.get(line.lineNumber);
  const document = state.lines.find(({ lineNumber }) => lineNumber === line.lineNumber);
  const common = {
    sourceSeq: position.version,
    partitionKey: partitionKey(sku, locationId),
    time: isoTime(event.atMs),
    sku,
    locationId,
    quantity: line.quantity,
    uom: entered?.uom ?? null,
    enteredQuantity: entered?.enteredQuantity ?? null,
    documentRef: { type: "RETURN", id: returnId, line: String(line.lineNumber) },
    reasonCode: document?.reasonCode ?? null,
  };
  const data = {
    returnId,
    quarantinedDelta: deltas.quarantined,
    inInspectionDelta: deltas.inInspection,
    restockApprovedDelta: deltas.restockApproved,
  };
  switch (event.type) {
    case "authorized":
      return { ...common, type: "return.authorized", data: { returnId } } satisfies NewEvent<"return.authorized">;
    case "received":
      return {
        ...common,
        type: "return.received",
        toBucket: "quarantine",
        data: { returnId, quarantinedDelta: deltas.quarantined, announced: state.announced },
      } satisfies NewEvent<"return.received">;
    case "inspected":
      return {
        ...common,
        type: "return.inspected",
        note: document?.inspectionNote ?? null,
        data: { ...data, condition: document?.condition ?? "" },
      } satisfies NewEvent<"return.inspected">;
    case "proposed":
    case "approved":
    case "rejected":
    case "removed":
      return {
        ...common,
        type: "return.dispositioned",
        note: event.type === "approved" || event.type === "rejected" ? event.note : null,
        fromBucket: event.type === "removed" ? "quarantine" : null,
        data: { ...data, step: steps[event.type], disposition: dispositionOf(posting, line) },
      } satisfies NewEvent<"return.dispositioned">;
    case "restocked":
      return {
        ...common,
        type: "return.restocked",
        fromBucket: "quarantine",
        toBucket: "unrestricted",
        data,
      } satisfies NewEvent<"return.restocked">;
  }
}

const steps = { proposed: "PROPOSED", approved: "APPROVED", rejected: "REJECTED", removed: "CARRIED_OUT" } as const;

/** The one that the event is about: a refusal has taken it off the line by now. */
function dispositionOf({ before, event, state }: Posting, { lineNumber }: LineQuantity): string | null {
  const then = event.type === "rejected" ? before : state;
  return then?.lines.find((line) => line.lineNumber === lineNumber)?.disposition ?? null;
}

function movementOf(
  { event, state }: Posting,
  line: LineQuantity,
  position: PositionRow,
  deltas: Held,
  eventId: CanonicalEvent["id"],
  nowMs: number,
): Omit<MovementRow, "id"> {
  return {
    sku: position.sku,
    locationId: position.locationId,
    positionVersion: position.version,
    eventId,
    returnId: state.returnId,
    lineNumber: line.lineNumber,
    quarantinedDelta: deltas.quarantined,
    inInspectionDelta: deltas.inInspection,
    restockApprovedDelta: deltas.restockApproved,
    occurredAtMs: event.atMs,
    recordedAtMs: nowMs,
  };
}

function audit(recorder: Recorder, posting: Posting, positions: ReadonlyMap<string, PositionRow>): void {
  const { action, cause, event, state } = posting;
  const { returnId, status, announced, version, locationId } = state;
  const { type: _type, atMs: _atMs, ...content } = event;
  recorder.audit({ subject: `return:${returnId}`, action, detail: { status, announced, version, ...content } }, cause);
  if (event.type === "authorized") return;
  for (const sku of new Set(event.lines.map((line) => line.sku))) {
    const { quarantined, inInspection, restockApproved, ...position } = positions.get(
      positionText({ sku, locationId }),
    ) as PositionRow;
    recorder.audit(
      {
        subject: `position:${partitionKey(sku, locationId)}`,
        action,
        detail: { returnId, quarantined, inInspection, restockApproved, version: position.version },
      },
      cause,
    );
  }
}
