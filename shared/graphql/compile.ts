/**
 * One operation compiled to code: the same data as `execute` of graphql-js gives, several times faster.
 *
 * For answers without errors only. What a failed answer looks like is decided by graphql-js, so whoever sees `errors`
 * here throws the answer away and asks again in the ordinary way; that is why mutations are never compiled. What the
 * compiler does not do as graphql-js does is left to graphql-js. The only door to graphql-jit.
 */
import {
  BREAK,
  type DocumentNode,
  type ExecutionResult,
  execute,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isInputObjectType,
  Kind,
  type NamedTypeNode,
  typeFromAST,
  validate,
  visit,
} from "graphql";
import { compileQuery, isCompiledQuery } from "graphql-jit";

export type CompiledOperation = (
  variables: Readonly<Record<string, unknown>>,
  contextValue: unknown,
) => ExecutionResult | Promise<ExecutionResult>;

/** Null for what this schema does not take, and for everything but queries. */
export function compileOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName?: string,
): CompiledOperation | null {
  if (getOperationAST(document, operationName)?.operation !== "query") return null;
  if (validate(schema, document).length > 0) return null;
  if (isBeyondCompiler(schema, document)) return interpreted(schema, document, operationName);
  const compiled = compileQuery(schema, document, operationName, { disablingCapturingStackErrors: true });
  if (!isCompiledQuery(compiled)) return null;
  return (variables, contextValue) => compiled.query(undefined, contextValue, variables) as ExecutionResult;
}

function interpreted(schema: GraphQLSchema, document: DocumentNode, operationName?: string): CompiledOperation {
  return (variableValues, contextValue) =>
    execute({ schema, document, variableValues, contextValue, ...(operationName ? { operationName } : {}) }) as
      | ExecutionResult
      | Promise<ExecutionResult>;
}

/**
 * What the compiler does otherwise than graphql-js, or never comes to an end with: conditions on fields, input types that
 * contain themselves, and variables inside a literal, whose defaults it forgets.
 */
function isBeyondCompiler(schema: GraphQLSchema, document: DocumentNode): boolean {
  let found = false;
  const find = () => {
    found = true;
    return BREAK;
  };
  visit(document, {
    Directive: find,
    VariableDefinition({ type }) {
      return isInputObjectType(getNamedType(typeFromAST(schema, type as NamedTypeNode))) ? find() : false;
    },
    ObjectField: ({ value }) => (value.kind === Kind.VARIABLE ? find() : undefined),
    ListValue: ({ values }) => (values.some(({ kind }) => kind === Kind.VARIABLE) ? find() : undefined),
  });
  return found;
}
