/**
 * Identifiers: parsed once at the edge, then trusted.
 *
 * Codes are case-sensitive and keep their inner spaces (`85123A` and `85123a` are two SKUs); leading and trailing
 * white space and control characters are refused, because databases and people cannot see them.
 */
import { randomFillSync } from "node:crypto";
import { AppError } from "./errors.ts";
import { limits } from "./limits.ts";

export const parseSku = (value: string, field?: readonly string[]) => parseKeyPart(value, limits.skuLengthMax, field);
export const parseLocationId = (value: string, field?: readonly string[]) =>
  parseKeyPart(value, limits.locationIdLengthMax, field);
export const parseChannelId = (value: string, field?: readonly string[]) =>
  parseCode(value, limits.channelIdLengthMax, field);
export const parseDocumentId = (value: string, field?: readonly string[]) =>
  parseCode(value, limits.documentIdLengthMax, field);
export const parseEventId = (value: string, field?: readonly string[]) =>
  parseCode(value, limits.eventIdLengthMax, field);
export const parseUnit = (value: string, field?: readonly string[]) => parseCode(value, limits.unitLengthMax, field);
export const parseIdempotencyKey = (value: string) =>
  parseCode(value, limits.idempotencyKeyLengthMax, ["input", "idempotencyKey"]);

/** Printable characters, no white space at either end, 1..max. Fails with INVALID_INPUT. */
export function parseCode(value: string, lengthMax: number, field?: readonly string[]): string {
  const problem =
    value.length === 0
      ? "must not be empty"
      : value.length > lengthMax
        ? `must not be longer than ${lengthMax} characters`
        : /[\p{Cc}\p{Zl}\p{Zp}]/u.test(value)
          ? "must not contain control characters"
          : value.trim() !== value
            ? "must not begin or end with white space"
            : undefined;
  if (problem) {
    const name = field?.at(-1) ?? "value";
    throw new AppError("INVALID_INPUT", { message: `${name} ${problem}.`, ...(field ? { field } : {}) });
  }
  return value;
}

/** A code that becomes part of a partition key, where `|` separates the parts. Fails with INVALID_INPUT. */
function parseKeyPart(value: string, lengthMax: number, field?: readonly string[]): string {
  if (value.includes("|")) {
    throw new AppError("INVALID_INPUT", {
      message: `${field?.at(-1) ?? "value"} must not contain "|".`,
      ...(field ? { field } : {}),
    });
  }
  return parseCode(value, lengthMax, field);
}

/** Free text as people type it. Fails with INVALID_INPUT. */
export function parseText(value: string | null | undefined, lengthMax: number, field?: readonly string[]) {
  if (value == null) return null;
  if (value.length > lengthMax) {
    const message = `${field?.at(-1) ?? "text"} must not be longer than ${lengthMax} characters.`;
    throw new AppError("INVALID_INPUT", { message, ...(field ? { field } : {}) });
  }
  return value;
}

/** Random bytes for the next ids: asking for them one id at a time costs more than all the rest of an id. */
const pool = Buffer.alloc(16 * 256);
let poolUsed = pool.length;

/**
 * A UUIDv7 (RFC 9562): the time first, so that rows with such keys are appended to an index and not scattered over it.
 * `nowMs` in milliseconds since the epoch.
 */
export function newId(nowMs: number): string {
  if (poolUsed === pool.length) {
    randomFillSync(pool);
    poolUsed = 0;
  }
  const at = poolUsed;
  poolUsed += 16;
  pool.writeUIntBE(nowMs, at, 6);
  pool[at + 6] = ((pool[at + 6] as number) & 0x0f) | 0x70;
  pool[at + 8] = ((pool[at + 8] as number) & 0x3f) | 0x80;
  const hex = pool.toString("hex", at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * One text for one position, to look it up and to order by: SKU first, then location, as positions are locked. No code
 * holds a line break, and nothing that may stand in a code sorts before one.
 */
export function positionText({ sku, locationId }: { readonly sku: string; readonly locationId: string }): string {
  return `${sku}\n${locationId}`;
}

/** The key of everything that happens to one SKU at one location. */
export function partitionKey(sku: string, locationId: string): string {
  return `${sku}|${locationId}`;
}
