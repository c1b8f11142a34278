/**
 * What tests of the bus start from: facts in a partition of choice, a handler that remembers, a publisher as stubborn
 * as the relay.
 *
 * A fact's id follows from its SKU and number; see `events.ts`.
 */
import { vi } from "vitest";
import { type AnyEvent, partitionOf } from "../../shared/events/canonical-event.ts";
import { limits } from "../../shared/limits.ts";
import type { Batch, Bus } from "../../shared/messaging/bus.ts";
import { canonicalEvent } from "./events.ts";

/** A receipt of one unit. */
export function fact(sku: string, seq: number): AnyEvent {
  return canonicalEvent("wms", "receipt.recorded", `${sku}|L`, seq, {
    sku,
    locationId: "L",
    quantity: 1,
    toBucket: "dock",
    data: { deltas: { dock: 1 } },
  });
}

/** A SKU whose events are in this partition. */
export function skuIn(partition: number): string {
  for (let i = 0; ; i++) {
    const sku = `SKU-${i}`;
    if (partitionOf({ sku, partitionKey: "" }, limits.eventPartitions) === partition) return sku;
  }
}

export interface Collector {
  readonly batches: Batch[];
  readonly handler: (batch: Batch) => Promise<void>;
  /** Ids of all events, in the order they came. */
  ids(): string[];
  /** Those of `published` that came, in the order they came. */
  own(published: readonly AnyEvent[]): AnyEvent[];
}

export function collector(): Collector {
  const batches: Batch[] = [];
  const events = () => batches.flatMap((batch) => batch.events);
  return {
    batches,
    handler: async (batch) => {
      batches.push(batch);
    },
    ids: () => events().map(({ id }) => id),
    own(published) {
      const ids = new Set(published.map(({ id }) => id));
      return events().filter(({ id }) => ids.has(id));
    },
  };
}

/** As the relay does it: what could not be delivered is published again. */
export async function publishAll(bus: Bus, events: readonly AnyEvent[]): Promise<void> {
  await vi.waitFor(() => bus.publish("facts", events), { timeout: 10_000, interval: 1 });
}

/** Looks again until it is so: another connection is at work. */
export function eventually(assertion: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(assertion, { timeout: 15_000, interval: 10 });
}
