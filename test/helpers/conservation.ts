/**
 * I1, conservation: the journals explain every balance, and what availability follows is what its owners have. By
 * plain SQL, not by the code under test.
 *
 * Runs after every test of a target (`target.ts`). The second half holds only when everything that happened has had
 * its effects: until then it is asked again.
 */
import { expect } from "vitest";
import { type SystemName, systemNames } from "../../shared/config.ts";
import { buckets } from "../../shared/events/canonical-event.ts";
import { assertAudited } from "./audited.ts";
import { openPlain, type PlainDatabase } from "./plain-sql.ts";
import type { Target } from "./target.ts";

type Sources = Pick<Target, "config">;
type Row = Record<string, unknown>;

/** Every bucket, every book and every figure of the returns desk is the sum of its movements. */
export function expectConservation(target: Sources): Promise<void> {
  return auditing(target, assertExplained);
}

/**
 * Conservation, and: a position's figures are its owners' figures, its claims what reservations hold, and its offsets
 * what the warehouse reported less what the ERP has acknowledged of it. And of all of it there is an audit that holds.
 */
export function expectSettled(target: Sources): Promise<void> {
  return auditing(target, async (systems) => {
    await assertExplained(systems);
    await assertTransfersExplained(systems);
    const followed = new Map(
      (await systems.availability.query("SELECT * FROM positions")).map((row) => [keyOf(row), figuresOf(row)]),
    );
    const owned = await ownedFigures(systems);
    const differ = [...new Set([...owned.keys(), ...followed.keys()])].flatMap((key) => {
      const [here, there] = [followed.get(key) ?? {}, owned.get(key) ?? {}];
      return [...new Set([...Object.keys(here), ...Object.keys(there)])]
        .filter((name) => (here[name] ?? 0) !== (there[name] ?? 0))
        .map((name) => `${key}: ${name} is ${here[name] ?? 0} here and ${there[name] ?? 0} at its owner`);
    });
    expect(differ).toEqual([]);
    await assertAudited(systems);
  });
}

async function assertExplained({ wms, erp, returns }: Systems): Promise<void> {
  const unexplained = await unexplainedStock(wms);
  const unposted = await unexplainedBooks(erp);
  const unclaimed = await unclaimedDemand(erp);
  const unreturned = await unexplainedReturns(returns);
  const found = { unexplained, unposted, unclaimed, unreturned };
  expect(found).toEqual({ unexplained: [], unposted: [], unclaimed: [], unreturned: [] });
}

/**
 * In transit = shipped - received - written off, and the journal explains each: what the two systems say of every
 * transfer is one and the same, and what is expected at the destination is what is in transit.
 */
async function assertTransfersExplained({ wms, erp }: Systems): Promise<void> {
  const journal = await wms.query(
    `SELECT l.transfer_id, l.sku, l.shipped, l.received, l.written_off,
            COALESCE(SUM(CASE WHEN m.type = 'SHIPMENT' THEN m.quantity WHEN m.type = 'SHIPMENT_VOID' THEN -m.quantity ELSE 0 END), 0) AS left_origin,
            COALESCE(SUM(CASE WHEN m.type = 'RECEIPT' THEN m.quantity ELSE 0 END), 0) AS arrived
       FROM transfer_lines l LEFT JOIN stock_movements m ON m.document_type = 'TRANSFER' AND m.document_id = l.transfer_id
        AND m.sku = l.sku AND m.status = 'ACCEPTED' AND m.location_id IN (l.origin_id, l.destination_id)
      GROUP BY l.transfer_id, l.sku, l.shipped, l.received, l.written_off`,
  );
  const paper = await erp.query(
    "SELECT transfer_id, sku, shipped, received, written_off, open_quantity FROM transfer_lines WHERE shipped <> 0 OR received <> 0",
  );
  const text = (row: Row) =>
    ["transfer_id", "sku", "shipped", "received", "written_off"].map((column) => String(row[column])).join(" ");
  const moved = journal.filter((row) => Number(row["shipped"]) !== 0 || Number(row["received"]) !== 0);
  const unexplained = journal.filter(
    (row) =>
      Number(row["shipped"]) !== Number(row["left_origin"]) || Number(row["received"]) !== Number(row["arrived"]),
  );
  const inTransit = (row: Row) =>
    Math.max(0, Number(row["shipped"]) - Number(row["received"]) - Number(row["written_off"]));
  expect(unexplained).toEqual([]);
  expect(paper.filter((row) => Number(row["open_quantity"]) !== inTransit(row))).toEqual([]);
  expect(moved.map(text).sort()).toEqual(paper.map(text).sort());
}

