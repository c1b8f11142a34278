/**
 * Executes operations over all owners: planned and compiled once, remembered, and answered as @apollo/gateway answers.
 *
 * A document that comes again costs neither planning nor walking it. What is remembered is bounded by its size. Knows
 * nothing of HTTP and nothing of Apollo Server.
 */
import { prettyFormatQueryPlan, type QueryPlan } from "@apollo/query-planner";
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  type OperationDefinitionNode,
} from "graphql";
import { LRUCache } from "lru-cache";
import { limits } from "../../shared/limits.ts";
import type { OperationContext } from "../context.ts";
import type { Planner } from "../planner.ts";
import { shapeAnswer } from "./answer.ts";
import type { Json } from "./merge.ts";
import { type AskOwner, compilePlan, type PlanRun, type RunPlan } from "./plan.ts";
import { createPossibleTypes } from "./possible-types.ts";
import { type AnswerShape, compileShape } from "./shape.ts";

/** An operation of a valid document, and what is known of it without its variables. */
export interface Prepared {
  readonly plan: QueryPlan;
  readonly run: RunPlan;
  readonly shape: AnswerShape;
  readonly operation: OperationDefinitionNode;
}

export interface PlanResult {
  readonly data?: Json | null;
  readonly errors?: readonly GraphQLError[];
  readonly extensions?: Json;
}

export interface PlanExecutor {
  /** `key`: of the document, the same for the same text. */
  prepare(key: string, document: DocumentNode, operation: OperationDefinitionNode): Prepared;
  execute(prepared: Prepared, variables: Readonly<Json> | undefined, context: OperationContext): Promise<PlanResult>;
}

export interface PlanExecutorParts {
  readonly planner: Planner;
  readonly ask: AskOwner;
  readonly bytesMax?: number;
}

export function createPlanExecutor(parts: PlanExecutorParts): PlanExecutor {
  const { planner, ask, bytesMax = limits.queryPlanBytesMax } = parts;
  const types = createPossibleTypes(planner.supergraphSchema);
  const known = new LRUCache<string, Prepared>({ maxSize: bytesMax, sizeCalculation: sizeOf });

  function prepare(key: string, document: DocumentNode, operation: OperationDefinitionNode): Prepared {
    const name = operation.name?.value;
    const fullKey = name === undefined ? key : `${key} ${name}`;
    let prepared = known.get(fullKey);
    if (!prepared) {
      const planned = planner.plan(document, name);
      prepared = {
        plan: planned.plan,
        run: compilePlan(planned.plan, types),
        shape: compileShape(planned.operation, operation.variableDefinitions ?? []),
        operation,
      };
      known.set(fullKey, prepared);
    }
    return prepared;
  }

  return {
    prepare,
    async execute({ run, shape, operation }, variables, context) {
      const refused = refusedVariables(planner.schema, operation, variables);
      if (refused) return { errors: refused };
      const planRun: PlanRun = {
        ask,
        context,
        variables,
        defaults: shape.defaults,
        data: Object.create(null),
        errors: [],
      };
      await run(planRun);
      return answer(planner.schema, shape, planRun);
    },
  };
}

/** The plan as a person reads it. */
export function printPlan({ plan }: Prepared): string | null {
  return plan.node ? prettyFormatQueryPlan(plan) : null;
}

function answer(schema: GraphQLSchema, shape: AnswerShape, { variables, data: input, errors }: PlanRun): PlanResult {
  try {
    const { data, problems } = shapeAnswer(shape, schema, variables, input);
    if (errors.length > 0) return { errors: errors.map(toGraphqlError), data };
    return problems.length > 0 ? { extensions: { valueCompletion: problems }, data } : { data };
  } catch (error) {
    return { errors: [toGraphqlError(error)] };
  }
}

function toGraphqlError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  return new GraphQLError(error instanceof Error ? error.message : String(error), { originalError: error as Error });
}

function refusedVariables(
  schema: GraphQLSchema,
  { variableDefinitions }: OperationDefinitionNode,
  variables: Readonly<Json> = {},
): readonly GraphQLError[] | undefined {
  if (!variableDefinitions || variableDefinitions.length === 0) return undefined;
  return getVariableValues(schema, variableDefinitions, variables).errors;
}

/** Roughly: the text of the plan, twice for the documents in it, and what a selection becomes. */
function sizeOf({ plan, shape }: Prepared, key: string): number {
  return key.length + 2 * JSON.stringify(plan).length + bytesPerSelection * shape.selections;
}

const bytesPerSelection = 1_000;
