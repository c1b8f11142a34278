/**
 * The short way to an answer: a query that one subgraph of this process answers alone, run by its compiled function and
 * kept as bytes, without Apollo Server and without a plan.
 *
 * Answers only what the long way would have answered, byte for byte; for everything else it says null and the long way
 * decides: a document that is new, a variable that does not fit, any error. Who may see a reply is part of its key.
 */
import { getVariableValues } from "graphql";
import type { Clock } from "../shared/clock.ts";
import type { RequestContext } from "../shared/command.ts";
import { withinDeadline } from "../shared/deadline.ts";
import type { CacheHints } from "../shared/graphql/execute.ts";
import type { CompiledByOwner, CompiledResult } from "../shared/graphql/operations.ts";
import { limits } from "../shared/limits.ts";
import type { Logger } from "../shared/logging.ts";
import { storyOf } from "../shared/traceparent.ts";
import type { Admissions, Admitted } from "./admission/admissions.ts";
import { createOneOwner } from "./admission/one-owner.ts";
import { isAffordable, type OperationCosts } from "./admission/operation-costs.ts";
import { audienceText } from "./audience.ts";
import { createDoorkeeper } from "./cache/doorkeeper.ts";
import type { Fill, KeptReply, ResponseCache } from "./cache/response-cache.ts";
import type { LocalSubgraph } from "./endpoints.ts";
import type { Planner } from "./planner.ts";
import { logOperation } from "./plugins/access-log.ts";
import type { Traced } from "./request-traces.ts";

