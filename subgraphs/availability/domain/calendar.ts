/**
 * Calendar dates as RFC 3339 texts in UTC, which compare as texts.
 *
 * Knows no time zones, weekends or holidays. A date never leaves the years of four digits.
 */
const dayMs = 24 * 3_600_000;
const lastDate = "9999-12-31";

/** The date at a moment, milliseconds since the epoch. */
export function dateAt(ms: number): string {
  return ms > Date.parse(lastDate) ? lastDate : new Date(ms).toISOString().slice(0, 10);
}

export function addDays(date: string, days: number): string {
  return dateAt(Date.parse(date) + days * dayMs);
}

/** Whole days from one date to another; below zero when the second is earlier. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / dayMs);
}
