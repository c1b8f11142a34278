/**
 * A user of MySQL/MariaDB who may only what somebody grants, made and removed by whoever runs the tests.
 */
import { randomBytes } from "node:crypto";
import mysql from "mysql2/promise";

export interface RestrictedUser {
  readonly name: string;
  /** The server, as this user. */
  readonly url: string;
  /** As whoever runs the tests. */
  asOwner(sql: string): Promise<void>;
  /** As this user; the server's error number, null when it is done. */
  refusal(database: string, sql: string): Promise<number | null>;
  remove(): Promise<void>;
}

export async function createRestrictedUser(ownerUrl: string): Promise<RestrictedUser> {
  const name = `iag_${randomBytes(4).toString("hex")}`;
  const url = new URL(ownerUrl);
  url.username = name;
  url.password = randomBytes(8).toString("hex");
  const owner = await mysql.createConnection(ownerUrl);
  await owner.query(`CREATE USER '${name}'@'%' IDENTIFIED BY '${url.password}'`);
  const user = await mysql.createConnection(url.href);
  return {
    name,
    url: url.href,
    async asOwner(sql) {
      await owner.query(sql);
    },
    async refusal(database, sql) {
      await user.changeUser({ database });
      try {
        await user.query(sql);
        return null;
      } catch (error) {
        return (error as { errno?: number }).errno ?? 0;
      }
    },
    async remove() {
      await user.end();
      await owner.query(`DROP USER '${name}'@'%'`);
      await owner.end();
    },
  };
}
