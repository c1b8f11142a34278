/**
 * What a client may ask over its socket, by the rules of graphql-transport-ws: queries and mutations through the same
 * server as over HTTP, subscriptions through the hub.
 *
 * A subscription passes the same parsing, validation and limits as a query before anything is kept for it. Errors leave
 * in the shape and with the codes they have over HTTP.
 */
import { randomUUID } from "node:crypto";
import { GraphQLError, type GraphQLFormattedError, type GraphQLSchema, parse } from "graphql";
import { makeServer, type Server, type SubscribePayload } from "graphql-ws";
import { AppError } from "../../shared/errors.ts";
import type { OperationResult } from "../../shared/graphql/execute.ts";
import type { Identity } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import type { Tracing } from "../../shared/tracing.ts";
import type { Entrance } from "../admission/entrance.ts";
import type { AdmittedSubscription } from "../context.ts";
import type { ErrorMasking } from "../plugins/error-masking.ts";
import type { Traced } from "../request-traces.ts";
import { type Admission, admitSubscription } from "./admission.ts";
import type { CloseName } from "./close-codes.ts";
import type { Hub, Run } from "./hub.ts";
import { createWritten } from "./written.ts";

/** What a socket is to the operations on it. */
export interface Caller {
  /** Who asks; known once the connection is acknowledged. */
  identity: Identity;
  /** For whom is counted. */
  name: string;
  /** Writes a text; resolves when there is room for the next. */
  send(text: string): Promise<void>;
  /** Finds out who asks; false: refused, and the socket is being closed. */
  connect(connectionParams: Readonly<Record<string, unknown>> | undefined): Promise<boolean>;
  close(name: CloseName): void;
}

export interface OperationsParts extends Pick<Entrance, "gate" | "rates"> {
  readonly run: Run;
  /** Null: there is no log of changes that this process could read. */
  readonly hub: Hub | null;
  readonly masking: ErrorMasking;
  readonly tracing: Tracing;
}

interface Begun {
  readonly caller: Caller;
  readonly operationId: string;
  readonly payload: SubscribePayload;
  /** Operations on this socket. */
  readonly underWay: number;
}

export function createOperations({ run, hub, masking, rates, gate, tracing }: OperationsParts): Server<Caller> {
  const formattedOf = new WeakMap<GraphQLError, GraphQLFormattedError>();

  /** The protocol's library wants errors of its own kind; what leaves is what they were made from. */
  function wrap(formatted: GraphQLFormattedError): GraphQLError {
    const error = new GraphQLError(formatted.message);
    formattedOf.set(error, formatted);
    return error;
  }

  function publicErrors(errors: readonly GraphQLError[]): readonly GraphQLFormattedError[] {
    return errors.map((error) => formattedOf.get(error) ?? toPublic(error.originalError ?? error, masking));
  }

  async function begin({ caller, operationId, payload, underWay }: Begun, traced: Traced) {
    if (underWay > limits.operationsPerSocketMax) {
      const message = `${limits.operationsPerSocketMax} operations are under way on this socket.`;
      return [wrap(toPublic(new AppError("RATE_LIMITED", { message }), masking))];
    }
    if (gate.overloaded) return [wrap(toPublic(gate.refusal(), masking))];
    const till = rates?.open(caller.name);
    if (till?.empty) return [wrap(toPublic(till.refusal(), masking))];
    const request = {
      query: payload.query,
      operationName: payload.operationName ?? undefined,
      variables: (payload.variables ?? undefined) as Record<string, unknown> | undefined,
    };
    let subscription: AdmittedSubscription | undefined;
    const admit = (admitted: AdmittedSubscription) => {
      subscription = admitted;
    };
    const context = { identity: caller.identity, correlationId: randomUUID(), till, admit, ...traced };
    const result = await gate.within(run(request, context));
    till?.close();
    if (!subscription) {
      return result.data === undefined ? (result.errors ?? []).map(wrap) : executed("query", result);
    }
    try {
      const admission = admitSubscription(subscription, request, caller.identity);
      await assertAllowed(run, admission, caller.identity);
      if (!hub) throw new AppError("SOURCE_UNAVAILABLE", { message: "This gateway has no stream to read: REDIS_URL." });
      const queue = await hub.subscribe(admission, caller.identity, () => caller.close("TOO_SLOW"));
      return executed("subscription", createWritten(queue, operationId, caller.send));
    } catch (error) {
      return (error instanceof Refusal ? error.errors : [toPublic(error, masking)]).map(wrap);
    }
  }

  return makeServer<Record<string, unknown>, Caller>({
    connectionInitWaitTimeout: limits.socketInitMs,
    onConnect: ({ extra, connectionParams }) => extra.connect(connectionParams),
    onSubscribe({ extra: caller, subscriptions }, operationId, payload) {
      const begun = { caller, operationId, payload, underWay: Object.keys(subscriptions).length };
      if (!tracing.isOn) return begin(begun, {});
      const span = tracing.start("operation", "server", undefined);
      return begin(begun, { span, traceparent: span.traceparent }).finally(() => span.end());
    },
    execute: (args) => args.contextValue as never,
    subscribe: (args) => args.contextValue as never,
    // Already in the shape in which it leaves.
    onNext: (_context, _id, _payload, _args, result) => result as never,
    onError: (_context, _id, _payload, errors) => publicErrors(errors),
  });
}

/** The owner says who may ask for what: a small question is answered or refused like any other. */
async function assertAllowed(run: Run, { field, question }: Admission, identity: Identity): Promise<void> {
  const { errors } = await run(question, { identity, correlationId: randomUUID(), own: true });
  if (!errors || errors.length === 0) return;
  throw new Refusal(errors.map(({ message, extensions = {} }) => ({ message, path: [field], extensions })));
}

class Refusal extends Error {
  readonly errors: readonly GraphQLFormattedError[];

  constructor(errors: readonly GraphQLFormattedError[]) {
    super("refused");
    this.errors = errors;
  }
}

const documents = { query: parse("{ __typename }"), subscription: parse("subscription { __typename }") };

/** What is left to the library: to hand out what was made already, or to know that it goes on. */
function executed(kind: keyof typeof documents, outcome: OperationResult | AsyncGenerator<never, void>) {
  return { schema: {} as GraphQLSchema, document: documents[kind], contextValue: outcome };
}

function toPublic(error: unknown, masking: ErrorMasking): GraphQLFormattedError {
  const shown =
    error instanceof AppError
      ? new GraphQLError(error.message, { extensions: { ...withoutMessage(error.details), code: error.code } })
      : error instanceof GraphQLError
        ? error
        : new GraphQLError("", { originalError: error as Error });
  return masking.formatError(shown.toJSON(), shown);
}

function withoutMessage({ message: _, ...details }: AppError["details"]): Record<string, unknown> {
  return details;
}
