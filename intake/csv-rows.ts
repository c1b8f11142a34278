/**
 * Comma-separated bytes → rows, however many, for `ingest/table-rows.ts`. The door to csv-parse.
 *
 * A last row without a line end, and quotes that are never closed, are told as the table having broken off: a figure
 * that was cut in half looks like a figure.
 */
import { CsvError, parse } from "csv-parse";
import type { IntakeItem } from "../ingest/intake-message.ts";
import { type TableMapping, TableReader } from "../ingest/table-rows.ts";
import { limits } from "../shared/limits.ts";

interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

export async function* readTable(
  bytes: AsyncIterable<Uint8Array>,
  mapping: TableMapping,
  partner: string | null,
): AsyncGenerator<IntakeItem> {
  const table = new TableReader(mapping, partner);
  const rows = parse({
    ...{ bom: true, info: true, relax_column_count: true, skip_empty_lines: true, delimiter: mapping.delimiter },
    max_record_size: limits.intakeSegmentLengthMax,
  });
  const feeding = feed(bytes, rows);
  // Its failure is reported by the iteration, or below.
  feeding.catch(() => {});
  let held: CsvRecord | null = null;
  let broken = 0;
  try {
    for await (const row of rows as AsyncIterable<CsvRecord>) {
      if (held) yield* table.row(held.record, held.info.lines);
      held = row;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    broken = Number(error["lines"] ?? 0) || (held?.info.lines ?? 0) + 1;
  }
  const ended = broken > 0 ? false : await feeding;
  if (broken > 0) {
    if (held) yield* table.row(held.record, held.info.lines);
    yield* table.end({ code: "ROW_MALFORMED", line: broken });
  } else if (ended || held === null) {
    if (held) yield* table.row(held.record, held.info.lines);
    yield* table.end(null);
  } else {
    yield* table.end({ code: "DOCUMENT_TRUNCATED", line: held.info.lines });
  }
}

/** Did the last row end with a line end? Fails as `bytes` does. */
async function feed(bytes: AsyncIterable<Uint8Array>, rows: ReturnType<typeof parse>): Promise<boolean> {
  let last = lineFeed;
  try {
    for await (const chunk of bytes) {
      last = chunk.at(-1) ?? last;
      if (rows.destroyed) break;
      if (!rows.write(chunk)) await new Promise((resolve) => rows.once("drain", resolve).once("close", resolve));
    }
    rows.end();
  } catch (error) {
    rows.destroy(error as Error);
    throw error;
  }
  return last === lineFeed || last === carriageReturn;
}

const lineFeed = 10;
const carriageReturn = 13;
