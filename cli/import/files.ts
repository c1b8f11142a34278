/**
 * The files of a data set: whole small tables, and ledgers read row by row however long they are.
 *
 * What is missing is named. Decides nothing about what rows mean. The only door to csv-parse.
 */
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { parse } from "csv-parse";
import type { LedgerRow } from "../../ingest/online-retail.ts";
import { AppError } from "../../shared/errors.ts";

/** The texts of all the tables. Fails with INVALID_INPUT, naming what is missing. */
export function readTables<T extends string>(dir: string, names: readonly T[]): Readonly<Record<T, string>> {
  requireDirectory(dir);
  requireFiles(dir, names);
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(dir, name), "utf8")])) as Record<T, string>;
}

/**
 * The ledger's monthly files in time order; all of them, or those of `months` (YYYY-MM).
 * Fails with INVALID_INPUT, naming what is missing.
 */
export function ledgerFiles(dir: string, months: readonly string[] | null): readonly string[] {
  requireDirectory(dir);
  const names = months
    ? [...new Set(months)].sort().map((month) => `online-retail-${month}.csv.gz`)
    : readdirSync(dir)
        .filter((name) => /^online-retail-\d{4}-\d\d\.csv\.gz$/.test(name))
        .sort();
  requireFiles(dir, names);
  if (names.length === 0) throw missing(`No online-retail-YYYY-MM.csv.gz in ${dir}`);
  return names.map((name) => join(dir, name));
}

/** Rows of gzipped CSV files after their header. Fails with INVALID_INPUT on another header or broken quoting. */
export async function* readLedger(paths: readonly string[], header: readonly string[]): AsyncGenerator<LedgerRow> {
  for (const path of paths) {
    const file = path.slice(path.lastIndexOf("/") + 1);
    try {
      yield* readRows(path, file, header);
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw missing(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, error);
    }
  }
}

interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

async function* readRows(path: string, file: string, header: readonly string[]): AsyncGenerator<LedgerRow> {
  const rows = parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true });
  // The callback is needed so that a failing stream destroys the others; the iteration reports the failure.
  pipeline(createReadStream(path), createGunzip(), rows, () => {});
  let headerSeen = false;
  for await (const { record, info } of rows as AsyncIterable<CsvRecord>) {
    if (headerSeen) {
      yield { file, line: info.lines, columns: record };
    } else if (record.join() === header.join()) {
      headerSeen = true;
    } else {
      throw missing(`${file}, line ${info.lines}: the header ${header.join()} is missing`);
    }
  }
}

function requireDirectory(dir: string): void {
  if (!existsSync(dir) || !statSync(dir).isDirectory()) throw missing(`No such directory: ${dir}`);
}

function requireFiles(dir: string, names: readonly string[]): void {
  const absent = names.filter((name) => !existsSync(join(dir, name)));
  if (absent.length > 0) throw missing(`Missing in ${dir}: ${absent.join(", ")}`);
}

function missing(message: string, cause?: unknown): AppError {
  return new AppError("INVALID_INPUT", { message: `${message}.` }, cause === undefined ? {} : { cause });
}
