/**
 * How far a channel relies on supply that has not arrived: policy data, and what a supplier's record makes of a date.
 *
 * Percentages are whole numbers and quantities round down: a haircut can hide a unit, never promise one too many.
 * A policy that says nothing promises all of what is expected, on the day that 9 of 10 past deliveries kept.
 */

/** Stored with the channel's policy, in plain JSON. */
export interface PromisingPolicy {
  /** Of each kind of supply, how many percent may be promised: 0..100. */
  readonly purchaseOrderPercent: number;
  readonly transferPercent: number;
  readonly restockPercent: number;
  /** A supplier is expected as late as this many percent of its past lines were at most: 0..100. */
  readonly latenessPercentile: number;
  /** Days from an approved restock to the shelf. */
  readonly restockDays: number;
}

export const defaultPromising: PromisingPolicy = {
  purchaseOrderPercent: 100,
  transferPercent: 100,
  restockPercent: 100,
  latenessPercentile: 90,
  restockDays: 2,
};

/** How many completed lines of one supplier were how many days late. */
export interface LatenessCount {
  readonly daysLate: number;
  readonly lines: number;
}

/** The smallest number of days that `percentile` percent of the lines kept; 0 where nothing is known. */
export function latenessDays(counts: readonly LatenessCount[], percentile: number): number {
  const total = counts.reduce((sum, { lines }) => sum + lines, 0);
  const wanted = Math.max(1, Math.ceil((total * percentile) / 100));
  let seen = 0;
  for (const { daysLate, lines } of counts.toSorted((a, b) => a.daysLate - b.daysLate)) {
    seen += lines;
    if (seen >= wanted) return daysLate;
  }
  return 0;
}
