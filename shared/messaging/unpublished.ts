/**
 * Changes that are committed and not published yet: what nobody can have heard of.
 *
 * Looks into the outbox itself, so it holds also while the relay or Redis stands still: whoever keeps something relies
 * on it only while the last look is young enough and does not name it. Publishes nothing.
 */
import type { Clock } from "../clock.ts";
import type { Database } from "../db/database.ts";
import { byIndex } from "../db/statements.ts";
import type { Topic } from "../events/topics.ts";
import { createRounds, type Part } from "../lifecycle.ts";
import { limits } from "../limits.ts";
import type { Logger } from "../logging.ts";

export interface Unpublished extends Part {
  /** Is the last look young enough? */
  known(): boolean;
  /** Had nothing of this partition key to be published when last looked at? */
  isPublished(partitionKey: string): boolean;
  /** Looks now. */
  look(): Promise<void>;
}

export interface UnpublishedParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly topic: Topic;
  /** What was found waiting: nothing older of it is to be relied on. */
  readonly found: (partitionKeys: readonly string[]) => void;
}

export function createUnpublished({ db, clock, log, topic, found }: UnpublishedParts): Unpublished {
  let waiting: ReadonlySet<string> = new Set();
  let tooMany = false;
  let lookedAtMs = 0;

  async function look(): Promise<void> {
    const beganMs = clock.now();
    const rows = await db.query<{ partition_key: string }>(
      `SELECT DISTINCT partition_key FROM outbox${byIndex(db.dialect, "outbox_state")} WHERE state IN ('new', 'claimed') AND topic = ?
        LIMIT ${limits.unpublishedPositionsMax + 1}`,
      [topic],
    );
    const keys = rows.map((row) => row.partition_key);
    tooMany = keys.length > limits.unpublishedPositionsMax;
    waiting = new Set(keys);
    lookedAtMs = beganMs;
    if (keys.length > 0) found(keys);
  }

  const everyMs = limits.unpublishedLookMs;
  const rounds = createRounds({ name: "unpublished", everyMs, log, round: look });
  return {
    ...rounds,
    async start() {
      await look();
      await rounds.start();
    },
    known: () => !tooMany && clock.now() - lookedAtMs <= limits.unpublishedLookAgeMs,
    isPublished: (partitionKey) => !waiting.has(partitionKey),
    look,
  };
}
