/**
 * Members of parsed JSON, looked at with suspicion: what is not of the wanted kind is a refusal with its path.
 *
 * Knows no format and changes no value.
 */
import { Refusal } from "./intake-message.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member that is text; undefined where it is absent or null. Fails with VALUE_INVALID. */
export function textMember(object: JsonObject, name: string, path = name): string | undefined {
  const value = object[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw new Refusal("VALUE_INVALID", path, { segment: path });
  return value;
}

/** Fails with VALUE_MISSING, VALUE_INVALID. */
export function neededText(object: JsonObject, name: string, path = name): string {
  const value = textMember(object, name, path);
  if (value === undefined || value === "") throw new Refusal("VALUE_MISSING", path, { segment: path });
  return value;
}

/** A member that is a list; empty where it is absent. Fails with VALUE_INVALID. */
export function listMember(object: JsonObject, name: string): readonly unknown[] {
  const value = object[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Refusal("VALUE_INVALID", name, { segment: name });
  return value;
}

/** RFC 3339 with any offset → the same moment in UTC. Fails with DATE_INVALID. */
export function momentOf(text: string, path: string): string {
  const match = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/.exec(text);
  const ms = match
    ? Date.parse(
        text
          .replace("t", "T")
          .replace("z", "Z")
          .replace(/(\.\d{3})\d+/, "$1"),
      )
    : Number.NaN;
  if (!match || Number.isNaN(ms) || Number(match[3]) > daysOf(Number(match[1]), Number(match[2]))) {
    throw new Refusal("DATE_INVALID", text, { segment: path });
  }
  return new Date(ms).toISOString();
}

function daysOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
