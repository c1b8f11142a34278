/**
 * What the warehouse reported for a document, spread over the document's lines.
 *
 * A state, not a chain of changes: the same totals and lines give the same result in whatever order they became known,
 * also when a shipment is reported before its order. A line never takes more than its capacity or less than nothing.
 */

export type DocumentType = "ORDER" | "PURCHASE_ORDER";

/** What was reported for one document line at one position, net of what was voided; `line` is "" where none was named. */
export interface WarehouseTotal {
  readonly documentType: DocumentType;
  readonly documentId: string;
  readonly sku: string;
  readonly locationId: string;
  readonly line: string;
  readonly quantity: number;
}

export interface Capacity {
  readonly line: string;
  readonly capacity: number;
}

/**
 * How much of each line is settled, `lines` oldest first. What was reported for a line counts for that line only; what
 * was reported without a line fills the oldest first, and what was voided without a line empties the newest first.
 */
export function settle(lines: readonly Capacity[], reported: ReadonlyMap<string, number>): Map<string, number> {
  const settled = new Map<string, number>();
  let rest = reported.get("") ?? 0;
  for (const { line, capacity } of lines) {
    const named = reported.get(line) ?? 0;
    settled.set(line, Math.min(capacity, Math.max(0, named)));
    // Voided by the line, but shipped without naming it.
    rest += Math.min(0, named);
  }
  for (const { line, capacity } of rest >= 0 ? lines : lines.toReversed()) {
    const taken = settled.get(line) ?? 0;
    const move = rest >= 0 ? Math.min(rest, capacity - taken) : -Math.min(-rest, taken);
    settled.set(line, taken + move);
    rest -= move;
  }
  return settled;
}

export interface Totals {
  add(total: WarehouseTotal): void;
  /** By line. */
  of(documentType: DocumentType, documentId: string, sku: string, locationId: string): ReadonlyMap<string, number>;
  changed(): WarehouseTotal[];
}

export function openTotals(stored: readonly WarehouseTotal[]): Totals {
  const groups = new Map<string, Map<string, number>>();
  const changed = new Map<string, WarehouseTotal>();
  const groupOf = (type: DocumentType, id: string, sku: string, locationId: string) => {
    const key = JSON.stringify([type, id, sku, locationId]);
    let group = groups.get(key);
    if (!group) {
      group = new Map();
      groups.set(key, group);
    }
    return group;
  };
  for (const total of stored) {
    groupOf(total.documentType, total.documentId, total.sku, total.locationId).set(total.line, total.quantity);
  }
  return {
    add(total) {
      const group = groupOf(total.documentType, total.documentId, total.sku, total.locationId);
      const quantity = (group.get(total.line) ?? 0) + total.quantity;
      group.set(total.line, quantity);
      const { documentType, documentId, sku, locationId, line } = total;
      changed.set(JSON.stringify([documentType, documentId, sku, locationId, line]), { ...total, quantity });
    },
    of: groupOf,
    changed: () => [...changed.values()],
  };
}
