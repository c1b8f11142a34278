/**
 * The other systems, played by hand: canonical events about the item A at the location L, in sequence per owner.
 */
import type { Clock } from "../../shared/clock.ts";
import { isoTime } from "../../shared/clock.ts";
import type { SystemName } from "../../shared/config.ts";
import {
  type AnyEvent,
  type Buckets,
  type EventData,
  type EventType,
  noStock,
} from "../../shared/events/canonical-event.ts";
import { canonicalEvent } from "./events.ts";

type Moves = "receipt.recorded" | "putaway.completed" | "pick.confirmed" | "shipment.confirmed" | "adjustment.posted";

const sku = "A";
const locationId = "L";
const key = `${sku}|${locationId}`;

export interface Facts {
  product(sku: string, more?: Partial<EventData["master.changed"]>): AnyEvent;
  location(locationId: string, more?: Partial<EventData["master.changed"]>): AnyEvent;
  moved(type: Moves, quantity: number, deltas: Partial<Buckets>, orderId?: string): AnyEvent;
  snapshot(buckets: Partial<Buckets>): AnyEvent;
  allocated(quantity: number, orderId?: string): AnyEvent;
  /** The ERP has posted a shipment of `quantity` against an order of which `committed` was still open. */
  posted(shipment: AnyEvent, committed: number): AnyEvent;
  returned(quantity: number): AnyEvent;
}

export function createFacts(clock: Clock): Facts {
  const sequences = new Map<SystemName, number>();

  function next<T extends EventType>(source: SystemName, type: T, data: EventData[T], more: object = {}): AnyEvent {
    const seq = (sequences.get(source) ?? 0) + 1;
    sequences.set(source, seq);
    const recordedAt = isoTime(clock.now());
    return canonicalEvent<T>(source, type, key, seq, { sku, locationId, data, recordedAt, ...more } as never);
  }

  return {
    product: (productSku, more = {}) =>
      canonicalEvent("erp", "master.changed", `product:${productSku}`, 1, {
        sku: productSku,
        data: {
          kind: "product",
          version: 1,
          name: `Item ${productSku}`,
          baseUnit: "EA",
          class: null,
          active: true,
          safetyStock: 0,
          units: [],
          ...more,
        } as EventData["master.changed"],
      }),
    location: (id, more = {}) =>
      canonicalEvent("erp", "master.changed", `location:${id}`, 1, {
        locationId: id,
        data: {
          kind: "location",
          version: 1,
          name: `Place ${id}`,
          type: "WAREHOUSE",
          timeZone: "UTC",
          sellable: true,
          ...more,
        } as EventData["master.changed"],
      }),
    moved: (type, quantity, deltas, orderId) =>
      next("wms", type, { deltas }, { quantity, documentRef: orderId ? { type: "ORDER", id: orderId } : null }),
    snapshot(stock) {
      const asOfSeq = (sequences.get("wms") ?? 0) + 1;
      return next("wms", "inventory.snapshot", { asOfSeq, wms: { ...noStock, ...stock } });
    },
    allocated: (quantity, orderId = "O1") =>
      next(
        "erp",
        "order.allocated",
        { committedDelta: quantity },
        { quantity, documentRef: { type: "ORDER", id: orderId } },
      ),
    posted: (shipment, committed) =>
      next("erp", "erp.posting.acknowledged", {
        postedEventId: shipment.id,
        bookDelta: -(shipment.quantity ?? 0),
        committedDelta: -committed,
        offset: "shipped",
        offsetDelta: -(shipment.quantity ?? 0),
      }),
    returned: (quantity) =>
      next("returns", "return.received", { returnId: "R1", quarantinedDelta: quantity }, { quantity }),
  };
}