export interface Question {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface Asker extends RequestContext, Traced {
  /** False: the caller's budget does not reach that far. */
  readonly pays: (cost: number) => boolean;
}

export interface ShortPath {
  /** The document that this SHA-256 names, if it has been admitted. */
  textOf(sha256: string): string | undefined;
  /** A reply that is kept for exactly this request. `source`: the request as it came. */
  kept(source: string, asker: Asker): KeptReply | null;
  /** Null: this is for the long way. */
  answer(source: string, question: Question, asker: Asker): KeptReply | null | Promise<KeptReply | null>;
}

export interface ShortPathParts {
  readonly admissions: Admissions;
  readonly costs: OperationCosts;
  readonly planner: Planner;
  /** The subgraphs of this process. */
  readonly local: ReadonlyMap<string, LocalSubgraph>;
  /** Null: nothing is kept. */
  readonly cache: ResponseCache | null;
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is known of an admitted operation beyond its document. */
interface Known {
  readonly compiled: CompiledByOwner | null;
  readonly operationName: string | null;
  /** Did the last answer say what it was made from? Only such answers are worth waiting for together. */
  isTagged: boolean;
}

/** Of an execution that several wait for: the reply, if it is one that all of them may have. */
type Flight = Promise<KeptReply | null>;

export function createShortPath(parts: ShortPathParts): ShortPath {
  const { admissions, costs, planner, cache, clock, log } = parts;
  const know = createKnowledge(parts);
  const flights = new Map<string, Flight>();
  const doorkeeper = createDoorkeeper({ clock, spanMs: limits.askedAgainMs, lengthMax: limits.askedLengthMax });

  function tell(reply: KeptReply, asker: Asker, startedMs: number): KeptReply {
    const { operationName } = reply;
    logOperation(log, asker, { operation: "query", operationName, durationMs: clock.now() - startedMs, codes: [] });
    return reply;
  }

  /** Others who ask the same meanwhile wait for this one, and ask themselves if its reply is not for them. */
  async function fly(key: string, underWay: Promise<Outcome>): Promise<KeptReply | null> {
    const flight = underWay.then(({ reply, isShared }) => (isShared ? reply : null));
    flights.set(key, flight);
    const { reply } = await underWay;
    if (flights.get(key) === flight) flights.delete(key);
    return reply;
  }

  return {
    textOf: admissions.textOf,
    kept(source, asker) {
      if (!cache) return null;
      const reply = cache.named(aliasOf(source, asker));
      return reply && asker.pays(reply.cost) ? tell(reply, asker, clock.now()) : null;
    },
    answer(source, { query, operationName, variables }, asker) {
      const startedMs = clock.now();
      const admitted = admissions.find(query, operationName);
      if (!admitted) return null;
      const known = know(admitted, asker);
      if (!known.compiled) return null;
      const cost = costs.of({ schema: planner.schema, ...admitted }, variables);
      if (cost === null || !isAffordable(cost) || !asker.pays(cost)) return null;
      const told = (reply: KeptReply | null) => reply && tell(reply, asker, startedMs);
      const alias = aliasOf(source, asker);
      if (!cache || !doorkeeper.knows(alias)) {
        const outcome = run(parts, known, null, { variables, cost }, asker);
        return "then" in outcome ? outcome.then(({ reply }) => told(reply)) : told(outcome.reply);
      }
      const { coerced } = getVariableValues(planner.schema, admitted.operation.variableDefinitions ?? [], variables);
      if (!coerced) return null;
      // Coerced variables stand in the order of their definitions, so equal ones are equal texts.
      const key = `${admitted.id}\n${audienceText(asker.identity)}\n${JSON.stringify(coerced)}`;
      const there = cache.get(key, alias);
      if (there) return told(there);
      const runOne = () => run(parts, known, { key, alias }, { variables, cost }, asker);
      const underWay = known.isTagged ? flights.get(key) : undefined;
      const outcome = underWay ? underWay.then((reply) => (reply ? { reply, isShared: true } : runOne())) : runOne();
      if (!("then" in outcome)) return told(outcome.reply);
      if (underWay || !known.isTagged) return outcome.then(({ reply }) => told(reply));
      return fly(key, outcome).then(told);
    },
  };
}

/** What an admitted operation becomes, once. */
function createKnowledge({ planner, local, log }: ShortPathParts): (admitted: Admitted, asker: Asker) => Known {
  const oneOwner = createOneOwner(planner, local);
  const knownOf = new WeakMap<Admitted, Known>();

  function know(admitted: Admitted, asker: Asker): Known {
    const known = knownOf.get(admitted) ?? {
      compiled: compile(admitted, asker),
      operationName: admitted.operation.name?.value ?? null,
      isTagged: false,
    };
    knownOf.set(admitted, known);
    return known;
  }

  function compile(admitted: Admitted, asker: Asker): CompiledByOwner | null {
    try {
      return oneOwner(admitted);
    } catch (error) {
      log.warn({ error, ...storyOf(asker) }, "an operation cannot be compiled; it is answered the long way");
      return null;
    }
  }

  return know;
}

interface Outcome {
  readonly reply: KeptReply | null;
  /** May others who wait for the same have it? */
  readonly isShared: boolean;
}

/** Runs it, and keeps its reply under these names if it may be kept; null: nobody wants it kept. */
function run(
  { cache, deadlineMs }: ShortPathParts,
  known: Known,
  names: Pick<Fill, "key" | "alias"> | null,
  { variables, cost }: Pick<Question, "variables"> & { readonly cost: number },
  asker: Asker,
): Outcome | Promise<Outcome> {
  const begun = cache?.begin();
  const settle = ({ data, errors, extensions }: CompiledResult): Outcome => {
    if (errors !== undefined || !data) return notShort;
    const bytes = Buffer.from(`${JSON.stringify({ data })}\n`);
    const reply: KeptReply = { bytes, operationName: known.operationName, cost };
    if (!names || !begun) return { reply, isShared: false };
    const { tags, maxAgeMs } = extensions?.cache ?? untagged;
    known.isTagged = cache !== null && tags !== null;
    const isShared = tags !== null && cache?.put({ ...names, reply, tags, maxAgeMs, begun });
    return { reply, isShared: isShared === true };
  };
  try {
    const result = (known.compiled as CompiledByOwner)(variables, asker);
    if (!("then" in result)) return settle(result);
    return withinDeadline(deadlineMs, () => result).then(settle, () => notShort);
  } catch {
    return notShort;
  }
}

const untagged: CacheHints = { tags: null, maxAgeMs: 0 };

const notShort: Outcome = { reply: null, isShared: false };

function aliasOf(source: string, { identity }: Asker): string {
  return `${audienceText(identity)}\n${source}`;
}
