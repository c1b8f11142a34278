/**
 * The rights of the user that a system works with on MySQL/MariaDB: everything it needs, table by table, and no more.
 *
 * Audit rows and their seals may be read and added; whoever works as this user can neither change nor delete them, nor
 * make, alter or empty any table. Rights on all databases (`*.*`) are somebody else's decision and are left alone.
 */
import type { Database } from "./database.ts";
import { hasErrno } from "./retry.ts";

/** Tables to which rows are only added. */
const appendOnly: readonly string[] = ["audit_rows", "audit_seals"];
/** Tables that only a migration writes. */
const readOnly: readonly string[] = ["migrations"];
const noSuchGrant = [1141, 1147] as const;

/** `user`: its name, for any host. Run by the owner of the schema, after every migration. */
export async function grantWork(db: Database, user: string): Promise<void> {
  const account = `'${user}'@'%'`;
  const [{ name: database } = { name: "" }] = await db.query<{ name: string }>("SELECT DATABASE() AS name");
  const tables = await db.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = ? ORDER BY table_name",
    [database],
  );
  // A right on the whole database would count beside those on its tables.
  await revoke(db, `REVOKE ALL PRIVILEGES ON \`${database}\`.* FROM ${account}`);
  for (const { name } of tables) {
    const table = `\`${database}\`.\`${name}\``;
    if (appendOnly.includes(name) || readOnly.includes(name)) {
      await revoke(db, `REVOKE ALL PRIVILEGES ON ${table} FROM ${account}`);
    }
    const rights = readOnly.includes(name)
      ? "SELECT"
      : appendOnly.includes(name)
        ? "SELECT, INSERT"
        : "SELECT, INSERT, UPDATE, DELETE";
    await db.query(`GRANT ${rights} ON ${table} TO ${account}`);
  }
}

async function revoke(db: Database, sql: string): Promise<void> {
  try {
    await db.query(sql);
  } catch (error) {
    if (!hasErrno(error, noSuchGrant)) throw error;
  }
}
