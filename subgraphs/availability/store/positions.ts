/**
 * The SQL statements of `availability` about positions and policies; those about reservations are in `store/`.
 *
 * A position is locked before it is changed, in (sku, locationId) order; a position that is not there yet is created
 * empty first, so that two writers never both start from nothing. A position that is read for an answer comes without
 * the claims of reservations that have expired; one that is locked comes as its row stands.
 */

import type { Reader, SqlValue, Transaction } from "../../../shared/db/database.ts";
import { TransactionConflict } from "../../../shared/db/retry.ts";
import { forUpdate, insertMissing, marks, only, pairMarks, upsertRows } from "../../../shared/db/statements.ts";
import type { Progress } from "../../../shared/events/owner-progress.ts";
import type { Page } from "../../../shared/graphql/pagination.ts";
import { partitionKey, positionText } from "../../../shared/ids.ts";
import { type SourceSystem, sourceSystems } from "../domain/position.ts";
import { emptyProjection, type Projected } from "../domain/projection.ts";
import { claim } from "../domain/reservation.ts";
import type { PositionRow } from "../entities.ts";

export interface PositionKey {
  readonly sku: string;
  readonly locationId: string;
}

/** The key of a position in every event about it; null: a code holds the separator, so there is no such position. */
export function positionKey({ sku, locationId }: PositionKey): string | null {
  return sku.includes("|") || locationId.includes("|") ? null : partitionKey(sku, locationId);
}

/** As of `nowMs`: what expired by then is not reserved. */
export async function loadPositions(reader: Reader, keys: readonly PositionKey[], nowMs: number): Promise<Projected[]> {
  if (keys.length === 0) return [];
  const of = `SELECT * FROM positions WHERE (sku, location_id) IN ${pairMarks(reader.dialect, keys.length)}`;
  return asOf(reader, of, pairValues(keys), "sku, location_id", nowMs);
}

/** Every position of these SKUs, by SKU and location. */
export async function loadPositionsOfSkus(
  reader: Reader,
  skus: readonly string[],
  nowMs: number,
): Promise<Projected[]> {
  if (skus.length === 0) return [];
  return asOf(reader, `SELECT * FROM positions WHERE sku IN (${marks(skus.length)})`, skus, "sku, location_id", nowMs);
}

/** Positions in (sku, locationId) order, or of one location in SKU order. */
export async function pagePositions(
  reader: Reader,
  page: Page,
  locationId: string | null,
  nowMs: number,
): Promise<Projected[]> {
  const where: string[] = [];
  const params: SqlValue[] = [];
  if (locationId !== null) {
    where.push(only("location_id"));
    params.push(locationId);
  }
  if (page.after) {
    const [sku, afterLocation] = page.after as [string, string];
    // Not `(sku, location_id) > (?, ?)`: MariaDB reads the whole index for that.
    where.push(locationId === null ? "sku >= ? AND (sku > ? OR location_id > ?)" : "sku > ?");
    params.push(...(locationId === null ? [sku, sku, afterLocation] : [sku]));
  }
  const order = locationId === null ? "sku, location_id" : "location_id, sku";
  const one = `SELECT * FROM positions ${where.length > 0 ? `WHERE ${where.join(" AND ")}` : ""}
     ORDER BY ${order} LIMIT ${page.size + 1}`;
  return asOf(reader, one, params, order, nowMs);
}

/** So many places are looked through by one statement. */
const placesAtOnce = 100;

/** Positions at these locations alone, in (sku, locationId) order: each place is a range of its own index. */
export async function pagePositionsOfPlaces(
  reader: Reader,
  page: Page,
  locationIds: readonly string[],
  nowMs: number,
): Promise<Projected[]> {
  const [sku, afterLocation] = (page.after ?? []) as string[];
  const found: Projected[] = [];
  for (let from = 0; from < locationIds.length; from += placesAtOnce) {
    const places = locationIds.slice(from, from + placesAtOnce);
    const parts = places.map((place) => {
      const begin = sku === undefined ? "" : place > (afterLocation as string) ? "AND sku >= ?" : "AND sku > ?";
      return `SELECT * FROM (SELECT * FROM positions WHERE ${only("location_id")} ${begin}
         ORDER BY location_id, sku LIMIT ${page.size + 1}) part`;
    });
    const one = `${parts.join(" UNION ALL ")} ORDER BY sku, location_id LIMIT ${page.size + 1}`;
    const params = places.flatMap((place) => (sku === undefined ? [place] : [place, sku]));
    found.push(...(await asOf(reader, one, params, "sku, location_id", nowMs)));
  }
  found.sort((a, b) => (a.sku < b.sku || (a.sku === b.sku && a.locationId < b.locationId) ? -1 : 1));
  return found.slice(0, page.size + 1);
}

