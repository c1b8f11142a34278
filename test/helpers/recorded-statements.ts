/**
 * What the system really sends to MySQL or MariaDB, and how many rows the server read for each statement.
 *
 * Listens at the driver, so that nothing is copied and nothing is left out: stores, loaders, relays, consumers. The
 * server itself counts the rows (`Handler_read…` of the session), whatever its plan was.
 */
import mysql from "mysql2";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import type { Config } from "../../shared/config.ts";

export interface RecordedStatement {
  readonly database: string;
  readonly sql: string;
  readonly params: readonly unknown[];
  /** Rows and index entries that the server looked at. */
  readonly reads: number;
  /** Rows that came back or were changed. */
  readonly rows: number;
}

export interface Recording {
  readonly statements: readonly RecordedStatement[];
  stop(): void;
}

type Done = (error: Error | null, result: unknown, fields: unknown) => void;
type Send = (this: Connection, sql: unknown, params: unknown, done?: unknown) => unknown;

interface Connection {
  readonly config: { readonly database?: string };
}

interface Counter {
  last: number;
  /** What asking costs by itself. */
  own: number;
}

const ask = "SHOW SESSION STATUS LIKE 'Handler_read%'";

/** Everything that is sent to databases whose name begins with `prefix`, until `stop`. */
export function recordStatements(prefix: string): Recording {
  const statements: RecordedStatement[] = [];
  const counters = new WeakMap<object, Counter>();
  const prototype = (mysql as unknown as { Connection: { prototype: { query: Send } } }).Connection.prototype;
  const send = prototype.query;

  /** A connection does one thing after the other: what is asked right behind a statement is about that statement. */
  function count(connection: Connection, then: (total: number) => void): void {
    send.call(connection, ask, [], (error: Error | null, rows: { Value: string }[]) => {
      if (!error) then(rows.reduce((sum, row) => sum + Number(row.Value), 0));
    });
  }

  prototype.query = function (this: Connection, sql, given, last) {
    const [params, done] = typeof given === "function" ? [[], given] : [given, last];
    const database = this.config.database ?? "";
    if (!database.startsWith(prefix) || typeof done !== "function") return send.call(this, sql, params, done);
    let counter = counters.get(this);
    if (!counter) {
      const fresh: Counter = { last: 0, own: 0 };
      counters.set(this, fresh);
      counter = fresh;
      count(this, (total) => {
        fresh.last = total;
      });
      count(this, (total) => {
        fresh.own = total - fresh.last;
        fresh.last = total;
      });
    }
    const known = counter;
    let rows: number | undefined;
    const sent = send.call(this, sql, params, ((error, result, fields) => {
      if (!error) rows = rowsOf(result);
      (done as Done)(error, result, fields);
    }) satisfies Done);
    count(this, (total) => {
      const reads = total - known.last - known.own;
      known.last = total;
      if (rows !== undefined)
        statements.push({
          database,
          sql: String(sql),
          params: (params as unknown[] | null | undefined) ?? [],
          reads,
          rows,
        });
    });
    return sent;
  };

  return {
    statements,
    stop() {
      prototype.query = send;
    },
  };
}

function rowsOf(result: unknown): number {
  return Array.isArray(result) ? result.length : Number((result as { affectedRows?: number })?.affectedRows ?? 0);
}

/** One text for all statements that differ only in how many values they carry. */
export function shapeOf(sql: string): string {
  return sql
    .replaceAll(/\s+/g, " ")
    .replaceAll(/\((\?|NULL)(, (\?|NULL))*\)/g, "(…)")
    .replaceAll(/(\(…\))(, \(…\))+/g, "$1")
    .replaceAll(/\(\((…)\)\)/g, "((…))")
    .trim();
}

export interface PlanStep {
  readonly table: string;
  readonly type: string;
  readonly key: string | null;
  readonly extra: string;
}

/** The server's plan for what looks for rows; nothing for what only inserts them. */
export async function explained(config: Config, { database, sql, params }: RecordedStatement): Promise<PlanStep[]> {
  if (!/^\s*(SELECT|UPDATE|DELETE)\b/i.test(sql)) return [];
  const connection = await createConnection({ uri: config.mysqlUrl ?? "", database });
  try {
    const [steps] = await connection.query<RowDataPacket[]>(`EXPLAIN ${sql}`, [...params]);
    return steps.map((step) => ({
      // The table behind an alias has a name of its own.
      table: new RegExp(`(\\w+) (?:AS )?${step["table"]}\\b`).exec(tablesOf(sql))?.[1] ?? String(step["table"]),
      type: String(step["type"]),
      key: step["key"] as string | null,
      extra: String(step["Extra"] ?? ""),
    }));
  } finally {
    await connection.end();
  }
}

/** `a x, b, c y`: what stands behind FROM, JOIN and UPDATE. */
function tablesOf(sql: string): string {
  return [
    ...sql.matchAll(
      /\b(?:FROM|JOIN|UPDATE)\s+`?(\w+)`?(?:\s+(?:AS\s+)?`?(?!WHERE\b|SET\b|ORDER\b|LEFT\b|JOIN\b|ON\b|LIMIT\b)(\w+)`?)?/gi,
    ),
  ]
    .map(([, table, alias]) => `${table} ${alias ?? table}`)
    .join(", ");
}

/** Rows read beyond some for each value given, each row answered, and each that a LIMIT asks to look at. */
export function excess({ reads, rows: answered, params, sql }: RecordedStatement): number {
  const looked = [...sql.matchAll(/LIMIT (\d+)/g)].reduce((sum, [, n]) => sum + Number(n), 0);
  return reads - 100 - 20 * (answered + params.length) - 2 * looked;
}
