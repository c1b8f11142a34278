/**
 * Pages of every connection where statements are looked at: first ones, and those that begin in the middle.
 */
import type { Config, SystemName } from "../../shared/config.ts";
import { encodeCursor } from "../../shared/graphql/pagination.ts";
import type { Office } from "./busy-day.ts";
import { openPlain } from "./plain-sql.ts";

export interface Paged {
  readonly field: string;
  readonly nodes: string;
  readonly system: SystemName;
  /** The key of the page, in its order. */
  readonly key: string;
  readonly filters: readonly Readonly<Record<string, string>>[];
}

/** Of each connection the cursor of a row in the middle. */
export async function middleCursors(config: Config, paged: readonly Paged[], rows: number): Promise<string[]> {
  const cursors: string[] = [];
  for (const { field, system, key } of paged) {
    const plain = await openPlain(config, system);
    const [{ n } = { n: 0 }] = await plain.query(`SELECT COUNT(*) AS n FROM (${key}) keys_of_page`);
    const [middle] = await plain.query(`${key} LIMIT 1 OFFSET ${Math.floor(Number(n) / 2)}`);
    await plain.close();
    if (Number(n) < rows / 20) throw new Error(`${field}: only ${n} rows to page through`);
    cursors.push(encodeCursor(Object.values(middle ?? {}).map(String)));
  }
  return cursors;
}

/** First pages, and pages that begin in the middle. */
export async function readPages({ ask }: Office, paged: readonly Paged[], cursors: readonly string[]): Promise<void> {
  for (const [i, { field, nodes, filters }] of paged.entries()) {
    const after = cursors[i];
    for (const filter of filters) {
      for (const args of [filter, { ...filter, after }]) await ask(field, `{ nodes { ${nodes} } }`, args);
    }
  }
}
