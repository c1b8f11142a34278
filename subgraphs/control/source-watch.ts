/**
 * Notices that a system has not been heard of for a while, and that it is back.
 *
 * A system that runs says so every second on every partition, whether it has facts or not. The replicas tell each other
 * what they have heard through the cache; one that has never been heard of is late from the start of this watch on.
 */
import type { CacheStore } from "../../shared/cache/cache-store.ts";
import { type Clock, isoTime } from "../../shared/clock.ts";
import type { Committed } from "../../shared/command.ts";
import type { SystemName } from "../../shared/config.ts";
import type { Database } from "../../shared/db/database.ts";
import type { Heartbeat } from "../../shared/events/canonical-event.ts";
import { createRounds, type Part } from "../../shared/lifecycle.ts";
import { limits } from "../../shared/limits.ts";
import type { Logger } from "../../shared/logging.ts";
import { createRecorder, ownCause } from "../../shared/recorder.ts";
import { applyToQueue, type Change, openKeyOf } from "./exceptions.ts";
import { openAmong } from "./store/exceptions.ts";

export interface SourceWatch extends Part {
  hear(heartbeats: readonly Heartbeat[]): void;
  /** One round; how many systems went silent or came back. */
  look(): Promise<number>;
}

interface WatchDeps {
  readonly db: Database;
  readonly cache: CacheStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly committed: Committed;
}

/** All but this one: if it is silent, nobody is left to say so. */
const watched = ["erp", "wms", "returns", "availability"] as const satisfies readonly SystemName[];
const keyOf = (system: SystemName) => `heard:${system}`;
const keptMs = 30 * 24 * 3_600_000;

export function createSourceWatch({ db, cache, clock, log, committed }: WatchDeps): SourceWatch {
  const heard = new Map<SystemName, number>();
  const beganMs = clock.now();

  function note(system: SystemName, timeMs: number): void {
    if (timeMs > (heard.get(system) ?? 0)) heard.set(system, timeMs);
  }

  function hear(heartbeats: readonly Heartbeat[]): void {
    for (const { system, timeMs } of heartbeats) note(system, timeMs);
  }

  async function exchange(): Promise<void> {
    const own = [...heard].map(([system, timeMs]) => ({ key: keyOf(system), version: timeMs }));
    await cache.putMany(own.map(({ key, version }) => ({ key, version, value: String(version), ttlMs: keptMs })));
    const known = await cache.getMany(watched.map(keyOf));
    for (const [i, value] of known.entries()) if (value) note(watched[i] as SystemName, value.version);
  }

  async function look(): Promise<number> {
    await exchange();
    const nowMs = clock.now();
    const recorder = createRecorder("control", clock, ownCause("control", nowMs));
    const open = await openAmong(
      db,
      watched.map((system) => openKeyOf(topicOf(system))),
    );
    const changes = watched.flatMap((system): Change[] => {
      const topic = topicOf(system);
      const lastMs = heard.get(system) ?? null;
      const isSilent = nowMs - (lastMs ?? beganMs) > limits.sourceSilentMs;
      if (isSilent === open.has(openKeyOf(topic))) return [];
      if (!isSilent) return [{ kind: "clear", topic }];
      const since = lastMs === null ? "has not been heard of" : `was last heard of at ${isoTime(lastMs)}`;
      const about = { sku: null, locationId: null, quantity: null, document: null };
      const { correlationId } = recorder.cause;
      return [
        { kind: "raise", finding: { ...topic, ...about, correlationId, hint: `The system ${system} ${since}.` } },
      ];
    });
    if (changes.length === 0) return 0;
    committed(
      await db.transaction(async (tx) => {
        recorder.clear();
        await applyToQueue(tx, recorder, changes, nowMs);
        return recorder.flush(tx);
      }),
    );
    return changes.length;
  }

  const rounds = createRounds({ name: "source-watch", everyMs: limits.sourceWatchEveryMs, log, round: look });
  return { ...rounds, look, hear };
}

function topicOf(system: SystemName) {
  return { type: "STALE_SOURCE", subject: `source:${system}` } as const;
}
