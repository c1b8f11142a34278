/**
 * The stock of a position, by bucket: read, locked and written.
 *
 * Whoever changes a position holds its lock, so two writers never both start from the same figures. Positions are
 * locked in (sku, locationId) order. Each function costs a constant number of statements, however many it is given.
 */
import type { Reader, Transaction } from "../../../shared/db/database.ts";
import { forUpdate, insertMissing, numberOrNull, pairMarks, upsertRows } from "../../../shared/db/statements.ts";
import { positionText } from "../../../shared/ids.ts";
import { type Balance, noBalance } from "../domain/balance.ts";
import { mapBuckets } from "../domain/stock-fact.ts";
import type { BalanceRow } from "../entities.ts";

export interface PositionKey {
  readonly sku: string;
  readonly locationId: string;
}

/** Balances by `positionText`. */
export type Balances = Map<string, Balance>;

/** The balances that are there. */
export async function loadBalances(reader: Reader, keys: readonly PositionKey[]): Promise<Balances> {
  return selectBalances(reader, keys, "");
}

/** The balances that are there, locked in (sku, locationId) order until the transaction ends. */
export async function lockBalances(tx: Transaction, keys: readonly PositionKey[]): Promise<Balances> {
  return selectBalances(tx, keys, forUpdate(tx.dialect));
}

/** The same, but a position without a balance gets an empty one first: two writers never both start from nothing. */
export async function lockOrCreateBalances(tx: Transaction, keys: readonly PositionKey[]): Promise<Balances> {
  const found = await lockBalances(tx, keys);
  const missing = inOrder(keys).filter((key) => !found.has(positionText(key)));
  if (missing.length === 0) return found;
  await insertMissing(
    tx,
    "stock_balances",
    missing.map((key) => toBalanceRow(key, noBalance)),
  );
  return new Map([...found, ...(await lockBalances(tx, missing))]);
}

export async function saveBalances(
  tx: Transaction,
  changed: readonly (readonly [PositionKey, Balance])[],
): Promise<void> {
  await upsertRows(
    tx,
    "stock_balances",
    ["sku", "location_id"],
    changed.map(([key, balance]) => toBalanceRow(key, balance)),
  );
}

async function selectBalances(reader: Reader, keys: readonly PositionKey[], lock: string): Promise<Balances> {
  if (keys.length === 0) return new Map();
  const rows = await reader.query<BalanceRow>(
    `SELECT * FROM stock_balances WHERE (sku, location_id) IN ${pairMarks(reader.dialect, keys.length)}
       ORDER BY sku, location_id${lock}`,
    keys.flatMap((key) => [key.sku, key.locationId]),
  );
  return new Map(rows.map((row) => [positionText({ sku: row.sku, locationId: row.location_id }), toBalance(row)]));
}

function inOrder(keys: readonly PositionKey[]): PositionKey[] {
  return [...keys].sort((a, b) => (positionText(a) < positionText(b) ? -1 : 1));
}

function toBalance(row: BalanceRow): Balance {
  return {
    stock: mapBuckets((bucket) => row[bucket]),
    version: Number(row.version),
    entries: Number(row.entries),
    asOfMs: Number(row.as_of_ms),
    latestSeq: numberOrNull(row.latest_seq),
    snapshot:
      row.snapshot_source === null
        ? null
        : {
            source: row.snapshot_source,
            sourceSeq: numberOrNull(row.snapshot_seq),
            occurredAtMs: Number(row.snapshot_at_ms),
          },
  };
}

function toBalanceRow(key: PositionKey, balance: Balance) {
  return {
    sku: key.sku,
    location_id: key.locationId,
    ...balance.stock,
    version: balance.version,
    entries: balance.entries,
    as_of_ms: balance.asOfMs,
    latest_seq: balance.latestSeq,
    snapshot_source: balance.snapshot?.source ?? null,
    snapshot_seq: balance.snapshot?.sourceSeq ?? null,
    snapshot_at_ms: balance.snapshot?.occurredAtMs ?? null,
  };
}
