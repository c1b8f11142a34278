/**
 * What the figures are kept as: sums by hour and place, and of every document under way what has been told of it.
 *
 * Sums, first and last moments do not depend on the order in which facts come; what a document adds to the sums follows
 * from what is known of it. So counting fact by fact and counting all of them at once give the same. Pure.
 */

/** What is added in one hour at one place. All whole numbers, so that sums are exact. */
export interface Cell {
  readonly measure: string;
  /** Null: of no place. */
  readonly locationId: string | null;
  /** Hours since the epoch, UTC. */
  readonly hour: number;
  /** Of a distribution, up to where it goes; else 0. */
  readonly bound: number;
  readonly numerator: number;
  readonly denominator: number;
  /** Of durations, the sum of the squares, s². */
  readonly squares: number;
}

export const caseKinds = ["order", "transfer", "return", "adjustment", "variance"] as const;
export type CaseKind = (typeof caseKinds)[number];

/** What is known of a document, or of one line of it. */
export interface Case {
  readonly kind: CaseKind;
  readonly key: string;
  readonly locationId: string | null;
  /** The first beginning and the last end that were told, milliseconds since the epoch. */
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  /** Base units, or 1 where it is not about units. */
  readonly wanted: number;
  readonly done: number;
  /** Of an order line: units that were not there when it was taken, and units that a reservation had promised. */
  readonly missing: number;
  readonly promised: number;
}

/** What a fact says of a case; what it is silent about is absent. */
export type Observation = Pick<Case, "kind" | "key"> & Partial<Case>;

export function emptyCase({ kind, key }: Pick<Case, "kind" | "key">): Case {
  const nothing = { wanted: 0, done: 0, missing: 0, promised: 0 };
  return { kind, key, locationId: null, startedAtMs: null, endedAtMs: null, ...nothing };
}

export function observe(known: Case, seen: Observation): Case {
  return {
    ...known,
    locationId: earlier(known.locationId, seen.locationId ?? null),
    startedAtMs: earlier(known.startedAtMs, seen.startedAtMs ?? null),
    endedAtMs: later(known.endedAtMs, seen.endedAtMs ?? null),
    wanted: known.wanted + (seen.wanted ?? 0),
    done: known.done + (seen.done ?? 0),
    missing: known.missing + (seen.missing ?? 0),
    promised: known.promised + (seen.promised ?? 0),
  };
}

function earlier<T extends string | number>(a: T | null, b: T | null): T | null {
  return a === null ? b : b === null || a < b ? a : b;
}

function later(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null || a > b ? a : b;
}

/** What the case adds to the sums as it is known. */
export function cellsOfCase(known: Case): Cell[] {
  const { kind, locationId, startedAtMs, endedAtMs, wanted, done, missing, promised } = known;
  const cells: Cell[] = [];
  if (kind === "order" && startedAtMs !== null && wanted > 0) {
    const line = { locationId, atMs: startedAtMs };
    const isShort = missing > 0 ? 1 : 0;
    cells.push(cell("fillRate", line, Math.max(0, Math.min(done, wanted)), wanted));
    cells.push(cell("backorderRate", line, isShort, 1));
    if (promised > 0) cells.push(cell("oversellRate", line, isShort, 1));
  }
  if (startedAtMs !== null && endedAtMs !== null && wanted > 0 && done >= wanted) {
    cells.push(duration(durations[kind], { locationId, atMs: endedAtMs }, endedAtMs - startedAtMs));
  }
  return cells;
}

const durations = {
  order: "orderCycleTime",
  transfer: "transferLatency",
  return: "returnsProcessingTime",
  adjustment: "adjustmentApprovalTime",
  variance: "reconciliationCycleTime",
} as const satisfies Record<CaseKind, string>;

export interface Where {
  readonly locationId: string | null;
  readonly atMs: number;
}

const hourMs = 3_600_000;

export function hourOf(atMs: number): number {
  return Math.floor(atMs / hourMs);
}

export function cell(measure: string, { locationId, atMs }: Where, numerator: number, denominator: number): Cell {
  return { measure, locationId, hour: hourOf(atMs), bound: 0, numerator, denominator, squares: 0 };
}

/** One duration; a clock that goes ahead makes none that is less than nothing. Whole seconds in the squares. */
export function duration(measure: string, where: Where, tookMs: number): Cell {
  const ms = Math.max(0, Math.round(tookMs));
  return { ...cell(measure, where, ms, 1), squares: Math.round(ms / 1_000) ** 2 };
}

/** What has to be added to `before` to get `after`. */
export function change(before: readonly Cell[], after: readonly Cell[]): Cell[] {
  return sumCells([...after, ...before.map(taken)]);
}

function taken(one: Cell): Cell {
  return { ...one, numerator: 0 - one.numerator, denominator: 0 - one.denominator, squares: 0 - one.squares };
}

/** One cell an hour, place, measure and bound, in that order; those that add nothing are left out. */
export function sumCells(cells: readonly Cell[]): Cell[] {
  const sums = new Map<string, Cell>();
  for (const one of cells) {
    const key = JSON.stringify([one.locationId ?? "", one.hour, one.measure, one.bound]);
    const sum = sums.get(key);
    sums.set(
      key,
      sum
        ? {
            ...sum,
            numerator: sum.numerator + one.numerator,
            denominator: sum.denominator + one.denominator,
            squares: sum.squares + one.squares,
          }
        : one,
    );
  }
  return [...sums]
    .filter(([, { numerator, denominator, squares }]) => numerator !== 0 || denominator !== 0 || squares !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, sum]) => sum);
}
