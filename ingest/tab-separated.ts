/**
 * Tab-separated rows without a header → rows with typed columns, or findings.
 *
 * Such files have no quoting: a tab always ends a column and a line feed always ends a row. Empty means absent.
 * A row with a bad column is reported once per column and not returned.
 */
import { type Finding, finding } from "./finding.ts";

export interface Row {
  readonly file: string;
  readonly line: number;
  readonly columns: readonly string[];
}

export interface Rows {
  readonly rows: readonly Row[];
  readonly findings: readonly Finding[];
}

export function parseTabSeparated(file: string, text: string, columnCount: number): Rows {
  const rows: Row[] = [];
  const findings: Finding[] = [];
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  for (const [index, content] of lines.entries()) {
    if (content === "" && index === lines.length - 1) break;
    const columns = content.replace(/\r$/, "").split("\t");
    const row = { file, line: index + 1, columns };
    if (columns.length === columnCount) rows.push(row);
    else findings.push(finding("ROW_MALFORMED", row, `${columns.length} columns instead of ${columnCount}`));
  }
  return { rows, findings };
}

/** Reads the columns of one row by position; what cannot be read becomes a finding and makes `ok` false. */
export interface RowReader {
  readonly row: Row;
  readonly ok: boolean;
  /** Trimmed, because CHAR columns are padded; must not be empty. */
  code(position: number): string;
  /** Trimmed; "" where absent. */
  text(position: number): string;
  /** `550.00` is 550; a fraction is refused. */
  whole(position: number): number;
  /** An exact decimal with a digit before the point: `.0000` is `0.0000`. */
  decimal(position: number): string;
  /** YYYY-MM-DD. */
  date(position: number): string;
  /** RFC 3339; a moment without a zone is read as UTC. */
  moment(position: number): string;
}

export function createRowReader(row: Row, findings: Finding[]): RowReader {
  let ok = true;
  const text = (position: number) => row.columns[position]?.trim() ?? "";

  function match(position: number, pattern: RegExp, code: "NUMBER_INVALID" | "DATE_INVALID" | "VALUE_MISSING") {
    const found = pattern.exec(text(position));
    if (found) return found;
    ok = false;
    findings.push(finding(code, row, `column ${position + 1}: "${text(position)}"`));
    return undefined;
  }

  function moment(position: number): string {
    const found = match(position, /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,3})?)$/, "DATE_INVALID");
    return `${found?.[1]}T${found?.[2]}Z`;
  }

  return {
    row,
    get ok() {
      return ok;
    },
    text,
    code: (position) => match(position, /^.+$/, "VALUE_MISSING")?.[0] ?? "",
    whole: (position) => Number(match(position, /^-?(\d+(\.0*)?|\.0+)$/, "NUMBER_INVALID")?.[0]),
    decimal: (position) => {
      const found = match(position, /^(-?)(\d*)(\.\d+)?$/, "NUMBER_INVALID");
      if (found && !found[2] && !found[3]) match(position, /^.+$/, "VALUE_MISSING");
      return `${found?.[1] ?? ""}${found?.[2] || "0"}${found?.[3] ?? ""}`;
    },
    moment,
    date: (position) => moment(position).slice(0, 10),
  };
}
