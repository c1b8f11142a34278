/**
 * Statements of the figures: sums by hour and place, and cases under way.
 *
 * Cases are changed under their locks, taken in the order of their keys; sums are added to in the order of theirs, last
 * of all in a transaction, because many transactions add to the same hour. A question reads the hours it is about.
 */
import type { Reader, Transaction } from "../../../shared/db/database.ts";
import {
  addRows,
  forUpdate,
  insertMissing,
  numberOrNull,
  tupleMarks,
  upsertRows,
} from "../../../shared/db/statements.ts";
import { type Case, type CaseKind, type Cell, emptyCase } from "../domain/kpi-cells.ts";
import { caseKeyOf } from "../domain/kpi-facts.ts";

/** All places together. */
const everywhere = "*";

/** Standing sums, e.g. of what is open now, are in no hour. */
export const noHour = 0;

/** The cases as they are known, locked until the transaction ends; a row is made for those that have none. */
export async function lockCases(
  tx: Transaction,
  wanted: readonly Pick<Case, "kind" | "key">[],
): Promise<Map<string, Case>> {
  const keys = [...new Map(wanted.map((one) => [caseKeyOf(one), one])).entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, one]) => one);
  if (keys.length === 0) return new Map();
  await insertMissing(
    tx,
    "kpi_cases",
    keys.map((key) => columnsOf(emptyCase(key))),
  );
  const rows = await tx.query<CaseColumns>(
    `SELECT kind, case_key, location_id, started_at_ms, ended_at_ms, wanted, done, missing, promised FROM kpi_cases
      WHERE (kind, case_key) IN ${tupleMarks(tx.dialect, keys.length, 2)} ORDER BY kind, case_key${forUpdate(tx.dialect)}`,
    keys.flatMap(({ kind, key }) => [kind, key]),
  );
  return new Map(rows.map((row) => [caseKeyOf({ kind: row.kind, key: row.case_key }), caseOf(row)]));
}

export async function saveCases(tx: Transaction, cases: readonly Case[]): Promise<void> {
  await upsertRows(tx, "kpi_cases", ["kind", "case_key"], cases.map(columnsOf));
}

/** Each to its place and to all places together. */
export async function addToBuckets(tx: Transaction, cells: readonly Cell[]): Promise<void> {
  const rows = new Map<string, BucketRow>();
  for (const { locationId, hour, measure, bound, numerator, denominator, squares } of cells) {
    for (const location_id of locationId === null ? [everywhere] : [everywhere, locationId]) {
      const key = JSON.stringify([location_id, hour, measure, bound]);
      const sum = rows.get(key);
      rows.set(key, {
        ...{ location_id, hour, measure, bound },
        numerator: (sum?.numerator ?? 0) + numerator,
        denominator: (sum?.denominator ?? 0) + denominator,
        squares: (sum?.squares ?? 0) + squares,
      });
    }
  }
  const inOrder = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  await addRows(tx, "kpi_buckets", ["location_id", "hour", "measure", "bound"], inOrder);
}

interface BucketRow {
  readonly location_id: string;
  readonly hour: number;
  readonly measure: string;
  readonly bound: number;
  readonly numerator: number;
  readonly denominator: number;
  readonly squares: number;
  readonly [column: string]: string | number;
}

export type BucketSum = Omit<Cell, "hour" | "locationId">;

/** Of these hours, and what stands in none. `locationId` null: all places together. */
export async function sumBuckets(
  db: Reader,
  locationId: string | null,
  hours: { readonly from: number; readonly before: number },
): Promise<BucketSum[]> {
  const place = locationId ?? everywhere;
  const read = (from: number, before: number) =>
    db.query<BucketSum>(
      `SELECT measure, bound, SUM(numerator) AS numerator, SUM(denominator) AS denominator, SUM(squares) AS squares
         FROM kpi_buckets WHERE location_id = ? AND hour >= ? AND hour < ? GROUP BY measure, bound`,
      [place, from, before],
    );
  const rows = [...(await read(noHour, noHour + 1)), ...(await read(hours.from, hours.before))];
  return rows.map(({ measure, bound, numerator, denominator, squares }) => ({
    measure,
    bound: Number(bound),
    numerator: Number(numerator),
    denominator: Number(denominator),
    squares: Number(squares),
  }));
}

interface CaseColumns {
  readonly kind: CaseKind;
  readonly case_key: string;
  readonly location_id: string | null;
  readonly started_at_ms: number | string | null;
  readonly ended_at_ms: number | string | null;
  readonly wanted: number | string;
  readonly done: number | string;
  readonly missing: number | string;
  readonly promised: number | string;
}

function caseOf(row: CaseColumns): Case {
  return {
    kind: row.kind,
    key: row.case_key,
    locationId: row.location_id,
    startedAtMs: numberOrNull(row.started_at_ms),
    endedAtMs: numberOrNull(row.ended_at_ms),
    wanted: Number(row.wanted),
    done: Number(row.done),
    missing: Number(row.missing),
    promised: Number(row.promised),
  };
}

function columnsOf({ kind, key, locationId, startedAtMs, endedAtMs, wanted, done, missing, promised }: Case) {
  return {
    kind,
    case_key: key,
    location_id: locationId,
    started_at_ms: startedAtMs,
    ended_at_ms: endedAtMs,
    wanted,
    done,
    missing,
    promised,
  };
}
