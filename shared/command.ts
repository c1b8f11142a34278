/**
 * The one way to change something: a command, under its idempotency key, in one transaction.
 *
 * The key's row is inserted first, so a second copy waits for the first and then finds its reply. A business refusal
 * (a user error) undoes what the command did, is audited, and is stored as the reply of its key, so that copies of a
 * refused request get the same refusal. Input that is malformed should be refused before, without burning the key.
 */
import { canonicalJson, hashOf } from "./canonical-json.ts";
import type { Clock } from "./clock.ts";
import type { SystemName } from "./config.ts";
import type { Database, Transaction } from "./db/database.ts";
import { isLockTimeout, TransactionConflict } from "./db/retry.ts";
import { insertMissing } from "./db/statements.ts";
import { AppError, isUserError } from "./errors.ts";
import type { AnyEvent } from "./events/canonical-event.ts";
import type { Identity } from "./identity.ts";
import { parseIdempotencyKey } from "./ids.ts";
import { type AuditEntry, type Cause, createRecorder, type Recorder } from "./recorder.ts";
import type { Traceparent } from "./traceparent.ts";
import { type Tracing, within } from "./tracing.ts";

/** What every command knows about its caller. */
export interface RequestContext {
  readonly identity: Identity;
  readonly correlationId: string;
  /** The span within which it was asked, where there is a trace. */
  readonly traceparent?: Traceparent | undefined;
}

/** What to do once events have been committed: publish them, forget what they changed. */
export type Committed = (events: readonly AnyEvent[]) => void;

export interface CommandDeps {
  readonly system: SystemName;
  readonly db: Database;
  readonly clock: Clock;
  /** Called after COMMIT: these are new in the outbox. */
  readonly committed: Committed;
  readonly tracing?: Tracing;
}

export interface CommandInput {
  readonly idempotencyKey: string;
}

export interface UserErrorRow {
  readonly code: string;
  readonly message: string;
  readonly field: readonly string[] | null;
}

/** A mutation's reply: the command's own fields and what every payload has. */
export type Payload<R> = R & { readonly userErrors: readonly UserErrorRow[]; readonly replayed: boolean };

/** What a kind of command answers when it refuses. */
export interface Refusing<R extends object> {
  readonly operation: string;
  /** The payload's own fields when the command is refused, e.g. `{ reservation: null }`. */
  readonly refused: R;
  /** What the payload's own fields say besides when it is refused with this error. */
  readonly explain?: (error: AppError) => Partial<R>;
}

export interface Command<R extends object> extends Refusing<R> {
  readonly input: CommandInput;
  readonly context: RequestContext;
  /** Does the work; may run more than once (see `Database`). */
  readonly work: (tx: Transaction, recorder: Recorder) => Promise<R>;
  /** What stays of it when it is refused, in the transaction of the refusal: the rest has been undone. */
  readonly refuse?: (tx: Transaction, recorder: Recorder, error: AppError) => Promise<void>;
}

/** A command that has a key to be run under. */
export interface Accepted<I extends CommandInput = CommandInput> {
  readonly input: I;
  readonly context: RequestContext;
  readonly key: string;
  readonly caller: string;
  readonly inputHash: string;
  /** Characters of the input as canonical JSON. */
  readonly inputLength: number;
}

export interface StoredKey {
  input_hash: string;
  reply: string | null;
}

/** Fails with INVALID_INPUT: the key cannot be one. */
export function accept<I extends CommandInput>(input: I, context: RequestContext): Accepted<I> {
  const key = parseIdempotencyKey(input.idempotencyKey);
  const caller = context.identity.person ?? "anonymous";
  const text = canonicalJson(input);
  return { input, context, key, caller, inputHash: hashOf(text), inputLength: text.length };
}

export function causeOfCommand({ caller, context, key }: Accepted): Cause {
  return {
    person: caller,
    roles: [...context.identity.roles],
    correlationId: context.correlationId,
    causationId: null,
    idempotencyKey: key,
    traceparent: context.traceparent,
  };
}

/** Fails with what `work` fails with, unless it is a user error: that becomes part of the payload. */
export function runCommand<R extends object>(deps: CommandDeps, command: Command<R>): Promise<Payload<R>> {
  const { operation, context } = command;
  return within(deps.tracing, [`command ${operation}`, "internal", context.traceparent], (traceparent) =>
    run(deps, { ...command, context: { ...context, traceparent } }),
  );
}

