/**
 * The answer a client gets, made from everything the owners have said: its fields, in its order, checked.
 *
 * A null where the schema allows none takes the object around it along; a value that does not fit its type is null.
 * Both are told under `extensions.valueCompletion`, unless an owner has reported an error, which explains more.
 */
import { executeSync, GraphQLError, type GraphQLSchema } from "graphql";
import { type Json, ownValue } from "./merge.ts";
import type { AnswerShape, Condition, Step, ValueShape } from "./shape.ts";

export interface Answer {
  readonly data: Json | null;
  /** What did not fit. */
  readonly problems: readonly GraphQLError[];
}

/** Throws where what came has another structure than the schema: a list that is none. */
export function shapeAnswer(
  shape: AnswerShape,
  schema: GraphQLSchema,
  variables: Readonly<Json> | undefined,
  input: Json,
): Answer {
  const run: Run = { shape, schema, variables, path: [], problems: [], isInvalid: false, hasProblems: false };
  const data: Json = Object.create(null);
  const whole = fill(run, shape.root.steps(typenameOf(input)) ?? [], input, data);
  return { data: whole ? data : null, problems: run.problems };
}

interface Run {
  readonly shape: AnswerShape;
  readonly schema: GraphQLSchema;
  readonly variables: Readonly<Json> | undefined;
  readonly path: (string | number)[];
  readonly problems: GraphQLError[];
  /** Of the value completed last: may it not stand where it is; has it been reported? */
  isInvalid: boolean;
  hasProblems: boolean;
}

type ValueStep = Extract<Step, { kind: "value" }>;

/** False: a field that may not be null is, so neither may be the object. */
function fill(run: Run, steps: readonly Step[], input: Json, output: Json): boolean {
  for (const step of steps) {
    if (step.conditions && !hold(run, step.conditions)) continue;
    const { name } = step;
    if (step.kind === "value") {
      run.path.push(name);
      output[name] = complete(run, step, step.shape, ownValue(input, name) ?? null, output[name]);
      run.path.pop();
      if (run.isInvalid) return false;
    } else if (output[name] === undefined) {
      const value = step.kind === "typename" ? typeName(run, step, input) : introspect(run, step);
      if (value === null && step.kind === "typename") return false;
      output[name] = value;
    }
  }
  return true;
}

/** `known` is what an earlier selection of the same field has made. */
function complete(run: Run, step: ValueStep, shape: ValueShape, input: unknown, known: unknown): unknown {
  run.isInvalid = false;
  run.hasProblems = false;
  if (known === null) return null;
  switch (shape.kind) {
    case "nonNull": {
      const value = complete(run, step, shape.of, input, known);
      run.isInvalid = value === null;
      if (value === null && !run.hasProblems) {
        report(run, `Cannot return null for non-nullable ${placeOf(run, step, shape.of.type)}.`);
      }
      run.hasProblems = value === null;
      return value;
    }
    case "list":
      if (shape.isLeaf && known !== undefined) return known;
      return input === null ? null : completeList(run, step, shape, input, known);
    case "object":
      return input === null ? null : completeObject(run, step, shape, input, known);
    case "leaf":
      if (known !== undefined) return known;
      if (input === null || shape.isValid(input)) return input;
      report(run, `Invalid value found for ${placeOf(run, step, shape.type)}.`);
      run.hasProblems = true;
      return null;
  }
}

function completeList(
  run: Run,
  step: ValueStep,
  shape: Extract<ValueShape, { kind: "list" }>,
  input: unknown,
  known: unknown,
): unknown {
  if (!Array.isArray(input)) throw new Error(`Invalid non-list value ${input} returned by subgraph for ${shape.type}`);
  if (known !== undefined && (known as unknown[]).length !== input.length) {
    throw new Error(`Lists of different lengths for ${shape.type}`);
  }
  let isInvalid = false;
  let hasProblems = false;
  const values = new Array<unknown>(input.length);
  const { path } = run;
  const at = path.push(0) - 1;
  for (let i = 0; i < input.length; i++) {
    path[at] = i;
    values[i] = complete(run, step, shape.of, input[i] ?? null, (known as unknown[] | undefined)?.[i]);
    isInvalid ||= run.isInvalid;
    hasProblems ||= run.hasProblems;
  }
  path.pop();
  run.isInvalid = false;
  run.hasProblems = hasProblems;
  return isInvalid ? null : values;
}

function completeObject(
  run: Run,
  step: ValueStep,
  shape: Extract<ValueShape, { kind: "object" }>,
  input: unknown,
  known: unknown,
): unknown {
  if (typeof input !== "object")
    throw new Error(`Invalid non-object value ${input} returned by subgraph for ${shape.type}`);
  const said = (input as Json)["__typename"];
  if (said !== undefined && typeof said !== "string")
    throw new Error(`Invalid non-string value ${said} for __typename`);
  const steps = shape.selection.steps(said || undefined);
  if (!steps) {
    report(run, `Invalid __typename found for object at ${placeOf(run, step, shape.type)}.`);
    run.hasProblems = true;
    return null;
  }
  const output = (known ?? Object.create(null)) as Json;
  const whole = fill(run, steps, input as Json, output);
  run.isInvalid = false;
  run.hasProblems = !whole;
  return whole ? output : null;
}

function typeName(run: Run, { name, fallback }: Extract<Step, { kind: "typename" }>, input: Json): string | null {
  const said = ownValue(input, name) ?? (name === "__typename" ? null : input["__typename"]);
  return typeof said === "string" && run.shape.isTypeName(said)
    ? run.shape.isObjectTypeName(said)
      ? said
      : null
    : fallback;
}

function introspect(run: Run, { document, key }: Extract<Step, { kind: "introspection" }>): unknown {
  const variableValues = run.variables ?? {};
  const { data, errors } = executeSync({ schema: run.schema, document, rootValue: {}, variableValues });
  if (errors || !data) throw new Error(`Introspection should not have failed: ${JSON.stringify(errors)}`);
  return ownValue(data, key);
}

function hold(run: Run, conditions: readonly Condition[]): boolean {
  return conditions.every(({ variable, wanted }) => {
    const given = run.variables && ownValue(run.variables, variable);
    const value = given === undefined ? run.shape.defaults[variable] : given;
    if (typeof value !== "boolean")
      throw new Error(`Unexpected value ${value} for variable $${variable} of a condition`);
    return value === wanted;
  });
}

function typenameOf(input: Json): string | undefined {
  const typename = input["__typename"];
  return typeof typename === "string" && typename !== "" ? typename : undefined;
}

function report(run: Run, message: string): void {
  run.problems.push(new GraphQLError(message, { path: [...run.path], extensions: { code: "INVALID_GRAPHQL" } }));
}

/** As the path names it: by what it is called in its object, or by its place in its list. */
function placeOf({ path }: Run, { parent }: ValueStep, type: string): string {
  const last = path.at(-1);
  return typeof last === "string" ? `field ${parent}.${last}` : `array element of type ${type} at index ${last}`;
}
