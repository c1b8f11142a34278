/**
 * The figures of operations: what each is called, what is divided by what, and what it means.
 *
 * One table; the sums come from `kpi-facts.ts`. A figure without anything to divide by is null, never a silent 0. All
 * hours are UTC.
 */
import type { Cell } from "./kpi-cells.ts";

export type KpiUnit = "RATIO" | "MILLISECONDS" | "UNITS" | "STEPS";

/** How the value is made of the sums. */
type Way =
  /** Numerator ÷ denominator. */
  | "quotient"
  /** The numerator; the denominator says how many there were. */
  | "total"
  /** The standard deviation of durations. */
  | "deviation"
  /** Of what stands open now: the sum of its beginnings, in seconds since the epoch, is the numerator. */
  | "age"
  /** The bound within which 95 of 100 are. */
  | "p95";

export interface KpiDefinition {
  readonly name: string;
  /** The sums it is made of; its own name unless said otherwise. */
  readonly measure?: string;
  readonly way: Way;
  readonly unit: KpiUnit;
  /** What the numerator and the denominator count. */
  readonly numerator: string;
  readonly denominator: string;
  readonly definition: string;
  /** The facts that it is counted from. */
  readonly sources: string;
}

export const kpiDefinitions: readonly KpiDefinition[] = [
  {
    ...{ name: "inventoryAccuracy", way: "quotient", unit: "RATIO" },
    numerator: "counted lines that agreed with the record",
    denominator: "counted lines",
    definition:
      "Share of counted lines (SKU, location, bucket) on which the warehouse found exactly what was recorded.",
    sources: "count.recorded",
  },
  {
    ...{ name: "countAccuracy", way: "quotient", unit: "RATIO" },
    numerator: "units on which count and record agree: of each line the smaller of the two",
    denominator: "of each line the larger of the two",
    definition: "Share of units on which counts and records agree; ask by location to compare locations.",
    sources: "count.recorded",
  },
  {
    ...{ name: "fillRate", way: "quotient", unit: "RATIO" },
    numerator: "units shipped for these order lines by now, of each line at most what was ordered",
    denominator: "units of order lines allocated in the period, less what was given back",
    definition: "Share of ordered units that were shipped. A line belongs to the hour in which it was first allocated.",
    sources: "order.allocated, order.deallocated, shipment.confirmed, shipment.voided",
  },
  {
    ...{ name: "orderCycleTime", way: "quotient", unit: "MILLISECONDS" },
    numerator: "time from first allocation to last shipment",
    denominator: "order lines shipped in full",
    definition:
      "Mean time from the allocation of an order line to its last shipment, of lines completed in the period.",
    sources: "order.allocated, order.deallocated, shipment.confirmed, shipment.voided",
  },
  {
    ...{ name: "orderCycleTimeVariability", measure: "orderCycleTime", way: "deviation", unit: "MILLISECONDS" },
    numerator: "squared deviations from the mean order cycle time, ms²",
    denominator: "order lines shipped in full",
    definition: "Standard deviation of the order cycle time, to the second.",
    sources: "order.allocated, order.deallocated, shipment.confirmed, shipment.voided",
  },
  {
    ...{ name: "backorderRate", way: "quotient", unit: "RATIO" },
    numerator: "order lines for which stock was missing when they were allocated",
    denominator: "order lines allocated in the period",
    definition: "Share of order lines that the ERP committed beyond what was there to sell.",
    sources: "order.allocated, order.oversold",
  },
  {
    ...{ name: "manualAdjustmentVolume", way: "total", unit: "UNITS" },
    numerator: "units by which stock was corrected, up or down",
    denominator: "adjustments posted",
    definition: "Base units corrected by adjustments in the period, whatever their sign.",
    sources: "adjustment.posted",
  },
  {
    ...{ name: "exceptionResolutionTime", way: "quotient", unit: "MILLISECONDS" },
    numerator: "time from raised to resolved",
    denominator: "exceptions resolved in the period",
    definition: "Mean time that exceptions were open, whether a person or later facts settled them.",
    sources: "the queue of exceptions, in the transaction that settles one",
  },
  {
    ...{ name: "exceptionAging", way: "age", unit: "MILLISECONDS" },
    numerator: "age of the exceptions that are open now",
    denominator: "exceptions that are open now",
    definition: "Mean age of open exceptions at the moment of the question, whichever period is asked for.",
    sources: "the queue of exceptions, in the transaction that raises or settles one",
  },
  {
    ...{ name: "transferLatency", way: "quotient", unit: "MILLISECONDS" },
    numerator: "time from first shipment to last receipt",
    denominator: "transfer lines received in full",
    definition: "Mean time that a transfer line was under way; a line counts where and when the last of it arrived.",
    sources: "transfer.shipped, transfer.received, transfer.resolved, shipment.voided",
  },
  {
    ...{ name: "returnsProcessingTime", way: "quotient", unit: "MILLISECONDS" },
    numerator: "time from arrival to restock or removal of the last unit",
    denominator: "return lines processed in full",
    definition: "Mean time that returned goods spent at the returns desk, of lines completed in the period.",
    sources: "return.received, return.restocked, return.dispositioned",
  },
  {
    ...{ name: "failedTransactionRate", way: "quotient", unit: "RATIO" },
    numerator: "postings that the books refused",
    denominator: "postings that the books took or refused",
    definition: "Share of the warehouse's facts that the ERP could not post when they came.",
    sources: "erp.posting.acknowledged, erp.posting.failed",
  },
  {
    ...{ name: "adjustmentApprovalTime", way: "quotient", unit: "MILLISECONDS" },
    numerator: "time from request to decision",
    denominator: "adjustments decided by a person in the period",
    definition:
      "Mean time that adjustments waited for a person; those within tolerance wait for nobody and do not count.",
    sources: "adjustment.requested, adjustment.approved, adjustment.rejected",
  },
  {
    ...{ name: "erpPostingLatency", way: "quotient", unit: "MILLISECONDS" },
    numerator: "time from the warehouse's record to the ERP's posting",
    denominator: "postings acknowledged in the period",
    definition: "Mean time by which the books follow the warehouse.",
    sources: "erp.posting.acknowledged",
  },
  {
    ...{ name: "disputeResolutionTime", way: "quotient", unit: "MILLISECONDS" },
    numerator: "time from raised to resolved",
    denominator: "disputes resolved in the period",
    definition:
      "Mean time to settle what two parties disagree on: short receipts, supplier and transfer discrepancies, variances.",
    sources: "the queue of exceptions, in the transaction that settles one",
  },
  {
    ...{ name: "oversellRate", way: "quotient", unit: "RATIO" },
    numerator: "order lines with a confirmed reservation for which stock was missing",
    denominator: "allocated order lines with a confirmed reservation",
    definition: "Share of lines promised by a reservation that could not be kept when the ERP committed the order.",
    sources: "order.allocated, order.oversold, reservation.confirmed",
  },
  {
    ...{ name: "reconciliationCycleTime", way: "quotient", unit: "MILLISECONDS" },
    numerator: "time from the opening of a variance case to its end",
    denominator: "variance cases closed in the period",
    definition: "Mean time from the moment books and warehouse differ to the moment they agree again.",
    sources: "variance.opened, variance.closed",
  },
  {
    ...{ name: "inventoryVarianceRate", way: "quotient", unit: "RATIO" },
    numerator: "positions that differed beyond what postings under way explain",
    denominator: "positions compared by runs that ended in the period",
    definition: "Share of positions on which books and warehouse disagreed when they were reconciled.",
    sources: "audit.sealed: what control puts on record when a reconciliation ends",
  },
  {
    ...{ name: "reconciliationEffort", way: "quotient", unit: "STEPS" },
    numerator: "steps that people took in control: audit rows of their requests",
    denominator: "exceptions resolved in the period, by people or by later facts",
    definition: "Steps of people for each matter that was settled.",
    sources: "audit.sealed, and the queue of exceptions in the transaction that settles one",
  },
  {
    ...{ name: "refusedRequestRate", way: "quotient", unit: "RATIO" },
    numerator: "audit rows of requests that were refused",
    denominator: "audit rows of requests",
    definition: "Share of what people's requests left on record in all systems that says they were refused.",
    sources: "audit.sealed",
  },
  {
    ...{ name: "degradedAnswerRate", way: "quotient", unit: "RATIO" },
    numerator: "answers with the confidence DEGRADED or UNKNOWN",
    denominator: "answers made; one that is kept counts once, when it was made",
    definition: "Share of answers about availability that rest on sources which are silent or incomplete.",
    sources: "answers.tallied",
  },
  {
    ...{ name: "answerStalenessP95", measure: "answerStaleness", way: "p95", unit: "MILLISECONDS" },
    numerator: "answers up to that age",
    denominator: "answers made, but for unknown ones",
    definition:
      "Age within which the oldest source of 95 of 100 answers was when they were made, rounded up to a bound.",
    sources: "answers.tallied",
  },
  {
    ...{ name: "duplicateRate", way: "quotient", unit: "RATIO" },
    numerator: "events that had come before",
    denominator: "events that came to availability",
    definition: "Share of events that came once more; they have no second effect.",
    sources: "answers.tallied",
  },
  {
    ...{ name: "outOfOrderRate", way: "quotient", unit: "RATIO" },
    numerator: "events that came after a later one of their owner and position",
    denominator: "events that came for the first time",
    definition: "Share of events that overtook one another on the way.",
    sources: "answers.tallied",
  },
];

