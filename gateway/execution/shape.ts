/**
 * What an operation's answer looks like, worked out once: for each selection and type of object the fields in order.
 *
 * Fragments are in place; whether @skip and @include hold is known only with the variables, so conditions stay on the
 * steps. Knows no values: `answer.ts` fills it in.
 */
import {
  type CompositeType,
  type Directive,
  type FieldSelection,
  isCompositeType,
  isListType,
  isNonNullType,
  isObjectType,
  isSubtype,
  isValidLeafValue,
  isVariable,
  type NamedType,
  type Operation,
  type Schema,
  type Selection,
  type SelectionSet,
  type Type,
} from "@apollo/federation-internals";
import { type DocumentNode, Kind, OperationTypeNode, type VariableDefinitionNode, visit } from "graphql";

export type ValueShape =
  | { readonly kind: "nonNull"; readonly of: ValueShape; readonly type: string }
  | { readonly kind: "list"; readonly of: ValueShape; readonly type: string; readonly isLeaf: boolean }
  | { readonly kind: "object"; readonly selection: SelectionShape; readonly type: string }
  | { readonly kind: "leaf"; isValid(value: unknown): boolean; readonly type: string };

/** Of a variable that must be true, or false. A constant is settled when the shape is made. */
export interface Condition {
  readonly variable: string;
  readonly wanted: boolean;
}

interface StepBase {
  readonly name: string;
  readonly conditions: readonly Condition[] | null;
}

export type Step =
  | (StepBase & { readonly kind: "value"; readonly shape: ValueShape; readonly parent: string })
  /** `fallback`: the type where the object does not say; null: it has to. */
  | (StepBase & { readonly kind: "typename"; readonly fallback: string | null })
  | (StepBase & { readonly kind: "introspection"; readonly document: DocumentNode; readonly key: string });

export interface SelectionShape {
  /** The fields of an object that says `typename`, or that says nothing. Undefined: there is no such type. */
  steps(typename: string | undefined): readonly Step[] | undefined;
}

export interface AnswerShape {
  readonly root: SelectionShape;
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Whether a name is one of a type, and of what kind. */
  isTypeName(name: string): boolean;
  isObjectTypeName(name: string): boolean;
  /** Roughly, for whoever keeps it. */
  readonly selections: number;
}

export function compileShape(
  operation: Operation,
  variableDefinitions: readonly VariableDefinitionNode[],
): AnswerShape {
  const schema = operation.schema();
  const compiler = createCompiler(schema, variableDefinitions);
  const rootType = schema.schemaDefinition.rootType(operation.rootKind) as CompositeType;
  return {
    root: compiler.selection(operation.selectionSet, rootType, true),
    defaults: operation.collectDefaultedVariableValues(),
    isTypeName: (name) => schema.type(name) !== undefined,
    isObjectTypeName: (name) => {
      const type = schema.type(name);
      return type !== undefined && isObjectType(type);
    },
    selections: countSelections(operation.selectionSet),
  };
}

