/**
 * Looks for positions with a hole in an owner's sequence that has not closed by itself, and asks the owner again.
 *
 * The owner answers with its events once more and with a snapshot; asking twice is harmless.
 */
import type { Clock } from "../../shared/clock.ts";
import type { Committed } from "../../shared/command.ts";
import type { Database } from "../../shared/db/database.ts";
import { partitionKey } from "../../shared/ids.ts";
import { createRounds, type Part } from "../../shared/lifecycle.ts";
import { limits } from "../../shared/limits.ts";
import type { Logger } from "../../shared/logging.ts";
import { createRecorder, ownCause } from "../../shared/recorder.ts";
import { markResyncAsked, positionsWithGap } from "./store/positions.ts";

export interface GapWatch extends Part {
  /** One round; how many owners were asked. */
  look(): Promise<number>;
}

interface GapWatchDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly committed: Committed;
}

export function createGapWatch({ db, clock, log, committed }: GapWatchDeps): GapWatch {
  async function look(): Promise<number> {
    const nowMs = clock.now();
    const asked = await db.transaction(async (tx) => {
      const gaps = await positionsWithGap(tx, nowMs - limits.gapHoldMs, nowMs - limits.resyncEveryMs);
      if (gaps.length === 0) return [];
      const recorder = createRecorder("availability", clock, ownCause("availability", nowMs));
      for (const { sku, locationId, version, owner } of gaps) {
        const key = partitionKey(sku, locationId);
        recorder.event({
          type: "snapshot.requested",
          sourceSeq: version,
          partitionKey: key,
          sku,
          locationId,
          data: { system: owner },
        });
      }
      await markResyncAsked(tx, gaps, nowMs);
      log.warn({ gaps: gaps.length }, "events are missing: asked their owners again");
      return recorder.flush(tx);
    });
    if (asked.length > 0) committed(asked);
    return asked.length;
  }

  const rounds = createRounds({ name: "gap-watch", everyMs: limits.gapHoldMs, log, round: look });
  return { ...rounds, look };
}
