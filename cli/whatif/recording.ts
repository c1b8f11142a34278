/**
 * A recorded stretch of the journal as a file, one JSON object a line: a header, the world as it was when the stretch
 * began, then every fact of it.
 *
 * Written and read line by line, so that its length does not matter. A file that breaks off is refused.
 */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { AppError } from "../../shared/errors.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import type { ApiClient } from "../../shared/graphql/client.ts";
import { limits } from "../../shared/limits.ts";
import type { Policy } from "../../subgraphs/availability/domain/policy.ts";
import type { ExceptionPolicy } from "../../subgraphs/control/domain/exception-policy.ts";
import type { Day } from "./compare.ts";
import { applyTo, type Entry, emptyWorld, entriesOf, takeEntry } from "./world.ts";

/** The first line. */
interface Header {
  readonly recording: 1;
  /** RFC 3339. */
  readonly from: string;
  readonly to: string;
  /** In force when it was recorded. */
  readonly policy: Policy;
  readonly exceptionPolicy: ExceptionPolicy;
}

export interface Recording extends Pick<Header, "policy" | "exceptionPolicy"> {
  readonly day: Day;
}

interface JournalPage {
  readonly journalEvents: {
    readonly nodes: readonly { readonly body: string }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

const journalPage = `query ($from: DateTime!, $to: DateTime!, $first: Int!, $after: String) {
  journalEvents(from: $from, to: $to, first: $first, after: $after) {
    nodes { body } pageInfo { hasNextPage endCursor } } }`;

type Rules = ExceptionPolicy["types"];

interface PoliciesInForce {
  readonly policyInForce: { readonly body: string } | null;
  readonly exceptionPolicy: Omit<ExceptionPolicy, "weights" | "types"> & {
    readonly weights: readonly { readonly name: string; readonly weight: number }[];
    readonly types: readonly ({ readonly type: string } & Rules[keyof Rules])[];
  };
}

const policiesInForce = `{ policyInForce { body } exceptionPolicy {
  version halfValue fullAgeMinutes weights { name weight } types { type responsibleRole slaMinutes risk } } }`;

/** Reads the journal from its beginning: what came before `from` is summed up. */
export async function* record(api: ApiClient, from: string, to: string): AsyncGenerator<string> {
  const { policyInForce, exceptionPolicy } = await api.request<PoliciesInForce>(policiesInForce);
  if (!policyInForce) throw invalid("A token that names accounts does not see the whole journal.");
  const policies = { policy: JSON.parse(policyInForce.body) as Policy, exceptionPolicy: byName(exceptionPolicy) };
  yield JSON.stringify({ recording: 1, from, to, ...policies } satisfies Header);
  const world = emptyWorld();
  for await (const body of journal(api, new Date(0).toISOString(), from)) applyTo(world, JSON.parse(body) as AnyEvent);
  for (const entry of entriesOf(world)) yield JSON.stringify(entry);
  let facts = 0;
  for await (const body of journal(api, from, to)) {
    facts += 1;
    yield `{"event":${body}}`;
  }
  yield JSON.stringify({ end: facts });
}

/** As the domain has it. */
function byName({ weights, types, ...rest }: PoliciesInForce["exceptionPolicy"]): ExceptionPolicy {
  return {
    ...rest,
    weights: Object.fromEntries(weights.map(({ name, weight }) => [name, weight])) as ExceptionPolicy["weights"],
    types: Object.fromEntries(types.map(({ type, ...rule }) => [type, rule])) as Rules,
  };
}

async function* journal(api: ApiClient, from: string, to: string): AsyncGenerator<string> {
  let after: string | null = null;
  for (;;) {
    const { journalEvents }: JournalPage = await api.request<JournalPage>(journalPage, {
      ...{ from, to, after },
      first: limits.pageSizeMax,
    });
    for (const { body } of journalEvents.nodes) yield body;
    if (!journalEvents.pageInfo.hasNextPage) return;
    after = journalEvents.pageInfo.endCursor;
  }
}

/** The facts are read while they are asked for, once. Fails with INVALID_INPUT: it is no recording, or not all of one. */
export async function openRecording(file: string): Promise<Recording> {
  const lines = linesOf(file);
  const header = (await lines.next()).value as Partial<Header> | undefined;
  if (header?.recording !== 1) throw invalid(`${file} is no recording of the journal.`);
  const { from, to, policy, exceptionPolicy } = header as Header;
  const world = emptyWorld();
  let line = (await lines.next()).value;
  while (line !== undefined && "opening" in line) {
    takeEntry(world, line as unknown as Entry);
    line = (await lines.next()).value;
  }
  const events = eventsOf(line, lines, file);
  return { policy, exceptionPolicy, day: { world, events, fromMs: Date.parse(from), toMs: Date.parse(to) } };
}

type Line = Readonly<Record<string, unknown>>;

async function* eventsOf(first: Line | undefined, lines: AsyncIterator<Line>, file: string): AsyncGenerator<AnyEvent> {
  let facts = 0;
  let line = first;
  while (line !== undefined && "event" in line) {
    facts += 1;
    yield line["event"] as AnyEvent;
    line = (await lines.next()).value;
  }
  if (line?.["end"] !== facts) throw invalid(`${file} breaks off after ${facts} facts.`);
}

async function* linesOf(file: string): AsyncGenerator<Line, undefined> {
  try {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line !== "") yield JSON.parse(line) as Line;
    }
  } catch (error) {
    throw invalid(`${file}: ${(error as Error).message}`);
  }
  return undefined;
}

function invalid(message: string): AppError {
  return new AppError("INVALID_INPUT", { message });
}
