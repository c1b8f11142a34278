/**
 * What a supergraph says of costs: weights and list sizes, by coordinate, as the cost specification of IBM and Apollo
 * writes them (`@cost`, `@listSize`), and as this project does where a list is as long as the lists it was asked with
 * (`@sizedBy`).
 *
 * Reads the SDL only, whoever composed it. Where a supergraph says nothing of costs, nothing is guessed: every list
 * counts as one entry, as if there were no such limit.
 */
import {
  type ConstDirectiveNode,
  type ConstValueNode,
  type DefinitionNode,
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  Kind,
  parse,
  valueFromASTUntyped,
} from "graphql";
import { limits } from "../../shared/limits.ts";

export interface ListSize {
  readonly assumedSize: number | null;
  /** Arguments that say how many; the largest counts. */
  readonly slicingArguments: readonly string[];
  /** Fields of the answer that are so long, instead of the answer itself. */
  readonly sizedFields: readonly string[];
  /** Arguments that are lists: one entry for each combination of their values, `assumedSize` for one that is absent. */
  readonly sizedBy: readonly string[];
}

export interface CostTable {
  /** By `Type`, `Type.field`, `Type.field(argument)`; of input types `Type.field`. */
  readonly weights: ReadonlyMap<string, number>;
  /** By `Type.field`. */
  readonly listSizes: ReadonlyMap<string, ListSize>;
  /** How long a list counts as of which nothing is said. */
  readonly listSizeAssumed: number;
}

export function readCostTable(supergraphSdl: string): CostTable {
  const { definitions } = parse(supergraphSdl, { noLocation: true });
  const names = directiveNames(definitions);
  const weights = new Map<string, number>();
  const listSizes = new Map<string, ListSize>();
  const weigh = (coordinate: string, { directives = [] }: { readonly directives?: readonly ConstDirectiveNode[] }) => {
    const weight = argumentsOf(directives, names.cost)?.["weight"];
    if (typeof weight === "number") weights.set(coordinate, weight);
  };
  for (const definition of definitions) {
    if (!isType(definition)) continue;
    const type = definition.name.value;
    weigh(type, definition);
    for (const field of fieldsOf(definition)) {
      const coordinate = `${type}.${field.name.value}`;
      weigh(coordinate, field);
      if (field.kind !== Kind.FIELD_DEFINITION) continue;
      for (const argument of field.arguments ?? []) weigh(`${coordinate}(${argument.name.value})`, argument);
      const size = listSizeOf(field, names);
      if (size) listSizes.set(coordinate, size);
    }
  }
  const saysCosts = names.cost !== "" || names.sizedBy !== "";
  return { weights, listSizes, listSizeAssumed: saysCosts ? limits.listSizeAssumed : 1 };
}

type Names = Readonly<Record<"cost" | "listSize" | "sizedBy", string>>;

/** Directives go by the name under which the schema imports them: not imported, by the name of their specification. */
function directiveNames(definitions: readonly DefinitionNode[]): Names {
  const names = { cost: "", listSize: "", sizedBy: "" };
  for (const definition of definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const link of (definition.directives ?? []).filter(({ name }) => name.value === "link")) {
      const { url, as, import: imports = [] } = argumentsOf([link], "link") as LinkArguments;
      const spec = /\/(cost|sizedBy)\/v\d+\.\d+\/?$/.exec(url ?? "")?.[1];
      if (!spec) continue;
      const prefix = as ?? spec;
      for (const directive of spec === "cost" ? (["cost", "listSize"] as const) : (["sizedBy"] as const)) {
        names[directive] = imported(imports, directive) ?? (directive === spec ? prefix : `${prefix}__${directive}`);
      }
    }
  }
  return names;
}

interface LinkArguments {
  readonly url?: string;
  readonly as?: string;
  readonly import?: readonly (string | { readonly name: string; readonly as?: string })[];
}

function imported(imports: NonNullable<LinkArguments["import"]>, directive: string): string | undefined {
  for (const entry of imports) {
    const { name, as = name } = typeof entry === "string" ? { name: entry } : entry;
    if (name === `@${directive}`) return as.slice(1);
  }
  return undefined;
}

function argumentsOf(directives: readonly ConstDirectiveNode[], name: string): Record<string, unknown> | undefined {
  const found = directives.find((directive) => directive.name.value === name);
  if (!found) return undefined;
  const value = (node: ConstValueNode) => valueFromASTUntyped(node);
  return Object.fromEntries((found.arguments ?? []).map((a) => [a.name.value, value(a.value)]));
}

function listSizeOf({ directives = [] }: FieldDefinitionNode, names: Names): ListSize | null {
  const size = argumentsOf(directives, names.listSize);
  const by = argumentsOf(directives, names.sizedBy);
  if (!size && !by) return null;
  const { assumedSize = by?.["assumedSize"] } = size ?? {};
  return {
    assumedSize: typeof assumedSize === "number" ? assumedSize : null,
    slicingArguments: textsIn(size?.["slicingArguments"]),
    sizedFields: textsIn(size?.["sizedFields"]),
    sizedBy: textsIn(by?.["arguments"]),
  };
}

function textsIn(value: unknown): string[] {
  return (Array.isArray(value) ? value : value == null ? [] : [value]).filter((v) => typeof v === "string");
}

const typeKinds = [
  ...[Kind.OBJECT_TYPE_DEFINITION, Kind.INTERFACE_TYPE_DEFINITION, Kind.UNION_TYPE_DEFINITION],
  ...[Kind.INPUT_OBJECT_TYPE_DEFINITION, Kind.ENUM_TYPE_DEFINITION, Kind.SCALAR_TYPE_DEFINITION],
] as const;

type TypeNode = Extract<DefinitionNode, { kind: (typeof typeKinds)[number] }>;

function isType(definition: DefinitionNode): definition is TypeNode {
  return (typeKinds as readonly string[]).includes(definition.kind);
}

function fieldsOf(definition: TypeNode): readonly (FieldDefinitionNode | InputValueDefinitionNode)[] {
  return "fields" in definition ? (definition.fields ?? []) : [];
}
