/**
 * The operations of one schema: executed one at a time, or compiled once and run often.
 *
 * Either way an answer says what it was made from, as far as its resolvers said so, to whoever might keep it.
 */
import type { DocumentNode, ExecutionResult, GraphQLSchema } from "graphql";
import type { RequestContext } from "../command.ts";
import type { Logger } from "../logging.ts";
import { createCacheHints } from "./cache-hints.ts";
import { compileOperation } from "./compile.ts";
import { createExecutor, type OperationRequest, type OperationResult } from "./execute.ts";

export interface Operations {
  readonly schema: GraphQLSchema;
  execute(operation: OperationRequest, request: RequestContext): Promise<OperationResult>;
  /** Null: not one that is compiled. */
  compile(document: DocumentNode, operationName?: string): CompiledByOwner | null;
}

/** Runs one query. A result with errors is nothing to show to anybody: whoever gets one asks by `execute`. */
export type CompiledByOwner = (
  variables: Readonly<Record<string, unknown>>,
  request: RequestContext,
) => CompiledResult | Promise<CompiledResult>;

export type CompiledResult = ExecutionResult & Pick<OperationResult, "extensions">;

/** `contextFor`: what resolvers find beside the request and the hints; it lives as long as one operation. */
export function createOperations(
  schema: GraphQLSchema,
  log: Logger,
  contextFor: (request: RequestContext) => object,
): Operations {
  const run = createExecutor(schema, log);
  return {
    schema,
    async execute(operation, request) {
      const hints = createCacheHints();
      const result = await run(operation, Object.assign(contextFor(request), { request, hints }));
      const cache = hints.collect();
      return cache ? { ...result, extensions: { cache } } : result;
    },
    compile(document, operationName) {
      const compiled = compileOperation(schema, document, operationName);
      if (!compiled) return null;
      return (variables, request) => {
        const hints = createCacheHints();
        const withHints = (result: ExecutionResult): CompiledResult => {
          const cache = hints.collect();
          return cache ? { ...result, extensions: { cache } } : (result as CompiledResult);
        };
        const result = compiled(variables, Object.assign(contextFor(request), { request, hints }));
        return "then" in result ? result.then(withHints) : withHints(result);
      };
    },
  };
}
