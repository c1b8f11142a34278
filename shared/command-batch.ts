/**
 * Commands of one operation in one transaction: many callers, each under its own key, each with its own reply.
 *
 * Every key has its effect, audit rows, events and stored reply exactly as `runCommand` would leave them. What one
 * command must not have (a refusal, an error of its own) undoes nothing of the others: `work` decides in memory and
 * writes only what it has granted. Keys are looked up after `prepare` has taken its locks, so that a copy of a request
 * that another batch works on usually finds the reply; the rows of the keys, written last, decide. Does not decide
 * about copies whose first has failed, nor about what `work` leaves out: those are run by themselves.
 */
import {
  type Accepted,
  auditOfRefusal,
  type CommandDeps,
  type CommandInput,
  causeOfCommand,
  explained,
  type Payload,
  type Refusing,
  refusal,
  replay,
  type StoredKey,
} from "./command.ts";
import type { Transaction } from "./db/database.ts";
import { TransactionConflict } from "./db/retry.ts";
import { insertMissing, tupleMarks } from "./db/statements.ts";
import { isUserError } from "./errors.ts";
import type { AnyEvent } from "./events/canonical-event.ts";
import { createRecorder, type Recorder } from "./recorder.ts";

/** What `work` says of one command: its result, why it is refused or fails, or that it must be run by itself. */
export type Decided<R> = { readonly result: R } | { readonly error: unknown } | "alone";

/** What became of a command; `"alone"`: nothing yet. */
export type Outcome<R extends object> = PromiseSettledResult<Payload<R> | "alone">;

export interface CommandBatch<I extends CommandInput, R extends object, P> extends Refusing<R> {
  readonly commands: readonly Accepted<I>[];
  /** Locks what the commands may change. */
  readonly prepare: (tx: Transaction, commands: readonly Accepted<I>[]) => Promise<P>;
  /**
   * Decides about commands whose keys are new, in their order, and writes for those with a result. Whoever caused an
   * audit row or an event must be given to the recorder with it. May run more than once (see `Database`).
   */
  readonly work: (
    tx: Transaction,
    recorder: Recorder,
    commands: readonly Accepted<I>[],
    prepared: P,
  ) => Promise<readonly Decided<R>[]>;
}

type Stored = StoredKey & { readonly caller: string; readonly idempotency_key: string };

/** One outcome for each command, in their order. Fails with what the transaction fails with: then nothing is done. */
export function runCommands<I extends CommandInput, R extends object, P>(
  deps: CommandDeps,
  batch: CommandBatch<I, R, P>,
): Promise<Outcome<R>[]> {
  return withinSpans(deps, batch, (commands) => run(deps, { ...batch, commands }));
}

async function run<I extends CommandInput, R extends object, P>(
  deps: CommandDeps,
  batch: CommandBatch<I, R, P>,
): Promise<Outcome<R>[]> {
  const firsts = new Map<string, Accepted<I>>();
  for (const command of batch.commands) {
    const key = keyText(command);
    if (!firsts.has(key)) firsts.set(key, command);
  }
  const distinct = [...firsts.values()];
  let told: readonly AnyEvent[] = [];
  const outcomes = await deps.db.transaction(async (tx) => {
    const prepared = await batch.prepare(tx, distinct);
    const stored = await storedReplies(tx, batch.operation, distinct);
    const fresh = distinct.filter((command) => !stored.has(keyText(command)));
    const recorder = createRecorder(deps.system, deps.clock, causeOfCommand(distinct[0] as Accepted<I>));
    const decided = fresh.length > 0 ? await batch.work(tx, recorder, fresh, prepared) : [];
    const found = new Map<string, Outcome<R>>();
    for (const [key, row] of stored) found.set(key, replayed(batch, firsts.get(key) as Accepted<I>, row));
    fresh.forEach((command, i) => {
      found.set(keyText(command), outcomeOf(batch, recorder, command, decided[i] as Decided<R>));
    });
    told = await recorder.flush(tx);
    await storeReplies(deps, tx, batch.operation, fresh, found);
    return found;
  });
  if (told.length > 0) deps.committed(told);
  return batch.commands.map((command) => {
    const key = keyText(command);
    const outcome = outcomes.get(key) as Outcome<R>;
    return firsts.get(key) === command ? outcome : copyOf(batch, command, firsts.get(key) as Accepted<I>, outcome);
  });
}

