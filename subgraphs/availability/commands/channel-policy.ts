/**
 * The governed changes of `availability`: a policy version is proposed by one person and put in force by another.
 *
 * Positions are not changed here: they follow the facts of their owners (`consumers.ts`).
 */
import { canonicalHash } from "../../../shared/canonical-json.ts";
import {
  type CommandDeps,
  type Payload,
  type RequestContext,
  runCommand,
  toUserError,
} from "../../../shared/command.ts";
import type { Reader, Transaction } from "../../../shared/db/database.ts";
import { AppError, isUserError } from "../../../shared/errors.ts";
import { parseIdempotencyKey, parseText } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import type { Recorder } from "../../../shared/recorder.ts";
import { defaultPolicy } from "../domain/policy.ts";
import {
  applyPolicyChange,
  type PolicyChange,
  type PolicyChangeInput,
  parsePolicyChange,
} from "../domain/policy-change.ts";
import type { PolicyRow } from "../entities.ts";
import { type PolicyInForce, readPolicyInForce } from "../policy-in-force.ts";
import { notePolicyChange, tellRule } from "../rule-changes.ts";
import {
  insertPolicy,
  lockNewestPolicy,
  lockPolicy,
  newestPolicyVersion,
  savePolicy,
  supersedePolicies,
} from "../store/policies.ts";

export type SetPolicyInput = PolicyChangeInput & {
  readonly idempotencyKey: string;
  readonly note?: string | null;
  /** Checks the change and shows what it would be; stores nothing, and leaves the key free for the proposal. */
  readonly dryRun?: boolean | null;
};

export interface ApprovePolicyInput {
  readonly idempotencyKey: string;
  readonly policyVersion: number;
  /** Of what the approver has read; not compared when absent, because a version is never edited by the system. */
  readonly contentHash?: string | null;
  readonly note?: string | null;
}

export type PolicyPayload = Payload<{ readonly policy: PolicyRow | null }>;

export interface PolicyCommands {
  setChannelPolicy(input: SetPolicyInput, context: RequestContext): Promise<PolicyPayload>;
  approveChannelPolicy(input: ApprovePolicyInput, context: RequestContext): Promise<PolicyPayload>;
}

type Policies = { readonly policy: PolicyRow | null };

export function createPolicyCommands(deps: CommandDeps, inForce: PolicyInForce): PolicyCommands {
  return {
    setChannelPolicy: (input, context) =>
      input.dryRun
        ? tryOut(deps, input, context)
        : runCommand<Policies>(deps, {
            operation: "setChannelPolicy",
            input,
            context,
            refused: { policy: null },
            work: async (tx, recorder) => ({ policy: await propose(tx, recorder, input, deps.clock.now()) }),
          }),
    async approveChannelPolicy(input, context) {
      const payload = await runCommand<Policies>(deps, {
        operation: "approveChannelPolicy",
        input,
        context,
        refused: { policy: null },
        work: async (tx, recorder) => ({ policy: await approve(tx, recorder, input, deps.clock.now()) }),
      });
      await inForce.refresh();
      return payload;
    },
  };
}

/** Fails with INVALID_INPUT, TOO_MANY_ITEMS. */
async function propose(tx: Transaction, recorder: Recorder, input: SetPolicyInput, nowMs: number): Promise<PolicyRow> {
  const { policy, change } = await draft(tx, input, recorder.cause.person, await lockNewestPolicy(tx), nowMs);
  await insertPolicy(tx, policy);
  recorder.audit({
    subject: `policy:${policy.version}`,
    action: "policy.propose",
    detail: { change, note: policy.note },
  });
  return policy;
}

