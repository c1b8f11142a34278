/**
 * Tab-separated tables: what a row is, and how its columns are read.
 *
 * Texts as the real exports write them: padded codes, money without a leading zero, moments without a zone.
 */
import { describe, expect, it } from "vitest";
import type { Finding } from "../../../ingest/finding.ts";
import { createRowReader, parseTabSeparated } from "../../../ingest/tab-separated.ts";

function readerOf(...columns: string[]) {
  const findings: Finding[] = [];
  return { read: createRowReader({ file: "Product.csv", line: 7, columns }, findings), findings };
}

describe("rows", () => {
  it("are numbered from 1 and end with a line feed, the last one too or not", () => {
    for (const text of ["a\tb\nc\td\n", "a\tb\nc\td", "\uFEFFa\tb\r\nc\td\r\n"]) {
      expect(parseTabSeparated("T.csv", text, 2)).toEqual({
        rows: [
          { file: "T.csv", line: 1, columns: ["a", "b"] },
          { file: "T.csv", line: 2, columns: ["c", "d"] },
        ],
        findings: [],
      });
    }
  });

  it("keep empty columns and empty ends", () => {
    expect(parseTabSeparated("T.csv", "a\t\t\n", 3).rows[0]?.columns).toEqual(["a", "", ""]);
  });

  it("with another number of columns are reported with their line and left out", () => {
    const { rows, findings } = parseTabSeparated("T.csv", "a\tb\nonly one\n\nc\td\n", 2);
    expect(rows.map(({ line }) => line)).toEqual([1, 4]);
    expect(findings.map(({ code, line }) => [code, line])).toEqual([
      ["ROW_MALFORMED", 2],
      ["ROW_MALFORMED", 3],
    ]);
  });
});

describe("columns", () => {
  it("are read as the table means them", () => {
    const { read, findings } = readerOf("EA ", "550.00", ".00", ".0000", "1554.9479", "2025-08-07 10:01:36.827", "");
    expect(read.code(0)).toBe("EA");
    expect(read.whole(1)).toBe(550);
    expect(read.whole(2)).toBe(0);
    expect(read.decimal(3)).toBe("0.0000");
    expect(read.decimal(4)).toBe("1554.9479");
    expect(read.moment(5)).toBe("2025-08-07T10:01:36.827Z");
    expect(read.date(5)).toBe("2025-08-07");
    expect(read.text(6)).toBe("");
    expect(read.ok).toBe(true);
    expect(findings).toEqual([]);
  });

  it("that cannot be read make the row unusable, each with a finding of its own", () => {
    const { read, findings } = readerOf("", "2.50", "1e3", "07/08/2025", "");
    read.code(0);
    read.whole(1);
    read.decimal(2);
    read.date(3);
    read.decimal(4);
    expect(read.ok).toBe(false);
    expect(findings.map(({ code, subject }) => [code, subject])).toEqual([
      ["VALUE_MISSING", 'column 1: ""'],
      ["NUMBER_INVALID", 'column 2: "2.50"'],
      ["NUMBER_INVALID", 'column 3: "1e3"'],
      ["DATE_INVALID", 'column 4: "07/08/2025"'],
      ["VALUE_MISSING", 'column 5: ""'],
    ]);
    expect(findings.every(({ file, line }) => file === "Product.csv" && line === 7)).toBe(true);
  });
});
