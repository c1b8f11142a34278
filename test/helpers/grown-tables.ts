/**
 * Makes the tables of a database large: what is in them already, copied under other keys.
 *
 * Only the named columns differ between the copies: everything else of the original, its SKU, its location, its person
 * and its status, is then as frequent as it can be, which is the hard case for an index.
 */
import mysql, { type RowDataPacket } from "mysql2/promise";
import type { Config, SystemName } from "../../shared/config.ts";

export interface TableGrowth {
  /** Columns that a copy has to itself. */
  readonly own: readonly string[];
  /** So many times as large as the others. */
  readonly times?: number;
  /** SQL of columns that are another than the original's: `t` is the original, `n` the number of the copy. */
  readonly set?: Readonly<Record<string, string>>;
}

/** By table. */
export type Growth = Readonly<Record<string, TableGrowth>>;

interface ColumnRow extends RowDataPacket {
  readonly name: string;
  readonly type: string;
  readonly length: number | null;
  readonly extra: string;
}

const digits =
  "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL \
SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";
const numbers = `(SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 1 AS n
  FROM ${digits} a, ${digits} b, ${digits} c, ${digits} e, ${digits} f)`;

/** Each table of `growth` has `rows` rows or a few more afterwards. Fails when one is empty: nobody used it. */
export async function growTables(config: Config, system: SystemName, growth: Growth, rows: number): Promise<void> {
  const database = `${config.mysqlPrefix}${system}`;
  const connection = await mysql.createConnection({ uri: config.mysqlUrl ?? "", database });
  try {
    await connection.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
    for (const [table, { own, set = {}, times = 1 }] of Object.entries(growth)) {
      const [[found]] = await connection.query<RowDataPacket[]>(`SELECT COUNT(*) AS n FROM ${table}`);
      const seeds = Number(found?.["n"]);
      if (seeds === 0) throw new Error(`${database}.${table} is empty: there is nothing to copy`);
      const [columns] = await connection.query<ColumnRow[]>(
        `SELECT column_name AS name, data_type AS type, character_maximum_length AS length, extra
           FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position`,
        [database, table],
      );
      const copied = columns.filter(({ extra }) => !extra.includes("auto_increment"));
      const values = copied.map(
        (column) => set[column.name] ?? (own.includes(column.name) ? valueOfCopy(column) : `t.${column.name}`),
      );
      await connection.query(
        `INSERT INTO ${table} (${copied.map(({ name }) => name).join(", ")})
         SELECT ${values.join(", ")} FROM ${table} t, ${numbers} numbers WHERE n <= ${Math.ceil((rows * times) / seeds)}`,
      );
      await connection.query(`ANALYZE TABLE ${table}`);
    }
  } finally {
    await connection.end();
  }
}

/** Texts end in the number of the copy, and copies of one value are the same text in every table. */
function valueOfCopy({ name, type, length }: ColumnRow): string {
  if (!/char|text/.test(type)) return `t.${name} + 1000 * n`;
  return `CONCAT(LEFT(t.${name}, ${Number(length) - 6}), LPAD(n, 6, '0'))`;
}
