/**
 * What pages and searches of the ERP need so that they cost the same however much there is: the words of each product,
 * and indexes in the order of every filtered page.
 *
 * `order_status` of a purchase order's line is the order's own: lines are found by item and status in one index.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { type Ddl, ddl } from "../../shared/db/migration.ts";

export class FoundByIndex1767225600104 implements MigrationInterface {
  readonly name = "FoundByIndex1767225600104";

  async up(runner: QueryRunner): Promise<void> {
    const d = ddl(runner);
    await productWords(d, runner);
    await d.run("ALTER TABLE purchase_order_lines ADD COLUMN order_status VARCHAR(16) NOT NULL DEFAULT ''");
    await d.run(
      `UPDATE purchase_order_lines SET order_status =
         (SELECT status FROM purchase_orders WHERE purchase_orders.id = purchase_order_lines.purchase_order_id)`,
    );
    await d.index("purchase_order_lines_sku", "purchase_order_lines", "sku, purchase_order_id");
    await d.index("purchase_order_lines_status", "purchase_order_lines", "sku, order_status, purchase_order_id");
    await d.index("transfers_origin_status", "transfers", "origin_id, status, id");
    await d.index("transfers_destination_status", "transfers", "destination_id, status, id");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}

const productsPerStep = 500;

async function productWords({ table, index, run }: Ddl, runner: QueryRunner): Promise<void> {
  await table("product_words", "sku VARCHAR(64) NOT NULL, word VARCHAR(64) NOT NULL, PRIMARY KEY (sku, word)");
  for (let after = ""; ; ) {
    const products: { sku: string; name: string }[] = await runner.query(
      `SELECT sku, name FROM products WHERE sku > ? ORDER BY sku LIMIT ${productsPerStep}`,
      [after],
    );
    const rows = products.flatMap(({ sku, name }) => words(`${sku} ${name}`).map((word) => [sku, word]));
    if (rows.length > 0) {
      const marks = rows.map(() => "(?, ?)").join(", ");
      await runner.query(`INSERT INTO product_words (sku, word) VALUES ${marks}`, rows.flat());
    }
    after = products.at(-1)?.sku ?? "";
    if (products.length < productsPerStep) break;
  }
  await index("product_words_word", "product_words", "word, sku");
  await run("ALTER TABLE products DROP COLUMN search_text");
}

/** As they were split when this migration was written. */
function words(text: string): string[] {
  const found = text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return [...new Set(found.map((word) => [...word].slice(0, 64).join("")))];
}
