/**
 * What a client is told of an owner that does not answer: one error for each field that is null because of it.
 *
 * Paths are relative to the subgraph's own document (`_entities`, index, field); the gateway puts them into the place
 * where the client asked. Bounded: beyond the limit the remaining nulls have no error of their own.
 */
import {
  type DocumentNode,
  type GraphQLFormattedError,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { errorTable } from "../shared/errors.ts";
import { limits } from "../shared/limits.ts";

export function sourceErrors(
  service: string,
  document: DocumentNode | undefined,
  variables: Readonly<Record<string, unknown>> | undefined,
): GraphQLFormattedError[] {
  const base = {
    message: errorTable.SOURCE_UNAVAILABLE.message,
    extensions: { code: "SOURCE_UNAVAILABLE", service },
  };
  const paths = document ? nulledPaths(document, variables?.["representations"]) : [];
  return paths.length === 0 ? [base] : paths.map((path) => ({ ...base, path }));
}

type Path = (string | number)[];

function nulledPaths(document: DocumentNode, representations: unknown): Path[] {
  const operation = document.definitions.find(
    (d): d is OperationDefinitionNode => d.kind === Kind.OPERATION_DEFINITION,
  );
  if (!operation) return [];
  const paths: Path[] = [];
  const [root] = operation.selectionSet.selections;
  if (Array.isArray(representations) && root?.kind === Kind.FIELD && root.selectionSet) {
    for (const [index, entity] of representations.entries()) {
      for (const key of responseKeys(root.selectionSet, document, entity?.__typename)) {
        if (paths.length === limits.sourceErrorsMax) return paths;
        paths.push([root.name.value, index, key]);
      }
    }
    return paths;
  }
  return [...responseKeys(operation.selectionSet, document)].map((key) => [key]);
}

/** The names under which a selection answers; fragments on another type than `typeName` are left out. */
function responseKeys(selectionSet: SelectionSetNode, document: DocumentNode, typeName?: unknown): Set<string> {
  const keys = new Set<string>();
  for (const selection of selectionSet.selections) {
    if (selection.kind === Kind.FIELD) {
      if (selection.name.value !== "__typename") keys.add(selection.alias?.value ?? selection.name.value);
      continue;
    }
    const fragment =
      selection.kind === Kind.INLINE_FRAGMENT
        ? selection
        : document.definitions.find(
            (d) => d.kind === Kind.FRAGMENT_DEFINITION && d.name.value === selection.name.value,
          );
    if (!fragment || !("typeCondition" in fragment)) continue;
    const condition = fragment.typeCondition?.name.value;
    if (typeName !== undefined && condition !== undefined && condition !== typeName) continue;
    for (const key of responseKeys(fragment.selectionSet, document, typeName)) keys.add(key);
  }
  return keys;
}