/** Measures of which single bounds matter: the others of a measure are added up. */
export interface Sums {
  readonly numerator: number;
  readonly denominator: number;
  readonly squares: number;
  /** Of a distribution: how many, by bound. */
  readonly bounds: ReadonlyMap<number, number>;
}

export interface KpiFigures {
  readonly numerator: number;
  readonly denominator: number;
  readonly value: number | null;
}

const nothing: Sums = { numerator: 0, denominator: 0, squares: 0, bounds: new Map() };

export function sumsOf(cells: readonly Omit<Cell, "hour" | "locationId">[]): Map<string, Sums> {
  const sums = new Map<string, Sums>();
  for (const { measure, bound, numerator, denominator, squares } of cells) {
    const known = sums.get(measure) ?? nothing;
    sums.set(measure, {
      numerator: known.numerator + numerator,
      denominator: known.denominator + denominator,
      squares: known.squares + squares,
      bounds: new Map(known.bounds).set(bound, (known.bounds.get(bound) ?? 0) + denominator),
    });
  }
  return sums;
}

export function figuresOf(
  { name, measure = name, way }: KpiDefinition,
  sums: ReadonlyMap<string, Sums>,
  nowMs: number,
) {
  const found = sums.get(measure) ?? nothing;
  return { ...ways[way](found, nowMs) };
}

