/**
 * One text for one value: object keys sorted, absent members left out, so that equal inputs hash equally.
 *
 * Follows RFC 8785 as far as our values go (strings, finite numbers, booleans, null, arrays, plain objects).
 */
import { createHash } from "node:crypto";

export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    member !== null && typeof member === "object" && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

/** Hex SHA-256 of the canonical JSON. */
export function canonicalHash(value: unknown): string {
  return hashOf(canonicalJson(value));
}

/** Hex SHA-256 of a text. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
