/**
 * What people do about a variance: have it counted again, say where it comes from and what is to be corrected, decide.
 *
 * The position is locked before its case, as everywhere. An approved correction is told, and each owner carries out its
 * own part; no figure changes here.
 */
import { type CommandDeps, type Payload, type RequestContext, runCommand } from "../../../shared/command.ts";
import type { Transaction } from "../../../shared/db/database.ts";
import { AppError } from "../../../shared/errors.ts";
import { parseText } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import { sightOf } from "../../../shared/master-data.ts";
import type { Recorder } from "../../../shared/recorder.ts";
import {
  type Correction,
  correctionOf,
  decided,
  proposed,
  recountRequested,
  type VarianceCase,
} from "../domain/variance-case.ts";
import { aboutCase, hashed } from "../reconciliation.ts";
import { lockReconPositions } from "../store/recon-positions.ts";
import { findCases, saveCases } from "../store/variance-cases.ts";

interface CaseInput {
  readonly idempotencyKey: string;
  readonly id: string;
  readonly note?: string | null;
}

export type RequestRecountInput = CaseInput;

export interface ProposeVarianceCorrectionInput extends CaseInput {
  readonly rootCause: string;
  readonly correct: Correction;
}

export interface DecideVarianceCaseInput extends CaseInput {
  readonly contentHash: string;
  readonly decision: "APPROVE" | "REJECT";
}

export type VarianceCasePayload = Payload<{ readonly varianceCase: VarianceCase | null }>;

/** Can fail with UNKNOWN_DOCUMENT, ILLEGAL_TRANSITION, INVALID_INPUT. */
export function requestRecount(
  deps: CommandDeps,
  input: RequestRecountInput,
  context: RequestContext,
): Promise<VarianceCasePayload> {
  return change(deps, "requestRecount", input, context, (before, recorder, nowMs) =>
    recountRequested(before, recorder.cause.person, nowMs),
  );
}

/** Can fail with UNKNOWN_DOCUMENT, ILLEGAL_TRANSITION, INVALID_INPUT. */
export function proposeVarianceCorrection(
  deps: CommandDeps,
  input: ProposeVarianceCorrectionInput,
  context: RequestContext,
): Promise<VarianceCasePayload> {
  return change(deps, "proposeVarianceCorrection", input, context, (before, recorder, nowMs) => {
    const field = ["input", "rootCause"];
    const rootCause = parseText(input.rootCause, limits.noteLengthMax, field)?.trim();
    if (!rootCause) throw new AppError("INVALID_INPUT", { message: "Where it comes from has to be said.", field });
    return proposed(before, { rootCause, correct: input.correct, person: recorder.cause.person }, nowMs);
  });
}

/**
 * Can fail with UNKNOWN_DOCUMENT, ILLEGAL_TRANSITION, CONTENT_CHANGED, SAME_PERSON, APPROVAL_TIER_TOO_LOW,
 * INVALID_INPUT.
 */
export function decideVarianceCase(
  deps: CommandDeps,
  input: DecideVarianceCaseInput,
  context: RequestContext,
): Promise<VarianceCasePayload> {
  return change(deps, "decideVarianceCase", input, context, (before, recorder, nowMs, note) => {
    const { person } = recorder.cause;
    const roles = [...context.identity.roles];
    const approved = input.decision === "APPROVE";
    const after = decided(before, { approved, person, roles, contentHash: input.contentHash, note }, nowMs);
    if (!approved) return after;
    const told = { ...after, told: after.told + 1 };
    recorder.event({
      type: "variance.correction.approved",
      ...aboutCase(told),
      note,
      data: { caseId: told.id, roles, ...correctionOf(told) },
    });
    return told;
  });
}

function change(
  deps: CommandDeps,
  operation: string,
  input: CaseInput,
  context: RequestContext,
  decide: (before: VarianceCase, recorder: Recorder, nowMs: number, note: string | null) => VarianceCase,
): Promise<VarianceCasePayload> {
  return runCommand<{ varianceCase: VarianceCase | null }>(deps, {
    operation,
    input,
    context,
    refused: { varianceCase: null },
    work: async (tx, recorder) => {
      const note = parseText(input.note, limits.noteLengthMax, ["input", "note"]);
      const before = await lockSeen(tx, input.id, context);
      const varianceCase = hashed(decide(before, recorder, deps.clock.now(), note));
      await saveCases(tx, [varianceCase]);
      const { status, variance, countedDelta, rootCause, correct, contentHash } = varianceCase;
      const detail = { status, variance, countedDelta, rootCause, correct, contentHash, note };
      recorder.audit({ subject: `variance:${input.id}`, action: operation, detail });
      return { varianceCase };
    },
  });
}

/** Which position a case is about never changes, so it is locked before the case is read. Fails with UNKNOWN_DOCUMENT. */
async function lockSeen(tx: Transaction, id: string, context: RequestContext): Promise<VarianceCase> {
  const known = (await findCases(tx, [id])).get(id);
  const [seen] = await sightOf(context.identity, tx).only([known], ({ locationId }) => [locationId]);
  if (seen) {
    await lockReconPositions(tx, [seen]);
    const locked = (await findCases(tx, [id])).get(id);
    if (locked) return locked;
  }
  throw new AppError("UNKNOWN_DOCUMENT", { message: `No such case: ${id}.`, field: ["input", "id"] });
}