/** Positions of these SKUs, in (sku, locationId) order. */
export async function pagePositionsOfSkus(
  reader: Reader,
  page: Page,
  skus: readonly string[],
  nowMs: number,
): Promise<Projected[]> {
  const [sku, afterLocation] = (page.after ?? []) as string[];
  const begin = sku === undefined ? "" : " AND sku >= ? AND (sku > ? OR location_id > ?)";
  const one = `SELECT * FROM positions WHERE sku IN (${marks(skus.length)})${begin}
     ORDER BY sku, location_id LIMIT ${page.size + 1}`;
  const params = sku === undefined ? skus : [...skus, sku, sku, afterLocation as string];
  return asOf(reader, one, params, "sku, location_id", nowMs);
}

/** The positions of `keys` that are there, locked until the transaction ends. */
export async function lockKnownPositions(tx: Transaction, keys: readonly PositionKey[]): Promise<Projected[]> {
  return selectPositions(tx, keys, forUpdate(tx.dialect));
}

/** The positions of `keys` (sorted), locked until the transaction ends; made where they are missing. */
export async function lockPositions(tx: Transaction, keys: readonly PositionKey[]): Promise<Projected[]> {
  const found = await selectPositions(tx, keys, forUpdate(tx.dialect));
  if (found.length === keys.length) return found;
  const known = new Set(found.map(positionText));
  const missing = keys.filter((key) => !known.has(positionText(key)));
  await insertMissing(
    tx,
    "positions",
    missing.map((key) => toRow(emptyProjection(key.sku, key.locationId))),
  );
  return [...found, ...(await selectPositions(tx, missing, forUpdate(tx.dialect)))];
}

export async function savePositions(tx: Transaction, positions: readonly Projected[]): Promise<void> {
  await upsertRows(tx, "positions", ["sku", "location_id"], positions.map(toRow));
}

/**
 * The claims on locked positions, and their next versions. Fails with TransactionConflict: one was not locked after all.
 */
export async function saveClaims(tx: Transaction, positions: readonly Projected[]): Promise<void> {
  if (tx.dialect === "mysql" && positions.length > 1) return saveClaimsTogether(tx, positions);
  for (const position of positions) {
    const { reserved, version, sku, locationId } = position;
    const changed = await tx.run(
      `UPDATE positions SET reserved = ?, reserved_by_channel = ?, version = ?
        WHERE sku = ? AND location_id = ? AND version = ?`,
      [reserved, byChannelText(position), version, sku, locationId, version - 1],
    );
    if (changed !== 1) throw new TransactionConflict("position");
  }
}

/** One statement for all of them: each row is found by its key, and guarded by its own version. */
async function saveClaimsTogether(tx: Transaction, positions: readonly Projected[]): Promise<void> {
  const row = "SELECT ? AS sku, ? AS location_id, ? AS reserved, ? AS reserved_by_channel, ? AS version";
  const changed = await tx.run(
    `UPDATE positions p JOIN (${positions.map(() => row).join(" UNION ALL ")}) c
         ON p.sku = c.sku AND p.location_id = c.location_id AND p.version = c.version - 1
        SET p.reserved = c.reserved, p.reserved_by_channel = c.reserved_by_channel, p.version = c.version`,
    positions.flatMap((position) => [
      position.sku,
      position.locationId,
      position.reserved,
      byChannelText(position),
      position.version,
    ]),
  );
  if (changed !== positions.length) throw new TransactionConflict("position");
}

/** The next version of positions that are locked; nothing else of them changes. */
export async function raiseVersions(tx: Transaction, keys: readonly PositionKey[]): Promise<void> {
  if (keys.length === 0) return;
  await tx.run(
    `UPDATE positions SET version = version + 1 WHERE (sku, location_id) IN ${pairMarks(tx.dialect, keys.length)}`,
    pairValues(keys),
  );
}

export interface GapRow {
  readonly sku: string;
  readonly locationId: string;
  readonly version: number;
  readonly owner: SourceSystem;
}

/** Positions whose gap has been open since before `openBeforeMs` and about which nobody asked since `askedBeforeMs`. */
export async function positionsWithGap(
  tx: Transaction,
  openBeforeMs: number,
  askedBeforeMs: number,
): Promise<GapRow[]> {
  const gaps: GapRow[] = [];
  for (const owner of sourceSystems) {
    const rows = await tx.query<{ sku: string; location_id: string; version: number }>(
      `SELECT sku, location_id, version FROM positions WHERE ${owner}_gap_since_ms < ?
         AND (resync_asked_at_ms IS NULL OR resync_asked_at_ms < ?) ORDER BY ${owner}_gap_since_ms LIMIT 100`,
      [openBeforeMs, askedBeforeMs],
    );
    gaps.push(...rows.map((row) => ({ ...row, locationId: row.location_id, owner })));
  }
  return gaps;
}

export async function markResyncAsked(tx: Transaction, keys: readonly PositionKey[], nowMs: number): Promise<void> {
  await tx.run(
    `UPDATE positions SET resync_asked_at_ms = ? WHERE (sku, location_id) IN ${pairMarks(tx.dialect, keys.length)}`,
    [nowMs, ...pairValues(keys)],
  );
}

