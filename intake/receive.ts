/**
 * One document from its first byte to its receipt: read, sent in batches, and counted.
 *
 * Each message counts once, as accepted, duplicate, acknowledged or rejected, with the reason. Holds a batch at a time.
 * Does not know where the bytes come from, nor where the API is; without one it reads and sends nothing.
 */
import type { IntakeItem, IntakeMessage, IntakeReader, Rejection } from "../ingest/intake-message.ts";
import { limits } from "../shared/limits.ts";
import { type Api, type Call, type Reply, send, soleEventOf, toCalls } from "./mutations.ts";

export interface Receipt {
  /** Messages that count now. */
  readonly accepted: number;
  /** Messages that counted before. */
  readonly duplicate: number;
  /** Messages that were recognised and change nothing here. */
  readonly acknowledged: number;
  /** Stock events in what was accepted. */
  readonly events: number;
  readonly rejected: readonly Rejection[];
  /** All of them; the list above is cut off at a limit. */
  readonly rejectedCount: number;
  /** 997, 999 or CONTRL, where it was asked for and the document has such a thing. */
  readonly acknowledgement?: string;
}

export async function* readDocument(
  bytes: AsyncIterable<Uint8Array>,
  reader: IntakeReader,
): AsyncGenerator<IntakeItem> {
  for await (const chunk of bytes) yield* reader.push(chunk);
  yield* reader.end();
}

export interface Receiving {
  /** Reads on until the end. Fails as the API does; `receipt` then says how far it came. */
  run(items: AsyncIterable<IntakeItem> | Iterable<IntakeItem>): Promise<void>;
  receipt(): Receipt;
}

/** `api`: null reads only. */
export function createReceiving(api: Api | null): Receiving {
  const counts = { accepted: 0, duplicate: 0, acknowledged: 0, events: 0, rejectedCount: 0 };
  const rejections: Rejection[] = [];
  const acknowledgements: string[] = [];
  let batch: IntakeMessage[] = [];
  let weight = 0;

  function reject(rejection: Rejection): void {
    counts.rejectedCount += 1;
    if (rejections.length < limits.intakeRejectionsListedMax) rejections.push(rejection);
  }

  function accept(message: IntakeMessage): void {
    counts.accepted += 1;
    for (const command of message.commands) if (command.kind === "stockEvents") counts.events += command.events.length;
  }

  async function flush(): Promise<void> {
    const messages = batch;
    batch = [];
    weight = 0;
    if (messages.length === 0) return;
    if (!api) {
      messages.forEach(accept);
      return;
    }
    const calls = toCalls(messages);
    const outcomes = outcomesOf(calls, await send(api, calls));
    for (const message of messages) {
      const outcome = outcomes.get(message);
      if (outcome === undefined || outcome === "duplicate") counts.duplicate += 1;
      else if (outcome === "accepted") accept(message);
      else reject(outcome);
    }
  }

  async function take(item: IntakeItem) {
    if (item.kind === "rejected") return reject(item.rejection);
    if (item.kind === "duplicate") counts.duplicate += 1;
    else if (item.kind === "acknowledgement") acknowledgements.push(item.text);
    else if (item.message.commands.length === 0) counts.acknowledged += 1;
    else {
      batch.push(item.message);
      // A message that goes by itself costs a transaction, and its events beside it.
      const share = limits.intakeBatchEventsMax / limits.intakeBatchMessagesMax;
      weight += soleEventOf(item.message) ? 1 : Math.max(share, eventCountOf(item.message));
      if (weight >= limits.intakeBatchEventsMax) await flush();
    }
  }

  return {
    async run(items) {
      for await (const item of items) await take(item);
      await flush();
    },
    receipt: () => ({
      ...counts,
      rejected: rejections,
      ...(acknowledgements.length > 0 ? { acknowledgement: acknowledgements.join("") } : {}),
    }),
  };
}

function eventCountOf({ commands }: IntakeMessage): number {
  return commands.reduce((sum, command) => sum + (command.kind === "stockEvents" ? command.events.length : 1), 0);
}

type Outcome = "accepted" | "duplicate" | Rejection;

/** One refusal refuses the message; all replayed makes it a duplicate. */
function outcomesOf(calls: readonly Call[], replies: readonly Reply[]): ReadonlyMap<IntakeMessage, Outcome> {
  const outcomes = new Map<IntakeMessage, Outcome>();
  for (const [i, call] of calls.entries()) {
    const reply = replies[i] as Reply;
    for (const [n, message] of call.messages.entries()) {
      const outcome = call.messages.length > 1 || !("allOrNone" in call.input) ? ofItem(reply, n, message) : null;
      const own = outcome ?? ofWhole(reply, message);
      const before = outcomes.get(message);
      if (before === undefined || before === "duplicate" || typeof own === "object") outcomes.set(message, own);
    }
  }
  return outcomes;
}

function ofItem(reply: Reply, index: number, message: IntakeMessage): Outcome | null {
  const result = reply.results?.[index];
  if (!result || reply.userErrors.length > 0) return null;
  if (result.status === "REJECTED") return toRejection(message, result.code ?? "INTERNAL", result.message ?? "");
  return reply.replayed || result.status === "DUPLICATE" ? "duplicate" : "accepted";
}

function ofWhole(reply: Reply, message: IntakeMessage): Outcome {
  const [error] = reply.userErrors;
  if (error && !thereCodes.has(error.code)) return toRejection(message, error.code, error.message);
  const again = reply.replayed || reply.status === "UNCHANGED" || error !== undefined;
  const known = reply.results?.every(({ status }) => status === "DUPLICATE") === true;
  return again || known ? "duplicate" : "accepted";
}

/** Refusals that mean: this document is there already. */
const thereCodes: ReadonlySet<string> = new Set(["ORDER_LINE_EXISTS", "DOCUMENT_EXISTS"]);

function toRejection(message: IntakeMessage, code: string, hint: string): Rejection {
  return { ...message.place, message: `${message.type} ${message.identity}`, code, subject: message.type, hint };
}
