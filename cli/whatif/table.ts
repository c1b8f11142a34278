/**
 * The differences of a day as a person reads them.
 *
 * The largest first, and of each kind so many that they fit on a screen; what is left out is counted.
 */
import type { Both, DayDifference, SoldDifference } from "./compare.ts";

const rowsMax = 25;

export function tableOf(day: DayDifference): string {
  const { facts, positions, sold, refusedReservations, adjustments, transfers, exceptions } = day;
  const largest = [...sold].sort((a, b) => sizeOf(b) - sizeOf(a));
  return [
    `${facts} facts, ${positions} positions. Nothing has been changed.`,
    section("Available to sell", ["SKU", "location", "channel", "at the end", "lowest"], largest, (row) => [
      ...[row.sku, row.locationId, row.channel],
      ...[arrow(row.atEnd), arrow(row.lowest)],
    ]),
    section(
      "Reservations that would be refused",
      ["reservation", "SKU", "location", "channel", "asked", "available"],
      refusedReservations,
      (row) => [row.reservationId, row.sku, row.locationId, row.channel, String(row.quantity), arrow(row.available)],
    ),
    section(
      "Approvals of adjustments",
      ["adjustment", "SKU", "location", "units", "decided by"],
      adjustments,
      (row) => [...[row.adjustmentId, row.sku, row.locationId, String(row.quantity)], arrow(row.decision)],
    ),
    section("Approvals of transfers", ["transfer", "needs"], transfers, (row) => [row.transferId, arrow(row.approval)]),
    section("Exceptions", ["type", "subject", "priority", "responsible", "due"], exceptions, (row) => [
      ...[row.type, row.subject, arrow(row.priority)],
      ...[arrow(row.responsibleRole), arrow(row.dueAt)],
    ]),
  ].join("\n\n");
}

function section<R>(title: string, names: readonly string[], rows: readonly R[], cells: (row: R) => string[]): string {
  if (rows.length === 0) return `${title}: no difference`;
  const shown = [names, ...rows.slice(0, rowsMax).map(cells)];
  const widths = names.map((_, i) => Math.max(...shown.map((row) => row[i]?.length ?? 0)));
  const text = shown.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}`.trimEnd());
  const more = rows.length > rowsMax ? [`  and ${rows.length - rowsMax} more: --json lists them all`] : [];
  return [`${title}: ${rows.length}`, ...text, ...more].join("\n");
}

function arrow({ before, after }: Both<number | string | null>): string {
  return `${before ?? "unknown"} → ${after ?? "unknown"}`;
}

function sizeOf({ atEnd, lowest }: SoldDifference): number {
  const change = ({ before, after }: Both<number | null>) => Math.abs((after ?? 0) - (before ?? 0));
  return Math.max(change(atEnd), change(lowest));
}
