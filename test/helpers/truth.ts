/**
 * What was committed, by plain SQL, and what readers were answered meanwhile: does the one explain the other?
 *
 * A pure checker: it knows no cache and no clock but those of the rows and the readers, and says what is wrong with
 * which reply. For stock whose answers have no other terms than what is on the shelf and what is reserved.
 */
import type { Config } from "../../shared/config.ts";
import { openPlain } from "./plain-sql.ts";

/** One row of one reply. Times in milliseconds since the epoch, of this machine. */
export interface Seen {
  readonly reader: number;
  readonly sentAtMs: number;
  readonly key: string;
  readonly version: number;
  readonly net: number | null;
}

export interface Committed {
  readonly version: number;
  readonly net: number;
  /** At the latest a little before its COMMIT. */
  readonly atMs: number;
}

export interface Verdict {
  /** Replies that equal no committed state. */
  readonly invented: readonly string[];
  /** Replies with an older version than the same reader had been given before it asked. */
  readonly backwards: readonly string[];
  /** For how long what was answered had been replaced when it was asked for, over all rows that had been. */
  readonly staleMs: readonly number[];
}

/** Every version of every position, in order. */
export async function committedStates(config: Config): Promise<ReadonlyMap<string, readonly Committed[]>> {
  const db = await openPlain(config, "availability");
  const rows = await db.query("SELECT body, created_at_ms FROM outbox WHERE type = 'availability.changed' ORDER BY id");
  await db.close();
  const states = new Map<string, Committed[]>();
  for (const row of rows) {
    const body = typeof row["body"] === "string" ? JSON.parse(row["body"]) : row["body"];
    const { unrestricted } = body.data.after.wms;
    const state = {
      version: body.data.version,
      net: unrestricted - body.data.after.reserved,
      atMs: Number(row["created_at_ms"]),
    };
    states.set(body.partitionKey, [...(states.get(body.partitionKey) ?? []), state]);
  }
  for (const list of states.values()) list.sort((a, b) => a.version - b.version);
  return states;
}

/** `seen`: of each reader in the order it was answered. */
export function judge(seen: readonly Seen[], states: ReadonlyMap<string, readonly Committed[]>): Verdict {
  const [invented, backwards, staleMs] = [[] as string[], [] as string[], [] as number[]];
  const newest = new Map<string, number>();
  for (const row of seen) {
    const { reader, key, version, net, sentAtMs } = row;
    const list = states.get(key) ?? [];
    const at = list.findIndex((state) => state.version === version);
    if (list[at]?.net !== net) invented.push(`${key} version ${version}: ${net}, committed ${list[at]?.net}`);
    const known = newest.get(`${reader} ${key}`) ?? 0;
    if (version < known) backwards.push(`reader ${reader}, ${key}: version ${version} after ${known}`);
    newest.set(`${reader} ${key}`, Math.max(known, version));
    const next = list[at + 1];
    if (next && next.atMs < sentAtMs) staleMs.push(sentAtMs - next.atMs);
  }
  return { invented, backwards, staleMs };
}
