/**
 * Runs one operation against a subgraph's schema, in process or behind HTTP: the same code, the same errors.
 *
 * Errors leave here as the contract says: a code from the error table, or INTERNAL with an incident id whose cause is
 * only in the log.
 */
import { randomUUID } from "node:crypto";
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  parse,
  validate,
} from "graphql";
import type { RequestContext } from "../command.ts";
import { AppError, errorTable } from "../errors.ts";
import type { AnyEvent } from "../events/canonical-event.ts";
import { limits } from "../limits.ts";
import type { Logger } from "../logging.ts";
import { storyOf } from "../traceparent.ts";

export interface OperationRequest {
  readonly query?: string | undefined;
  /** The parsed query, where the caller has it: it is trusted to be valid. */
  readonly document?: DocumentNode | undefined;
  readonly variables?: Record<string, unknown> | undefined;
  readonly operationName?: string | undefined;
  /** Of a subscription: the one event to execute it for. It becomes the root value, as the language defines it. */
  readonly extensions?: { readonly change?: LoggedEvent } | undefined;
}

/** An event of a subscription, and where its stream stands after it. */
export interface LoggedEvent {
  readonly cursor: string;
  readonly event: AnyEvent;
}

export interface OperationResult {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly GraphQLFormattedError[];
  readonly extensions?: { readonly cache?: CacheHints };
}

/** What a subgraph says of its answer to whoever might keep it. */
export interface CacheHints {
  /**
   * Everything that was read, e.g. `position:4711|WEST`, `product:4711`, `location:WEST`, `policy`; null where
   * something was read that has no tag, so that the answer must not be kept.
   */
  readonly tags: readonly string[] | null;
  /** No longer than this, whatever happens: something in the answer changes by time alone. */
  readonly maxAgeMs: number;
  /** What a mutation changed, under the same names. */
  readonly changed?: readonly string[];
}

export type Executor = (request: OperationRequest, contextValue: unknown) => Promise<OperationResult>;

const documentsMax = 1_000;

export function createExecutor(schema: GraphQLSchema, log: Logger): Executor {
  const documents = new Map<string, DocumentNode | readonly GraphQLError[]>();

  /** Parsed and valid, or the reasons why not; remembered, because gateways send the same few documents. */
  function admit(query: string): DocumentNode | readonly GraphQLError[] {
    let admitted = documents.get(query);
    if (!admitted) {
      admitted = parseAndValidate(schema, query);
      if (documents.size >= documentsMax) documents.delete(documents.keys().next().value as string);
      documents.set(query, admitted);
    }
    return admitted;
  }

  return async (request, contextValue) => {
    const admitted = request.document ?? admit(request.query ?? "");
    if (!("kind" in admitted)) return { errors: admitted.map((error) => error.toJSON()) };
    const result: ExecutionResult = await execute({
      schema,
      document: admitted,
      variableValues: request.variables,
      operationName: request.operationName,
      contextValue,
      rootValue: request.extensions?.change,
    });
    if (!result.errors) return { data: result.data as Record<string, unknown> };
    const errors = result.errors.map((error) => toPublicError(error, log, requestOf(contextValue)));
    return result.data === undefined ? { errors } : { data: result.data as Record<string, unknown>, errors };
  };
}

/** Resolvers find it in their context (`operations.ts`). */
function requestOf(contextValue: unknown): RequestContext | undefined {
  return (contextValue as { readonly request?: RequestContext } | null | undefined)?.request;
}

function parseAndValidate(schema: GraphQLSchema, query: string): DocumentNode | readonly GraphQLError[] {
  try {
    const document = parse(query, { maxTokens: limits.queryTokensMax });
    const errors = validate(schema, document);
    return errors.length === 0 ? document : errors.map((error) => withCode(error, "GRAPHQL_VALIDATION_FAILED"));
  } catch (error) {
    return [withCode(error as GraphQLError, "GRAPHQL_PARSE_FAILED")];
  }
}

function withCode(error: GraphQLError, code: keyof typeof errorTable): GraphQLError {
  return new GraphQLError(error.message, {
    ...(error.nodes ? { nodes: error.nodes } : {}),
    ...(error.source ? { source: error.source } : {}),
    ...(error.positions ? { positions: error.positions } : {}),
    extensions: { code },
  });
}

/** What a client may know of an error. */
export function toPublicError(error: GraphQLError, log: Logger, request?: RequestContext): GraphQLFormattedError {
  const cause = error.originalError;
  const place = {
    ...(error.locations ? { locations: error.locations } : {}),
    ...(error.path ? { path: error.path } : {}),
  };
  if (cause instanceof AppError) {
    const { message: _, ...details } = cause.details;
    return { message: cause.message, ...place, extensions: { ...details, code: cause.code } };
  }
  // Without a cause, graphql-js itself refused: a variable or an argument that does not fit its type.
  if (!cause || cause instanceof GraphQLError) {
    return { message: error.message, ...place, extensions: { code: "BAD_USER_INPUT", ...error.extensions } };
  }
  const incidentId = randomUUID();
  log.error({ error: cause, incidentId, path: error.path, ...(request && storyOf(request)) }, "internal error");
  return { message: errorTable.INTERNAL.message, ...place, extensions: { code: "INTERNAL", incidentId } };
}
