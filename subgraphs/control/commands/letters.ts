/**
 * Redriving dead letters: one, some, or those of a class or a source, tried again by the systems that have them.
 *
 * Each counts once: a letter that is settled meanwhile is left alone. What fails again stays a letter, with one attempt
 * more. Nothing is applied here.
 */
import { seesEverywhere } from "../../../shared/accounts.ts";
import { type CommandDeps, type Payload, type RequestContext, runCommand } from "../../../shared/command.ts";
import type { SystemName } from "../../../shared/config.ts";
import type { Transaction } from "../../../shared/db/database.ts";
import { AppError } from "../../../shared/errors.ts";
import { newId } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import type { Recorder } from "../../../shared/recorder.ts";
import type { Letter } from "../domain/letter.ts";
import { findLetters, listLetters, lockLetters, saveLetters } from "../store/letters.ts";

export interface RedriveDeadLettersInput {
  readonly idempotencyKey: string;
  readonly ids?: readonly string[] | null;
  readonly class?: string | null;
  readonly source?: string | null;
  readonly limit?: number | null;
}

interface Redrive {
  readonly redriveId: string | null;
  readonly letters: number;
}

/** Can fail with FORBIDDEN, INVALID_INPUT, TOO_MANY_ITEMS, UNKNOWN_DOCUMENT. */
export function redriveDeadLetters(
  deps: CommandDeps,
  input: RedriveDeadLettersInput,
  context: RequestContext,
): Promise<Payload<Redrive>> {
  if (!seesEverywhere(context.identity)) {
    throw new AppError("FORBIDDEN", { message: "Dead letters are not for tokens that name accounts." });
  }
  return runCommand<Redrive>(deps, {
    operation: "redriveDeadLetters",
    input,
    context,
    refused: { redriveId: null, letters: 0 },
    work: async (tx, recorder) => {
      const nowMs = deps.clock.now();
      const letters = await choose(tx, input);
      const redriveId = newId(nowMs);
      const asked = letters.map((letter) => ({ ...letter, redriveAskedAtMs: nowMs }));
      await saveLetters(tx, asked);
      askSystems(recorder, redriveId, asked);
      const detail = { ids: input.ids, class: input.class, source: input.source, letters: letters.length };
      recorder.audit({ subject: `redrive:${redriveId}`, action: "redriveDeadLetters", detail });
      return { redriveId, letters: letters.length };
    },
  });
}

/** One event for so many letters of one system. */
function askSystems(recorder: Recorder, redriveId: string, letters: readonly Letter[]): void {
  const bySystem = new Map<string, string[]>();
  for (const { system, id } of letters) bySystem.set(system, [...(bySystem.get(system) ?? []), id]);
  let part = 0;
  for (const [system, ids] of bySystem) {
    for (let from = 0; from < ids.length; from += limits.redrivePartLettersMax) {
      recorder.event({
        type: "letters.redrive.requested",
        sourceSeq: ++part,
        partitionKey: `redrive:${redriveId}`,
        data: {
          redriveId,
          system: system as SystemName,
          letterIds: ids.slice(from, from + limits.redrivePartLettersMax),
        },
      });
    }
  }
}

/** Locked, and open. */
async function choose(tx: Transaction, input: RedriveDeadLettersInput): Promise<Letter[]> {
  const countMax = parseLimit(input);
  const { ids, class: name = null, source = null } = input;
  if (ids == null) {
    const found = await listLetters(tx, { status: "OPEN", class: name, source }, { size: countMax - 1, after: null });
    return openOnes(
      tx,
      found.map(({ id }) => id),
    );
  }
  const field = ["input", "ids"];
  if (ids.length > countMax) throw new AppError("TOO_MANY_ITEMS", { message: `At most ${countMax} at once.`, field });
  const known = await findLetters(tx, ids);
  const unknown = ids.find((id) => !known.has(id));
  if (unknown !== undefined) {
    throw new AppError("UNKNOWN_DOCUMENT", { message: `No such dead letter: ${unknown}.`, field });
  }
  const matching = [...known.values()].filter(
    (letter) => (name === null || letter.class === name) && (source === null || letter.source === source),
  );
  return openOnes(
    tx,
    matching.map(({ id }) => id),
  );
}

async function openOnes(tx: Transaction, ids: readonly string[]): Promise<Letter[]> {
  return [...(await lockLetters(tx, ids)).values()].filter(({ status }) => status === "OPEN");
}

/** Fails with INVALID_INPUT. */
function parseLimit({ ids, class: name, source, limit }: RedriveDeadLettersInput): number {
  if (ids == null && name == null && source == null) {
    const message = "Which letters: by their ids, of a class, or of a source.";
    throw new AppError("INVALID_INPUT", { message, field: ["input"] });
  }
  const countMax = limit ?? limits.redriveLettersMax;
  if (countMax >= 1 && countMax <= limits.redriveLettersMax) return countMax;
  const message = `limit must lie between 1 and ${limits.redriveLettersMax}.`;
  throw new AppError("INVALID_INPUT", { message, field: ["input", "limit"] });
}
