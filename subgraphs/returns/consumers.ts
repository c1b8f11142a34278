/**
 * What the other systems' facts do here: master data fills the replica, what the warehouse does with returned units
 * takes them out of quarantine, a request for a snapshot is answered.
 *
 * A batch is one transaction with a constant number of statements. A fact that cannot be true (no such return, more
 * than is in quarantine) fails by itself and becomes a dead letter.
 */
import type { Clock } from "../../shared/clock.ts";
import type { Transaction } from "../../shared/db/database.ts";
import { AppError } from "../../shared/errors.ts";
import type { AnyEvent, CanonicalEvent } from "../../shared/events/canonical-event.ts";
import { partitionKey, positionText } from "../../shared/ids.ts";
import { applyMasterData } from "../../shared/master-data.ts";
import { type ConsumerSpec, causeOf } from "../../shared/messaging/consumer.ts";
import type { Recorder } from "../../shared/recorder.ts";
import { type Departure, depart } from "./domain/departure.ts";
import { evolve, type ReturnState } from "./domain/return.ts";
import type { PositionRow } from "./entities.ts";
import { type Posting, post } from "./posting.ts";
import { lockPositions, lockReturns, type PositionKey, savePositions } from "./store.ts";

const consumerName = "returns";

export function createConsumers(clock: Clock): ConsumerSpec[] {
  return [
    {
      name: consumerName,
      topic: "facts",
      types: ["master.changed", ...departures, "snapshot.requested"],
      concerns: (event) => !isFromWarehouse(event) || isDeparture(event),
      async handle(tx, events, recorder) {
        await applyMasterData(tx, events);
        await follow(tx, events, recorder, clock.now());
        await answerSnapshots(tx, events, recorder, clock.now());
      },
    },
  ];
}

/** What took returned units out of quarantine: to the shelf, to another bucket, or out of the building. */
const departures = ["putaway.completed", "stock.status.changed", "shipment.confirmed", "adjustment.posted"] as const;
type DepartureEvent = AnyEvent & CanonicalEvent<(typeof departures)[number]>;

async function follow(tx: Transaction, events: readonly AnyEvent[], recorder: Recorder, nowMs: number) {
  const facts = events.filter(isDeparture).map((event) => ({ event, fact: toDeparture(event) }));
  if (facts.length === 0) return;
  const states: Map<string, ReturnState> = await lockReturns(
    tx,
    facts.map(({ fact }) => fact.returnId),
  );
  const postings = facts.map(({ event, fact }): Posting => {
    const before = states.get(fact.returnId) ?? null;
    const departed = depart(before, fact, Date.parse(event.time));
    const state = evolve(before, departed);
    states.set(fact.returnId, state);
    const action = fact.toShelf ? "restockReturn" : "removeReturn";
    return { event: departed, before, state, action, cause: causeOf(consumerName, event) };
  });
  await post(tx, recorder, nowMs, postings);
}

function isFromWarehouse(event: AnyEvent): event is DepartureEvent {
  return (departures as readonly string[]).includes(event.type);
}

function isDeparture(event: AnyEvent): event is DepartureEvent {
  return isFromWarehouse(event) && event.documentRef?.type === "RETURN" && event.fromBucket === "quarantine";
}

function toDeparture(event: DepartureEvent): Departure {
  const { sku, locationId } = positionOf(event);
  // An adjustment that takes away says so with its sign.
  const quantity = Math.abs(event.quantity ?? 0);
  const toShelf = event.toBucket === "unrestricted";
  return { returnId: event.documentRef?.id ?? "", sku, locationId, quantity, toShelf };
}

/** One snapshot a position, however often it was asked for: it counts as an event in the position's sequence. */
async function answerSnapshots(tx: Transaction, events: readonly AnyEvent[], recorder: Recorder, nowMs: number) {
  const asked = new Map<string, AnyEvent>();
  for (const event of events) {
    if (event.type === "snapshot.requested" && event.data.system === "returns") {
      asked.set(positionText(positionOf(event)), event);
    }
  }
  if (asked.size === 0) return;
  const positions = await lockPositions(tx, [...asked.values()].map(positionOf));
  const told: PositionRow[] = [];
  for (const [key, request] of asked) {
    const position = positions.get(key) as PositionRow;
    const { sku, locationId, quarantined, inInspection, restockApproved } = position;
    const version = position.version + 1;
    told.push({ ...position, version, updatedAtMs: nowMs });
    recorder.event(
      {
        type: "inventory.snapshot",
        sourceSeq: version,
        partitionKey: partitionKey(sku, locationId),
        sku,
        locationId,
        data: { asOfSeq: version, returns: { quarantined, inInspection, restockApproved } },
      },
      causeOf(consumerName, request),
    );
  }
  await savePositions(tx, told);
}

function positionOf(event: Pick<CanonicalEvent, "id" | "sku" | "locationId">): PositionKey {
  const { sku, locationId } = event;
  if (sku === null || locationId === null) {
    throw new AppError("INVALID_INPUT", { message: `Event ${event.id} names no SKU and location.` });
  }
  return { sku, locationId };
}
