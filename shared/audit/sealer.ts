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

interface SealerDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly heads: HeadExport;
}

export function createSealer({ db, clock, log, heads }: SealerDeps): Sealer {
  const walk = walkGaps(db);
  let overtaken = false;
  let yielded = 0;
  /** What this one sealed last. */
  let known: Head | null = null;

  /** The evidence is written down before the chain goes on without it. */
  async function lookForKnown(head: Head | null): Promise<void> {
    if (!known) return;
    const there = head?.sequence === known.sequence ? head.hash : await hashAt(db, known.sequence);
    if (there === known.hash) return;
    log.error({ ...known, system: db.system }, "the audit chain was cut off or computed anew behind the sealer");
    known = null;
    await heads.exportNow();
  }

  /** How many rows; fewer than a page: nothing is left. */
  async function sealPage(): Promise<number> {
    const nowMs = clock.now();
    const { head, lastId } = await chainEnd(db);
    await lookForKnown(head);
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
    if (seals.length === 0 && gone.length === 0) return 0;
    await db.transaction(async (tx) => {
      if (!(await insertSeals(tx, seals))) throw new Overtaken();
      await replaceGaps(tx, gone, [...rests, ...added]);
    });
    const last = seals.at(-1);
    if (last) {
      known = last;
      heads.sealed(db.system, last);
    }
    return Math.max(late.length, fresh.length);
  }

  async function seal(): Promise<number> {
    overtaken = false;
    let sealed = 0;
    try {
      for (let page = 0; page < pagesMax; page++) {
        const rows = await sealPage();
        sealed += rows;
        if (rows < limits.auditSealPageMax) break;
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
