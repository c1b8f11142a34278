/**
 * What an import has met so far: per kind what is there now and what was there before, refusals and findings by code.
 *
 * Counts only, so it stays small however long the input is; every single finding goes to `noteFinding` as it is met.
 */
import { type Finding, findingTable } from "../../ingest/finding.ts";
import type { Kind } from "./loader.ts";
import type { PositionTotals } from "./positions.ts";
import type { Outcome } from "./requests.ts";

export interface Tally {
  settle(kind: Kind, outcomes: readonly Outcome[]): void;
  find(findings: readonly Finding[]): void;
  /** Already there before anything was sent. */
  skip(kind: Kind, count: number): void;
  summary(totals: PositionTotals, seconds: number): Summary;
}

/** The line that goes to stdout. */
export interface Summary extends PositionTotals {
  /** In the system now, whether this run put them there or an earlier one. */
  readonly products: number;
  readonly locations: number;
  readonly purchaseOrders: number;
  readonly events: number;
  readonly orders: number;
  readonly returns: number;
  readonly bookBalances: number;
  /** Source rows left out, and items that the API refused. */
  readonly rejected: number;
  readonly alreadyThere: Readonly<Record<Kind, number>>;
  readonly findings: Readonly<Record<string, number>>;
  /** Codes of the source that are not products, with their number of rows. */
  readonly nonProductCodes: Readonly<Record<string, number>>;
  /** Refusals of the API by code. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly seconds: number;
}

const none: Readonly<Record<Kind, number>> = {
  locations: 0,
  products: 0,
  bookBalances: 0,
  purchaseOrders: 0,
  events: 0,
  orders: 0,
  returns: 0,
};

export function createTally(noteFinding: (finding: Finding) => void, noteRefusal: (text: string) => void): Tally {
  const present = { ...none };
  const there = { ...none };
  const findings: Record<string, number> = {};
  const nonProductCodes: Record<string, number> = {};
  const refusals: Record<string, number> = {};
  let rejected = 0;

  return {
    settle(kind, outcomes) {
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") {
          rejected += 1;
          if (!refusals[outcome.code]) noteRefusal(`${kind}: ${outcome.code}: ${outcome.message}`);
          count(refusals, outcome.code);
        } else {
          present[kind] += 1;
          if (outcome.status === "there") there[kind] += 1;
        }
      }
    },
    find(found) {
      for (const finding of found) {
        count(findings, finding.code);
        if (findingTable[finding.code].rejects) rejected += 1;
        if (finding.code === "NON_PRODUCT_CODE") count(nonProductCodes, finding.subject);
        noteFinding(finding);
      }
    },
    skip(kind, skipped) {
      present[kind] += skipped;
      there[kind] += skipped;
    },
    summary: (totals, seconds) => {
      const { products, locations, purchaseOrders, events, orders, returns, bookBalances } = present;
      return {
        products,
        locations,
        ...totals,
        purchaseOrders,
        events,
        orders,
        returns,
        bookBalances,
        rejected,
        alreadyThere: there,
        findings,
        nonProductCodes,
        refusals,
        seconds,
      };
    },
  };
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
