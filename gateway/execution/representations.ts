/**
 * What an owner is told of the entities whose fields it is asked for: each one once, however often it occurs.
 *
 * An entity that lacks a field its owner needs, or is of a type the owner does not know, is not asked for.
 */
import type { QueryPlanSelectionNode } from "@apollo/query-planner";
import { type Json, mergeInto } from "./merge.ts";
import type { PossibleTypes } from "./possible-types.ts";
import type { Rewrite } from "./rewrites.ts";

export interface Representations {
  readonly values: readonly Json[];
  /** `values` as JSON, because they had to be printed to be compared. */
  readonly text: string;
  /** For each value the entities that it stands for, by their place among all. */
  readonly entitiesOf: readonly (readonly number[])[];
}

export type Represent = (entities: readonly Json[]) => Representations;

export function compileRepresent(
  requires: readonly QueryPlanSelectionNode[],
  rewriteInput: Rewrite | null,
  types: PossibleTypes,
): Represent {
  const select = compileSelections(requires, types);
  return (entities) => {
    const values: Json[] = [];
    const texts: string[] = [];
    const entitiesOf: number[][] = [];
    const placeOf = new Map<string, number>();
    for (const [index, entity] of entities.entries()) {
      const value = select(entity);
      if (!value?.["__typename"]) continue;
      rewriteInput?.(value);
      const text = JSON.stringify(value);
      // After a rewrite two types may look the same to the owner; what it answers gets the type of the entity.
      const key = rewriteInput ? `${entity["__typename"]} ${text}` : text;
      const place = placeOf.get(key);
      if (place === undefined) {
        placeOf.set(key, values.length);
        values.push(value);
        texts.push(text);
        entitiesOf.push([index]);
      } else {
        entitiesOf[place]?.push(index);
      }
    }
    return { values, text: `[${texts.join(",")}]`, entitiesOf };
  };
}

/** Null: something that was selected is not there. */
type Select = (source: unknown) => Json | null;
type Part = (source: Json, result: Json) => boolean;

function compileSelections(selections: readonly QueryPlanSelectionNode[], types: PossibleTypes): Select {
  const parts = selections.map((selection) => compilePart(selection, types));
  return (source) => {
    if (source === null) return null;
    const result: Json = Object.create(null);
    for (const part of parts) if (!part(source as Json, result)) return null;
    return result;
  };
}

function compilePart(selection: QueryPlanSelectionNode, types: PossibleTypes): Part {
  if (selection.kind === "InlineFragment") {
    const { typeCondition, selections } = selection;
    if (!typeCondition) return () => true;
    const select = compileSelections(selections, types);
    return (source, result) => {
      if (source && types.isOf(source, typeCondition, false)) mergeInto(result, select(source));
      return true;
    };
  }
  const name = selection.alias ?? selection.name;
  const select = selection.selections && compileSelections(selection.selections, types);
  return (source, result) => {
    const value = Object.hasOwn(source, name) ? source[name] : undefined;
    if (value === undefined) return false;
    if (!select) result[name] = value;
    else result[name] = Array.isArray(value) ? value.map(select) : select(value);
    return true;
  };
}
