/**
 * One count of stock: what somebody counted at a location, beside what the books of the warehouse said at that moment.
 *
 * A count is evidence: it moves nothing and is never changed. An item in one bucket stands in it once, however many
 * shelves it was counted on. What is to become of a variance is the business of adjustments.
 */
import { AppError } from "../../../shared/errors.ts";
import type { Bucket } from "../../../shared/events/canonical-event.ts";
import { assertQuantity } from "../../../shared/quantity.ts";

/** What was counted of an item in one bucket, in base units. */
export interface CountedEntry {
  readonly sku: string;
  readonly bucket: Bucket;
  readonly counted: number;
}

export interface CountLine extends CountedEntry {
  /** What the bucket held by the book when it was counted. */
  readonly expected: number;
  /** What the variance became; null where there is none. */
  readonly adjustmentId: string | null;
}

export interface StockCount {
  readonly countId: string;
  readonly locationId: string;
  /** Who entered it. */
  readonly recordedBy: string;
  /** Who counted; mostly the same person. */
  readonly countedBy: string;
  /** The count that this one replaces. */
  readonly recountOf: string | null;
  readonly note: string | null;
  readonly recordedAtMs: number;
  readonly lines: readonly CountLine[];
}

/** The shelves of one item and bucket together, in the order of their first shelf. Fails with QUANTITY_OUT_OF_RANGE. */
export function totalCounted(entries: readonly CountedEntry[]): CountedEntry[] {
  const totals = new Map<string, CountedEntry>();
  for (const entry of entries) {
    const key = keyOf(entry);
    const counted = assertQuantity((totals.get(key)?.counted ?? 0) + entry.counted, ["input", "lines"]);
    totals.set(key, { ...entry, counted });
  }
  return [...totals.values()];
}

/** Fails with INVALID_INPUT: there is never less than nothing on a shelf. */
export function assertCounted(quantity: number, field: readonly string[]): void {
  if (quantity >= 0) return;
  throw new AppError("INVALID_INPUT", { field, message: "A counted quantity must not be negative." });
}

/**
 * Each total beside the book; a line that varies gets the next adjustment id.
 * Fails with QUANTITY_OUT_OF_RANGE.
 */
export function compareWithBook(
  totals: readonly CountedEntry[],
  bookOf: (entry: CountedEntry) => number,
  nextAdjustmentId: () => string,
): CountLine[] {
  return totals.map((entry) => {
    const expected = bookOf(entry);
    const varies = varianceOf({ counted: entry.counted, expected }) !== 0;
    return { ...entry, expected, adjustmentId: varies ? nextAdjustmentId() : null };
  });
}

/** Counted − expected: what an adjustment has to add. Fails with QUANTITY_OUT_OF_RANGE. */
export function varianceOf({ counted, expected }: Pick<CountLine, "counted" | "expected">): number {
  return assertQuantity(counted - expected, ["input", "lines"]);
}

/** Adjustments of an earlier count that a new one counts anew. */
export function replacedAdjustments(earlier: StockCount, totals: readonly CountedEntry[]): string[] {
  const again = new Set(totals.map(keyOf));
  return earlier.lines.flatMap((line) => (again.has(keyOf(line)) && line.adjustmentId ? [line.adjustmentId] : []));
}

function keyOf({ sku, bucket }: Pick<CountedEntry, "sku" | "bucket">): string {
  return `${bucket}\n${sku}`;
}
