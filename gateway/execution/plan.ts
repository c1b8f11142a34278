/**
 * A query plan as something that runs: each step asks an owner, or says in which order the steps below it do.
 *
 * What an owner does not answer leaves its fields out and the rest as it is; a defect is reported and stops one fetch.
 * A plan is made once and run often, by many requests at once: it holds nothing of any of them.
 */
import type { ConditionNode, FetchNode, PlanNode, QueryPlan } from "@apollo/query-planner";
import type { DocumentNode } from "graphql";
import type { OperationResult } from "../../shared/graphql/execute.ts";
import type { OperationContext } from "../context.ts";
import { ownerErrors } from "./errors.ts";
import { copyOf, isObject, type Json, mergeInto, ownValue } from "./merge.ts";
import type { PossibleTypes } from "./possible-types.ts";
import { compileRepresent, type Representations } from "./representations.ts";
import { compileRewrites } from "./rewrites.ts";

/** One question to one owner. */
export interface Fetch {
  readonly query: string;
  readonly document: DocumentNode | undefined;
  readonly operationName: string | undefined;
  readonly variables: Json;
  /** The representations among the variables, as JSON. */
  readonly representationsText?: string;
}

/** Asks the owner of this name. Throws defects; an owner that does not answer is an answer with errors. */
export type AskOwner = (serviceName: string, fetch: Fetch, context: OperationContext) => Promise<OperationResult>;

/** One execution. */
export interface PlanRun {
  readonly ask: AskOwner;
  readonly context: OperationContext;
  readonly variables: Readonly<Json> | undefined;
  readonly defaults: Readonly<Json>;
  /** Everything known so far. */
  readonly data: Json;
  readonly errors: unknown[];
}

interface Place {
  readonly path: readonly (string | number)[];
  /** What is there: an object, or everything in a list. */
  readonly value: unknown;
}

type RunStep = (run: PlanRun, place: Place) => Promise<void> | void;
export type RunPlan = (run: PlanRun) => Promise<void> | void;

export function compilePlan({ node }: QueryPlan, types: PossibleTypes): RunPlan {
  if (!node) return () => {};
  // @apollo/gateway keeps no streams and runs no plan of a subscription. Ours runs once per event: first the owner's
  // part, which gets the event, then the rest, as for a query.
  const steps: PlanNode[] = node.kind === "Subscription" ? [node.primary, ...(node.rest ? [node.rest] : [])] : [node];
  const step = inSequence(steps.map((one) => compileStep(one, types)));
  return (run) => step(run, { path: [], value: run.data });
}

function compileStep(node: PlanNode, types: PossibleTypes): RunStep {
  switch (node.kind) {
    case "Sequence":
      return inSequence(node.nodes.map((one) => compileStep(one, types)));
    case "Parallel":
      return inParallel(node.nodes.map((one) => compileStep(one, types)));
    case "Flatten": {
      const { path } = node;
      const step = compileStep(node.node, types);
      return (run, place) => {
        const value = valueAt(place.value, path, 0);
        return value ? step(run, { path: [...place.path, ...path], value }) : undefined;
      };
    }
    case "Condition":
      return conditional(node, types);
    case "Fetch":
      return compileFetch(node, types);
    default:
      throw new Error(`${node.kind} is not supported.`);
  }
}

function inSequence(steps: readonly RunStep[]): RunStep {
  const [only] = steps;
  if (only && steps.length === 1) return only;
  return async (run, place) => {
    for (const step of steps) await step(run, place);
  };
}

function inParallel(steps: readonly RunStep[]): RunStep {
  return async (run, place) => {
    await Promise.all(steps.map(async (step) => step(run, place)));
  };
}

function conditional({ condition, ifClause, elseClause }: ConditionNode, types: PossibleTypes): RunStep {
  const yes = ifClause && compileStep(ifClause, types);
  const no = elseClause && compileStep(elseClause, types);
  return (run, place) => {
    const given = run.variables && ownValue(run.variables, condition);
    const value = given === undefined ? run.defaults[condition] : given;
    if (typeof value !== "boolean") throw new Error(`Invalid non-boolean value ${value} for variable $${condition}`);
    return (value ? yes : no)?.(run, place);
  };
}

function compileFetch(node: FetchNode, types: PossibleTypes): RunStep {
  const { serviceName, operation, operationName, operationDocumentNode: document, variableUsages = [] } = node;
  const rewriteOutput = node.outputRewrites && compileRewrites(node.outputRewrites, types);
  const rewriteInput = node.inputRewrites ? compileRewrites(node.inputRewrites, types) : null;
  const represent = node.requires && compileRepresent(node.requires, rewriteInput, types);

  async function ask(run: PlanRun, place: Place, asked: Representations | null): Promise<unknown> {
    const variables: Json = Object.create(null);
    for (const name of variableUsages) {
      const value = run.variables && ownValue(run.variables, name);
      if (value !== undefined) variables[name] = value;
    }
    const fetch: Fetch = { query: operation, document, operationName, variables };
    if (asked && "representations" in variables) throw new Error("A variable may not be named representations.");
    if (asked) variables["representations"] = asked.values;
    const result = await run.ask(
      serviceName,
      asked ? { ...fetch, representationsText: asked.text } : fetch,
      run.context,
    );
    if (result.errors) {
      const fetched = { serviceName, path: place.path, whole: run.data, entitiesOf: asked?.entitiesOf ?? null };
      run.errors.push(...ownerErrors(result.errors, fetched));
    }
    return result.data;
  }

  async function fetchFields(run: PlanRun, place: Place, targets: readonly Json[]): Promise<void> {
    const data = await ask(run, place, null);
    if (data) rewriteOutput?.(data);
    for (const target of targets.slice(1)) mergeInto(target, copyOf(data));
    mergeInto(targets[0] as Json, data);
  }

  async function fetchEntities(run: PlanRun, place: Place, targets: readonly Json[]): Promise<void> {
    const asked = represent?.(targets);
    if (!asked || asked.values.length === 0) return;
    const data = await ask(run, place, asked);
    if (!data) return;
    const entities = (data as Json)["_entities"];
    const { length } = asked.values;
    if (!Array.isArray(entities) || entities.length !== length) {
      throw new Error(`${serviceName} was to answer "data._entities" with ${length} elements.`);
    }
    for (const [place, entity] of entities.entries()) {
      const [first, ...others] = asked.entitiesOf[place] ?? [];
      const target = targets[first as number] as Json;
      if (entity && !entity["__typename"]) entity["__typename"] = target["__typename"];
      rewriteOutput?.(entity);
      for (const other of others) mergeInto(targets[other] as Json, copyOf(entity));
      mergeInto(target, entity);
    }
  }

  return async (run, place) => {
    const targets = Array.isArray(place.value) ? place.value.filter(isThere) : [place.value];
    if (targets.length === 0) return;
    try {
      await (represent ? fetchEntities : fetchFields)(run, place, targets as Json[]);
    } catch (error) {
      run.errors.push(error);
    }
  };
}

function isThere(value: unknown): boolean {
  return value !== null && value !== undefined;
}

/** What stands at a path; everything below an `@` in one list. */
function valueAt(value: unknown, path: FlattenPath, depth: number): unknown {
  if (depth === path.length || value === null || value === undefined) return value;
  const head = path[depth];
  if (head === "@") return (value as unknown[]).flatMap((element) => valueAt(element, path, depth + 1));
  if (Array.isArray(value) || !isObject(value)) throw new Error(`There is no field ${head} in what came.`);
  return valueAt(ownValue(value, String(head)), path, depth + 1);
}

type FlattenPath = readonly (string | number)[];
