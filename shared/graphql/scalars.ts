/**
 * The contract's scalars: DateTime (RFC 3339, UTC), Date, Decimal (a string on the wire, exact).
 *
 * Values stay strings inside: a Date object would lose nothing but time, a float would lose cents.
 */
import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from "graphql";

const dateTimePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;
const datePattern = /^\d{4}-\d{2}-\d{2}$/;
const decimalPattern = /^-?\d{1,18}(\.\d{1,10})?$/;

/** Any offset is accepted and kept as UTC with milliseconds. */
function parseDateTime(value: string): string | undefined {
  if (!dateTimePattern.test(value) || !parseDate(value.slice(0, 10))) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

function parseDate(value: string): string | undefined {
  if (!datePattern.test(value)) return undefined;
  const ms = Date.parse(`${value}T00:00:00Z`);
  // 2026-02-30 parses as March 2 in some engines: only a date that comes back as itself is one.
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(value) ? value : undefined;
}

function parseDecimal(value: string): string | undefined {
  return decimalPattern.test(value) ? value : undefined;
}

function textScalar(name: string, description: string, parse: (value: string) => string | undefined) {
  const accept = (value: unknown, node?: ValueNode): string => {
    const parsed = typeof value === "string" ? parse(value) : undefined;
    if (parsed === undefined) {
      throw new GraphQLError(`${name} cannot represent ${JSON.stringify(value)}`, node ? { nodes: node } : {});
    }
    return parsed;
  };
  return new GraphQLScalarType<string, string>({
    name,
    description,
    serialize: (value) => accept(typeof value === "number" ? new Date(value).toISOString() : value),
    parseValue: (value) => accept(value),
    parseLiteral: (node) => accept(node.kind === Kind.STRING ? node.value : undefined, node),
  });
}

/** Serialises milliseconds since the epoch as well. */
export const DateTime = textScalar("DateTime", "A moment, RFC 3339, UTC.", parseDateTime);
export const DateOnly = textScalar("Date", "A calendar date, YYYY-MM-DD.", parseDate);
export const Decimal = textScalar("Decimal", "An exact decimal number, as a string.", parseDecimal);
