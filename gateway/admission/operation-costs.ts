/**
 * What operations cost, by operation and variables: compiled once for each operation that was admitted.
 *
 * Null where the variables do not fit: whoever executes the operation says what is wrong with them. The answer for an
 * operation whose cost does not depend on its variables costs one look into a table.
 */
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
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
  const compiled = new WeakMap<OperationDefinitionNode, Cost>();
  return {
    of({ schema, document, operation }, variables) {
      let cost = compiled.get(operation);
      if (cost === undefined) {
        cost = compileCost(schema, table, operation, fragmentsOf(document));
        compiled.set(operation, cost);
      }
      if (typeof cost === "number") return cost;
      const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
      return coerced ? evaluate(cost, coerced) : null;
    },
  };
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
