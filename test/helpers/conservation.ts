/**
 * I1, conservation: the journal explains every balance. By plain SQL, not by the code under test.
 */
import { expect } from "vitest";
import { buckets } from "../../shared/events/canonical-event.ts";
import { openPlain } from "./plain-sql.ts";
import type { Target } from "./target.ts";

/** Every bucket, every book and every figure of the returns desk is the sum of its movements. */
export async function expectConservation({ config }: Pick<Target, "config">): Promise<void> {
  const sums = buckets.map((bucket) => `COALESCE(SUM(m.${bucket}_delta), 0) AS ${bucket}`).join(", ");
  const differ = buckets.map((bucket) => `b.${bucket} <> j.${bucket}`).join(" OR ");
  const wms = await openPlain(config, "wms");
  const unexplained = await wms.query(
    `SELECT b.sku, b.location_id FROM stock_balances b JOIN
       (SELECT p.sku, p.location_id, ${sums} FROM stock_balances p LEFT JOIN stock_movements m
          ON m.sku = p.sku AND m.location_id = p.location_id AND m.status = 'ACCEPTED' GROUP BY p.sku, p.location_id) j
       ON j.sku = b.sku AND j.location_id = b.location_id WHERE ${differ}`,
  );
  await wms.close();
  const erp = await openPlain(config, "erp");
  const unposted = await erp.query(
    `SELECT b.sku, b.location_id FROM book_positions b JOIN
       (SELECT p.sku, p.location_id, COALESCE(SUM(e.book_delta), 0) AS book, COALESCE(SUM(e.committed_delta), 0) AS committed
          FROM book_positions p LEFT JOIN book_postings e ON e.sku = p.sku AND e.location_id = p.location_id
          GROUP BY p.sku, p.location_id) j
       ON j.sku = b.sku AND j.location_id = b.location_id WHERE b.on_hand <> j.book OR b.committed <> j.committed`,
  );
  await erp.close();
  const returns = await openPlain(config, "returns");
  const unreturned = await returns.query(
    `SELECT p.sku, p.location_id FROM return_positions p LEFT JOIN
       (SELECT sku, location_id, SUM(quarantined_delta) AS quarantined, SUM(in_inspection_delta) AS inspected,
               SUM(restock_approved_delta) AS approved FROM return_movements GROUP BY sku, location_id) m
       ON m.sku = p.sku AND m.location_id = p.location_id
      WHERE p.quarantined <> COALESCE(m.quarantined, 0) OR p.in_inspection <> COALESCE(m.inspected, 0)
         OR p.restock_approved <> COALESCE(m.approved, 0)`,
  );
  await returns.close();
  expect({ unexplained, unposted, unreturned }).toEqual({ unexplained: [], unposted: [], unreturned: [] });
}
