/**
 * What the other systems' facts do here: master data fills the replica, a putaway of returned units takes them out of
 * quarantine, a request for a snapshot is answered.
 *
 * A batch is one transaction with a constant number of statements. A putaway that cannot be true (no such return, more
 * than is in quarantine) fails by itself and becomes a dead letter.
 */
import type { Clock } from "../../shared/clock.ts";
import type { Transaction } from "../../shared/db/database.ts";
import { AppError } from "../../shared/errors.ts";
import type { AnyEvent, CanonicalEvent } from "../../shared/events/canonical-event.ts";
import { partitionKey } from "../../shared/ids.ts";
import { applyMasterData } from "../../shared/master-data.ts";
import { type ConsumerSpec, causeOf } from "../../shared/messaging/consumer.ts";
import type { Recorder } from "../../shared/recorder.ts";
import { evolve, type Restock, type ReturnState, restock } from "./domain/return.ts";
import type { PositionRow } from "./entities.ts";
import { type Posting, post } from "./posting.ts";
import { keyOf, lockPositions, lockReturns, type PositionKey, savePositions } from "./store.ts";

const consumerName = "returns";

export function createConsumers(clock: Clock): ConsumerSpec[] {
  return [
    {
      name: consumerName,
      topic: "facts",
      types: ["master.changed", "putaway.completed", "snapshot.requested"],
      async handle(tx, events, recorder) {
        await applyMasterData(tx, events);
        await restockAll(tx, events, recorder, clock.now());
        await answerSnapshots(tx, events, recorder, clock.now());
      },
    },
  ];
}

async function restockAll(tx: Transaction, events: readonly AnyEvent[], recorder: Recorder, nowMs: number) {
  const facts = events.filter(isRestock).map((event) => ({ event, fact: toRestock(event) }));
  if (facts.length === 0) return;
  const states: Map<string, ReturnState> = await lockReturns(
    tx,
    facts.map(({ fact }) => fact.returnId),
  );
  const postings = facts.map(({ event, fact }): Posting => {
    const before = states.get(fact.returnId) ?? null;
    const restocked = restock(before, fact, Date.parse(event.time));
    const state = evolve(before, restocked);
    states.set(fact.returnId, state);
    return { event: restocked, state, action: "restockReturn", cause: causeOf(consumerName, event) };
  });
  await post(tx, recorder, nowMs, postings);
}

function isRestock(event: AnyEvent): event is CanonicalEvent<"putaway.completed"> & AnyEvent {
  return (
    event.type === "putaway.completed" && event.documentRef?.type === "RETURN" && event.fromBucket === "quarantine"
  );
}

function toRestock(event: CanonicalEvent<"putaway.completed">): Restock {
  const { sku, locationId } = positionOf(event);
  return { returnId: event.documentRef?.id ?? "", sku, locationId, quantity: event.quantity ?? 0 };
}

/** One snapshot a position, however often it was asked for: it counts as an event in the position's sequence. */
async function answerSnapshots(tx: Transaction, events: readonly AnyEvent[], recorder: Recorder, nowMs: number) {
  const asked = new Map<string, AnyEvent>();
  for (const event of events) {
    if (event.type === "snapshot.requested" && event.data.system === "returns") {
      asked.set(keyOf(positionOf(event)), event);
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
