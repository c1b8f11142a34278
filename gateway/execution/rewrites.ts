/**
 * What a plan changes in representations before they leave, and in answers when they have come.
 *
 * A value is set (the `__typename` that an owner knows an object by), or a field gets another name (two fields of one
 * name and different types, asked for under aliases). Changes the object it is given.
 */
import type { FetchDataRewrite } from "@apollo/query-planner";
import { type Json, ownValue, setOwn } from "./merge.ts";
import type { PossibleTypes } from "./possible-types.ts";

export type Rewrite = (value: unknown) => void;

const onType = "... on ";

export function compileRewrites(rewrites: readonly FetchDataRewrite[] | undefined, types: PossibleTypes): Rewrite {
  if (!rewrites || rewrites.length === 0) return () => {};
  const compiled = rewrites.filter(({ path }) => path.length > 0).map((rewrite) => compileRewrite(rewrite, types));
  return (value) => {
    for (const rewrite of compiled) rewrite(value);
  };
}

function compileRewrite(rewrite: FetchDataRewrite, types: PossibleTypes): Rewrite {
  const field = rewrite.path.at(-1) as string;
  const change =
    rewrite.kind === "ValueSetter"
      ? (object: Json) => setOwn(object, field, rewrite.setValueTo)
      : (object: Json) => {
          const value = ownValue(object, field);
          if (!value) return;
          setOwn(object, rewrite.renameKeyTo, value);
          object[field] = undefined;
        };
  return rewrite.path.slice(0, -1).reduceRight<Rewrite>(
    (next, step) => atEach(stepInto(step, next, types)),
    atEach((object) => change(object)),
  );
}

function stepInto(step: string, next: Rewrite, types: PossibleTypes): (object: Json) => void {
  if (!step.startsWith(onType)) return (object) => next(ownValue(object, step));
  const condition = step.slice(onType.length);
  return (object) => {
    if (types.isOf(object, condition, true)) next(object);
  };
}

function atEach(change: (object: Json) => void): Rewrite {
  return function visit(value: unknown): void {
    if (Array.isArray(value)) for (const element of value) visit(element);
    else if (typeof value === "object" && value !== null) change(value as Json);
  };
}
