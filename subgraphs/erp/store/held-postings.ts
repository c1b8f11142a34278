/**
 * Statements of positions that a variance case holds, and of the adjustments that wait for its end.
 *
 * All events of a position come one after the other, so nobody else is at its rows.
 */
import type { Reader, Transaction } from "../../../shared/db/database.ts";
import { insertMissing, insertRows, pairMarks } from "../../../shared/db/statements.ts";
import type { AnyEvent } from "../../../shared/events/canonical-event.ts";
import { textOf } from "../../../shared/events/event-text.ts";
import { positionText } from "../../../shared/ids.ts";
import type { PositionKey } from "../domain/book.ts";

/** By `positionText`: which case holds it. */
export async function findHeld(db: Reader, keys: readonly PositionKey[]): Promise<Map<string, string>> {
  if (keys.length === 0) return new Map();
  const rows = await db.query<{ sku: string; location_id: string; case_id: string }>(
    `SELECT sku, location_id, case_id FROM held_positions WHERE (sku, location_id) IN ${pairMarks(db.dialect, keys.length)}`,
    keys.flatMap(({ sku, locationId }) => [sku, locationId]),
  );
  return new Map(rows.map((row) => [positionText({ sku: row.sku, locationId: row.location_id }), row.case_id]));
}

export async function holdPosition(tx: Transaction, key: PositionKey, caseId: string, nowMs: number): Promise<void> {
  const { sku, locationId } = key;
  await insertRows(tx, "held_positions", [{ sku, location_id: locationId, case_id: caseId, held_at_ms: nowMs }]);
}

/** What waited for it, in the order in which it came; it waits no longer. */
export async function releasePosition(tx: Transaction, { sku, locationId }: PositionKey): Promise<AnyEvent[]> {
  const position = [sku, locationId];
  const rows = await tx.query<{ body: string }>(
    "SELECT body FROM held_postings WHERE sku = ? AND location_id = ? ORDER BY id",
    position,
  );
  await tx.run("DELETE FROM held_positions WHERE sku = ? AND location_id = ?", position);
  if (rows.length > 0) await tx.run("DELETE FROM held_postings WHERE sku = ? AND location_id = ?", position);
  return rows.map(({ body }) => JSON.parse(body) as AnyEvent);
}

export async function holdPosting(tx: Transaction, { sku, locationId }: PositionKey, event: AnyEvent): Promise<void> {
  const row = { event_id: event.id, sku, location_id: locationId, body: textOf(event) };
  await insertMissing(tx, "held_postings", [row]);
}