/** The proposal as it would be stored. Nothing is written, so there is nothing to audit and no key to keep. */
async function tryOut(deps: CommandDeps, input: SetPolicyInput, { identity }: RequestContext): Promise<PolicyPayload> {
  try {
    parseIdempotencyKey(input.idempotencyKey);
    const person = identity.person ?? "anonymous";
    const { policy } = await draft(deps.db, input, person, await newestPolicyVersion(deps.db), deps.clock.now());
    return { policy: { ...policy, state: "DRAFT" }, userErrors: [], replayed: false };
  } catch (error) {
    if (isUserError(error)) return { policy: null, userErrors: [toUserError(error)], replayed: false };
    throw error;
  }
}

/** Fails with INVALID_INPUT, TOO_MANY_ITEMS. */
async function draft(
  reader: Reader,
  input: SetPolicyInput,
  person: string,
  newest: number,
  nowMs: number,
): Promise<{ policy: PolicyRow; change: PolicyChange }> {
  const change = parsePolicyChange(input);
  const note = parseText(input.note, limits.noteLengthMax, ["input", "note"]);
  const version = Math.max(newest, defaultPolicy().version) + 1;
  // The whole must be sound, not only the part.
  applyPolicyChange(await readPolicyInForce(reader), change, version);
  const policy: PolicyRow = {
    version,
    channel: change.channel,
    state: "PROPOSED",
    change_body: JSON.stringify(change),
    policy_body: null,
    proposed_by: person,
    decided_by: null,
    note,
    proposed_at_ms: nowMs,
    decided_at_ms: null,
  };
  return { policy, change };
}

/** What a proposal says and who made it, as one value to decide about. */
export function policyContentHash({ version, change_body, proposed_by }: PolicyRow): string {
  return canonicalHash({ version, change: JSON.parse(change_body) as PolicyChange, proposedBy: proposed_by });
}

/** Fails with UNKNOWN_DOCUMENT, ILLEGAL_TRANSITION, SAME_PERSON, CONTENT_CHANGED. */
async function approve(
  tx: Transaction,
  recorder: Recorder,
  input: ApprovePolicyInput,
  nowMs: number,
): Promise<PolicyRow> {
  const field = ["input", "policyVersion"];
  // Whoever holds the newest version decides alone: two approvals cannot overtake each other.
  await lockNewestPolicy(tx);
  const proposed = await lockPolicy(tx, input.policyVersion);
  if (!proposed) throw new AppError("UNKNOWN_DOCUMENT", { field });
  if (proposed.state !== "PROPOSED") throw new AppError("ILLEGAL_TRANSITION", { field, status: proposed.state });
  if (proposed.proposed_by === recorder.cause.person) throw new AppError("SAME_PERSON", { field });
  const contentHash = policyContentHash(proposed);
  if (input.contentHash != null && input.contentHash !== contentHash) throw new AppError("CONTENT_CHANGED", { field });
  const before = await readPolicyInForce(tx);
  const after = applyPolicyChange(before, JSON.parse(proposed.change_body) as PolicyChange, proposed.version);
  const policy: PolicyRow = {
    ...proposed,
    state: "ACTIVE",
    policy_body: JSON.stringify(after),
    decided_by: recorder.cause.person,
    note: parseText(input.note, limits.noteLengthMax, ["input", "note"]) ?? proposed.note,
    decided_at_ms: nowMs,
  };
  await savePolicy(tx, policy);
  // An older proposal was made against a policy that no longer is: it must be proposed again.
  await supersedePolicies(tx, policy.version);
  recorder.audit({
    subject: `policy:${policy.version}`,
    action: "policy.approve",
    detail: { proposedBy: proposed.proposed_by, replaces: before.version, contentHash },
  });
  const eventId = recorder.event({
    type: "policy.changed",
    sourceSeq: policy.version,
    partitionKey: "policy",
    channel: policy.channel,
    data: { policyVersion: policy.version },
  });
  tellRule(recorder, { kind: "policy", id: "policy", version: policy.version });
  await notePolicyChange(tx, recorder.recorded(eventId), before.version, policy.version, nowMs);
  return policy;
}
