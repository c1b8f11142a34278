/**
 * The databases as an auditor would look at them: plain SQL through the bare drivers, nothing of ours in between.
 */
import { join } from "node:path";
import Libsql from "libsql";
import mysql, { type RowDataPacket } from "mysql2/promise";
import type { Config, SystemName } from "../../shared/config.ts";

export interface PlainDatabase {
  query(sql: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export async function openPlain(config: Config, system: SystemName): Promise<PlainDatabase> {
  if (config.mysqlUrl) {
    const database = `${config.mysqlPrefix}${system}`;
    const connection = await mysql.createConnection({ uri: config.mysqlUrl, database });
    return {
      query: async (sql) => (await connection.query<RowDataPacket[]>(sql))[0],
      close: () => connection.end(),
    };
  }
  const file = new Libsql(join(config.dataDir, `${system}.sqlite`), { readonly: true });
  return {
    query: async (sql) => file.prepare(sql).all() as Record<string, unknown>[],
    close: async () => {
      file.close();
    },
  };
}

/** What somebody with the database's password could do: one statement, past everything that guards it. */
export async function tamper(config: Config, system: SystemName, sql: string): Promise<void> {
  if (config.mysqlUrl) {
    const database = `${config.mysqlPrefix}${system}`;
    const connection = await mysql.createConnection({ uri: config.mysqlUrl, database });
    await connection.query(sql);
    await connection.end();
    return;
  }
  const file = new Libsql(join(config.dataDir, `${system}.sqlite`));
  file.exec(sql);
  file.close();
}
