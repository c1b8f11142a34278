/**
 * What a ledger without an opening balance must have started from, and what its codes are called.
 *
 * The opening stock of a SKU is the smallest that never lets sellable stock fall below zero when the lines are
 * replayed in their order: sales take from it, corrections count with their sign, credits go to quarantine and cannot
 * be sold again. One number and a few names are kept per SKU, however long the ledger is.
 */
import type { LedgerLine } from "./online-retail.ts";

export interface OpeningPosition {
  readonly sku: string;
  readonly name: string;
  readonly openingStock: number;
}

export interface OpeningStock {
  /** Lines in the order of the ledger. */
  add(line: LedgerLine): void;
  /** In the order in which the SKUs first appear. */
  positions(): readonly OpeningPosition[];
}

interface Running {
  sellable: number;
  lowest: number;
  readonly names: Readonly<Record<LedgerLine["kind"], Map<string, number>>>;
}

export function createOpeningStock(): OpeningStock {
  const running = new Map<string, Running>();
  return {
    add({ kind, sku, quantity, description }) {
      let position = running.get(sku);
      if (!position) {
        position = { sellable: 0, lowest: 0, names: { sale: new Map(), credit: new Map(), correction: new Map() } };
        running.set(sku, position);
      }
      if (kind === "sale") position.sellable -= quantity;
      if (kind === "correction") position.sellable += quantity;
      position.lowest = Math.min(position.lowest, position.sellable);
      const names = position.names[kind];
      // A correction's description is a note, not a name.
      if (kind !== "correction" && description !== "") names.set(description, (names.get(description) ?? 0) + 1);
    },
    positions: () =>
      [...running].map(([sku, { lowest, names }]) => ({
        sku,
        name: mostFrequent(names.sale) ?? mostFrequent(names.credit) ?? sku,
        openingStock: 0 - lowest,
      })),
  };
}

/** The first of those that occur most often. */
function mostFrequent(counts: ReadonlyMap<string, number>): string | undefined {
  let best: string | undefined;
  for (const [name, count] of counts) {
    if (best === undefined || count > (counts.get(best) ?? 0)) best = name;
  }
  return best;
}