const ways: Readonly<Record<Way, (sums: Sums, nowMs: number) => KpiFigures>> = {
  quotient: ({ numerator, denominator }) => quotient(numerator, denominator),
  total: ({ numerator, denominator }) => ({ numerator, denominator, value: numerator }),
  deviation({ numerator, denominator, squares }) {
    if (denominator === 0) return quotient(0, 0);
    const meanS = numerator / 1_000 / denominator;
    // Durations are whole milliseconds and their squares those of whole seconds: never less than nothing.
    const deviations = Math.max(0, squares - denominator * meanS ** 2) * 1_000_000;
    return { numerator: deviations, denominator, value: Math.sqrt(deviations / denominator) };
  },
  age: ({ numerator, denominator }, nowMs) => quotient(denominator * nowMs - numerator * 1_000, denominator),
  p95({ denominator, bounds }) {
    let within = 0;
    for (const [bound, count] of [...bounds].sort(([a], [b]) => a - b)) {
      within += count;
      if (denominator > 0 && within >= 0.95 * denominator) return { numerator: within, denominator, value: bound };
    }
    return { numerator: within, denominator, value: null };
  },
};

function quotient(numerator: number, denominator: number): KpiFigures {
  return { numerator, denominator, value: denominator === 0 ? null : numerator / denominator };
}
