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
  // Committed demand is what is open of orders and of approved transfers, and nothing else.
  const unclaimed = await erp.query(
    `SELECT p.sku, p.location_id FROM book_positions p
       LEFT JOIN (SELECT sku, location_id, SUM(allocated - shipped) AS demand FROM order_lines GROUP BY sku, location_id) o
         ON o.sku = p.sku AND o.location_id = p.location_id
       LEFT JOIN (SELECT sku, origin_id, SUM(committed) AS demand FROM transfer_lines GROUP BY sku, origin_id) t
         ON t.sku = p.sku AND t.origin_id = p.location_id
      WHERE p.committed <> COALESCE(o.demand, 0) + COALESCE(t.demand, 0)`,
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
  const found = { unexplained, unposted, unclaimed, unreturned };
  expect(found).toEqual({ unexplained: [], unposted: [], unclaimed: [], unreturned: [] });
}

/**
 * In transit = shipped - received - written off, and the journal explains each: what the two systems say of every
 * transfer is one and the same, and what is expected at the destination is what is in transit. To be asked when
 * everything has had its effects.
 */
export async function expectTransfersConserved({ config }: Pick<Target, "config">): Promise<void> {
  const wms = await openPlain(config, "wms");
  const journal = await wms.query(
    `SELECT l.transfer_id, l.sku, l.shipped, l.received, l.written_off,
            COALESCE(SUM(CASE WHEN m.type = 'SHIPMENT' THEN m.quantity WHEN m.type = 'SHIPMENT_VOID' THEN -m.quantity ELSE 0 END), 0) AS left_origin,
            COALESCE(SUM(CASE WHEN m.type = 'RECEIPT' THEN m.quantity ELSE 0 END), 0) AS arrived
       FROM transfer_lines l LEFT JOIN stock_movements m ON m.document_type = 'TRANSFER' AND m.document_id = l.transfer_id
        AND m.sku = l.sku AND m.status = 'ACCEPTED' AND m.location_id IN (l.origin_id, l.destination_id)
      GROUP BY l.transfer_id, l.sku, l.shipped, l.received, l.written_off`,
  );
  await wms.close();
  const erp = await openPlain(config, "erp");
  const paper = await erp.query(
    "SELECT transfer_id, sku, shipped, received, written_off, open_quantity FROM transfer_lines WHERE shipped <> 0 OR received <> 0",
  );
  await erp.close();
  const text = (row: Record<string, unknown>) =>
    ["transfer_id", "sku", "shipped", "received", "written_off"].map((column) => String(row[column])).join(" ");
  const moved = journal.filter((row) => Number(row["shipped"]) !== 0 || Number(row["received"]) !== 0);
  const unexplained = journal.filter(
    (row) =>
      Number(row["shipped"]) !== Number(row["left_origin"]) || Number(row["received"]) !== Number(row["arrived"]),
  );
  const inTransit = (row: Record<string, unknown>) =>
    Math.max(0, Number(row["shipped"]) - Number(row["received"]) - Number(row["written_off"]));
  expect(unexplained).toEqual([]);
  expect(paper.filter((row) => Number(row["open_quantity"]) !== inTransit(row))).toEqual([]);
  expect(moved.map(text).sort()).toEqual(paper.map(text).sort());
}

/** Nothing is bridged any more: every posting has been acknowledged, at every position. */
export async function expectNothingBridged({ config }: Pick<Target, "config">): Promise<void> {
  const availability = await openPlain(config, "availability");
  const bridged = await availability.query(
    `SELECT sku, location_id FROM positions
      WHERE shipped_not_posted <> 0 OR received_not_posted <> 0 OR adjusted_not_posted <> 0`,
  );
  await availability.close();
  expect(bridged).toEqual([]);
}
