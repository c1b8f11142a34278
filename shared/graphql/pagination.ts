/**
 * Relay connections by keyset: a cursor names the last row seen, so a page costs the same wherever it is.
 *
 * A cursor is opaque to clients and checked like any other input.
 */
import { AppError } from "../errors.ts";
import { limits } from "../limits.ts";

export interface PageArgs {
  readonly first: number;
  readonly after?: string | null | undefined;
}

export interface Page {
  /** Rows to return; read one more to know whether there is a next page. */
  readonly size: number;
  /** The key after which the page begins; null for the first page. */
  readonly after: readonly string[] | null;
}

export interface Connection<T> {
  readonly edges: readonly { readonly cursor: string; readonly node: T }[];
  readonly nodes: readonly T[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

/** `keyLength`: how many columns the key has. Fails with BAD_USER_INPUT. */
export function parsePage(args: PageArgs, keyLength: number): Page {
  if (args.first < 1 || args.first > limits.pageSizeMax) {
    throw new AppError("BAD_USER_INPUT", { message: `first must lie between 1 and ${limits.pageSizeMax}.` });
  }
  return { size: args.first, after: args.after ? decodeCursor(args.after, keyLength) : null };
}

/** `rows`: up to `page.size + 1` of them, in key order. */
export function toConnection<T>(rows: readonly T[], page: Page, keyOf: (row: T) => readonly string[]): Connection<T> {
  const nodes = rows.slice(0, page.size);
  const edges = nodes.map((node) => ({ cursor: encodeCursor(keyOf(node)), node }));
  return {
    edges,
    nodes,
    pageInfo: {
      hasNextPage: rows.length > page.size,
      hasPreviousPage: page.after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

export function encodeCursor(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString("base64url");
}

function decodeCursor(cursor: string, keyLength: number): string[] {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (Array.isArray(key) && key.length === keyLength && key.every((part) => typeof part === "string")) return key;
  } catch {
    // Falls through to the one error for every kind of wrong cursor.
  }
  throw new AppError("BAD_USER_INPUT", { message: "after is not a cursor of this list." });
}
