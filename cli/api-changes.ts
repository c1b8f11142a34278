/**
 * What has changed of the API since the last release, and what of that may not be.
 *
 * Pure. A change that may break a client is allowed when it is declared, or when what goes was deprecated in the last
 * release with a date that has passed. What only adds is never a reason to stop; what is dangerous is told.
 */
import {
  type BreakingChange,
  BreakingChangeType,
  findBreakingChanges,
  findDangerousChanges,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from "graphql";

/** A breaking change that is meant, in the words that the check found for it. */
export interface DeclaredChange {
  readonly change: string;
  readonly why: string;
}

export interface ApiChanges {
  /** Neither declared nor announced. */
  readonly breaking: readonly string[];
  /** Breaking, and declared or announced. */
  readonly allowed: readonly string[];
  /** Clients that expected too little may stumble: a new enum value, a new member of a union, another default. */
  readonly dangerous: readonly string[];
  /** Deprecated without saying until when. */
  readonly undated: readonly string[];
  /** Declared, and not there: left over from another release. */
  readonly idle: readonly string[];
}

/** `today`: RFC 3339 date. */
export function findApiChanges(
  released: GraphQLSchema,
  current: GraphQLSchema,
  declared: readonly DeclaredChange[],
  today: string,
): ApiChanges {
  const found = findBreakingChanges(released, current);
  const reasons = deprecationsOf(released);
  const isAnnounced = (change: BreakingChange) => {
    const until = dateIn(reasons.get(removedBy(change) ?? ""));
    return until !== null && until <= today;
  };
  const isDeclared = ({ description }: BreakingChange) => declared.some(({ change }) => change === description);
  const isAllowed = (change: BreakingChange) => isDeclared(change) || isAnnounced(change);
  const words = (changes: readonly { readonly description: string }[]) => changes.map(({ description }) => description);
  return {
    breaking: words(found.filter((change) => !isAllowed(change))),
    allowed: words(found.filter(isAllowed)),
    dangerous: words(findDangerousChanges(released, current)),
    undated: [...deprecationsOf(current)].filter(([, reason]) => dateIn(reason) === null).map(([place]) => place),
    idle: declared.map(({ change }) => change).filter((change) => !words(found).includes(change)),
  };
}

/** `Type.field`, `Type.field(argument)` and `Enum.VALUE` → why it is deprecated. */
function deprecationsOf(schema: GraphQLSchema): Map<string, string> {
  const reasons = new Map<string, string>();
  const note = (place: string, { deprecationReason: reason }: { deprecationReason?: string | null | undefined }) => {
    if (typeof reason === "string") reasons.set(place, reason);
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith("__")) continue;
    if (isEnumType(type)) for (const value of type.getValues()) note(`${type.name}.${value.name}`, value);
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) note(`${type.name}.${field.name}`, field);
    }
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      note(`${type.name}.${field.name}`, field);
      for (const argument of field.args) note(`${type.name}.${field.name}(${argument.name})`, argument);
    }
  }
  return reasons;
}

/** The place that a removal has left; null for any other change. */
function removedBy({ type, description }: BreakingChange): string | null {
  switch (type) {
    case BreakingChangeType.FIELD_REMOVED:
      return /^(\w+\.\w+) was removed/.exec(description)?.[1] ?? null;
    case BreakingChangeType.VALUE_REMOVED_FROM_ENUM: {
      const [, value, name] = /^(\w+) was removed from enum type (\w+)/.exec(description) ?? [];
      return `${name}.${value}`;
    }
    case BreakingChangeType.ARG_REMOVED: {
      const [, field, name] = /^(\w+\.\w+) arg (\w+) was removed/.exec(description) ?? [];
      return `${field}(${name})`;
    }
    default:
      return null;
  }
}

function dateIn(reason: string | undefined): string | null {
  return /\b\d{4}-\d{2}-\d{2}\b/.exec(reason ?? "")?.[0] ?? null;
}
