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

export interface Watermarks extends Part {
  advance(partition: number, heartbeats: readonly Heartbeat[]): Promise<void>;
  /** Milliseconds since the epoch per owner; null for one that has never been heard of. */
  of(sku: string): Readonly<Record<SourceSystem, number | null>>;
  /** Takes over what other replicas know. */
  refresh(): Promise<void>;
}

/** Longer than any outage one would want to be remembered as "never heard of". */
const keptMs = 30 * 24 * 3_600_000;

export function createWatermarks(cache: CacheStore, partitions: number, log: Logger): Watermarks {
  const known = new Map<string, number>();
  const keyOf = (owner: SourceSystem, partition: number) => `watermark:${owner}:${partition}`;
  const keys = sourceSystems.flatMap((owner) => Array.from({ length: partitions }, (_, p) => keyOf(owner, p)));

  function raise(key: string, timeMs: number): boolean {
    if ((known.get(key) ?? 0) >= timeMs) return false;
    known.set(key, timeMs);
    return true;
  }

  async function refresh(): Promise<void> {
    const values = await cache.getMany(keys);
    values.forEach((value, i) => {
      if (value) raise(keys[i] as string, value.version);
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
        .map(({ system, timeMs }) => ({ key: keyOf(system as SourceSystem, partition), timeMs }))
        .filter(({ key, timeMs }) => raise(key, timeMs));
      await cache.putMany(
        raised.map(({ key, timeMs }) => ({ key, version: timeMs, value: String(timeMs), ttlMs: keptMs })),
      );
    },
    of(sku) {
      const partition = partitionOf({ sku, partitionKey: sku }, partitions);
      return {
        erp: known.get(keyOf("erp", partition)) ?? null,
        wms: known.get(keyOf("wms", partition)) ?? null,
        returns: known.get(keyOf("returns", partition)) ?? null,
      };
    },
    refresh,
  };
}
