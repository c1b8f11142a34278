/**
 * Up to when each owner's facts are known here, per stream partition.
 *
 * A position that has not changed for a week is as fresh as its owner's last heartbeat that came after everything the
 * owner had published. The replica that reads a partition moves its watermark; the others learn of it through the
 * cache. A watermark never goes back.
 */
import type { CacheStore } from "../../shared/cache/cache-store.ts";
import { type Heartbeat, partitionOf } from "../../shared/events/canonical-event.ts";
import { createRounds, type Part } from "../../shared/lifecycle.ts";
import { limits } from "../../shared/limits.ts";
import type { Logger } from "../../shared/logging.ts";
import { type SourceSystem, sourceSystems } from "./domain/position.ts";
import { isOwner } from "./domain/projection.ts";

export type Heard = Readonly<Record<SourceSystem, number | null>>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface Watermarks extends Part {
  advance(partition: number, heartbeats: readonly Heartbeat[]): Promise<void>;
  /** Milliseconds since the epoch per owner; null for one that has never been heard of. */
  of(sku: string): Heard;
  /** Of the partition in which the owner was heard of longest ago; null: of one never. */
  oldest(): Heard;
  /** Takes over what other replicas know. */
  refresh(): Promise<void>;
}

/** Longer than any outage one would want to be remembered as "never heard of". */
const keptMs = 30 * 24 * 3_600_000;

export function createWatermarks(cache: CacheStore, partitions: number, log: Logger): Watermarks {
  const known: Mutable<Heard>[] = Array.from({ length: partitions }, () => ({ erp: null, wms: null, returns: null }));
  const keyOf = (owner: SourceSystem, partition: number) => `watermark:${owner}:${partition}`;
  const places = sourceSystems.flatMap((owner) =>
    Array.from({ length: partitions }, (_, partition) => ({ owner, partition })),
  );
  const keys = places.map(({ owner, partition }) => keyOf(owner, partition));

  function raise(owner: SourceSystem, partition: number, timeMs: number): boolean {
    const heard = known[partition];
    if (!heard || (heard[owner] ?? 0) >= timeMs) return false;
    heard[owner] = timeMs;
    return true;
  }

  async function refresh(): Promise<void> {
    const values = await cache.getMany(keys);
    values.forEach((value, i) => {
      const { owner, partition } = places[i] as (typeof places)[number];
      if (value) raise(owner, partition, value.version);
    });
  }

  const rounds = createRounds({ name: "watermarks", everyMs: limits.heartbeatEveryMs, log, round: refresh });
  return {
    ...rounds,
    async start() {
      await refresh();
      await rounds.start();
    },
    async advance(partition, heartbeats) {
      const raised = heartbeats
        .filter(({ system }) => isOwner(system))
        .filter(({ system, timeMs }) => raise(system as SourceSystem, partition, timeMs))
        .map(({ system, timeMs }) => ({ key: keyOf(system as SourceSystem, partition), timeMs }));
      await cache.putMany(
        raised.map(({ key, timeMs }) => ({ key, version: timeMs, value: String(timeMs), ttlMs: keptMs })),
      );
    },
    of(sku) {
      return known[partitionOf({ sku, partitionKey: sku }, partitions)] as Heard;
    },
    oldest() {
      const ofOwner = (owner: SourceSystem) =>
        known.map((heard) => heard[owner]).reduce((a, b) => (a === null || b === null ? null : Math.min(a, b)));
      return { erp: ofOwner("erp"), wms: ofOwner("wms"), returns: ofOwner("returns") };
    },
    refresh,
  };
}