function createCompiler(schema: Schema, variableDefinitions: readonly VariableDefinitionNode[]) {
  /** `isRoot`: the root object keeps its type whatever a subgraph calls it. */
  function selection(selectionSet: SelectionSet, declared: CompositeType, isRoot = false): SelectionShape {
    const byType = new Map<string | undefined, readonly Step[]>();
    return {
      steps(typename) {
        let steps = byType.get(typename);
        if (steps) return steps;
        const said = typename === undefined || isRoot ? declared : schema.type(typename);
        if (!said || !isCompositeType(said)) return undefined;
        steps = flatten(selectionSet, typename, said, []);
        // What a subgraph calls its root is its own affair; names that nobody knows are not collected.
        if (typename === undefined || schema.type(typename)) byType.set(typename, steps);
        return steps;
      },
    };
  }

  function flatten(
    selectionSet: SelectionSet,
    typename: string | undefined,
    parent: CompositeType,
    outer: readonly Condition[],
  ): Step[] {
    const steps: Step[] = [];
    for (const selected of selectionSet.selections()) {
      const conditions = conditionsOf(selected, schema, outer);
      if (conditions === null) continue;
      if (selected.kind === "FieldSelection") {
        steps.push(step(selected, parent, conditions.length === 0 ? null : conditions));
        continue;
      }
      const { typeCondition } = selected.element;
      if (!applies(schema, typeCondition, typename ?? parent.name)) continue;
      steps.push(...flatten(selected.selectionSet, typename, typeCondition ?? parent, conditions));
    }
    return steps;
  }

  function step(selected: FieldSelection, parent: CompositeType, conditions: readonly Condition[] | null): Step {
    const field = selected.element;
    const name = field.responseName();
    if (field.definition.isSchemaIntrospectionField()) {
      const document = introspectionDocument(selected, variableDefinitions);
      return { kind: "introspection", name, conditions, document, key: name };
    }
    if (field.name === "__typename") {
      return { kind: "typename", name, conditions, fallback: isObjectType(parent) ? parent.name : null };
    }
    const shape = valueShape(field.definition.type as Type, selected.selectionSet);
    return { kind: "value", name, conditions, shape, parent: parent.name };
  }

  function valueShape(type: Type, selectionSet: SelectionSet | undefined): ValueShape {
    const named = String(type);
    if (isNonNullType(type)) return { kind: "nonNull", of: valueShape(type.ofType, selectionSet), type: named };
    if (isListType(type)) {
      return { kind: "list", of: valueShape(type.ofType, selectionSet), type: named, isLeaf: !selectionSet };
    }
    if (isCompositeType(type as NamedType)) {
      if (!selectionSet) throw new Error(`Invalid empty selection set for composite type ${named}`);
      return { kind: "object", selection: selection(selectionSet, type as CompositeType), type: named };
    }
    return { kind: "leaf", isValid: (value) => isValidLeafValue(schema, value, type as never), type: named };
  }

  return { selection };
}

function applies(schema: Schema, condition: CompositeType | undefined, typename: string): boolean {
  if (!condition) return true;
  const type = schema.type(typename);
  return type !== undefined && isSubtype(condition, type);
}

/** Those of the fragments around it, and its own; null: it is never selected. */
function conditionsOf(selected: Selection, schema: Schema, outer: readonly Condition[]): readonly Condition[] | null {
  const { element } = selected;
  const skip = element.appliedDirectivesOf(schema.skipDirective())[0] as Directive | undefined;
  const include = element.appliedDirectivesOf(schema.includeDirective())[0] as Directive | undefined;
  const conditions = [...outer];
  for (const [directive, wanted] of [[skip, false] as const, [include, true] as const]) {
    if (!directive) continue;
    const value = directive.arguments()["if"] as unknown;
    if (isVariable(value)) conditions.push({ variable: value.name, wanted });
    else if (value !== wanted) return null;
  }
  return conditions;
}

function introspectionDocument(
  selected: FieldSelection,
  variableDefinitions: readonly VariableDefinitionNode[],
): DocumentNode {
  const node = selected.expandFragments().toSelectionNode();
  const used = new Set<string>();
  visit(node, { Variable: ({ name }) => void used.add(name.value) });
  return {
    kind: Kind.DOCUMENT,
    definitions: [
      {
        kind: Kind.OPERATION_DEFINITION,
        operation: OperationTypeNode.QUERY,
        variableDefinitions: variableDefinitions.filter(({ variable }) => used.has(variable.name.value)),
        selectionSet: { kind: Kind.SELECTION_SET, selections: [node] },
      },
    ],
  };
}

function countSelections(selectionSet: SelectionSet): number {
  let count = 0;
  for (const selected of selectionSet.selections()) {
    count += 1 + (selected.selectionSet ? countSelections(selected.selectionSet) : 0);
  }
  return count;
}
