/**
 * Writes what events of returns change: documents, positions, movements, audit rows and canonical events.
 *
 * The one place where a position of `returns` changes, so a figure never moves without its movement. Decides nothing:
 * the events come from `domain/return.ts`, and the documents are locked by the caller.
 */
import { isoTime } from "../../shared/clock.ts";
import type { Transaction } from "../../shared/db/database.ts";
import type { CanonicalEvent } from "../../shared/events/canonical-event.ts";
import { partitionKey } from "../../shared/ids.ts";
import { assertQuantity } from "../../shared/quantity.ts";
import type { Cause, NewEvent, Recorder } from "../../shared/recorder.ts";
import type { LineQuantity, ReturnEvent, ReturnState } from "./domain/return.ts";
import type { MovementRow, PositionRow } from "./entities.ts";
import { addMovements, keyOf, lockPositions, savePositions, saveReturns } from "./store.ts";

/** A quantity as the caller wrote it. */
export interface Entered {
  readonly uom: string;
  readonly enteredQuantity: number;
}

export interface Posting {
  readonly event: ReturnEvent;
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
      const moved = move(positions.get(keyOf(key)) as PositionRow, deltaOf(posting.event, line), nowMs);
      positions.set(keyOf(key), moved);
      const eventId = recorder.event(canonicalEvent(posting, line, moved), posting.cause);
      if (posting.event.type !== "authorized") movements.push(movementOf(posting, line, moved, eventId, nowMs));
    }
    audit(recorder, posting, positions);
  }
  await saveReturns(tx, [...new Map(postings.map(({ state }) => [state.returnId, state])).values()]);
  await savePositions(tx, [...positions.values()]);
  await addMovements(tx, movements);
}

function deltaOf(event: ReturnEvent, line: LineQuantity): number {
  if (event.type === "received") return line.quantity;
  return event.type === "restocked" ? -line.quantity : 0;
}

function move(position: PositionRow, quarantinedDelta: number, nowMs: number): PositionRow {
  return {
    ...position,
    quarantined: assertQuantity(position.quarantined + quarantinedDelta),
    version: position.version + 1,
    updatedAtMs: nowMs,
  };
}

function canonicalEvent(posting: Posting, line: LineQuantity, position: PositionRow): NewEvent {
  const { event, state } = posting;
  const { sku, locationId } = position;
  const { returnId } = state;
  const entered = posting.entered?.get(line.lineNumber);
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
    reasonCode: state.lines.find(({ lineNumber }) => lineNumber === line.lineNumber)?.reasonCode ?? null,
  };
  const quarantinedDelta = deltaOf(event, line);
  switch (event.type) {
    case "authorized":
      return { ...common, type: "return.authorized", data: { returnId } } satisfies NewEvent<"return.authorized">;
    case "received":
      return {
        ...common,
        type: "return.received",
        toBucket: "quarantine",
        data: { returnId, quarantinedDelta, announced: state.announced },
      } satisfies NewEvent<"return.received">;
    case "restocked":
      return {
        ...common,
        type: "return.restocked",
        fromBucket: "quarantine",
        toBucket: "unrestricted",
        data: { returnId, quarantinedDelta },
      } satisfies NewEvent<"return.restocked">;
  }
}

function movementOf(
  { event, state }: Posting,
  line: LineQuantity,
  position: PositionRow,
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
    quarantinedDelta: deltaOf(event, line),
    inInspectionDelta: 0,
    restockApprovedDelta: 0,
    occurredAtMs: event.atMs,
    recordedAtMs: nowMs,
  };
}

function audit(recorder: Recorder, posting: Posting, positions: ReadonlyMap<string, PositionRow>): void {
  const { action, cause, event, state } = posting;
  const { returnId, status, announced, version, locationId } = state;
  recorder.audit(
    { subject: `return:${returnId}`, action, detail: { status, announced, version, lines: event.lines } },
    cause,
  );
  if (event.type === "authorized") return;
  for (const sku of new Set(event.lines.map((line) => line.sku))) {
    const position = positions.get(keyOf({ sku, locationId })) as PositionRow;
    recorder.audit(
      {
        subject: `position:${partitionKey(sku, locationId)}`,
        action,
        detail: { returnId, quarantined: position.quarantined, version: position.version },
      },
      cause,
    );
  }
}
