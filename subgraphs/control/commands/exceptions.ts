/**
 * What people do about exceptions: take one on, and say that it is settled.
 *
 * Settling one here changes no stock and no document: it says that somebody has looked.
 */
import { type CommandDeps, type Payload, type RequestContext, runCommand } from "../../../shared/command.ts";
import type { Transaction } from "../../../shared/db/database.ts";
import { AppError } from "../../../shared/errors.ts";
import { parseCode, parseText } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import { sightOf } from "../../../shared/master-data.ts";
import type { ExceptionRow } from "../entities.ts";
import { countExceptions } from "../kpis.ts";
import { lockException, saveExceptions } from "../store/exceptions.ts";

export interface AssignExceptionInput {
  readonly idempotencyKey: string;
  readonly id: string;
  readonly assignee?: string | null;
}

export interface ResolveExceptionInput {
  readonly idempotencyKey: string;
  readonly id: string;
  readonly resolution: string;
}

export type ExceptionPayload = Payload<{ readonly exception: ExceptionRow | null }>;

/** Can fail with UNKNOWN_DOCUMENT, ILLEGAL_TRANSITION, INVALID_INPUT. */
export function assignException(
  deps: CommandDeps,
  input: AssignExceptionInput,
  context: RequestContext,
): Promise<ExceptionPayload> {
  return change(deps, "assignException", input, context, (before, person) => {
    const field = ["input", "assignee"];
    const assignee = input.assignee == null ? person : parseCode(input.assignee, limits.personLengthMax, field);
    return { ...before, status: "ASSIGNED", assignee };
  });
}

/** Can fail with UNKNOWN_DOCUMENT, ILLEGAL_TRANSITION, INVALID_INPUT. */
export function resolveException(
  deps: CommandDeps,
  input: ResolveExceptionInput,
  context: RequestContext,
): Promise<ExceptionPayload> {
  return change(deps, "resolveException", input, context, (before, person, nowMs) => {
    const field = ["input", "resolution"];
    const resolution = parseText(input.resolution, limits.noteLengthMax, field);
    if (!resolution?.trim()) {
      throw new AppError("INVALID_INPUT", { message: "How it was settled has to be said.", field });
    }
    return { ...before, status: "RESOLVED", openKey: null, resolution, resolvedBy: person, resolvedAtMs: nowMs };
  });
}

function change(
  deps: CommandDeps,
  operation: string,
  input: { readonly idempotencyKey: string; readonly id: string },
  context: RequestContext,
  decide: (before: ExceptionRow, person: string, nowMs: number) => ExceptionRow,
): Promise<ExceptionPayload> {
  return runCommand<{ exception: ExceptionRow | null }>(deps, {
    operation,
    input,
    context,
    refused: { exception: null },
    work: async (tx, recorder) => {
      const before = await lockSeen(tx, input.id, context);
      if (before.openKey === null) {
        const message = "This exception is settled already.";
        throw new AppError("ILLEGAL_TRANSITION", { message, field: ["input", "id"] });
      }
      const after = decide(before, recorder.cause.person, deps.clock.now());
      const exception = { ...after, version: before.version + 1 };
      await saveExceptions(tx, [exception]);
      if (exception.openKey === null) await countExceptions(tx, [exception]);
      const { status, assignee, resolution } = exception;
      recorder.audit({ subject: `exception:${input.id}`, action: operation, detail: { status, assignee, resolution } });
      return { exception };
    },
  });
}

/** Fails with UNKNOWN_DOCUMENT. */
async function lockSeen(tx: Transaction, id: string, context: RequestContext): Promise<ExceptionRow> {
  const found = await lockException(tx, id);
  const places = ({ locationId }: ExceptionRow) => (locationId === null ? [] : [locationId]);
  const [seen] = await sightOf(context.identity, tx).only([found], places);
  if (seen) return seen;
  throw new AppError("UNKNOWN_DOCUMENT", { message: `No such exception: ${id}.`, field: ["input", "id"] });
}
