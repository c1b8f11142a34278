/**
 * What is reconciled because time has passed or somebody asked: differences that have settled, and runs over positions.
 *
 * A run goes page by page, each page one transaction with where it stands, so it holds one page in memory, whoever takes
 * it over goes on after the last one, and a difference is counted once.
 */
import type { Clock } from "../../shared/clock.ts";
import type { Committed } from "../../shared/command.ts";
import type { Database, Transaction } from "../../shared/db/database.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { createRounds, type Part } from "../../shared/lifecycle.ts";
import { limits } from "../../shared/limits.ts";
import type { Logger } from "../../shared/logging.ts";
import { createRecorder, ownCause, type Recorder } from "../../shared/recorder.ts";
import { differs, type ReconPosition, varianceOf } from "./domain/recon-position.ts";
import type { Finding } from "./domain/reconciliation.ts";
import { applyToQueue } from "./exceptions.ts";
import { assessPositions } from "./reconciliation.ts";
import {
  duePositions,
  lockReconPositions,
  type PositionKey,
  pageReconPositions,
  saveReconPositions,
} from "./store/recon-positions.ts";
import { addRun, findIdleRun, findPolicy, type Reconciliation, saveRun } from "./store/reconciliations.ts";

interface Deps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly committed: Committed;
}

export interface ReconciliationRuns extends Part {
  /** One round: what is due, and every run to its end. */
  sweep(): Promise<void>;
}

export type NewRun = Pick<Reconciliation, "id" | "locationIds" | "skus" | "scheduled" | "requestedBy">;

export function newRun(head: NewRun, nowMs: number): Reconciliation {
  return {
    ...{ ...head, status: "RUNNING", after: null, positions: 0, matched: 0, timing: 0, settling: 0, cleared: 0 },
    ...{ opened: 0, known: 0, byClass: {}, startedAtMs: nowMs, finishedAtMs: null, version: 1 },
  };
}

export function createReconciliationRuns(deps: Deps): ReconciliationRuns {
  const { db, clock, log } = deps;
  let stopping = false;
  let scheduledFor = -1;

  /** Of each stretch of time one run begins by itself, whichever process comes first. */
  async function schedule(): Promise<void> {
    const { everyHours } = await findPolicy(db);
    if (everyHours === 0) return;
    const slot = Math.floor(clock.now() / (everyHours * 3_600_000));
    if (slot === scheduledFor) return;
    await change(deps, async (tx, recorder, nowMs) => {
      const id = `scheduled-${everyHours}-${slot}`;
      const head = { id, locationIds: null, skus: null, scheduled: true, requestedBy: recorder.cause.person };
      if (!(await addRun(tx, newRun(head, nowMs)))) return;
      recorder.audit({ subject: `reconciliation:${id}`, action: "startReconciliation", detail: { scheduled: true } });
    });
    scheduledFor = slot;
  }

  async function lookAtDue(): Promise<void> {
    for (;;) {
      const keys = await duePositions(db, clock.now(), limits.reconciliationDueMax);
      if (keys.length === 0 || stopping) return;
      await change(deps, async (tx, recorder, nowMs) => void (await assess(tx, recorder, keys, nowMs)));
      if (keys.length < limits.reconciliationDueMax) return;
    }
  }

  async function sweep(): Promise<void> {
    await schedule();
    await lookAtDue();
    for (;;) {
      let run = await findIdleRun(db, clock.now());
      if (!run) return;
      while (run.status === "RUNNING" && !stopping) run = await goOn(deps, run);
      if (stopping) return;
    }
  }

  const rounds = createRounds({ name: "reconciliation", everyMs: limits.reconciliationRoundMs, log, round: sweep });
  return {
    ...rounds,
    sweep,
    async stop() {
      stopping = true;
      await rounds.stop();
    },
  };
}

/** A transaction of the system's own accord. */
async function change(
  { db, clock, committed }: Deps,
  work: (tx: Transaction, recorder: Recorder, nowMs: number) => Promise<void>,
): Promise<void> {
  let told: readonly AnyEvent[] = [];
  await db.transaction(async (tx) => {
    const nowMs = clock.now();
    const recorder = createRecorder(db.system, clock, ownCause(db.system, nowMs));
    await work(tx, recorder, nowMs);
    told = await recorder.flush(tx);
  });
  if (told.length > 0) committed(told);
}

async function assess(tx: Transaction, recorder: Recorder, keys: readonly PositionKey[], nowMs: number) {
  const locked = [...(await lockReconPositions(tx, keys)).values()];
  const policy = await findPolicy(tx);
  const settled = locked.filter(({ dueAtMs }) => dueAtMs === null || dueAtMs <= nowMs);
  const assessed = await assessPositions(tx, recorder, settled, { policy, nowMs, causeFor: () => recorder.cause });
  await saveReconPositions(tx, assessed.positions);
  await applyToQueue(tx, recorder, assessed.changes, nowMs);
  return { settled, assessed, settling: locked.length - settled.length };
}

/** One page; the run as it is then. Fails where somebody else has gone on with it. */
async function goOn(deps: Deps, run: Reconciliation): Promise<Reconciliation> {
  const found = await pageReconPositions(deps.db, run, run.after, limits.reconciliationPageMax);
  const unequal = found.filter((position) => differs(position) || position.caseId !== null);
  const suspects = unequal.slice(0, limits.reconciliationDueMax);
  // A page ends before there is more to do than one transaction should hold locks for.
  const next = unequal[limits.reconciliationDueMax];
  const page = next ? found.slice(0, found.indexOf(next)) : found;
  let after = run;
  await change(deps, async (tx, recorder, nowMs) => {
    after = pageCounted(run, page);
    const { settled, assessed, settling } = await assess(tx, recorder, suspects, nowMs);
    after = { ...after, settling: after.settling + settling };
    for (const [i, before] of settled.entries()) after = counted(after, before, assessed.findings[i] as Finding);
    const isLast = found.length < limits.reconciliationPageMax && !next;
    after = { ...after, status: isLast ? "DONE" : "RUNNING", finishedAtMs: isLast ? nowMs : null };
    if (isLast) {
      const { id, positions, opened, cleared, known } = after;
      const detail = { positions, opened, cleared, known };
      recorder.audit({ subject: `reconciliation:${id}`, action: "finishReconciliation", detail });
    }
    await saveRun(tx, run, after, isLast ? 0 : nowMs + limits.reconciliationLeaseMs);
  });
  return after;
}

function pageCounted(run: Reconciliation, page: readonly ReconPosition[]): Reconciliation {
  const last = page.at(-1);
  const plain = page.filter((position) => !differs(position) && position.caseId === null);
  const matched = plain.filter(({ onHand, book }) => onHand === book).length;
  return {
    ...run,
    after: last ? { sku: last.sku, locationId: last.locationId } : run.after,
    positions: run.positions + page.length,
    matched: run.matched + matched,
    timing: run.timing + plain.length - matched,
    version: run.version + 1,
  };
}

function counted(run: Reconciliation, before: ReconPosition, finding: Finding): Reconciliation {
  if (finding.kind === "MATCHED") return { ...run, matched: run.matched + 1 };
  if (finding.kind === "TIMING") return { ...run, timing: run.timing + 1 };
  const byClass = { ...run.byClass, [finding.class]: (run.byClass[finding.class] ?? 0) + 1 };
  if (before.caseId !== null) return { ...run, byClass, known: run.known + 1 };
  const small = finding.kind === "SMALL" || varianceOf(before) === before.cleared;
  return small ? { ...run, byClass, cleared: run.cleared + 1 } : { ...run, byClass, opened: run.opened + 1 };
}
