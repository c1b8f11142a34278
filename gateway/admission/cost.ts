/**
 * What an operation costs: one for every object it may be answered with, ten for a mutation, and what the schema says
 * beyond that (`cost-table.ts`), with lists as long as its variables make them.
 *
 * Compiled once for each operation into a function of the variables; what does not depend on them is added up then and
 * there. An upper bound where the document leaves a choice: fragments on several types are all counted. Refuses nothing.
 */
import {
  type ArgumentNode,
  type DirectiveNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isInputObjectType,
  isListType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from "graphql";
import type { CostTable, ListSize } from "./cost-table.ts";

/** Coerced, so that what was left out has its default. */
export type Variables = Readonly<Record<string, unknown>>;

/** A number, or what makes one of the variables. */
export type Cost = number | ((variables: Variables) => number);

const mutationCost = 10;

interface Compiler {
  readonly schema: GraphQLSchema;
  readonly table: CostTable;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

/** How long the fields below are, by name, where the field above says so. */
type Sizes = ReadonlyMap<string, Cost>;

/** Of an operation that is valid against the schema. */
export function compileCost(
  schema: GraphQLSchema,
  table: CostTable,
  operation: OperationDefinitionNode,
  fragments: Compiler["fragments"],
): Cost {
  const root = schema.getRootType(operation.operation);
  if (!root) return 0;
  const compiler = { schema, table, fragments };
  const selected = selectionCost(compiler, root, operation.selectionSet, noSizes);
  return operation.operation === "mutation" ? sum([mutationCost, selected]) : selected;
}

const noSizes: Sizes = new Map();

function selectionCost(c: Compiler, parent: GraphQLCompositeType, set: SelectionSetNode, sizes: Sizes): Cost {
  return sum(
    set.selections.map((selection) => {
      if (selection.kind === Kind.FIELD) return conditional(fieldCost(c, parent, selection, sizes), selection);
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : c.fragments.get(selection.name.value);
      if (!fragment) return 0;
      const named = fragment.typeCondition && c.schema.getType(fragment.typeCondition.name.value);
      const type = isCompositeType(named) ? named : parent;
      return conditional(selectionCost(c, type, fragment.selectionSet, sizes), selection);
    }),
  );
}

function fieldCost(c: Compiler, parent: GraphQLCompositeType, node: FieldNode, sizes: Sizes): Cost {
  const field = "getFields" in parent ? parent.getFields()[node.name.value] : undefined;
  // Of introspection, which is bounded by the depth of the document and can be switched off.
  if (!field) return 0;
  const coordinates = coordinatesOf(c, parent, field.name);
  const type = getNamedType(field.type);
  const listSize = firstOf(coordinates, c.table.listSizes);
  const expected = listSize ? sizeOf(c, listSize, field, node) : undefined;
  const below = node.selectionSet && isCompositeType(type) ? node.selectionSet : null;
  const sizedBelow = listSize?.sizedFields.map((name) => [name, expected ?? c.table.listSizeAssumed] as const) ?? [];
  const one = sum([
    firstOf(coordinates, c.table.weights) ?? c.table.weights.get(type.name) ?? (isCompositeType(type) ? 1 : 0),
    below && isCompositeType(type) ? selectionCost(c, type, below, new Map(sizedBelow)) : 0,
  ]);
  const count = countOf(c, field, sizes.get(field.name) ?? (sizedBelow.length > 0 ? undefined : expected));
  return sum([argumentsCost(c, coordinates, field, node), product([count, one])]);
}

/** A field of an interface may be weighed where it is implemented. */
function coordinatesOf(c: Compiler, parent: GraphQLCompositeType, field: string): string[] {
  const members = isAbstractType(parent) ? c.schema.getPossibleTypes(parent) : [];
  return [parent, ...members].map(({ name }) => `${name}.${field}`);
}

function firstOf<T>(coordinates: readonly string[], values: ReadonlyMap<string, T>): T | undefined {
  for (const coordinate of coordinates) {
    const value = values.get(coordinate);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** How many objects the field gives: one, or as many as its list is long; lists in lists multiply. */
function countOf(c: Compiler, field: GraphQLField<unknown, unknown>, expected: Cost | undefined): Cost {
  let type = getNullableType(field.type);
  const counts: Cost[] = [];
  while (isListType(type)) {
    counts.push(counts.length === 0 ? (expected ?? c.table.listSizeAssumed) : c.table.listSizeAssumed);
    type = getNullableType(type.ofType);
  }
  return product(counts);
}

function sizeOf(c: Compiler, size: ListSize, field: GraphQLField<unknown, unknown>, node: FieldNode): Cost | undefined {
  const values = (names: readonly string[]) =>
    names.flatMap((name) => field.args.filter((a) => a.name === name).map((a) => givenTo(a, node)));
  const assumed = size.assumedSize ?? c.table.listSizeAssumed;
  if (size.sizedBy.length > 0) {
    return product(values(size.sizedBy).map((value) => mapped(value, (list) => lengthOf(list) ?? assumed)));
  }
  const slices = values(size.slicingArguments).map((value) => mapped(value, (n) => (typeof n === "number" ? n : -1)));
  if (slices.length === 0) return size.assumedSize ?? undefined;
  return combined(slices, (numbers) => (Math.max(...numbers) < 0 ? assumed : Math.max(...numbers)));
}

function lengthOf(list: unknown): number | undefined {
  return list == null ? undefined : Array.isArray(list) ? list.length : 1;
}

function argumentsCost(
  c: Compiler,
  coordinates: readonly string[],
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
): Cost {
  const given = field.args.filter((argument) => node.arguments?.some((a) => a.name.value === argument.name));
  return sum(
    given.map((argument) => {
      const weight = firstOf(
        coordinates.map((coordinate) => `${coordinate}(${argument.name})`),
        c.table.weights,
      );
      const named = getNamedType(argument.type);
      // However many of them there are.
      if (!isInputObjectType(named) && !(weight ?? c.table.weights.get(named.name))) return 0;
      return mapped(givenTo(argument, node), (value) => inputCost(c.table, argument.type, value, weight));
    }),
  );
}

/** One for every object that is sent, and the weights of the rest. */
function inputCost({ weights }: CostTable, type: GraphQLInputType, sent: unknown, argumentWeight?: number): number {
  function costOf(of: GraphQLInputType, value: unknown, weight: number | undefined): number {
    const nullable = getNullableType(of);
    if (value == null) return 0;
    if (isListType(nullable)) {
      const values = Array.isArray(value) ? value : [value];
      return values.reduce((total: number, each) => total + costOf(nullable.ofType, each, weight), 0);
    }
    const own = weight ?? weights.get(getNamedType(nullable).name);
    if (!isInputObjectType(nullable)) return own ?? 0;
    let total = own ?? 1;
    for (const field of Object.values(nullable.getFields())) {
      const inner = (value as Record<string, unknown>)[field.name];
      total += costOf(field.type, inner, weights.get(`${nullable.name}.${field.name}`));
    }
    return total;
  }
  return costOf(type, sent, argumentWeight);
}

/** What an argument is given: a value, or what finds it in the variables. */
type Given = { readonly value: unknown } | ((variables: Variables) => unknown);

function givenTo({ name, defaultValue }: GraphQLArgument, { arguments: given = [] }: FieldNode): Given {
  const node = given.find((argument: ArgumentNode) => argument.name.value === name)?.value;
  if (!node) return { value: defaultValue };
  const read = reader(node);
  return "value" in read ? read : (variables) => read(variables) ?? defaultValue;
}

/** A literal with variables in it is read anew for each request. */
function reader(node: ValueNode): Given {
  switch (node.kind) {
    case Kind.VARIABLE:
      return (variables) => variables[node.name.value];
    case Kind.LIST: {
      const items = node.values.map(reader);
      if (items.every((item) => "value" in item)) return { value: items.map((item) => item.value) };
      return (variables) => items.map((item) => ("value" in item ? item.value : item(variables)));
    }
    case Kind.OBJECT: {
      const fields = node.fields.map((field) => [field.name.value, reader(field.value)] as const);
      return (variables) =>
        Object.fromEntries(fields.map(([key, item]) => [key, "value" in item ? item.value : item(variables)]));
    }
    case Kind.INT:
      return { value: Number(node.value) };
    case Kind.NULL:
      return { value: null };
    default:
      return { value: node };
  }
}

/** `@skip` and `@include`. */
function conditional(cost: Cost, { directives = [] }: { readonly directives?: readonly DirectiveNode[] }): Cost {
  let result = cost;
  for (const directive of directives) {
    const wanted = directive.name.value === "include" ? true : directive.name.value === "skip" ? false : null;
    const node = directive.arguments?.find((argument) => argument.name.value === "if")?.value;
    if (wanted === null || !node) continue;
    const inner = result;
    if (node.kind === Kind.BOOLEAN) result = node.value === wanted ? inner : 0;
    if (node.kind === Kind.VARIABLE) {
      result = (variables) => (variables[node.name.value] === wanted ? evaluate(inner, variables) : 0);
    }
  }
  return result;
}

export function evaluate(cost: Cost, variables: Variables): number {
  return typeof cost === "number" ? cost : cost(variables);
}

function mapped(from: Given, map: (value: unknown) => number): Cost {
  return typeof from === "function" ? (variables) => map(from(variables)) : map(from.value);
}

function combined(costs: readonly Cost[], combine: (numbers: number[]) => number): Cost {
  const fixed = costs.filter((cost) => typeof cost === "number");
  if (fixed.length === costs.length) return combine([...fixed]);
  return (variables) => combine(costs.map((cost) => evaluate(cost, variables)));
}

function sum(costs: readonly Cost[]): Cost {
  let fixed = 0;
  const moving: Exclude<Cost, number>[] = [];
  for (const cost of costs) {
    if (typeof cost === "number") fixed += cost;
    else moving.push(cost);
  }
  if (moving.length === 0) return fixed;
  return (variables) => moving.reduce((total, cost) => total + cost(variables), fixed);
}

/** A list that cannot be has no length, and makes nothing cheaper. */
function product(costs: readonly Cost[]): Cost {
  return combined(costs, (numbers) => numbers.reduce((total, n) => total * Math.max(0, n), 1));
}
