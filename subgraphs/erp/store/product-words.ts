/**
 * The words of products, by which they are found.
 *
 * One row a word and product, written with the product. A search reads the rows that begin like its longest word, in
 * order, from its cursor on: a page costs what it shows, however many products there are. What several words have in
 * common is found by looking the others up for each row of the longest.
 */
import type { Reader, SqlValue, Transaction } from "../../../shared/db/database.ts";
import { insertRows, marks } from "../../../shared/db/statements.ts";
import type { Page } from "../../../shared/graphql/pagination.ts";
import { type Product, wordsOf } from "../domain/product.ts";

/** A product by the word it was found by: its place among the results. */
export interface FoundSku {
  readonly word: string;
  readonly sku: string;
}

/** No word is greater than one that begins like this. */
const last = "\u{10FFFF}";
const alsoBegins = "AND EXISTS (SELECT 1 FROM product_words o WHERE o.sku = w.sku AND o.word >= ? AND o.word < ?)";
const rangeOf = (word: string): SqlValue[] => [word, `${word}${last}`];

/** Products with a word that begins like each of `words` (not none), each once: by its first such word, then by SKU. */
export async function searchSkus(reader: Reader, page: Page, words: readonly string[]): Promise<FoundSku[]> {
  // The same on every page of a search: the cursor is a place in the rows of this word.
  const [longest = "", ...others] = [...words].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  const [afterWord = longest, afterSku = ""] = page.after ?? [];
  return reader.query<FoundSku>(
    `SELECT w.sku, w.word FROM product_words w
      WHERE w.word >= ? AND w.word < ? AND (w.word > ? OR w.sku > ?)
        AND NOT EXISTS (SELECT 1 FROM product_words f WHERE f.sku = w.sku AND f.word >= ? AND f.word < w.word)
        ${others.map(() => alsoBegins).join(" ")}
      ORDER BY w.word, w.sku LIMIT ${page.size + 1}`,
    [afterWord, `${longest}${last}`, afterWord, afterSku, longest, ...others.flatMap(rangeOf)],
  );
}

/** The rows of these products are locked already. */
export async function saveWords(tx: Transaction, products: readonly Product[]): Promise<void> {
  const known = products.filter(({ version }) => version > 1).map(({ sku }) => sku);
  if (known.length > 0) await tx.run(`DELETE FROM product_words WHERE sku IN (${marks(known.length)})`, known);
  await insertRows(
    tx,
    "product_words",
    products.flatMap(({ sku, name }) => wordsOf(`${sku} ${name}`).map((word) => ({ sku, word }))),
  );
}
