/**
 * The sealer: audit rows → seals, a moment after they were committed, each row once, in one chain a system.
 *
 * Sealing while the row is written would make every change of a system wait for the one before. So rows are taken when
 * they can be seen: those behind the highest sealed id, and those that turn up in gaps that were left, because ids are
 * given out before COMMIT and a lower one may be committed later. Sequences are unique: of two sealers that seal at
 * once one rolls back. It keeps nothing in memory that the next one would need; what it sealed last it looks for again,
 * so that a chain which is cut off or computed anew while it works is told at once. It does not judge older seals.
 */
import type { Clock } from "../clock.ts";
import type { Database } from "../db/database.ts";
import { createRounds, type Part } from "../lifecycle.ts";
import { limits } from "../limits.ts";
import type { Logger } from "../logging.ts";
import { chainEnd, gapsBelow, hashAt, insertSeals, replaceGaps, rowsAfter, rowsInGaps } from "./audit-store.ts";
import { type AuditRow, emptyHead, type Gap, gapsBetween, type Head, restOfGap, sealRows } from "./chain.ts";
import type { HeadExport } from "./heads.ts";

/** So many pages a round: what is left then is for the next one. */
const pagesMax = 40;
/** Rounds that a sealer leaves to the one that was faster. */
const yieldedRounds = 10;

export interface Sealer extends Part {
  /** Seals until nothing is left, or somebody else was faster; how many rows. */
  seal(): Promise<number>;
}

interface WatchDeps {
  readonly db: Database;
  readonly log: Logger;
  readonly heads: HeadExport;
}

interface SealerDeps extends WatchDeps {
  readonly clock: Clock;
}

export function createSealer({ db, clock, log, heads }: SealerDeps): Sealer {
  const walk = walkGaps(db);
  const memory = watchChain({ db, log, heads });
  let overtaken = false;
  let yielded = 0;

  /** How many rows, and whether there may be more. */
  async function sealPage(): Promise<{ readonly rows: number; readonly more: boolean }> {
    const nowMs = clock.now();
    const { head, lastId } = await chainEnd(db);
    await memory.look(head);
    const gaps = await walk();
    const late = await rowsInGaps(db, gaps, limits.auditSealPageMax);
    const fresh = await rowsAfter(db, lastId, limits.auditSealPageMax);
    const seals = sealRows(head ?? emptyHead(db.system), [...late, ...fresh], nowMs);
    const added = gapsBetween(
      lastId,
      fresh.map(({ id }) => id),
      nowMs,
    );
    const { gone, rests } = settleGaps(gaps, late, nowMs);
    if (seals.length === 0 && gone.length === 0) return { rows: 0, more: false };
    await db.transaction(async (tx) => {
      if (!(await insertSeals(tx, seals))) throw new Overtaken();
      await replaceGaps(tx, gone, [...rests, ...added]);
    });
    const last = seals.at(-1);
    if (last) {
      memory.sealed(last);
      heads.sealed(db.system, last);
    }
    return { rows: seals.length, more: Math.max(late.length, fresh.length) >= limits.auditSealPageMax };
  }

  async function seal(): Promise<number> {
    overtaken = false;
    let sealed = 0;
    try {
      for (let page = 0; page < pagesMax; page++) {
        const { rows, more } = await sealPage();
        sealed += rows;
        if (!more) break;
      }
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      overtaken = true;
    }
    return sealed;
  }

  async function round(): Promise<void> {
    if (overtaken && yielded++ < yieldedRounds) return;
    yielded = 0;
    await seal();
    await heads.exportDue();
  }

  const rounds = createRounds({ name: `sealer:${db.system}`, everyMs: limits.auditSealEveryMs, log, round });
  return {
    ...rounds,
    seal,
    async stop() {
      await rounds.stop();
      // What the last commands have left: another process, or the next start, does it if this one cannot.
      await seal().catch((error) => log.warn({ error }, "the last audit rows were not sealed at stop"));
      await heads.exportNow();
    },
  };
}

/** Another sealer has taken the next sequence. Not a conflict to try again: what is read is read anew. */
class Overtaken extends Error {}

/** Remembers the last seal that this process made, and says so when it is not there any more. */
function watchChain({ db, log, heads }: WatchDeps) {
  let known: Head | null = null;
  return {
    sealed(last: Head) {
      known = last;
    },
    /** The evidence is written down before the chain goes on without it. */
    async look(head: Head | null): Promise<void> {
      if (!known) return;
      const there = head?.sequence === known.sequence ? head.hash : await hashAt(db, known.sequence);
      if (there === known.hash) return;
      const { sequence, hash } = known;
      log.error({ sequence, hash }, "the audit chain was cut off or computed anew behind the sealer");
      known = null;
      await heads.exportNow();
    },
  };
}

/**
 * The gaps to look into, a bounded number at once: always the newest, where what is late will be, and of the others
 * the next ones, round after round.
 */
function walkGaps(db: Database): () => Promise<Gap[]> {
  const pageMax = limits.auditGapPageMax;
  let below: number | null = null;
  return async () => {
    const newest = await gapsBelow(db, Number.MAX_SAFE_INTEGER, pageMax);
    const last = newest.at(-1);
    if (!last || newest.length < pageMax) return newest;
    const others = await gapsBelow(db, below ?? last.from_id, pageMax);
    below = others.length === pageMax ? (others.at(-1)?.from_id ?? null) : null;
    return [...newest, ...others.filter(({ from_id }) => from_id < last.from_id)];
  };
}

/** What becomes of gaps: those in which rows were found shrink; those that were empty for too long are given up. */
function settleGaps(gaps: readonly Gap[], found: readonly AuditRow[], nowMs: number): { gone: Gap[]; rests: Gap[] } {
  const gone: Gap[] = [];
  const rests: Gap[] = [];
  for (const gap of gaps) {
    const ids = found.map(({ id }) => id).filter((id) => id >= gap.from_id && id <= gap.to_id);
    if (ids.length > 0) {
      gone.push(gap);
      rests.push(...restOfGap(gap, ids));
    } else if (nowMs - gap.seen_at_ms > limits.auditGapWatchedMs && found.length < limits.auditSealPageMax) {
      gone.push(gap);
    }
  }
  return { gone, rests };
}
