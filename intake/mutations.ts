/**
 * What the messages of a document become in the API: one GraphQL request for several of them, one mutation for each.
 *
 * A mutation is a unit: all of its events or none, unless it holds events of several messages of one event each, which
 * are independent. Keys are made from what the message is, never from chance, so that a document sent twice, or first
 * in half, has its effect once.
 */
import type { IntakeCommand, IntakeMessage, PartnerStockEvent } from "../ingest/intake-message.ts";
import { canonicalHash } from "../shared/canonical-json.ts";

/** Runs a document against the API; an `ApiClient` is one. */
export interface Api {
  request<T>(document: string, variables?: Record<string, unknown>): Promise<T>;
}

const fields = {
  stockEvents: ["recordStockEvents", "RecordStockEventsInput", "results { id status code message }"],
  purchaseOrder: ["savePurchaseOrder", "SavePurchaseOrderInput", "status"],
  receiptProgress: ["recordReceiptProgress", "RecordReceiptProgressInput", ""],
  allocation: ["allocateOrder", "AllocateOrderInput", ""],
  deallocation: ["deallocateOrder", "DeallocateOrderInput", ""],
  returnAuthorization: ["authorizeReturn", "AuthorizeReturnInput", ""],
} as const satisfies Record<IntakeCommand["kind"], readonly [name: string, inputType: string, selection: string]>;

/** One mutation, and the messages that it is about: one, or several with one event each. */
export interface Call {
  readonly kind: IntakeCommand["kind"];
  readonly key: string;
  readonly input: object;
  readonly messages: readonly IntakeMessage[];
}

export interface Reply {
  readonly userErrors: readonly { readonly code: string; readonly message: string }[];
  readonly replayed: boolean;
  readonly status?: string | null;
  readonly results?: readonly {
    readonly id: string;
    readonly status: string;
    readonly code: string | null;
    readonly message: string | null;
  }[];
}

/** Messages with one stock event each share a call while they come one after the other from one partner. */
export function toCalls(messages: readonly IntakeMessage[]): readonly Call[] {
  const calls: Call[] = [];
  let together: IntakeMessage[] = [];
  const settle = () => {
    if (together.length > 0) calls.push(callOfMany(together));
    together = [];
  };
  for (const message of messages) {
    if (soleEventOf(message)) {
      if (together[0] && together[0].partner !== message.partner) settle();
      together.push(message);
      continue;
    }
    settle();
    for (const [i, command] of message.commands.entries()) calls.push(callOf(message, command, i));
  }
  settle();
  return calls;
}

function callOfMany(messages: readonly IntakeMessage[]): Call {
  const events = messages.map((message) => soleEventOf(message) as PartnerStockEvent);
  const input = { ...sourceOf(messages[0]), events };
  return { kind: "stockEvents", key: `intake:${canonicalHash(input)}`, input, messages };
}

function callOf(message: IntakeMessage, command: IntakeCommand, index: number): Call {
  // By the message's number and not by its content: another content under this number is to be refused.
  const key = `intake:${canonicalHash([message.partner, message.identity, index])}`;
  return { kind: command.kind, key, input: inputOf(message, command), messages: [message] };
}

export function soleEventOf({ commands }: IntakeMessage): PartnerStockEvent | null {
  const [command, another] = commands;
  if (command?.kind !== "stockEvents" || another || command.events.length !== 1) return null;
  return command.events[0] ?? null;
}

function inputOf(message: IntakeMessage, command: IntakeCommand): object {
  switch (command.kind) {
    case "stockEvents":
      return { ...sourceOf(message), allOrNone: true, events: command.events };
    case "purchaseOrder":
      return command.order;
    case "receiptProgress":
      return command.progress;
    case "allocation":
      return command.allocation;
    case "deallocation":
      return { orderId: command.orderId };
    case "returnAuthorization":
      return command.authorization;
  }
}

/** Event ids are unique for the partner; nobody named is whoever sends. */
function sourceOf(message: IntakeMessage | undefined) {
  return message?.partner == null ? {} : { source: message.partner };
}

/** Refusals are stored under their key like every reply. */
const attemptsMax = 20;

/**
 * The replies, in the order of the calls. A refusal of an earlier time is asked again under the next key, because what
 * was missing then may be there now; always the same keys in the same order. Fails as `Api.request` does.
 */
export async function send(api: Api, calls: readonly Call[]): Promise<readonly Reply[]> {
  const replies = await ask(api, calls);
  const settled = [...replies];
  let open = calls.map((call, i) => ({ call, i })).filter(({ i }) => isOldRefusal(settled[i]));
  for (let attempt = 2; open.length > 0 && attempt <= attemptsMax; attempt++) {
    const again = open.map(({ call }) => ({ ...call, key: `${call.key}:${attempt}` }));
    const answers = await ask(api, again);
    for (const [n, { i }] of open.entries()) settled[i] = answers[n] as Reply;
    open = open.filter(({ i }) => isOldRefusal(settled[i]));
  }
  return settled;
}

function isOldRefusal(reply: Reply | undefined): boolean {
  if (!reply?.replayed) return false;
  return reply.userErrors.length > 0 || reply.results?.some(({ status }) => status === "REJECTED") === true;
}

async function ask(api: Api, calls: readonly Call[]): Promise<readonly Reply[]> {
  if (calls.length === 0) return [];
  const variables = calls.map(({ kind }, i) => `$i${i}: ${fields[kind][1]}!`).join(", ");
  const selections = calls.map(({ kind }, i) => {
    const [name, , selection] = fields[kind];
    return `m${i}: ${name}(input: $i${i}) { userErrors { code message } replayed ${selection} }`;
  });
  const data = await api.request<Readonly<Record<string, Reply | null>>>(
    `mutation Intake(${variables}) {\n${selections.join("\n")}\n}`,
    Object.fromEntries(calls.map(({ key, input }, i) => [`i${i}`, { idempotencyKey: key, ...input }])),
  );
  const unanswered = { userErrors: [{ code: "INTERNAL", message: "The API did not answer." }], replayed: false };
  return calls.map((_, i) => data[`m${i}`] ?? unanswered);
}