async function selectPositions(reader: Reader, keys: readonly PositionKey[], lock: string): Promise<Projected[]> {
  if (keys.length === 0) return [];
  const rows = await reader.query<PositionRow>(
    `SELECT * FROM positions WHERE (sku, location_id) IN ${pairMarks(reader.dialect, keys.length)}
       ORDER BY sku, location_id${lock}`,
    pairValues(keys),
  );
  return rows.map(fromRow);
}

interface OverdueColumns {
  overdue_channel: string | null;
  overdue_held: number | null;
}

/** The positions of `of`, in the same statement without what reservations hold that expired by `nowMs`. */
async function asOf(
  reader: Reader,
  of: string,
  params: readonly SqlValue[],
  order: string,
  nowMs: number,
): Promise<Projected[]> {
  const rows = await reader.query<PositionRow & OverdueColumns>(
    `SELECT p.*, o.channel AS overdue_channel, o.held AS overdue_held FROM (${of}) p
       LEFT JOIN reservation_lines o ON p.reserved > 0 AND o.sku = p.sku AND o.location_id = p.location_id
         AND o.state = 'ACTIVE' AND o.expires_at_ms <= ?
      ORDER BY ${order
        .split(", ")
        .map((column) => `p.${column}`)
        .join(", ")}`,
    [...params, nowMs],
  );
  const positions = new Map<string, Projected>();
  for (const row of rows) {
    const position = fromRow(row);
    const known = positions.get(positionText(position)) ?? position;
    const { overdue_channel: channel, overdue_held: held } = row;
    positions.set(positionText(position), channel === null || held === null ? known : claim(known, channel, -held));
  }
  return [...positions.values()];
}

export function pairValues(keys: readonly PositionKey[]): string[] {
  return keys.flatMap((key) => [key.sku, key.locationId]);
}

function fromRow(row: PositionRow): Projected {
  return {
    sku: row.sku,
    locationId: row.location_id,
    version: row.version,
    wms: {
      unrestricted: row.unrestricted,
      picked: row.picked,
      dock: row.dock,
      damaged: row.damaged,
      hold: row.hold,
      expired: row.expired,
      quarantine: row.quarantine,
    },
    erp: { book: row.book, committed: row.committed },
    returns: {
      quarantined: row.quarantined,
      inInspection: row.in_inspection,
      restockApproved: row.restock_approved,
    },
    shippedNotPosted: row.shipped_not_posted,
    receivedNotPosted: row.received_not_posted,
    adjustedNotPosted: row.adjusted_not_posted,
    reserved: row.reserved,
    reservedByChannel: row.reserved_by_channel === null ? {} : JSON.parse(row.reserved_by_channel),
    progress: { erp: progressOf(row, "erp"), wms: progressOf(row, "wms"), returns: progressOf(row, "returns") },
  };
}

function progressOf(row: PositionRow, owner: SourceSystem): Progress {
  const ahead = row[`${owner}_ahead`];
  const behind = ahead === null ? { entries: [], forgottenTo: 0 } : JSON.parse(ahead);
  return {
    seq: row[`${owner}_seq`],
    asOfMs: row[`${owner}_as_of_ms`],
    ahead: behind.entries,
    forgottenTo: behind.forgottenTo,
    gapSinceMs: row[`${owner}_gap_since_ms`],
  };
}

function toRow(position: Projected): Omit<PositionRow, "resync_asked_at_ms"> {
  return {
    sku: position.sku,
    location_id: position.locationId,
    version: position.version,
    ...position.wms,
    book: position.erp.book,
    committed: position.erp.committed,
    quarantined: position.returns.quarantined,
    in_inspection: position.returns.inInspection,
    restock_approved: position.returns.restockApproved,
    shipped_not_posted: position.shippedNotPosted,
    received_not_posted: position.receivedNotPosted,
    adjusted_not_posted: position.adjustedNotPosted,
    reserved: position.reserved,
    reserved_by_channel: byChannelText(position),
    ...progressColumns("wms", position.progress.wms),
    ...progressColumns("erp", position.progress.erp),
    ...progressColumns("returns", position.progress.returns),
  } as Omit<PositionRow, "resync_asked_at_ms">;
}

function byChannelText({ reservedByChannel }: Projected): string | null {
  return Object.keys(reservedByChannel).length === 0 ? null : JSON.stringify(reservedByChannel);
}

function progressColumns(owner: SourceSystem, { seq, asOfMs, ahead, forgottenTo, gapSinceMs }: Progress) {
  const behind = ahead.length > 0 || forgottenTo > 0 ? JSON.stringify({ entries: ahead, forgottenTo }) : null;
  return {
    [`${owner}_seq`]: seq,
    [`${owner}_as_of_ms`]: asOfMs,
    [`${owner}_ahead`]: behind,
    [`${owner}_gap_since_ms`]: gapSinceMs,
  };
}
