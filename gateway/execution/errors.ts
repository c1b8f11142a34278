/**
 * An owner's errors as the gateway reports them: with the owner's name, at the place where the client asked.
 *
 * An entity that was asked for once and occurs several times has its errors at each of its places.
 */
import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { type Json, ownValue } from "./merge.ts";

type Path = readonly (string | number)[];

export interface Fetched {
  readonly serviceName: string;
  /** Where the answer goes; `@` is every element of a list. */
  readonly path: Path;
  /** Everything known so far. */
  readonly whole: Json;
  /** For each entity asked for, its places among all that are not null; null: no entities were asked for. */
  readonly entitiesOf: readonly (readonly number[])[] | null;
}

export function ownerErrors(errors: readonly GraphQLFormattedError[], fetched: Fetched): GraphQLError[] {
  const { entitiesOf, path, whole, serviceName } = fetched;
  let places: Path[] | undefined;
  const located = errors.flatMap((error) => {
    const index = error.path?.[1];
    if (!entitiesOf || typeof index !== "number") {
      return [{ error, path: error.path && [...path, ...error.path], index: -1 }];
    }
    places ??= placesAt(path, whole);
    const rest = error.path?.slice(2) ?? [];
    const entities = entitiesOf[index] ?? [-1];
    return entities.map((entity) => ({ error, path: [...(places?.[entity] ?? []), ...rest], index: entity }));
  });
  // In the order in which an owner would have reported them that was asked for every entity.
  if (entitiesOf?.some(({ length }) => length > 1)) located.sort((a, b) => a.index - b.index);
  return located.map((one) => toError(one.error, one.path, serviceName));
}

function toError(error: GraphQLFormattedError, path: Path | undefined, serviceName: string): GraphQLError {
  const { code, ...details } = error.extensions ?? {};
  return new GraphQLError(error.message || `Error while fetching subquery from service "${serviceName}"`, {
    originalError: error as unknown as Error,
    path,
    extensions: { ...details, serviceName, code: code || "DOWNSTREAM_SERVICE_ERROR" },
  });
}

/** The paths of everything that stands at `path`, nulls left out. */
function placesAt(path: Path, whole: unknown): Path[] {
  const found: Path[] = [];
  const visit = (value: unknown, depth: number, here: Path): void => {
    if (value === null || value === undefined) return;
    const head = path[depth];
    if (Array.isArray(value) && head !== undefined) {
      // A list that the plan does not mark is walked through all the same.
      const next = head === "@" ? depth + 1 : depth;
      for (const [i, element] of value.entries()) visit(element, next, [...here, i]);
    } else if (head === undefined) {
      found.push(here);
    } else {
      visit(ownValue(value, String(head)), depth + 1, [...here, head]);
    }
  };
  visit(whole, 0, []);
  return found;
}
