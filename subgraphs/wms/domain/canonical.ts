/**
 * From a journalled movement to the canonical event that tells the other systems.
 *
 * The event carries what the balance became of it: `deltas` for a move, the whole stock for a snapshot. Its sequence
 * number is the balance's version. A superseded movement changed nothing and is told to nobody.
 */
import type { Bucket, Buckets } from "../../../shared/events/canonical-event.ts";
import { buckets, onHandOf } from "../../../shared/events/canonical-event.ts";
import { partitionKey } from "../../../shared/ids.ts";
import type { NewEvent } from "../../../shared/recorder.ts";
import type { Balance } from "./balance.ts";
import type { Effect, StockEventType, StockFact } from "./stock-fact.ts";
import type { CountedTransfer } from "./transfer.ts";

const eventTypes = {
  RECEIPT: "receipt.recorded",
  PUTAWAY: "putaway.completed",
  PICK: "pick.confirmed",
  SHIPMENT: "shipment.confirmed",
  SHIPMENT_VOID: "shipment.voided",
  STATUS_CHANGE: "stock.status.changed",
  ADJUSTMENT: "adjustment.posted",
} as const satisfies Record<Exclude<StockEventType, "SNAPSHOT">, string>;

type MoveEventType = (typeof eventTypes)[keyof typeof eventTypes] | "transfer.shipped" | "transfer.received";

export interface Movement {
  /** Also the id of the canonical event. */
  readonly id: string;
  readonly fact: StockFact;
  readonly effect: Effect;
  /** As it became. */
  readonly balance: Balance;
  /** The unit of the entered quantity. */
  readonly uom: string | null;
  /** RFC 3339, when it happened. */
  readonly time: string;
  /** What it meant for the transfer that its document names; null where it is not about one. */
  readonly counted: CountedTransfer | null;
}

/** `data.deltas` holds the buckets that changed. */
export function toCanonicalEvent(movement: Movement): NewEvent<MoveEventType> | NewEvent<"inventory.snapshot"> {
  const { fact, effect, balance } = movement;
  const common = {
    id: movement.id,
    time: movement.time,
    quantity: effect.quantity,
    enteredQuantity: fact.quantity,
    uom: movement.uom,
    documentRef: fact.documentRef,
    reasonCode: fact.reasonCode,
    note: fact.note,
  };
  if (fact.type === "SNAPSHOT" || effect.kind === "count") {
    return { ...snapshotEvent(fact.sku, fact.locationId, balance), ...common };
  }
  return {
    ...placeOf(fact.sku, fact.locationId, balance),
    ...common,
    fromBucket: effect.from,
    toBucket: effect.to,
    ...toldAs(fact.type, withoutZeros(effect.deltas), movement.counted),
  };
}

/** What leaves for, or arrives with, a transfer is told as such; the rest by its own type. */
function toldAs(
  type: keyof typeof eventTypes,
  deltas: Partial<Buckets>,
  counted: CountedTransfer | null,
): Pick<NewEvent<MoveEventType>, "type" | "data" | "toLocationId"> {
  if (counted === null) return { type: eventTypes[type], data: { deltas } };
  const { bridged, settled, destinationId } = counted;
  if (type === "SHIPMENT") return { type: "transfer.shipped", toLocationId: destinationId, data: { deltas, bridged } };
  if (type === "RECEIPT") return { type: "transfer.received", data: { deltas, settled } };
  return { type: eventTypes[type], data: type === "SHIPMENT_VOID" ? { deltas, settled } : { deltas } };
}

/** The whole of a balance, as of its version. */
export function snapshotEvent(sku: string, locationId: string, balance: Balance): NewEvent<"inventory.snapshot"> {
  return {
    ...placeOf(sku, locationId, balance),
    type: "inventory.snapshot",
    quantity: onHandOf(balance.stock),
    data: { asOfSeq: balance.version, wms: balance.stock },
  };
}

function placeOf(sku: string, locationId: string, balance: Balance) {
  return { sourceSeq: balance.version, partitionKey: partitionKey(sku, locationId), sku, locationId };
}

function withoutZeros(deltas: Buckets): Partial<Buckets> {
  const changed: Partial<Record<Bucket, number>> = {};
  for (const bucket of buckets) if (deltas[bucket] !== 0) changed[bucket] = deltas[bucket];
  return changed;
}
