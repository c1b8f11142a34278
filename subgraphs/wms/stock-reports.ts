/**
 * What a warehouse or a partner reports, understood: their codes become ours, and what nobody has a code for waits.
 *
 * A report that lacks a mapping is a dead letter of its sender, under the report's own id, and is applied as soon as the
 * mapping is there, once, with the rights of whoever sent it. Other refusals are the sender's to put right.
 */
import { AppError } from "../../shared/errors.ts";
import { type Bucket, buckets, type DocumentRef } from "../../shared/events/canonical-event.ts";
import type { CodeKind } from "../../shared/events/letter-events.ts";
import type { Role } from "../../shared/identity.ts";
import {
  parseCode,
  parseDocumentId,
  parseEventId,
  parseLocationId,
  parseSku,
  parseText,
  parseUnit,
} from "../../shared/ids.ts";
import { limits } from "../../shared/limits.ts";
import type { MasterData } from "../../shared/master-data.ts";
import type { PartnerCode, PartnerCodes } from "../../shared/partner-codes.ts";
import { assertFact, effectOf, mapBuckets, type StockEventType, type StockFact } from "./domain/stock-fact.ts";
import type { Entry, Verdict } from "./posting.ts";

/** A bucket as GraphQL names it. */
export type BucketName = Uppercase<Bucket>;

export interface StockEventInput {
  readonly id: string;
  readonly type: StockEventType;
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
  readonly unit?: string | null;
  readonly occurredAt: string;
  readonly sourceSeq?: number | null;
  readonly documentRef?: DocumentRef | null;
  readonly fromBucket?: BucketName | null;
  readonly toBucket?: BucketName | null;
  readonly reasonCode?: string | null;
  readonly note?: string | null;
  readonly buckets?: Readonly<Partial<Record<Bucket, number | null>>> | null;
}

/** The fact in its sender's codes, or what is wrong with it. */
export function parseReport(event: StockEventInput, roles: ReadonlySet<Role>): StockFact | AppError {
  try {
    assertReporter(event, roles);
    return toFact(event);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/** Codes of a report that somebody may have mapped. */
export function codesOf({ sku, locationId, unit, reasonCode }: StockFact): PartnerCode[] {
  const code = (kind: CodeKind, value: string | null) => (value === null ? [] : [{ kind, code: value }]);
  return [...code("SKU", sku), ...code("LOCATION", locationId), ...code("UNIT", unit), ...code("REASON", reasonCode)];
}

export function inOurCodes(told: StockFact, codes: PartnerCodes): StockFact {
  const ours = (kind: CodeKind, value: string | null) => (value === null ? null : codes.of(kind, value));
  return {
    ...told,
    sku: codes.of("SKU", told.sku),
    locationId: codes.of("LOCATION", told.locationId),
    unit: ours("UNIT", told.unit),
    reasonCode: ours("REASON", told.reasonCode),
  };
}

export function entryOf(told: StockFact, codes: PartnerCodes, masterData: MasterData): Entry {
  const fact = inOurCodes(told, codes);
  const { sku, unit } = fact;
  try {
    masterData.location(fact.locationId);
    const effect = effectOf(fact, (quantity, rounding) => masterData.baseUnits({ sku, unit, quantity }, rounding));
    return { fact, told, effect, uom: unit ?? masterData.product(sku).baseUnit };
  } catch (error) {
    if (error instanceof AppError) return { fact, told, effect: error, uom: unit };
    throw error;
  }
}

/** The code of its sender that a refused report lacks a mapping for. */
export function missingCode({ sku, locationId, unit }: StockEventInput, { code }: AppError): PartnerCode | null {
  if (code === "UNKNOWN_SKU") return { kind: "SKU", code: sku };
  if (code === "UNKNOWN_LOCATION") return { kind: "LOCATION", code: locationId };
  return code === "UOM_UNMAPPED" && unit != null ? { kind: "UNIT", code: unit } : null;
}

/** Why it waits for a mapping; null: it does not. */
export function waitsFor(verdict: Verdict): AppError | null {
  return verdict.status === "REJECTED" && verdict.error.row.class === "MAPPING" ? verdict.error : null;
}

/** Types that say what the stock is instead of what happened: a person asks for an adjustment, or records a count. */
const corrections: ReadonlySet<StockEventType> = new Set<StockEventType>(["ADJUSTMENT", "SNAPSHOT"]);

/** Fails with FORBIDDEN: a correction that nobody else approves comes from a warehouse's own system only. */
function assertReporter({ type }: StockEventInput, roles: ReadonlySet<Role>): void {
  if (!corrections.has(type) || roles.has("connector-wms") || roles.has("admin")) return;
  const message = `Only a warehouse's own system reports ${type}: use requestAdjustment or recordCount.`;
  throw new AppError("FORBIDDEN", { message });
}

/** Fails with INVALID_INPUT and what `assertFact` fails with. */
export function toFact(event: StockEventInput): StockFact {
  const counts = event.buckets;
  const fact: StockFact = {
    id: parseEventId(event.id, ["id"]),
    type: event.type,
    sku: parseSku(event.sku, ["sku"]),
    locationId: parseLocationId(event.locationId, ["locationId"]),
    quantity: event.quantity,
    unit: event.unit == null ? null : parseUnit(event.unit, ["unit"]),
    occurredAtMs: Date.parse(event.occurredAt),
    sourceSeq: event.sourceSeq ?? null,
    documentRef: event.documentRef ? toDocumentRef(event.documentRef) : null,
    fromBucket: toBucket(event.fromBucket),
    toBucket: toBucket(event.toBucket),
    reasonCode:
      event.reasonCode == null ? null : parseCode(event.reasonCode, limits.reasonCodeLengthMax, ["reasonCode"]),
    note: parseText(event.note, limits.noteLengthMax, ["note"]),
    buckets: counts ? mapBuckets((bucket) => counts[bucket] ?? 0) : null,
  };
  if (fact.sourceSeq !== null && fact.sourceSeq < 0) {
    throw new AppError("INVALID_INPUT", { message: "sourceSeq must not be negative." });
  }
  assertFact(fact);
  return fact;
}

/** Fails with INVALID_INPUT: what begins with `system:` is a system of ours, and speaks for itself. */
export function parseSource(value: string | null): string | null {
  if (value === null) return null;
  const field = ["input", "source"];
  if (value.startsWith("system:")) {
    throw new AppError("INVALID_INPUT", { field, message: "source must not begin with system:." });
  }
  return parseCode(value, limits.personLengthMax, field);
}

function toDocumentRef({ type, id, line }: DocumentRef): DocumentRef {
  return {
    type: parseCode(type, limits.reasonCodeLengthMax, ["documentRef", "type"]),
    id: parseDocumentId(id, ["documentRef", "id"]),
    line: line == null ? null : parseDocumentId(line, ["documentRef", "line"]),
  };
}

/** UNRESTRICTED where none is named. */
export function bucketOf(name: BucketName | null | undefined): Bucket {
  return buckets.find((bucket) => bucket.toUpperCase() === name) ?? "unrestricted";
}

function toBucket(name: BucketName | null | undefined): Bucket | null {
  return buckets.find((bucket) => bucket.toUpperCase() === name) ?? null;
}