/** Nothing is bridged any more: every posting has been acknowledged, at every position. */
export async function expectNothingBridged(target: Sources): Promise<void> {
  await auditing(target, async ({ availability }) => {
    const bridged = await availability.query(
      `SELECT sku, location_id FROM positions
      WHERE shipped_not_posted <> 0 OR received_not_posted <> 0 OR adjusted_not_posted <> 0`,
    );
    expect(bridged).toEqual([]);
  });
}

type Figures = Record<string, number>;

const offsets = ["shipped_not_posted", "received_not_posted", "adjusted_not_posted"] as const;
const returned = ["quarantined", "in_inspection", "restock_approved"] as const;

/** What each owner says of each position, under the names that availability's rows have for it. */
async function ownedFigures({ wms, erp, returns, availability }: Systems): Promise<Map<string, Figures>> {
  const stock = await wms.query(`SELECT sku, location_id, ${buckets.join(", ")} FROM stock_balances`);
  const books = await erp.query("SELECT sku, location_id, on_hand AS book, committed FROM book_positions");
  const desk = await returns.query(`SELECT sku, location_id, ${returned.join(", ")} FROM return_positions`);
  const claims = await availability.query(
    `SELECT sku, location_id, channel, SUM(held) AS held FROM reservation_lines WHERE held <> 0
      GROUP BY sku, location_id, channel`,
  );
  const bridges = [...(await wms.query(openedOffsets)), ...(await erp.query(closedOffsets))];

  const owned = new Map<string, Figures>();
  for (const { sku, location_id, ...figures } of [...stock, ...books, ...desk]) {
    for (const [name, value] of Object.entries(figures)) add(owned, keyOf({ sku, location_id }), name, Number(value));
  }
  for (const { channel, held, ...place } of claims) {
    add(owned, keyOf(place), "reserved", Number(held));
    add(owned, keyOf(place), `reserved ${channel}`, Number(held));
  }
  for (const { place, kind, quantity } of bridges) add(owned, String(place), `${kind}_not_posted`, Number(quantity));
  return owned;
}

function figuresOf(row: Row): Figures {
  const names = [...buckets, "book", "committed", ...returned, ...offsets, "reserved"];
  const byChannel = JSON.parse(String(row["reserved_by_channel"] ?? "{}")) as Figures;
  return Object.fromEntries([
    ...names.map((name) => [name, Number(row[name])]),
    ...Object.entries(byChannel).map(([channel, units]) => [`reserved ${channel}`, units]),
  ]);
}

function add(figures: Map<string, Figures>, key: string, name: string, quantity: number): void {
  const own = figures.get(key) ?? {};
  figures.set(key, { ...own, [name]: (own[name] ?? 0) + quantity });
}

function keyOf({ sku, location_id }: Row): string {
  return `${sku}|${location_id}`;
}

type Systems = Readonly<Record<SystemName, PlainDatabase>>;

/** A look at every database, over one connection each. */
async function auditing<T>({ config }: Sources, look: (systems: Systems) => Promise<T>): Promise<T> {
  const opened: (readonly [SystemName, PlainDatabase])[] = [];
  try {
    for (const name of systemNames) opened.push([name, await openPlain(config, name)]);
    return await look(Object.fromEntries(opened) as unknown as Systems);
  } finally {
    for (const [, database] of opened) await database.close();
  }
}

