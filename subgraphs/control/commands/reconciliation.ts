/**
 * Runs of the reconciliation on demand, and what it lets go of.
 *
 * A run is only put down here; it is carried out page by page afterwards (`reconciliation-runs.ts`).
 */
import { seesEverywhere } from "../../../shared/accounts.ts";
import { type CommandDeps, type Payload, type RequestContext, runCommand } from "../../../shared/command.ts";
import { AppError } from "../../../shared/errors.ts";
import { newId, parseCode, parseLocationId, parseSku } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import { checkedPolicy, type ReconciliationPolicy, type VarianceTolerance } from "../domain/reconciliation.ts";
import { newRun } from "../reconciliation-runs.ts";
import { addPolicy, addRun, findPolicy, type Reconciliation } from "../store/reconciliations.ts";

export interface StartReconciliationInput {
  readonly idempotencyKey: string;
  readonly locationIds?: readonly string[] | null;
  readonly skus?: readonly string[] | null;
}

export interface SetReconciliationPolicyInput {
  readonly idempotencyKey: string;
  readonly settleSeconds: number;
  readonly everyHours: number;
  readonly tolerances: readonly {
    readonly itemClass?: string | null;
    readonly quantity: number;
    readonly percent: number;
    readonly value: number;
  }[];
}

export type ReconciliationPayload = Payload<{ readonly reconciliation: Reconciliation | null }>;
export type ReconciliationPolicyPayload = Payload<{ readonly policy: ReconciliationPolicy | null }>;

/** Can fail with FORBIDDEN, INVALID_INPUT, TOO_MANY_ITEMS. */
export function startReconciliation(
  deps: CommandDeps,
  input: StartReconciliationInput,
  context: RequestContext,
): Promise<ReconciliationPayload> {
  assertSeesEverywhere(context);
  return runCommand<{ reconciliation: Reconciliation | null }>(deps, {
    operation: "startReconciliation",
    input,
    context,
    refused: { reconciliation: null },
    work: async (tx, recorder) => {
      const nowMs = deps.clock.now();
      const locationIds = parseScope(input.locationIds, "locationIds", parseLocationId);
      const skus = parseScope(input.skus, "skus", parseSku);
      const requestedBy = recorder.cause.person;
      const run = newRun({ id: newId(nowMs), locationIds, skus, scheduled: false, requestedBy }, nowMs);
      await addRun(tx, run);
      const detail = { locationIds, skus };
      recorder.audit({ subject: `reconciliation:${run.id}`, action: "startReconciliation", detail });
      return { reconciliation: run };
    },
  });
}

/** Can fail with FORBIDDEN, INVALID_INPUT, TOO_MANY_ITEMS. */
export function setReconciliationPolicy(
  deps: CommandDeps,
  input: SetReconciliationPolicyInput,
  context: RequestContext,
): Promise<ReconciliationPolicyPayload> {
  assertSeesEverywhere(context);
  return runCommand<{ policy: ReconciliationPolicy | null }>(deps, {
    operation: "setReconciliationPolicy",
    input,
    context,
    refused: { policy: null },
    work: async (tx, recorder) => {
      const before = await findPolicy(tx);
      const terms = checkedPolicy({ ...input, tolerances: parseTolerances(input) });
      const version = before.version + 1;
      const policy = { ...terms, version, setBy: recorder.cause.person, setAtMs: deps.clock.now() };
      await addPolicy(tx, policy);
      const subject = "policy:reconciliation";
      recorder.audit({ subject, action: "setReconciliationPolicy", detail: { before, after: policy } });
      return { policy };
    },
  });
}

/** Fails with INVALID_INPUT, TOO_MANY_ITEMS. */
function parseTolerances({ tolerances }: SetReconciliationPolicyInput): VarianceTolerance[] {
  const field = ["input", "tolerances"];
  assertNotTooMany(tolerances.length, "tolerances");
  return tolerances.map(({ itemClass, ...tolerance }, i) => ({
    ...tolerance,
    itemClass:
      itemClass == null ? null : parseCode(itemClass, limits.productClassLengthMax, [...field, String(i), "itemClass"]),
  }));
}

/** None named: all of them. Fails with INVALID_INPUT, TOO_MANY_ITEMS. */
function parseScope(
  values: readonly string[] | null | undefined,
  name: string,
  parse: (value: string, field: readonly string[]) => string,
): string[] | null {
  if (!values || values.length === 0) return null;
  assertNotTooMany(values.length, name);
  return [...new Set(values.map((value, i) => parse(value, ["input", name, String(i)])))];
}

/** Fails with TOO_MANY_ITEMS. */
function assertNotTooMany(count: number, name: string): void {
  if (count <= limits.reconciliationScopeMax) return;
  const message = `At most ${limits.reconciliationScopeMax} at once.`;
  throw new AppError("TOO_MANY_ITEMS", { message, field: ["input", name] });
}

/** A run says something of every place it goes through. Fails with FORBIDDEN. */
function assertSeesEverywhere({ identity }: RequestContext): void {
  if (seesEverywhere(identity)) return;
  throw new AppError("FORBIDDEN", { message: "Reconciliation is not for tokens that name accounts." });
}