async function run<R extends object>(deps: CommandDeps, command: Command<R>): Promise<Payload<R>> {
  const { operation, input, context } = command;
  try {
    const accepted = accept(input, context);
    const { key, caller, inputHash } = accepted;
    let told: readonly AnyEvent[] = [];
    const reply = await deps.db.transaction(async (tx) => {
      told = [];
      const stored = await claimKey(deps, tx, caller, operation, key, inputHash);
      if (stored) return replay<R>(stored, inputHash);
      const recorder = createRecorder(deps.system, deps.clock, causeOfCommand(accepted));
      const payload = await attempt(tx, command, recorder);
      // Somebody asked, and a key was taken for it: that stands on record, so that a key without an audit row is a loss.
      if (!recorder.isAudited) recorder.audit(auditOfNothing(operation));
      told = await recorder.flush(tx);
      await tx.run("UPDATE idempotency_keys SET reply = ? WHERE caller = ? AND operation = ? AND idempotency_key = ?", [
        JSON.stringify(payload),
        caller,
        operation,
        key,
      ]);
      return payload;
    });
    // A refusal and a copy of an earlier reply leave the relay alone: in a rush they are most of what there is.
    if (told.length > 0) deps.committed(told);
    return reply;
  } catch (error) {
    if (isUserError(error)) return refusal(command.refused, error);
    throw error;
  }
}

/** Takes the key, or returns what is stored under it. Fails with IDEMPOTENCY_IN_PROGRESS. */
async function claimKey(
  deps: CommandDeps,
  tx: Transaction,
  caller: string,
  operation: string,
  key: string,
  inputHash: string,
): Promise<StoredKey | undefined> {
  try {
    const taken = await insertMissing(tx, "idempotency_keys", [
      {
        caller,
        operation,
        idempotency_key: key,
        input_hash: inputHash,
        reply: null,
        created_at_ms: deps.clock.now(),
      },
    ]);
    if (taken === 1) return undefined;
  } catch (error) {
    // Waited as long as a lock may be waited for: the first copy is still at work.
    if (isLockTimeout(error)) throw new AppError("IDEMPOTENCY_IN_PROGRESS");
    throw error;
  }
  const [stored] = await tx.query<StoredKey>(
    "SELECT input_hash, reply FROM idempotency_keys WHERE caller = ? AND operation = ? AND idempotency_key = ?",
    [caller, operation, key],
  );
  // Gone between the two statements (housekeeping): to go on would be to work without a key.
  if (!stored) throw new TransactionConflict("idempotency key");
  return stored;
}

/** Fails with IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_IN_PROGRESS. */
export function replay<R>(stored: StoredKey, inputHash: string): Payload<R> {
  if (stored.input_hash !== inputHash) {
    throw new AppError("IDEMPOTENCY_KEY_REUSED", { field: ["input", "idempotencyKey"] });
  }
  if (stored.reply === null) throw new AppError("IDEMPOTENCY_IN_PROGRESS");
  return { ...(JSON.parse(stored.reply) as Payload<R>), replayed: true };
}

async function attempt<R extends object>(
  tx: Transaction,
  command: Command<R>,
  recorder: Recorder,
): Promise<Payload<R>> {
  try {
    const result = await tx.savepoint(() => command.work(tx, recorder));
    return { ...result, userErrors: [], replayed: false };
  } catch (error) {
    if (!isUserError(error)) throw error;
    recorder.clear();
    recorder.audit(auditOfRefusal(command, command.input, error));
    await command.refuse?.(tx, recorder, error);
    return explained(command, error);
  }
}

/** What a command leaves that was carried out and had nothing to change. */
function auditOfNothing(operation: string): AuditEntry {
  return { subject: `command:${operation}`, action: operation, outcome: "unchanged", detail: {} };
}

export function auditOfRefusal<R extends object>(
  { operation }: Refusing<R>,
  input: CommandInput,
  error: AppError,
): AuditEntry {
  return {
    subject: `command:${operation}`,
    action: operation,
    outcome: error.code,
    detail: { input, ...error.details },
  };
}

/** The reply that says no, and what can be said besides. */
export function explained<R extends object>({ refused, explain }: Refusing<R>, error: AppError): Payload<R> {
  return refusal({ ...refused, ...explain?.(error) }, error);
}

export function refusal<R extends object>(refused: R, error: AppError): Payload<R> {
  return { ...refused, userErrors: [toUserError(error)], replayed: false };
}

export function toUserError(error: AppError): UserErrorRow {
  return { code: error.code, message: error.message, field: error.details.field ?? null };
}
