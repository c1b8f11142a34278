/**
 * A new version of the policy of exceptions, in force at once: it decides what is looked at first, and nothing else.
 *
 * Who set it and what changed is on record; earlier versions stay as they were.
 */
import { seesEverywhere } from "../../../shared/accounts.ts";
import { type CommandDeps, type Payload, type RequestContext, runCommand } from "../../../shared/command.ts";
import { AppError } from "../../../shared/errors.ts";
import { parseText } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import { changePolicy, type PolicyChange, policyOf } from "../domain/exception-policy.ts";
import type { ExceptionPolicyRow } from "../entities.ts";
import { addPolicy, lockNewest } from "../store/exception-policies.ts";

export interface SetExceptionPolicyInput extends PolicyChange {
  readonly idempotencyKey: string;
  readonly note?: string | null;
}

export type ExceptionPolicyPayload = Payload<{ readonly policy: ExceptionPolicyRow | null }>;

/** Can fail with FORBIDDEN, INVALID_INPUT. */
export function setExceptionPolicy(
  deps: CommandDeps,
  input: SetExceptionPolicyInput,
  context: RequestContext,
): Promise<ExceptionPolicyPayload> {
  if (!seesEverywhere(context.identity)) {
    throw new AppError("FORBIDDEN", { message: "The policy of exceptions is not for tokens that name accounts." });
  }
  return runCommand<{ policy: ExceptionPolicyRow | null }>(deps, {
    operation: "setExceptionPolicy",
    input,
    context,
    refused: { policy: null },
    work: async (tx, recorder) => {
      const before = policyOf(await lockNewest(tx));
      const after = changePolicy(before, input, before.version + 1);
      const policy: ExceptionPolicyRow = {
        version: after.version,
        body: JSON.stringify(after),
        set_by: recorder.cause.person,
        set_at_ms: deps.clock.now(),
        note: parseText(input.note, limits.noteLengthMax, ["input", "note"]),
      };
      await addPolicy(tx, policy);
      const { idempotencyKey: _, ...change } = input;
      recorder.audit({
        subject: `exception-policy:${after.version}`,
        action: "setExceptionPolicy",
        detail: { change, replaces: before.version },
      });
      return { policy };
    },
  });
}
