/**
 * What operations cost, by operation and variables: compiled once for each operation that was admitted.
 *
 * Null where the variables plainly do not fit: whoever executes the operation says what is wrong with them. The answer for an
 * operation whose cost does not depend on its variables costs one look into a table.
 */
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getNamedType,
  getVariableValues,
  isInputObjectType,
  Kind,
  type NamedTypeNode,
  type OperationDefinitionNode,
  typeFromAST,
} from "graphql";
import { AppError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import { type Cost, compileCost, evaluate, type Variables } from "./cost.ts";
import type { CostTable } from "./cost-table.ts";

export interface CostedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

export interface OperationCosts {
  of(operation: CostedOperation, variables: Variables): number | null;
}

export function createOperationCosts(table: CostTable): OperationCosts {
  const compiled = new WeakMap<OperationDefinitionNode, Compiled>();
  return {
    of({ schema, document, operation }, variables) {
      let known = compiled.get(operation);
      if (known === undefined) {
        const cost = compileCost(schema, table, operation, fragmentsOf(document));
        known = { cost, variablesOf: variablesReader(schema, operation) };
        compiled.set(operation, known);
      }
      if (typeof known.cost === "number") return known.cost;
      const coerced = known.variablesOf(variables);
      return coerced ? evaluate(known.cost, coerced) : null;
    },
  };
}

interface Compiled {
  readonly cost: Cost;
  readonly variablesOf: (sent: Variables) => Variables | null;
}

/**
 * Variables as the cost counts them. Lists are as long and numbers as great before they are checked as after, so only
 * defaults are put in; the fields of an input object have defaults of their own and are read as the language says.
 */
function variablesReader(schema: GraphQLSchema, { variableDefinitions = [] }: OperationDefinitionNode) {
  const isObject = variableDefinitions.some(({ type }) =>
    isInputObjectType(getNamedType(typeFromAST(schema, type as NamedTypeNode))),
  );
  if (isObject) {
    return (sent: Variables) => getVariableValues(schema, variableDefinitions, sent).coerced ?? null;
  }
  const given = variableDefinitions.filter(({ defaultValue }) => defaultValue);
  if (given.length === 0) return (sent: Variables) => sent;
  const defaults = getVariableValues(schema, given, {}).coerced ?? {};
  return (sent: Variables) => ({ ...defaults, ...sent });
}

export function isAffordable(cost: number, costMax: number = limits.operationCostMax): boolean {
  return cost <= costMax;
}

/** Fails with QUERY_TOO_EXPENSIVE. */
export function assertAffordable(cost: number, costMax: number = limits.operationCostMax): void {
  if (isAffordable(cost, costMax)) return;
  const message = `The operation costs ${cost}; ${costMax} are allowed. Ask for less at once.`;
  throw new AppError("QUERY_TOO_EXPENSIVE", { message, cost, limit: costMax });
}

function fragmentsOf({ definitions }: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  return new Map(definitions.flatMap((d) => (d.kind === Kind.FRAGMENT_DEFINITION ? [[d.name.value, d] as const] : [])));
}
