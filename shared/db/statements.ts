/**
 * Multi-row statements that read the same on SQLite and on MySQL/MariaDB.
 *
 * Only what differs between the two stands here; everything else is plain SQL where it is used. Table and column
 * names are constants of the code, never input.
 */
import type { Dialect, SqlValue, Transaction } from "./database.ts";

/** Rows a single statement carries at most: SQLite binds at most 32,766 values. */
const valuesMax = 30_000;

type Values = Readonly<Record<string, SqlValue>>;

/** `?, ?, ?` for `n` values. */
export function marks(n: number): string {
  return Array.from({ length: n }, () => "?").join(", ");
}

/**
 * `column = ?`, for a page that begins after a cursor. Beside a plain equality MariaDB reads the rows of that value
 * from their first one to the cursor; of a list it goes to the cursor at once. ORDER BY names the column too.
 */
export function only(column: string): string {
  return `${column} IN (?, NULL)`;
}

/** `((?, ?), (?, ?))`: the right side of `(a, b) IN …` for `n` pairs. */
export function pairMarks(dialect: Dialect, n: number): string {
  return tupleMarks(dialect, n, 2);
}

/** The same for `n` tuples of `width` columns. */
export function tupleMarks(dialect: Dialect, n: number, width: number): string {
  const tuples = Array.from({ length: n }, () => `(${marks(width)})`);
  if (dialect === "sqlite") return `(VALUES ${tuples.join(", ")})`;
  // For one tuple alone MariaDB lets an UPDATE or DELETE read the whole table; several it looks up.
  if (n === 1 && width > 1) tuples.push(`(${Array.from({ length: width }, () => "NULL").join(", ")})`);
  return `(${tuples.join(", ")})`;
}

/**
 * For a table of which one index is the only way: while many rows change, MySQL/MariaDB take what has just left a range
 * for what is in it, and would rather read the whole table.
 */
export function byIndex(dialect: Dialect, index: string): string {
  return dialect === "mysql" ? ` FORCE INDEX (${index})` : ` INDEXED BY ${index}`;
}

/** Row locks until the transaction ends; SQLite's write transaction holds the whole database anyway. */
export function forUpdate(dialect: Dialect): string {
  return dialect === "mysql" ? " FOR UPDATE" : "";
}

export async function insertRows(tx: Transaction, table: string, rows: readonly Values[]): Promise<void> {
  await insert(tx, "INSERT INTO", table, rows, "");
}

/** Inserts the rows whose key is not there yet; returns how many that were. */
export async function insertMissing(tx: Transaction, table: string, rows: readonly Values[]): Promise<number> {
  const verb = tx.dialect === "mysql" ? "INSERT IGNORE INTO" : "INSERT OR IGNORE INTO";
  return insert(tx, verb, table, rows, "");
}

/** Inserts the rows, or replaces every non-key column of those whose key is there. */
export function upsertRows(
  tx: Transaction,
  table: string,
  keys: readonly string[],
  rows: readonly Values[],
): Promise<void> {
  return insertOrChange(tx, table, keys, rows, (_, given) => given);
}

/** Like `upsertRows`, but a row that is there stays as it is unless the given one has a greater `version` column. */
export async function upsertNewer(
  tx: Transaction,
  table: string,
  keys: readonly string[],
  version: string,
  rows: readonly Values[],
): Promise<void> {
  const first = rows[0];
  if (!first) return;
  const others = Object.keys(first).filter((column) => !keys.includes(column) && column !== version);
  const newer = `VALUES(${version}) > ${version}`;
  const tail =
    tx.dialect === "mysql"
      ? // MySQL assigns from left to right: the version comes last, because the others compare with it.
        ` ON DUPLICATE KEY UPDATE ${others.map((c) => `${c} = IF(${newer}, VALUES(${c}), ${c}), `).join("")}
          ${version} = IF(${newer}, VALUES(${version}), ${version})`
      : ` ON CONFLICT (${keys.join(", ")}) DO UPDATE SET
            ${[...others, version].map((c) => `${c} = excluded.${c}`).join(", ")}
          WHERE excluded.${version} > ${table}.${version}`;
  await insert(tx, "INSERT INTO", table, rows, tail);
}

/** Inserts the rows; where the key is there already, what is no key is added to what stands there. */
export function addRows(
  tx: Transaction,
  table: string,
  keys: readonly string[],
  rows: readonly Values[],
): Promise<void> {
  return insertOrChange(tx, table, keys, rows, (column, given) => `${column} + ${given}`);
}

/** `becomes`: what a column that is no key becomes where the key is there, from what stands there and what is given. */
async function insertOrChange(
  tx: Transaction,
  table: string,
  keys: readonly string[],
  rows: readonly Values[],
  becomes: (column: string, given: string) => string,
): Promise<void> {
  const first = rows[0];
  if (!first) return;
  const given = (column: string) => (tx.dialect === "mysql" ? `VALUES(${column})` : `excluded.${column}`);
  const others = Object.keys(first).filter((column) => !keys.includes(column));
  const changes = others.map((column) => `${column} = ${becomes(column, given(column))}`).join(", ");
  const found = tx.dialect === "mysql" ? "DUPLICATE KEY UPDATE" : `CONFLICT (${keys.join(", ")}) DO UPDATE SET`;
  await insert(tx, "INSERT INTO", table, rows, ` ON ${found} ${changes}`);
}

async function insert(tx: Transaction, verb: string, table: string, rows: readonly Values[], tail: string) {
  const first = rows[0];
  if (!first) return 0;
  const columns = Object.keys(first);
  const head = `${verb} ${table} (${columns.join(", ")}) VALUES `;
  const rowsMax = Math.floor(valuesMax / columns.length);
  let changed = 0;
  for (let from = 0; from < rows.length; from += rowsMax) {
    const part = from === 0 && rows.length <= rowsMax ? rows : rows.slice(from, from + rowsMax);
    if (tx.dialect === "mysql") {
      changed += await tx.run(head + part.map((row) => tupleText(columns, row)).join(", ") + tail);
      continue;
    }
    const tuple = `(${marks(columns.length)})`;
    changed += await tx.run(
      head + part.map(() => tuple).join(", ") + tail,
      part.flatMap((row) => columns.map((column) => row[column] as SqlValue)),
    );
  }
  return changed;
}

/** mysql2 writes values into the text of a statement; for thousands of them it is much faster to write them at once. */
function tupleText(columns: readonly string[], row: Values): string {
  let text = "(";
  for (const column of columns) text += `${text.length > 1 ? ", " : ""}${literal(row[column] as SqlValue)}`;
  return `${text})`;
}

/**
 * A value as MySQL reads it. A quote is doubled, never put behind a backslash: it ends the text in no SQL mode.
 */
export function literal(value: SqlValue): string {
  if (value === null) return "NULL";
  if (typeof value === "string") {
    return needsDoubling.test(value) ? `'${value.replace(doubled, "$&$&")}'` : `'${value}'`;
  }
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  throw new TypeError(`no SQL value: ${String(value)}`);
}

const needsDoubling = /['\\]/;
const doubled = /['\\]/g;

/** MySQL hands BIGINT over as text. */
export function numberOrNull(value: number | string | null): number | null {
  return value === null ? null : Number(value);
}
