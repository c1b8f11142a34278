/**
 * What availability counts beyond what every system does: how fresh its sources are, its rows that are kept, and
 * reservations that share a transaction.
 *
 * Reads what others count anyway; changes nothing and is waited for by nobody.
 */
import type { Clock } from "../../shared/clock.ts";
import type { Metrics } from "../../shared/metrics/metrics.ts";
import type { KeptRows } from "./loaders.ts";
import type { Watermarks } from "./watermarks.ts";

export interface MeasuredParts {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly watermarks: Pick<Watermarks, "oldest">;
  /** Null: no rows are kept. */
  readonly rowCache: KeptRows | null;
}

export function measureAvailability({ metrics, clock, watermarks, rowCache }: MeasuredParts): void {
  metrics.read("sources", (put) => {
    for (const [source, heardMs] of Object.entries(watermarks.oldest())) {
      const ageS = heardMs === null ? Number.POSITIVE_INFINITY : Math.max(0, clock.now() - heardMs) / 1_000;
      put("inventory_source_age_seconds", { source }, ageS);
    }
  });
  if (!rowCache) return;
  const { positions, products, locations, places } = rowCache;
  metrics.read("row-cache", (put) => {
    for (const [rows, { counters }] of Object.entries({ positions, products, locations, places })) {
      const { hits, sharedHits, loads, bypassed, refused } = counters;
      const results = { hit: hits, shared_hit: sharedHits, load: loads, bypassed, refused };
      for (const [result, count] of Object.entries(results)) put("inventory_row_cache_total", { rows, result }, count);
    }
  });
}

/** Of reservations that go together. */
export interface BatchWatch {
  /** So many share a transaction. */
  begun(count: number): void;
  /** How many wait can be read here. */
  waiting(read: () => number): void;
}

export const unwatched: BatchWatch = { begun: () => {}, waiting: () => {} };

export function watchBatches(metrics: Metrics): BatchWatch {
  const sizes = metrics.histogram("inventory_reservation_batch_size", {});
  return {
    begun: (count) => sizes.observe(count),
    waiting: (read) => metrics.read("reservations", (put) => put("inventory_reservations_waiting", {}, read())),
  };
}