/** Each command within a span of its own: what they share is the transaction, not their stories. */
async function withinSpans<I extends CommandInput, R extends object, P>(
  { tracing }: CommandDeps,
  { operation, commands }: CommandBatch<I, R, P>,
  work: (commands: readonly Accepted<I>[]) => Promise<Outcome<R>[]>,
): Promise<Outcome<R>[]> {
  if (!tracing?.isOn) return work(commands);
  const spans = commands.map(({ context: { traceparent } }) =>
    tracing.start(`command ${operation}`, "internal", traceparent, { "inventory.batch_size": commands.length }),
  );
  let failure: unknown;
  try {
    return await work(
      commands.map((command, i) => {
        const traceparent = spans[i]?.traceparent;
        return { ...command, context: { ...command.context, traceparent } };
      }),
    );
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    for (const span of spans) span.end(failure);
  }
}

function keyText({ caller, key }: Pick<Accepted, "caller" | "key">): string {
  // No key holds a line break.
  return `${key}\n${caller}`;
}

async function storedReplies(
  tx: Transaction,
  operation: string,
  commands: readonly Accepted[],
): Promise<Map<string, Stored>> {
  const rows = await tx.query<Stored>(
    `SELECT caller, idempotency_key, input_hash, reply FROM idempotency_keys
      WHERE (caller, operation, idempotency_key) IN ${tupleMarks(tx.dialect, commands.length, 3)}`,
    commands.flatMap(({ caller, key }) => [caller, operation, key]),
  );
  return new Map(rows.map((row) => [keyText({ caller: row.caller, key: row.idempotency_key }), row]));
}

function replayed<R extends object>(batch: Refusing<R>, command: Accepted, stored: Stored): Outcome<R> {
  try {
    return fulfilled(replay<R>(stored, command.inputHash));
  } catch (error) {
    return failed(batch, error);
  }
}

/** The reply of a new command, and the audit row of a refused one. */
function outcomeOf<R extends object>(
  batch: Refusing<R>,
  recorder: Recorder,
  command: Accepted,
  decided: Decided<R>,
): Outcome<R> {
  if (decided === "alone") return { status: "fulfilled", value: "alone" };
  if ("result" in decided) return fulfilled({ ...decided.result, userErrors: [], replayed: false });
  const { error } = decided;
  if (!isUserError(error)) return { status: "rejected", reason: error };
  recorder.audit(auditOfRefusal(batch, command.input, error), causeOfCommand(command));
  return fulfilled(explained(batch, error));
}

/** A copy in the same batch is answered as it would be a moment later. */
function copyOf<R extends object>(
  batch: Refusing<R>,
  command: Accepted,
  first: Accepted,
  outcome: Outcome<R>,
): Outcome<R> {
  // Nothing is stored under the key: the copy is the first now.
  if (outcome.status === "rejected" || outcome.value === "alone") return { status: "fulfilled", value: "alone" };
  const row = { input_hash: first.inputHash, reply: JSON.stringify(outcome.value) };
  return replayed(batch, command, { ...row, caller: command.caller, idempotency_key: command.key });
}

/** The rows of the keys, each with its reply. Fails with TransactionConflict: somebody else has taken one meanwhile. */
async function storeReplies<R extends object>(
  deps: CommandDeps,
  tx: Transaction,
  operation: string,
  commands: readonly Accepted[],
  outcomes: ReadonlyMap<string, Outcome<R>>,
): Promise<void> {
  const nowMs = deps.clock.now();
  const rows = commands.flatMap((command) => {
    const outcome = outcomes.get(keyText(command));
    if (outcome?.status !== "fulfilled" || outcome.value === "alone") return [];
    const { caller, key, inputHash } = command;
    const reply = JSON.stringify(outcome.value);
    return [{ caller, operation, idempotency_key: key, input_hash: inputHash, reply, created_at_ms: nowMs }];
  });
  // In one order, so that two batches do not wait for each other.
  rows.sort((a, b) => (a.idempotency_key < b.idempotency_key ? -1 : 1));
  if ((await insertMissing(tx, "idempotency_keys", rows)) !== rows.length) {
    throw new TransactionConflict("idempotency key");
  }
}

function fulfilled<R extends object>(value: Payload<R>): Outcome<R> {
  return { status: "fulfilled", value };
}

/** As `runCommand` fails: a user error is a reply, and everything else is thrown. */
function failed<R extends object>({ refused }: Refusing<R>, error: unknown): Outcome<R> {
  return isUserError(error) ? fulfilled(refusal(refused, error)) : { status: "rejected", reason: error };
}