/** What the warehouse's events open, a row an event. */
const openedOffsets = `SELECT partition_key AS place,
    CASE WHEN type IN ('shipment.confirmed', 'shipment.voided', 'transfer.shipped') THEN 'shipped'
         WHEN type = 'adjustment.posted' THEN 'adjusted' ELSE 'received' END AS kind,
    CASE WHEN type = 'shipment.voided' THEN -JSON_EXTRACT(body, '$.quantity')
         WHEN type = 'transfer.shipped' THEN JSON_EXTRACT(body, '$.data.bridged')
         WHEN type = 'adjustment.posted'
           THEN ${buckets.map((bucket) => `COALESCE(JSON_EXTRACT(body, '$.data.deltas.${bucket}'), 0)`).join(" + ")}
         ELSE JSON_EXTRACT(body, '$.quantity') END AS quantity
  FROM outbox
  WHERE type IN ('receipt.recorded', 'transfer.received', 'transfer.shipped', 'adjustment.posted')
     OR (type IN ('shipment.confirmed', 'shipment.voided') AND body LIKE '%"documentRef":{"type":"ORDER"%')`;

/** What the ERP's acknowledgements close. */
const closedOffsets = `SELECT partition_key AS place,
    CASE WHEN body LIKE '%"offset":"shipped"%' THEN 'shipped' WHEN body LIKE '%"offset":"received"%' THEN 'received'
         ELSE 'adjusted' END AS kind,
    JSON_EXTRACT(body, '$.data.offsetDelta') AS quantity
  FROM outbox WHERE type = 'erp.posting.acknowledged' AND body NOT LIKE '%"offset":"none"%'`;

function unexplainedStock(wms: PlainDatabase): Promise<Row[]> {
  const sums = buckets.map((bucket) => `COALESCE(SUM(m.${bucket}_delta), 0) AS ${bucket}`).join(", ");
  const differ = buckets.map((bucket) => `b.${bucket} <> j.${bucket}`).join(" OR ");
  return wms.query(
    `SELECT b.sku, b.location_id FROM stock_balances b JOIN
       (SELECT p.sku, p.location_id, ${sums} FROM stock_balances p LEFT JOIN stock_movements m
          ON m.sku = p.sku AND m.location_id = p.location_id AND m.status = 'ACCEPTED' GROUP BY p.sku, p.location_id) j
       ON j.sku = b.sku AND j.location_id = b.location_id WHERE ${differ}`,
  );
}

function unexplainedBooks(erp: PlainDatabase): Promise<Row[]> {
  return erp.query(
    `SELECT b.sku, b.location_id FROM book_positions b JOIN
       (SELECT p.sku, p.location_id, COALESCE(SUM(e.book_delta), 0) AS book, COALESCE(SUM(e.committed_delta), 0) AS committed
          FROM book_positions p LEFT JOIN book_postings e ON e.sku = p.sku AND e.location_id = p.location_id
          GROUP BY p.sku, p.location_id) j
       ON j.sku = b.sku AND j.location_id = b.location_id WHERE b.on_hand <> j.book OR b.committed <> j.committed`,
  );
}

/** Committed demand is what is open of orders and of approved transfers, and nothing else. */
function unclaimedDemand(erp: PlainDatabase): Promise<Row[]> {
  return erp.query(
    `SELECT p.sku, p.location_id FROM book_positions p
       LEFT JOIN (SELECT sku, location_id, SUM(allocated - shipped) AS demand FROM order_lines GROUP BY sku, location_id) o
         ON o.sku = p.sku AND o.location_id = p.location_id
       LEFT JOIN (SELECT sku, origin_id, SUM(committed) AS demand FROM transfer_lines GROUP BY sku, origin_id) t
         ON t.sku = p.sku AND t.origin_id = p.location_id
      WHERE p.committed <> COALESCE(o.demand, 0) + COALESCE(t.demand, 0)`,
  );
}

function unexplainedReturns(returns: PlainDatabase): Promise<Row[]> {
  return returns.query(
    `SELECT p.sku, p.location_id FROM return_positions p LEFT JOIN
       (SELECT sku, location_id, SUM(quarantined_delta) AS quarantined, SUM(in_inspection_delta) AS inspected,
               SUM(restock_approved_delta) AS approved FROM return_movements GROUP BY sku, location_id) m
       ON m.sku = p.sku AND m.location_id = p.location_id
      WHERE p.quarantined <> COALESCE(m.quarantined, 0) OR p.in_inspection <> COALESCE(m.inspected, 0)
         OR p.restock_approved <> COALESCE(m.approved, 0)`,
  );
}
